"""Folders and files that appear whole or not at all: made aside, renamed into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmrec.config import disk_errors

__all__ = ["folder_aside", "publish_folder", "replace_file", "sync_files"]

_PARTIAL = ".partial"


def publish_folder(target: Path, fill: Callable[[Path], None]) -> None:
    """Make ``target`` by filling a folder beside it and renaming that: never half-written.

    Nobody else may make the same target at the same time.

    Raises:
        DiskFull: no space is left; the partial folder is gone.
    """
    with disk_errors(target), folder_aside(target.with_name(target.name + _PARTIAL)) as partial:
        fill(partial)
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


def sync_files(folder: Path) -> None:
    """Have the disk hold all files in ``folder`` before it is renamed into place."""
    for path in folder.rglob("*"):
        if path.is_file():
            _sync(path)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
