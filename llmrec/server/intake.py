"""A request's way to its route: first the key, then the body, then the work while the client waits.

FastAPI reads the body before any dependency runs, and goes on with the work when the client has
left. Routes of :class:`KeyFirst` do neither: a stranger's body is never read, and who leaves is
taken out of every line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, cast

import anyio
from fastapi import Request, Response
from fastapi.routing import APIRoute

from llmrec.catalog.scopes import Scope
from llmrec.errors import RequestError, TooLarge
from llmrec.server.access import Needs
from llmrec.server.callers import Caller

if TYPE_CHECKING:
    from starlette.types import Message, Receive

    from llmrec.server.services import Services
    from llmrec.server_settings import ServerSettings

__all__ = ["LEFT", "LENGTH_DIGITS", "KeyFirst", "read_body"]

LENGTH_DIGITS = 20
"""More would be no length of anything, and Python refuses to read thousands of them."""
LEFT = 499
"""The status in log and metrics of a request whose client left; nobody reads it."""


class KeyFirst(APIRoute):
    """A route that asks for the key before the body, and stops when the client has left."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        answer = super().get_route_handler()
        doors = [
            dependency.call
            for dependency in self.dependant.dependencies
            if isinstance(dependency.call, Needs)
        ]

        async def handle(request: Request) -> Response:
            services = cast("Services", request.app.state.services)
            callers = [await door.admit(request, services) for door in doors]
            if getattr(request.state, "gone", bool)():  # of our own connections; bool() is False
                return Response(status_code=LEFT)
            try:
                body = await read_body(request, services.settings, _most(callers, services))
            except RequestError:
                # The seconds are those of the client's line, and not to be counted as the route's.
                request.scope.pop("route", None)
                raise
            request.state.body_read = True
            for caller in callers:
                await services.rota.turn(caller.who)
            replayed = Request(request.scope, _replay(body, request.receive))
            return await _while_there(request.receive, answer(replayed))

        return handle


def _most(callers: Sequence[Caller], services: Services) -> int:
    """How long a body may be: all of it is understood by the thread that answers everybody."""
    settings = services.settings
    if any(caller.scope is Scope.SHOPPER for caller in callers):
        return min(settings.shopper_body_bytes, settings.max_body_bytes)
    return settings.max_body_bytes


async def read_body(request: Request, settings: ServerSettings, most: int) -> bytes:
    """The whole body: bodies are small, and one that is too large is refused at once.

    Raises:
        TooLarge: it has more than ``most`` bytes, by its own word or in fact.
        RequestError: it did not come within ``body_s``, or broke off.
    """
    parts, size, more = [], 0, True
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:LENGTH_DIGITS]) > most:
        raise _too_large(most)
    with anyio.move_on_after(settings.body_s):
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise RequestError("The connection ended within the body.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise _too_large(most)
            more = message.get("more_body", False)
        return b"".join(parts)
    raise RequestError("The body did not come in time.", hint="Send it faster, or in parts.")


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body has more than {most:,} bytes.", hint="Send it in parts.")


async def _while_there(receive: Receive, answer: Coroutine[Any, Any, Response]) -> Response:
    """The answer; where the client leaves before it comes, the work on it is cancelled."""
    with anyio.CancelScope() as work:
        # A task of its own costs less than a task group, and fails with nobody.
        watcher = asyncio.ensure_future(_watch(receive, work.cancel))
        try:
            return await answer
        finally:
            watcher.cancel()
    return Response(status_code=LEFT)


async def _watch(receive: Receive, left: Callable[[], object]) -> None:
    """Nothing comes behind a body that was read but the end of the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    left()


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Gives the body that was read, then what else comes."""
    pending = True

    async def replayed() -> Message:
        nonlocal pending
        if not pending:
            return await receive()
        pending = False
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
