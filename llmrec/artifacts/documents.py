"""The small JSON files of the store, read with messages that name file and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from llmrec.errors import ModelError, WorkspaceError

__all__ = ["StrictModel", "read_document"]


class StrictModel(BaseModel):
    """A part of such a file: no unknown fields, no NaN, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


_D = TypeVar("_D", bound=StrictModel)


def read_document(path: Path, model: type[_D], *, hint: str) -> _D:
    """The document in ``path``; ``model`` has a field ``format``, whose default is the newest.

    Raises:
        FileNotFoundError: there is no such file.
        ModelError: it is damaged; the message names file and field, and gives ``hint``.
        WorkspaceError: a newer llmrec wrote it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", hint=hint) from error
    _check_format(path, content, model.model_fields["format"].default)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        where = f"field '{field}': " if field else ""
        raise ModelError(f"{path} is damaged: {where}{first['msg']}.", hint=hint) from error


def _check_format(path: Path, content: object, known: int) -> None:
    written = content.get("format") if isinstance(content, dict) else None
    if isinstance(written, int) and written > known:
        raise WorkspaceError(
            f"{path} was written by a newer llmrec (format {written}, this one reads {known}).",
            hint="Upgrade llmrec: pip install -U llmrec",
        )
