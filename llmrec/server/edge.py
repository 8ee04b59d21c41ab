"""The outermost layer: request ids, body limits, refusal while closing, counts and the log line.

A plain ASGI middleware, so that streamed answers pass through it piece by piece.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio

from llmrec.errors import LLMRecError, Overloaded, RequestError, TooLarge
from llmrec.server.failures import answer_to, unexpected

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from llmrec.server.services import Services
    from llmrec.server.traffic import Traffic

__all__ = ["Edge"]

_log = logging.getLogger("llmrec.server.access")
_GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_LENGTH_DIGITS = 20
"""More would be no length of anything, and Python refuses to read thousands of them."""
_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]


class Edge:
    """Wraps an application.

    Args:
        app: the application.
        services: its settings and counters.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other things than HTTP pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traffic = self._services.traffic
        request = _Request(scope, send, traffic)
        traffic.in_flight += 1
        try:
            await self._answer(scope, receive, request)
        finally:
            traffic.in_flight -= 1
            self._note(scope, request)

    async def _answer(self, scope: Scope, receive: Receive, request: _Request) -> None:
        try:
            if self._services.traffic.closing:
                self._services.metrics.rejected.labels("closing").inc()
                raise Overloaded("The server is closing.", hint="Try again; another one answers.")
            _check_query(scope)
            body = await self._body(scope, receive)
            await self._app(scope, _replay(body, receive), request.send)
        except LLMRecError as error:
            await answer_to(error, request.id)(scope, receive, request.send)
        except Exception as error:
            response = unexpected(error, request.id)
            if request.status:  # half an answer cannot be taken back; the connection ends
                raise
            await response(scope, receive, request.send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body: bodies are small, and one that is too large is then refused at once."""
        settings = self._services.settings
        told = dict(scope["headers"]).get(b"content-length", b"0")
        parts: list[bytes] = []
        size = int(told[:_LENGTH_DIGITS]) if told.isdigit() else 0
        with anyio.move_on_after(settings.body_s):
            more = size <= settings.max_body_bytes
            size = 0 if more else size
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestError("The connection ended within the body.")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                more = message.get("more_body", False) and size <= settings.max_body_bytes
            if size > settings.max_body_bytes:
                raise TooLarge(
                    f"The body has more than {settings.max_body_bytes:,} bytes.",
                    hint="Send it in parts.",
                )
            return b"".join(parts)
        raise RequestError("The body did not come in time.", hint="Send it faster, or in parts.")

    def _note(self, scope: Scope, request: _Request) -> None:
        seconds = time.perf_counter() - request.started
        route = getattr(scope.get("route"), "path_format", "unknown")
        status = request.status or 499
        method = scope["method"] if route != "unknown" else "any"
        self._services.metrics.count_request(method, route, status, seconds)
        fields = {
            "request": request.id,
            "method": scope["method"],
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "key": scope["state"].get("key"),
        }
        _log.info("request", extra={"fields": fields})


class _Request:
    """One request: its id, and what has been answered so far."""

    def __init__(self, scope: Scope, send: Send, traffic: Traffic) -> None:
        self.started = time.perf_counter()
        self.id = _id(scope)
        self.status = 0
        self._send = send
        self._traffic = traffic
        scope.setdefault("state", {})["request_id"] = self.id

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [*_HEADERS, (b"x-request-id", self.id.encode())]
            if self._traffic.closing or self.status == 413:
                own.append((b"connection", b"close"))
            message["headers"] = [*message.get("headers", []), *own]
        await self._send(message)


def _id(scope: Scope) -> str:
    """The caller's own id, where it is a decent one, so that logs of several programs meet."""
    sent = dict(scope["headers"]).get(b"x-request-id", b"")
    return sent.decode() if _GOOD_ID.fullmatch(sent) else secrets.token_hex(8)


def _check_query(scope: Scope) -> None:
    # Escapes of such bytes are read as well as can be; as they are, they break who reads the URL.
    if not scope["query_string"].isascii():
        raise RequestError(
            "The address has bytes that are not ASCII behind its '?'.",
            hint="Escape them, as %C3%A4 for ä.",
        )


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Any]]:
    """Gives the body that was read, then what else comes (the end of the connection)."""
    pending = True

    async def replayed() -> Message:
        nonlocal pending
        if not pending:
            return await receive()
        pending = False
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
