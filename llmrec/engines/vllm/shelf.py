"""Adapters that vLLM has loaded, by name. Everything here runs in the engine's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmrec.engines.vllm.api import lora_request
from llmrec.errors import EngineError

if TYPE_CHECKING:
    from llmrec.engines.adapters import Adapter

__all__ = ["AdapterShelf"]


@dataclass
class _Loaded:
    adapter: Adapter
    request: Any
    running: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)


class AdapterShelf:
    """Loads, replaces and unloads adapters under requests that run.

    vLLM has one slot more than the adapters that may be loaded: a replacement is loaded into it
    first. An adapter leaves vLLM when its last request has ended: vLLM would load it again from
    its folder for a request that still names it.

    Args:
        engine: vLLM's.
        room: most adapters that may be loaded.
    """

    def __init__(self, engine: Any, room: int) -> None:
        self._engine = engine
        self._room = room
        self._loaded: dict[str, _Loaded] = {}
        self._changing = asyncio.Lock()
        self._number = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names that calls may use, sorted."""
        return tuple(sorted(self._loaded))

    async def load(self, adapter: Adapter) -> None:
        """Make ``adapter`` known, in the place of another of its name.

        Raises:
            EngineError: there is no room, or vLLM refuses it.
        """
        async with self._changing:
            old = self._loaded.get(adapter.name)
            if old and old.adapter == adapter:
                return
            if not old and len(self._loaded) >= self._room:
                raise EngineError(
                    f"There is no room for the adapter '{adapter.name}' beside "
                    f"{', '.join(self.names) or 'none'}.",
                    hint="Unload one, or raise engine.max_adapters.",
                )
            # A number, and so a name, of its own: vLLM's caches go by them.
            self._number += 1
            request = lora_request(adapter.name, self._number, adapter.folder)
            try:
                taken = await self._engine.add_lora(request)
            except Exception as error:
                reason = str(error).strip().partition("\n")[0]
                raise EngineError(
                    f"vLLM refuses the adapter '{adapter.name}': {reason}",
                    hint="Load it with models.engine = 'transformers'.",
                ) from error
            if not taken:
                raise EngineError(f"vLLM did not load the adapter '{adapter.name}'.")
            self._loaded[adapter.name] = _Loaded(adapter, request)
            if old:
                await self._remove(old)

    async def unload(self, name: str) -> None:
        """Forget an adapter that is loaded, once its requests have ended."""
        async with self._changing:
            old = self._loaded.pop(name, None)
            if old is None:
                raise EngineError(f"There is no adapter called '{name}'.")
            await self._remove(old)

    @contextmanager
    def used(self, name: str | None) -> Iterator[Any]:
        """The request of an adapter for as long as a prompt runs with it, ``None`` for none."""
        if name is None:
            yield None
            return
        adapter = self._loaded.get(name)
        if adapter is None:
            raise EngineError(f"The adapter '{name}' was unloaded meanwhile.", hint="Load it anew.")
        adapter.running += 1
        adapter.idle.clear()
        try:
            yield adapter.request
        finally:
            adapter.running -= 1
            if not adapter.running:
                adapter.idle.set()

    async def _remove(self, old: _Loaded) -> None:
        if old.running:
            await old.idle.wait()
        await self._engine.remove_lora(old.request.lora_int_id)
