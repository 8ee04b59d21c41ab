"""The server's process: uvicorn, which at a signal finishes what runs before it closes."""

from __future__ import annotations

import asyncio
import socket
import time
from types import FrameType
from typing import TYPE_CHECKING, cast

import uvicorn

from llmrec.errors import ConfigError
from llmrec.server.app import create_app
from llmrec.server.connections import KEEP_ALIVE_S, Sweeper, TimedConnection, room_for_connections
from llmrec.server.logs import configuration
from llmrec.server.loopback import is_loopback

if TYPE_CHECKING:
    from llmrec.server.services import Services
    from llmrec.server.shop import Shop

__all__ = ["Server", "check_door", "make_server", "serve"]

_SWEEP_TICKS = 10
"""Once a second: limits are of many seconds, and a look costs microseconds a connection."""


def check_door(shop: Shop, *, insecure: bool) -> str | None:
    """Refuse to let strangers in; what should be said aloud if everybody may come in.

    Raises:
        ConfigError: no key was ever made, and others than this machine reach the address.
    """
    host = shop.workspace.settings.server.host
    if shop.keys.any():
        return None
    if is_loopback(host):
        return "There are no keys: every program of this machine may ask and change everything."
    if insecure:
        return f"There are no keys: whoever reaches {host} may ask and change everything."
    raise ConfigError(
        f"There are no keys, and others than this machine reach {host}.",
        hint="Make one with 'llmrec keys create --scope admin', or say --insecure.",
    )


def serve(shop: Shop, taken: socket.socket, *, insecure: bool = False) -> None:
    """Answer requests until SIGINT or SIGTERM; closes ``shop`` and the socket at the end.

    Args:
        shop: what is answered from.
        taken: the socket to listen at, bound.
        insecure: see :func:`~llmrec.server.app.create_app`.

    Raises:
        ConfigError: the settings cannot be honoured.
    """
    make_server(shop, insecure=insecure).run(sockets=[taken])


def make_server(shop: Shop, *, insecure: bool = False) -> Server:
    """A server that does not run yet; raises and takes what :func:`serve` does."""
    app = create_app(shop, insecure=insecure)
    config = uvicorn.Config(
        app,
        log_config=configuration(),
        access_log=False,
        server_header=False,
        http=TimedConnection,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,  # what was to be finished has been by then
    )
    return Server(config, cast("Services", app.state.services))


class Server(uvicorn.Server):
    """Ends in two steps: it refuses what is new until what runs is answered, then it closes.

    Attributes:
        services: what its application works with.
    """

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self.services = services
        self._traffic = services.traffic
        self._shutdown_s = services.settings.shutdown_s
        self._deadline = float("inf")
        self._sweeper = Sweeper(services.settings, room_for_connections())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins the closing; a second one ends it."""
        if self._traffic.closing:
            super().handle_exit(sig, frame)
        self._traffic.closing = True
        self._deadline = time.monotonic() + self._shutdown_s

    async def on_tick(self, counter: int) -> bool:
        """Whether to end; asked ten times a second."""
        ended = await super().on_tick(counter)
        if counter % _SWEEP_TICKS == 0:
            self._sweeper.sweep(self.server_state.connections, asyncio.get_running_loop().time())
        idle = self._traffic.closing and not self._traffic.in_flight
        return ended or idle or time.monotonic() > self._deadline
