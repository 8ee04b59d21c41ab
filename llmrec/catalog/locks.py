"""One writer at a time in a workspace, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import BaseFileLock, FileLock, Timeout

from llmrec.config import Workspace, disk_errors
from llmrec.errors import LockedError

__all__ = ["LOCK_NAME", "taken", "write_lock"]

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
    with taken(lock, timeout, f"Another llmrec command is writing to {workspace.path}."):
        yield


@contextmanager
def taken(lock: BaseFileLock, timeout: float, busy: str) -> Iterator[None]:
    """Hold a lock of the operating system, whose folder is there.

    Args:
        lock: a file's.
        timeout: seconds to wait for another holder.
        busy: what is said where another process still holds it then.

    Raises:
        LockedError: another process still holds it.
        DiskFull: there is no space for its file.
        WorkspaceError: it may not be written there.
    """
    try:
        with disk_errors(lock.lock_file):
            lock.acquire(timeout=timeout)
    except Timeout as error:
        raise LockedError(
            busy, hint="Wait until it has finished, then run this one again."
        ) from error
    try:
        yield
    finally:
        lock.release()
