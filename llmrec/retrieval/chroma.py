"""The connection to Chroma: embedded in the workspace, or a server by URL; its errors as ours.

Within a process all users of one store share one client, because an embedded Chroma keeps its
graph in memory: a client that another process has written behind goes on answering from its old
graph until it is closed and opened again (seen with chromadb 1.5.9;
:meth:`ChromaConnection.reopen`).
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from llmrec.config import Workspace
from llmrec.errors import ConfigError, DiskFull, LLMRecError, VectorIndexError

__all__ = ["ChromaConnection", "connect"]

_DATABASE = "chroma.sqlite3"
_FULL = ("disk is full", "no space left", "disk full")
_LITTLE = 1 << 20
_open: dict[str, ChromaConnection] = {}
_open_lock = threading.Lock()


def connect(workspace: Workspace, *, create: bool = False) -> ChromaConnection | None:
    """The workspace's connection, shared within this process; give it back with ``release``.

    Args:
        workspace: whose vectors.
        create: whether an embedded store may be created; without it a missing one is ``None``.

    Raises:
        VectorIndexError: the server is out of reach, the store is damaged.
        ConfigError: ``chroma.url`` is not a URL.
    """
    url = workspace.settings.chroma.url
    where = url or str(workspace.chroma_dir)
    if not url and not create and not (workspace.chroma_dir / _DATABASE).is_file():
        return None
    with _open_lock:
        connection = _open.get(where)
        if connection is None:
            connection = _open[where] = ChromaConnection(where, embedded=url is None)
        connection.users += 1
    try:
        connection.open()
    except LLMRecError:
        connection.release()
        raise
    return connection


class ChromaConnection:
    """One client to one store. Calls go through :meth:`use`, one at a time."""

    def __init__(self, where: str, *, embedded: bool) -> None:
        self.where = where
        self.embedded = embedded
        self.users = 0
        self.generation = 0
        self._client: Any = None
        self._lock = threading.RLock()

    @contextmanager
    def use(self) -> Iterator[Any]:
        """The client, with errors mapped."""
        with self._lock, self._errors():
            yield self._client

    def open(self) -> None:
        """Connect, unless that has been done."""
        with self._lock, self._errors():
            if self._client is None:
                self._client = _client(self.where) if self.embedded else _http_client(self.where)
                self.generation += 1

    def reopen(self) -> None:
        """See what other processes have written. Collections must be fetched again."""
        with self._lock, self._errors():
            if self.embedded and self._client is not None:
                _close(self._client)
                self._client = None
        self.open()

    def release(self) -> None:
        """Say that one user is done; the last one closes the client."""
        with _open_lock:
            self.users -= 1
            if self.users > 0:
                return
            if _open.get(self.where) is self:
                del _open[self.where]
        with self._lock:
            client, self._client = self._client, None
            if client is not None:
                _close(client)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except LLMRecError:
            raise
        except BaseException as error:
            # Chroma's core is Rust: a panic arrives as a BaseException that is not an Exception.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise _mapped(error, self.where, self.embedded) from error


def _client(folder: str) -> Any:
    import chromadb
    from chromadb.config import Settings

    Path(folder).mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))


def _http_client(url: str) -> Any:
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"chroma.url '{url}' is not the URL of a server.",
            hint="Write it like http://localhost:8000.",
        )
    secure = parts.scheme == "https"
    return chromadb.HttpClient(
        host=parts.hostname,
        port=port or (443 if secure else 8000),
        ssl=secure,
        settings=Settings(anonymized_telemetry=False),
    )


def _close(client: Any) -> None:
    client.close()
    # chromadb 1.5.9 leaves the sockets of its two HTTP sessions to the garbage collector.
    for owner in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(owner, "_server", None), "_session", None)
        if session is not None:
            session.close()


def _is_full(folder: str) -> bool:
    """Chroma does not always say why it failed ("error in compaction"); the disk does."""
    try:
        return shutil.disk_usage(folder).free < _LITTLE
    except OSError:
        return False


def _mapped(error: BaseException, where: str, embedded: bool) -> LLMRecError:
    text = str(error).strip().rstrip(".") or type(error).__name__
    if any(words in text.lower() for words in _FULL) or (embedded and _is_full(where)):
        return DiskFull(
            f"No space left on the device while writing {where}.",
            hint="Free some space and run 'llmrec index' again; it goes on where it stopped.",
        )
    if embedded:
        return VectorIndexError(
            f"The vector store in {where} failed: {text}.",
            hint="If it happens again, make it anew: llmrec index --rebuild",
        )
    if "connect" in text.lower():
        return VectorIndexError(
            f"The Chroma server at {where} cannot be reached.",
            hint="Start it (chroma run), or correct chroma.url in llmrec.toml.",
        )
    return VectorIndexError(
        f"The Chroma server at {where} failed: {text}.", hint="See the server's log."
    )
