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

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator
from pydantic_core import to_jsonable_python

from llmrec.artifacts.documents import StrictModel, read_document
from llmrec.errors import ModelError

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

Kind: TypeAlias = Literal["behaviour", "fusion", "reader", "ranker", "words"]
"""What can be learned: the encoder of histories, the sources' weights, three adapters."""

KINDS: tuple[str, ...] = get_args(Kind)


def _plain(value: Any) -> Any:
    """What reading the file will give back: lists for tuples, text for paths; no NaN."""
    return json.loads(json.dumps(to_jsonable_python(value), allow_nan=False))


_Plain: TypeAlias = Annotated[dict[str, Any], BeforeValidator(_plain)]


class Figure(StrictModel):
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


class CardData(StrictModel):
    """What it was learned from: the hash says which data exactly, ``last`` up to which moment."""

    sha256: str
    events: int = Field(ge=0)
    users: int = Field(ge=0)
    items: int = Field(ge=0)
    last: AwareDatetime | None = None


class Card(StrictModel):
    """What is known about one version.

    ``metrics`` are measured on validation, the main one first, of which more is better. ``seconds``
    is how long learning took; ``parent`` is the version that it went on from. ``settings`` and
    ``extra`` hold plain JSON values: what they are given becomes that. Adapters say in ``extra``
    which model they belong to, as ``base`` (its name) and ``base_sha256``
    (:func:`~llmrec.weights.fingerprint.base_sha256`).
    """

    kind: Kind
    format: Literal[1] = 1
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
    hint = "Restore that file, or learn it anew."
    if folder.parent.name in KINDS:
        name = f"{folder.parent.name}/{folder.name}"
        hint = f"Restore it, or let another version serve and run: llmrec models rm {name}"
    try:
        return read_document(path, Card, hint=hint)
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing.", hint=hint) from error


def package_versions(*names: str) -> dict[str, str]:
    """The installed versions of these packages; those that are not installed are left out."""
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
