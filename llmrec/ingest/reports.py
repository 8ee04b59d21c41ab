"""What became of files: counts, what they did not use, what their products lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from llmrec.ingest.shapes import Target
from llmrec.types import Item

__all__ = ["FileReport", "IngestReport", "Lacking"]

_SEEN = ("price", "currency", "brand", "category", "description", "image_url")
"""What a shopper sees or asks for, in the order in which reports name it."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    ``rows`` = those that were accepted + ``rejected`` + those merged into the item of another row,
    and of events ``returned``: returns that took back a purchase or a part of one. ``unmatched``
    of the rejected are returns without a purchase. ``unordered`` says that rows without times stand
    by item for each shopper, so that their order was not taken for what came first.
    ``duplicates`` counts accepted rows whose id (for events: user, item, kind, time and position)
    an earlier row of the file had: the later one won. ``ratings`` are the lowest and the highest of
    the file, and ``disliked_below`` says which of them are dislikes. ``texts`` are the reviews that
    were added, replaced or removed.

    ``unused`` are columns of the file that nothing was read from. ``lacking`` counts accepted
    items that have no price, brand, …, also from earlier files, and of those with a price the ones
    without a currency (``priced`` have a price). ``notes`` say how the file was read, where that
    was not plain. ``left_out`` counts what rows went in without, by column and reason;
    ``warnings`` say what was decided although it could be otherwise.
    """

    file: str
    format: str
    shape: str
    columns: Mapping[str, str]
    rows: int
    added: int
    updated: int
    unchanged: int
    duplicates: int
    rejected: int
    reasons: Mapping[str, int]
    rejects: Path | None
    seconds: float
    ratings: tuple[float, float] | None = None
    disliked_below: float | None = None
    texts: int = 0
    unused: tuple[str, ...] = ()
    lacking: Mapping[str, int] = field(default_factory=dict)
    priced: int = 0
    notes: tuple[str, ...] = ()
    returned: int = 0
    unmatched: int = 0
    unordered: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def accepted(self) -> int:
        """Rows that went in, or were in already."""
        return self.added + self.updated + self.unchanged


@dataclass(frozen=True)
class IngestReport:
    """What became of all files, in their order.

    ``removed`` counts items that went since no file had them; ``next`` are commands to type next.
    """

    target: Target
    files: tuple[FileReport, ...]
    removed: int = 0
    next: tuple[str, ...] = ()

    @property
    def accepted(self) -> int:
        """Rows that went in, or were in already."""
        return sum(report.accepted for report in self.files)

    @property
    def changed(self) -> bool:
        """Whether the workspace is different from before."""
        return self.removed > 0 or any(file.added + file.updated for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        files = [
            {**asdict(file), "rejects": file.rejects and str(file.rejects)} for file in self.files
        ]
        return {
            "target": self.target,
            "accepted": self.accepted,
            "removed": self.removed,
            "files": files,
            "next": list(self.next),
        }


class Lacking:
    """Counts items without the fields that a shopper sees or asks for."""

    def __init__(self) -> None:
        self.priced = 0
        self._counts: Counter[str] = Counter(dict.fromkeys(_SEEN, 0))

    def note(self, items: Iterable[Item]) -> None:
        """Count some more."""
        counts = self._counts
        for item in items:
            if item.price is None:
                counts["price"] += 1
            else:
                self.priced += 1
                counts["currency"] += item.currency is None
            counts["brand"] += not item.brand
            counts["category"] += not item.category
            counts["description"] += not item.description
            counts["image_url"] += not item.image_url

    @property
    def counts(self) -> dict[str, int]:
        """Field -> items without it, the fields in which items lack something."""
        return {name: count for name, count in self._counts.items() if count}
