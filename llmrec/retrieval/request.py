"""What retrieval is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from llmrec.types import Candidate, Filters, HistoryEntry

__all__ = ["RetrievalRequest", "RetrievalResult"]


@dataclass(frozen=True)
class RetrievalRequest:
    """One shopper's situation.

    Attributes:
        history: oldest first; all of it counts as seen, the most recent part of it as taste.
        query: what the shopper asks for in words, if anything.
        filters: hard constraints; every candidate honours them.
        subject: every candidate must be about one of these, in words; without any, about anything.
        recipient: whom it is for, in words, where that is said apart from the query.
        thing: the kind of thing within the query, where that is known: what answers is measured by
            it alone, and the whole query says what comes first.
        now: the moment of the request; what was added to the catalogue later is not "new".
            ``None`` is the present.
    """

    history: tuple[HistoryEntry, ...] = ()
    query: str | None = None
    filters: Filters = field(default_factory=Filters)
    subject: tuple[str, ...] = ()
    recipient: str | None = None
    thing: str | None = None
    now: datetime | None = None


@dataclass(frozen=True)
class RetrievalResult:
    """The candidates, best first.

    Attributes:
        candidates: ``min(n, matching)`` of them.
        matching: how many items pass the filters, were not seen, and are about the subject if there
            must be one.
        by_source: of the candidates, how many each source that was asked has found.
        notes: how the query was read where it was not read as it stands, whether nothing answers
            it, and what a reader should know of the sources that answered; a sentence each.
        unlike: of the notes that which says that nothing answers the query, if so; to be shown
            before the candidates.
        left_out: titles of what the query names and is left out because the history has it.
    """

    candidates: tuple[Candidate, ...]
    matching: int
    by_source: Mapping[str, int]
    notes: tuple[str, ...] = ()
    unlike: str | None = None
    left_out: tuple[str, ...] = ()
