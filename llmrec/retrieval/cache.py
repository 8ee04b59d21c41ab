"""Folders of things that can be made again: built aside, renamed into place, keyed by content."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from llmrec.config import disk_errors

__all__ = ["cache_key", "cached"]

T = TypeVar("T")

_BROKEN = (OSError, ValueError, KeyError, EOFError)


def cached(
    cache: Path, name: str, key: str, *, build: Callable[[Path], None], load: Callable[[Path], T]
) -> T:
    """Load ``cache/name-key``, building it first where it is missing or damaged.

    Killed at any moment, a build leaves nothing under the final name. Folders of the same name
    with other keys are removed after a build; who has mapped their files keeps them.

    Args:
        cache: the workspace's cache folder.
        name: what is cached.
        key: what it was made from.
        build: writes the files into the folder it is given.
        load: reads them.

    Raises:
        DiskFull: no space left.
        WorkspaceError: the cache folder cannot be written.
    """
    folder = cache / f"{name}-{key}"
    if folder.is_dir():
        try:
            return load(folder)
        except _BROKEN:
            shutil.rmtree(folder, ignore_errors=True)
    with disk_errors(cache):
        _build(folder, build)
    for old in cache.glob(f"{name}-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return load(folder)


def cache_key(*parts: object) -> str:
    """A short name for what something was made from."""
    digest = blake2b(digest_size=10)
    for part in parts:
        digest.update(str(part).encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.parent / f".partial-{os.getpid()}-{secrets.token_hex(4)}"
    partial.mkdir()
    try:
        build(partial)
        partial.rename(folder)
    except OSError:
        # Another process may have put the same thing there first; its folder is as good.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
