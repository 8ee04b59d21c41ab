"""One writer at a time in a workspace, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from llmrec.config import Workspace, disk_errors
from llmrec.errors import LockedError

__all__ = ["LOCK_NAME", "write_lock"]

LOCK_NAME = "write.lock"


@contextmanager
def write_lock(workspace: Workspace, timeout: float = 2.0) -> Iterator[None]:
    """Hold the workspace's write lock; the same thread may take it again inside.

    The operating system holds it, so that it ends with the process however that ends; the file
    stays and means nothing by itself.

    Args:
        workspace: whose lock.
        timeout: seconds to wait for another holder.

    Raises:
        LockedError: another process still holds it.
    """
    path = workspace.path / LOCK_NAME
    lock = FileLock(path, is_singleton=True)
    try:
        with disk_errors(path):
            lock.acquire(timeout=timeout)
    except Timeout as error:
        raise LockedError(
            f"Another llmrec command is writing to {workspace.path}.",
            hint="Wait until it has finished, then run this one again.",
        ) from error
    try:
        yield
    finally:
        lock.release()
