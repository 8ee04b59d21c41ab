"""Connections of clients: their end is noticed, and those of which nothing comes are given up.

uvicorn has no limit for a request that never gets complete, nor for a reader that has stopped; a
few hundred of such connections would take all that a process may have open.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from llmrec.server.bodies.errors import ErrorBody
from llmrec.server.failures import no_request

if TYPE_CHECKING:
    from llmrec.server_settings import ServerSettings

__all__ = ["KEEP_ALIVE_S", "Sweeper", "TimedConnection", "room_for_connections"]

_log = logging.getLogger("llmrec.server.connections")

KEEP_ALIVE_S = 65
"""Longer than the usual minute of proxies, which should close first."""

_AHEAD = 64 * 1024
"""Bytes that a client may send ahead of its turn; no browser sends a request before the answer."""

_OPEN_FILES = 65_536
_OTHER_FILES = 256
"""For what else the process has open: databases, the index, a model server's connections."""


class TimedConnection(H11Protocol):
    """A connection as uvicorn has it, which besides knows since when nothing happens on it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        # A copy of it is the state of each request: whether its client is gone may be asked there.
        self.app_state = {**self.app_state, "gone": transport.is_closing}
        self.answered = 0
        self.waiting_since = self.loop.time()
        self.stalled_since: float | None = None

    def data_received(self, data: bytes) -> None:
        """Go on reading also behind a request that waits for its turn.

        uvicorn stops there, and then would not see that the client has left.
        """
        super().data_received(data)
        if self.conn.their_state is h11.DONE and self.flow.read_paused:
            if len(self.conn.trailing_data[0]) > _AHEAD:
                self.transport.abort()
            else:
                self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP with the body that every failure has."""
        request_id = secrets.token_hex(8)
        _log.warning("no request", extra={"fields": {"request": request_id, "status": 400}})
        body = ErrorBody(error=no_request(request_id)).model_dump_json().encode()
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("x-request-id", request_id),
            ("connection", "close"),
        ]
        for part in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(part) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self.answered += 1
        self.waiting_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to."""
        super().pause_writing()
        self.stalled_since = self.loop.time()

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self.stalled_since = None

    @property
    def is_waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete


class Sweeper:
    """Gives connections up of which nothing comes.

    Args:
        settings: a request has ``body_s`` to come, a reader ``timeout_s`` to read on.
        most: connections that may be open; where there are more, those that have waited longest
            for a request are closed.
    """

    def __init__(self, settings: ServerSettings, most: int) -> None:
        self._head_s, self._stall_s, self._most = settings.body_s, settings.timeout_s, most

    def sweep(self, connections: Iterable[object], now: float) -> None:
        """Look at all of them once; ``now`` by the loop's clock."""
        ours = [connection for connection in connections if isinstance(connection, TimedConnection)]
        waiting = sorted(
            (connection for connection in ours if connection.is_waiting),
            key=lambda connection: connection.waiting_since,
        )
        crowded = max(0, len(ours) - self._most)
        for place, connection in enumerate(waiting):
            limit = self._head_s + (KEEP_ALIVE_S if connection.answered else 0)
            if place < crowded or now - connection.waiting_since > limit:
                connection.transport.close()
        for connection in ours:
            since = connection.stalled_since
            if since is not None and now - since > self._stall_s:
                # To close would wait until all is read that was written.
                connection.transport.abort()


def room_for_connections() -> int:
    """How many connections this process may have, after it has asked for as many as it gets."""
    if sys.platform == "win32":  # which counts otherwise
        return _OPEN_FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    most = _OPEN_FILES if soft == resource.RLIM_INFINITY else soft
    return max(most - _OTHER_FILES, most // 2)
