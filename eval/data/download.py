"""Fetch a file over HTTP: resumed where it stopped, and only named once it is what it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from llmrec.config import disk_errors
from llmrec.errors import DataError, DownloadError
from llmrec.weights.manifest import sha256_of

__all__ = ["RemoteFile", "fetch", "look"]

_PATIENCE = httpx.Timeout(30.0)


@dataclass(frozen=True)
class RemoteFile:
    """A file at its home. ``size`` in bytes and ``sha256`` are ``None`` where nobody says."""

    url: str
    size: int | None = None
    sha256: str | None = None


def look(url: str) -> RemoteFile:
    """Ask a server how large a file is, and for its hash if it is a hub's large file.

    A model hub answers for files in its store with ``X-Linked-Size`` and with their SHA-256 as
    ``X-Linked-Etag``, in the redirect to the store.

    Raises:
        DownloadError: the server cannot be reached, or does not have the file.
    """
    headers: dict[str, str] = {}
    with _errors(url), httpx.Client(timeout=_PATIENCE) as client:
        reply = client.head(url)
        headers.update(reply.headers)
        while reply.next_request is not None:
            reply = client.send(reply.next_request)
            headers = {**reply.headers, **_linked(headers)}
        reply.raise_for_status()
    size = headers.get("x-linked-size") or headers.get("content-length")
    etag = headers.get("x-linked-etag", "").removeprefix("W/").strip('"')
    return RemoteFile(url, int(size) if size else None, etag if len(etag) == 64 else None)


def fetch(
    file: RemoteFile, target: Path, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Download ``file`` to ``target``, unless it is there.

    What an interrupted download left in ``target.part`` is continued, if the server can. The file
    gets its name only when its size and hash are right.

    Args:
        file: what to fetch.
        target: where to.
        progress: called with the bytes done and in all (0 if not known).

    Raises:
        DownloadError: the server cannot be reached, or broke off; run it again to go on.
        DataError: what came is not what was pinned; it has been removed.
        DiskFull: no space left.
    """
    if target.is_file():
        return target
    part = target.with_name(f"{target.name}.part")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.size is None or not part.exists() or part.stat().st_size < file.size:
            _continue(file, part, progress or _quiet)
        _verify(file, part)
        part.replace(target)
    return target


def _continue(file: RemoteFile, part: Path, progress: Callable[[int, int], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    # Sizes and ranges count the file's own bytes, not those of a packed transfer.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with (
        _errors(file.url),
        httpx.stream(
            "GET", file.url, headers=headers, timeout=_PATIENCE, follow_redirects=True
        ) as reply,
    ):
        if reply.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is there already, if anything of it is right
        reply.raise_for_status()
        resumed = reply.status_code == httpx.codes.PARTIAL_CONTENT
        done = have if resumed else 0
        total = file.size or done + int(reply.headers.get("content-length", 0))
        with part.open("ab" if resumed else "wb") as out:
            # As it comes: a chunk that waits to be filled is lost when the line breaks.
            for chunk in reply.iter_raw():
                out.write(chunk)
                done += len(chunk)
                progress(done, total)


def _verify(file: RemoteFile, part: Path) -> None:
    size = part.stat().st_size
    if file.size is not None and size < file.size:
        raise DownloadError(
            f"The download of {file.url} broke off after {size:,} of {file.size:,} bytes.",
            hint="Run the same command again; it goes on from there.",
        )
    wrong = file.size is not None and size > file.size
    if not wrong and file.sha256:
        with part.open("rb") as stream:
            wrong = sha256_of(stream) != file.sha256
    if wrong:
        part.unlink()
        raise DataError(
            f"what came from {file.url} is not the file that was pinned (size or SHA-256 differ).",
            hint="It was removed. Run it again; if it happens again, the home serves another file.",
        )


def _linked(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("x-linked-")}


@contextmanager
def _errors(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise DownloadError(
            f"The server answered {error.response.status_code} for {url}.",
            hint="The file may have moved; name a file on this machine instead.",
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadError(
            f"{url} cannot be fetched: {str(error) or type(error).__name__}.",
            hint="Check the network and run it again; what has come so far is kept.",
        ) from error


def _quiet(done: int, total: int) -> None:
    pass
