"""``current.json``: which version serves, and which ones did before it."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from llmrec.artifacts.documents import StrictModel, read_document
from llmrec.artifacts.folders import replace_file

__all__ = ["POINTER_NAME", "Pointer", "read_pointer", "write_pointer"]

POINTER_NAME = "current.json"
_REMEMBERED = 100

_Version: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{4,}$")]


class Pointer(StrictModel):
    """Which version of a kind serves; ``None`` is none.

    ``before`` are those that served before it, the latest last.
    """

    format: Literal[1] = 1
    version: _Version | None = None
    before: tuple[_Version, ...] = ()

    def moved_to(self, version: str) -> Pointer:
        """With ``version`` serving from now on."""
        if version == self.version:
            return self
        before = (*self.before, *([self.version] if self.version else []))
        return Pointer(version=version, before=before[-_REMEMBERED:])

    def moved_back(self, there: Collection[str]) -> Pointer:
        """With the last other one of ``there`` serving that did before; with none if none did."""
        before = [version for version in self.before if version in there]
        while before and before[-1] == self.version:  # what stood between them was removed
            before.pop()
        version = before.pop() if before else None
        return Pointer(version=version, before=tuple(before))


def read_pointer(home: Path) -> Pointer:
    """The pointer in the folder of a kind; where there is none yet, one to nothing.

    Raises:
        ModelError: the file is damaged; the message names file and field.
        WorkspaceError: a newer llmrec wrote it.
    """
    hint = f"Delete it and run: llmrec models promote {home.name} VERSION"
    try:
        return read_document(home / POINTER_NAME, Pointer, hint=hint)
    except FileNotFoundError:
        return Pointer()


def write_pointer(home: Path, pointer: Pointer) -> None:
    """Put ``pointer`` in the place of the one before, at once.

    Raises:
        DiskFull: no space is left; the old one stands.
    """
    text = json.dumps(pointer.model_dump(mode="json"), indent=2) + "\n"
    replace_file(home / POINTER_NAME, text)
