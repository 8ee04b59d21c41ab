"""The outermost layer: request ids, HEAD, refusal while closing, counts and the log line.

A plain ASGI middleware, so that streamed answers pass through it piece by piece.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import TYPE_CHECKING

from llmrec.catalog.forgetting import operation
from llmrec.errors import LLMRecError, Overloaded, RequestError
from llmrec.server.failures import answer_to, unexpected
from llmrec.server.intake import LEFT, LENGTH_DIGITS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from llmrec.server.services import Services
    from llmrec.server.traffic import Traffic

__all__ = ["Edge"]

_log = logging.getLogger("llmrec.server.access")
_GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_UNREAD = 64 * 1024
"""Bytes of a body that nobody has read, up to which the connection goes on: they are on their way
anyway, and to connect anew costs more. Beyond it an answer closes the connection."""
_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


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
        # What a GET answers, without its body; the scope itself stays, for it is the server's.
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        request = _Request(scope, inner, send, traffic)
        traffic.in_flight += 1
        try:
            with operation():
                await self._answer(inner, receive, request)
        finally:
            traffic.in_flight -= 1
            self._note(scope["method"], inner, request)

    async def _answer(self, scope: Scope, receive: Receive, request: _Request) -> None:
        try:
            if self._services.traffic.closing:
                self._services.metrics.rejected.labels("closing").inc()
                raise Overloaded("The server is closing.", hint="Try again; another one answers.")
            _check_query(scope)
            await self._app(scope, receive, request.send)
        except LLMRecError as error:
            await answer_to(error, request.id)(scope, receive, request.send)
        except Exception as error:
            response = unexpected(error, request.id)
            if request.status:  # half an answer cannot be taken back; the connection ends
                raise
            await response(scope, receive, request.send)

    def _note(self, method: str, scope: Scope, request: _Request) -> None:
        seconds = time.perf_counter() - request.started
        route = getattr(scope.get("route"), "path_format", "unknown")
        status = request.status or LEFT
        # What a caller makes up would be a label of its own for each name.
        counted = method if route != "unknown" and method in _METHODS else "any"
        self._services.metrics.count_request(counted, route, status, seconds)
        fields = {
            "request": request.id,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "key": scope["state"].get("key"),
        }
        _log.info("request", extra={"fields": fields})


class _Request:
    """One request: its id, and what has been answered so far."""

    def __init__(self, scope: Scope, inner: Scope, send: Send, traffic: Traffic) -> None:
        self.started = time.perf_counter()
        self.id = _id(scope)
        self.status = 0
        self._send = send
        self._traffic = traffic
        self._bodyless = scope["method"] == "HEAD"
        self._unread = _announced(scope)
        self._state = scope.setdefault("state", {})
        self._state["request_id"] = self.id
        inner["state"] = self._state

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [*_HEADERS, (b"x-request-id", self.id.encode())]
            unread = self._unread > _UNREAD and not self._state.get("body_read")
            if self._traffic.closing or self.status == 413 or unread:
                own.append((b"connection", b"close"))
            message["headers"] = [*message.get("headers", []), *own]
        elif self._bodyless:
            message = {**message, "body": b""}
        await self._send(message)


def _id(scope: Scope) -> str:
    """The caller's own id, where it is a decent one, so that logs of several programs meet."""
    sent = dict(scope["headers"]).get(b"x-request-id", b"")
    return sent.decode() if _GOOD_ID.fullmatch(sent) else secrets.token_hex(8)


def _announced(scope: Scope) -> float:
    """How many bytes the body has by its own word; without one no end is known."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers or not length.isdigit():
        return float("inf")
    return int(length[:LENGTH_DIGITS])


def _check_query(scope: Scope) -> None:
    # Escapes of such bytes are read as well as can be; as they are, they break who reads the URL.
    if not scope["query_string"].isascii():
        raise RequestError(
            "The address has bytes that are not ASCII behind its '?'.",
            hint="Escape them, as %C3%A4 for ä.",
        )
