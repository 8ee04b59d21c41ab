"""What a writer is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmrec.types import Filters, Fit, HistoryEntry, Item, Language

__all__ = ["WordsRequest"]


@dataclass(frozen=True, slots=True)
class WordsRequest:
    """Words about one recommended item for one shopper.

    ``history`` is oldest first, each entry with its item or ``None`` where it counts by its text;
    ``related`` are indices into it, nearest to the item first. ``describe`` asks for a description
    beside the reason. ``language`` is the shopper's; without one it is the item's. ``filters`` hold
    for the answer; ``recipient`` is whom it is for, in the shopper's words, if it is somebody else.
    ``fit`` is what the search holds the item to be to the query, where it says so.
    """

    item: Item
    history: tuple[tuple[HistoryEntry, Item | None], ...]
    query: str | None
    describe: bool
    seed: int
    related: tuple[int, ...] = ()
    language: Language | None = None
    filters: Filters = field(default_factory=Filters)
    recipient: str | None = None
    fit: Fit | None = None
