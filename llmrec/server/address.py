"""The address that the server takes before it loads anything: one that is taken is told at once."""

from __future__ import annotations

import socket

from llmrec.errors import ConfigError

__all__ = ["take_address", "url_of"]


def take_address(host: str, port: int) -> socket.socket:
    """A socket that is bound and does not listen yet; until it does, who calls is refused.

    Raises:
        ConfigError: the address is not this machine's, or somebody has it.
    """
    try:
        # The first of the addresses of a name, as uvicorn would take it.
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
        except OSError:
            taken.close()
            raise
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened at: {error.strerror or error}.",
            hint="Name another with --host and --port, or end what has it.",
        ) from error
    return taken


def url_of(taken: socket.socket) -> str:
    """Where the server is found by programs of this machine."""
    host, port = taken.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
