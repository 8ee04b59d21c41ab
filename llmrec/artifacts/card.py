"""The card of something learned: from which data, with which settings, how good (Mitchell 2019).

``card.json`` beside the weights holds it, in the order of the fields below, so that two cards can
be compared line by line. "Model Cards for Model Reporting", https://arxiv.org/abs/1810.03993.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import to_jsonable_python

from llmrec.errors import ModelError, WorkspaceError

__all__ = [
    "CARD_NAME",
    "KINDS",
    "Card",
    "CardData",
    "Figure",
    "Kind",
    "package_versions",
    "read_card",
]

CARD_NAME = "card.json"
_FORMAT: Literal[1] = 1

Kind: TypeAlias = Literal["behaviour", "fusion", "ranker", "words"]
"""What can be learned: the encoder of histories, the sources' weights, two adapters."""

KINDS: tuple[str, ...] = get_args(Kind)


def _plain(value: Any) -> Any:
    """What reading the file will give back: lists for tuples, text for paths; no NaN."""
    return json.loads(json.dumps(to_jsonable_python(value), allow_nan=False))


_Plain: TypeAlias = Annotated[dict[str, Any], BeforeValidator(_plain)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Figure(_Part):
    """A measured mean over ``n`` cases, with its interval (95 %) where there is one."""

    mean: float
    low: float | None = None
    high: float | None = None
    n: int = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Figure:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.mean:.4f}"
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


class CardData(_Part):
    """What it was learned from: the hash says which data exactly, ``last`` up to which moment."""

    sha256: str
    events: int = Field(ge=0)
    users: int = Field(ge=0)
    items: int = Field(ge=0)
    last: AwareDatetime | None = None


class Card(_Part):
    """What is known about one version.

    ``metrics`` are measured on validation, the main one first; ``seconds`` is how long learning
    took; ``parent`` is the version that it went on from. ``settings`` and ``extra`` hold plain JSON
    values: what they are given becomes that. Adapters say in ``extra`` which model they belong to,
    as ``base`` (its name) and ``base_sha256``
    (:func:`~llmrec.weights.fingerprint.base_sha256`).
    """

    kind: Kind
    format: Literal[1] = _FORMAT
    created: AwareDatetime = Field(
        default_factory=lambda: datetime.now(timezone.utc).replace(microsecond=0)
    )
    data: CardData
    settings: _Plain = Field(default_factory=dict)
    seed: int
    metrics: dict[str, Figure] = Field(default_factory=dict)
    seconds: float = Field(ge=0)
    parent: str | None = None
    versions: dict[str, str] = Field(default_factory=lambda: package_versions("llmrec"))
    notes: tuple[str, ...] = ()
    extra: _Plain = Field(default_factory=dict)

    @property
    def main(self) -> tuple[str, Figure] | None:
        """Name and value of the first metric, which is the one to choose by."""
        return next(iter(self.metrics.items()), None)

    def write(self, folder: Path) -> None:
        """Write ``card.json`` into ``folder``."""
        text = json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False)
        (folder / CARD_NAME).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """The card in ``folder``.

    Raises:
        ModelError: it is missing or damaged; the message names file and field.
        WorkspaceError: a newer llmrec wrote it.
    """
    path = folder / CARD_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    written = content.get("format") if isinstance(content, dict) else None
    if isinstance(written, int) and written > _FORMAT:
        raise WorkspaceError(
            f"{path} was written by a newer llmrec (format {written}, this one reads {_FORMAT}).",
            hint="Upgrade llmrec: pip install -U llmrec",
        )
    try:
        return Card.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise _damaged(path, f"field '{field}': {first['msg']}") from error


def package_versions(*names: str) -> dict[str, str]:
    """The installed versions of these packages; those that are not installed are left out."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _damaged(path: Path, why: str) -> ModelError:
    kind, number = path.parent.parent.name, path.parent.name
    return ModelError(
        f"{path} is damaged: {why}.",
        hint=f"Restore that file, or let another version serve and run: llmrec models remove "
        f"{kind} {number}",
    )
