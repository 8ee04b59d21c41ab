"""Folders and files that appear whole or not at all: made aside, renamed into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmrec.config import disk_errors

__all__ = ["filled", "folder_aside", "publish_folder", "replace_file"]

_PARTIAL = ".partial"


def publish_folder(target: Path, fill: Callable[[Path], None]) -> None:
    """Make ``target`` by filling a folder beside it and renaming that: never half-written.

    Nobody else may make the same target at the same time.

    Raises:
        DiskFull: no space is left; the partial folder is gone.
    """
    with disk_errors(target), folder_aside(target.with_name(target.name + _PARTIAL)) as partial:
        filled(partial, fill)
        os.replace(partial, target)


@contextmanager
def folder_aside(partial: Path) -> Iterator[Path]:
    """An empty folder ``partial`` (what lay there goes), removed again if the body fails."""
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def replace_file(path: Path, text: str) -> None:
    """Write ``path`` so that a reader, and a machine that loses power, sees the old or the new.

    Nobody else may write the same file at the same time.

    Raises:
        DiskFull: no space is left; the old file stands.
    """
    partial = path.with_name(path.name + _PARTIAL)
    try:
        with disk_errors(path):
            partial.write_text(text, encoding="utf-8")
            _sync(partial)
            os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def filled(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill ``folder`` and have the disk hold all of it, so that it can be renamed into place.

    Raises:
        DiskFull: no space is left, however ``fill`` puts that.
    """
    # Before the folder goes: whether the disk is full shows only while it is.
    with disk_errors(folder):
        fill(folder)
        for path in (*folder.rglob("*"), folder):
            if not path.is_symlink():
                _sync(path)


def _sync(path: Path) -> None:
    # Opened for reading: what is copied from a read-only place may not be opened for more.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
