"""``current.json``: which version serves, and which ones did before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llmrec.artifacts.folders import replace_file
from llmrec.errors import ModelError

__all__ = ["POINTER_NAME", "Pointer", "read_pointer", "write_pointer"]

POINTER_NAME = "current.json"
_REMEMBERED = 100

_Version: TypeAlias = Annotated[str, Field(pattern=r"^\d{4,}$")]


class Pointer(BaseModel):
    """Which version of a kind serves; ``None`` is none.

    ``before`` are those that served before it, the latest last. ``last`` is the highest number that
    was ever removed: a name that a trace or a cache may still carry is not given twice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    version: _Version | None = None
    before: tuple[_Version, ...] = ()
    last: int = 0

    def moved_to(self, version: str) -> Pointer:
        """With ``version`` serving from now on."""
        if version == self.version:
            return self
        before = (*self.before, *([self.version] if self.version else []))
        return self.model_copy(update={"version": version, "before": before[-_REMEMBERED:]})

    def without(self, version: str) -> Pointer:
        """With ``version`` forgotten, but for its number."""
        before = tuple(one for one in self.before if one != version)
        return self.model_copy(update={"before": before, "last": max(self.last, int(version))})


def read_pointer(folder: Path) -> Pointer:
    """The pointer in the folder of a kind; where there is none yet, one to nothing.

    Raises:
        ModelError: the file cannot be read; the message names it.
    """
    path = folder / POINTER_NAME
    try:
        return Pointer.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Pointer()
    except (OSError, ValueError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ModelError(
            f"{path} is damaged: {why}.",
            hint=f"Delete it and run: llmrec models promote {folder.name} VERSION",
        ) from error


def write_pointer(folder: Path, pointer: Pointer) -> None:
    """Put ``pointer`` in the place of the one before, at once.

    Raises:
        DiskFull: no space is left; the old one stands.
    """
    text = json.dumps(pointer.model_dump(mode="json"), indent=2) + "\n"
    replace_file(folder / POINTER_NAME, text)
