"""Requests for completions of the base model or an adapter, which outlive the server's restart."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from llmrec.engines.calls import Deadline
from llmrec.engines.remote.adapters import RemoteAdapter, RemoteAdapters
from llmrec.engines.remote.client import ServerClient
from llmrec.engines.remote.failures import NotServed
from llmrec.errors import ModelError

__all__ = ["Completions"]

_T = TypeVar("_T")

_PATH = "completions"


class Completions:
    """Asks for completions; an adapter that the server has forgotten is loaded and asked again.

    Args:
        client: the way to the server.
        adapters: what is loaded there.
        base: what the server calls the base model.
    """

    def __init__(self, client: ServerClient, adapters: RemoteAdapters, base: str) -> None:
        self._client = client
        self._adapters = adapters
        self._base = base

    async def events(
        self, body: dict[str, Any], adapter: RemoteAdapter | None, deadline: Deadline
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The events of a streamed completion."""
        named = self._addressed(body, adapter)
        for again in (False, True):
            try:
                async for event in self._client.events(_PATH, named, deadline):
                    yield event
                return
            except NotServed as error:
                await self._restore(adapter, error, deadline, again=again)

    async def ask(
        self,
        body: dict[str, Any],
        adapter: RemoteAdapter | None,
        deadline: Deadline,
        read: Callable[[Any], _T],
    ) -> _T:
        """What ``read`` makes of a completion.

        Args:
            body: the request but for the model's name.
            adapter: ``None`` for the base model.
            deadline: of the whole call.
            read: takes the answer's JSON.

        Raises:
            ModelError: the server serves neither the model nor the adapter any more.
        """
        named = self._addressed(body, adapter)
        try:
            return await self._client.post(_PATH, named, deadline, read=read)
        except NotServed as error:
            await self._restore(adapter, error, deadline)
        return await self._client.post(_PATH, named, deadline, read=read)

    def _addressed(self, body: dict[str, Any], adapter: RemoteAdapter | None) -> dict[str, Any]:
        return {**body, "model": adapter.served_as if adapter else self._base}

    async def _restore(
        self,
        adapter: RemoteAdapter | None,
        error: NotServed,
        deadline: Deadline,
        *,
        again: bool = False,
    ) -> None:
        # A server that was started anew knows none of the adapters that were loaded at run time.
        if adapter is None or again:
            raise ModelError(
                f"The server at {self._client.where} does not serve "
                f"'{adapter.name if adapter else self._base}' any more.",
                hint="Start it with this model, or load the engine again.",
            ) from error
        await self._adapters.restore(adapter, deadline)
