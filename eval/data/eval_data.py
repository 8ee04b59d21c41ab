"""What an evaluation is run on, wherever it came from: a split, its catalogue, one hash of both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from llmrec.eval.data.items import ItemTable
from llmrec.eval.data.splits import Case, Split
from llmrec.types import Event

__all__ = ["EvalData", "fingerprint"]


@dataclass(frozen=True)
class EvalData:
    """A split with the catalogue that is ranked.

    Attributes:
        name: how reports call it.
        split: training events and cases, free of leaks.
        items: the catalogue; every item of it may be recommended.
        sha256: of the split and the items, see :func:`fingerprint`.
        notes: what a reader of the figures should know about the data.
        shop: the workspace it came from, if it is one.
    """

    name: str
    split: Split
    items: ItemTable
    sha256: str
    notes: tuple[str, ...] = ()
    shop: Path | None = None

    @property
    def events(self) -> int:
        """Number of events: training, context and targets, each once."""
        targets: set[Event] = set()
        for case in (*self.split.valid, *self.split.test):
            targets.update(case.targets)
        return len(self.split.train) + len(self.split.context) + len(targets)


def fingerprint(split: Split, items: ItemTable) -> str:
    """SHA-256 of everything that can move a figure: events, cases, and what is known of the items.

    It does not depend on the file format, the order of the rows or the machine.
    """
    digest = hashlib.sha256(split.protocol.encode())
    for name, events in (("train", split.train), ("context", split.context)):
        digest.update(f"\x1d{name}".encode())
        for line in sorted(map(_event_line, events)):
            digest.update(line)
    for part, cases in (("valid", split.valid), ("test", split.test)):
        digest.update(f"\x1d{part}".encode())
        for line in sorted(map(_case_line, cases)):
            digest.update(line)
    digest.update(b"\x1ditems")
    for item in items.items:
        price = f"{item.price} {item.currency}"
        digest.update(_line(item.id, *item.category, price, items.text[items.row[item.id]]))
        # Only where a shop says so: data that does not keep the hash that others know it by.
        known = {"stock": item.stock, "added": item.added_at, "language": item.language}
        if told := [f"{name} {value}" for name, value in known.items() if value is not None]:
            digest.update(_line(*told))
    return digest.hexdigest()


def _case_line(case: Case) -> bytes:
    return _line(case.user) + _joined(case.history) + b"\x1c" + _joined(case.targets)


def _joined(events: Iterable[Event]) -> bytes:
    return b"".join(map(_event_line, events))


def _event_line(event: Event) -> bytes:
    at = event.at.isoformat() if event.at else ""
    return _line(event.user, event.item, event.kind.value, at, event.position, event.value)


def _line(*parts: object) -> bytes:
    text = "\x1f".join(map(str, parts)) + "\x1e"
    return text.encode("utf-8", "surrogatepass")
