"""The folder of one kind: its numbers, its lock, and what killed processes leave behind.

::

    ranker/
    ├── write.lock              held for the moment of a change
    ├── .building-3f9c01aa/     a version that somebody makes
    ├── .building-3f9c01aa.lock held as long as somebody does
    └── .removed-0003/          empty: the number is not given a second time
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from llmrec.artifacts.folders import folder_aside
from llmrec.catalog.locks import taken
from llmrec.config import disk_errors

__all__ = ["building", "bury", "is_number", "locked", "next_number", "numbers"]

_NUMBER = re.compile(r"[0-9]{4,}")
_BUILDING, _LOCK, _REMOVED = ".building-", ".lock", ".removed-"
_WAIT_S = 60.0


def is_number(name: str) -> bool:
    """Whether a version may be called so."""
    return _NUMBER.fullmatch(name) is not None


def numbers(home: Path, prefix: str = "") -> tuple[str, ...]:
    """The numbers of the folders that are called by one behind ``prefix``, smallest first."""
    names = (path.name[len(prefix) :] for path in home.glob(f"{prefix}[0-9]*") if path.is_dir())
    return tuple(sorted(filter(is_number, names), key=int))


def next_number(home: Path) -> str:
    """The number after the highest that was ever given."""
    return f"{_last(home) + 1:04}"


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the lock under which names in ``home`` change.

    Raises:
        LockedError: another process holds it for a minute.
    """
    path = home / "write.lock"
    with disk_errors(path):
        home.mkdir(parents=True, exist_ok=True)
    with taken(FileLock(path), _WAIT_S, f"Another process is changing {home}."):
        yield


@contextmanager
def building(home: Path) -> Iterator[Path]:
    """A folder to build a version in; gone again if that fails, swept by the next if it is killed.

    Raises:
        LockedError: another process holds the lock of ``home`` for a minute.
    """
    partial = home / (_BUILDING + secrets.token_hex(4))
    alive = FileLock(home / (partial.name + _LOCK))
    with locked(home):
        sweep(home)
        alive.acquire(timeout=0)
    try:
        with folder_aside(partial):
            yield partial
    finally:
        Path(alive.lock_file).unlink(missing_ok=True)
        alive.release()


def bury(folder: Path) -> None:
    """Delete a version by one rename, which takes no space; the caller holds the lock."""
    grave = folder.with_name(_REMOVED + folder.name)
    shutil.rmtree(grave, ignore_errors=True)
    os.replace(folder, grave)
    sweep(folder.parent)


def sweep(home: Path) -> None:
    """Delete what killed processes have left and what was removed; the caller holds the lock."""
    for name in {left.name.removesuffix(_LOCK) for left in home.glob(f"{_BUILDING}*")}:
        alive = FileLock(home / (name + _LOCK))
        with suppress(Timeout), alive.acquire(timeout=0):
            shutil.rmtree(home / name, ignore_errors=True)
            Path(alive.lock_file).unlink(missing_ok=True)
    for number in numbers(home, _REMOVED):
        grave = home / (_REMOVED + number)
        _empty(grave)
        if int(number) < _last(home):  # a higher number stands for it
            grave.rmdir()


def _last(home: Path) -> int:
    return max(map(int, numbers(home) + numbers(home, _REMOVED)), default=0)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
