"""What a candidate source is given, what it answers, and the exact top-k that they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from llmrec.types import BoolArray, FloatArray

if TYPE_CHECKING:
    from llmrec.retrieval.vectors import VectorSearch
    from llmrec.retrieval.wording import Wording

__all__ = ["Context", "Hits", "Liked", "QueryVector", "Source", "best"]


@dataclass(frozen=True)
class Liked:
    """One entry of the history that speaks for the shopper's taste.

    ``row`` is the item's catalogue row, -1 for free text; ``weight`` falls with the entry's age.
    """

    row: int
    weight: float


@dataclass(frozen=True, eq=False)
class QueryVector:
    """What a query means to the encoder that reads it.

    ``vector`` is float32 ``[d]`` of unit length; ``search`` is over that encoder's vectors.
    """

    vector: FloatArray
    search: VectorSearch


@dataclass(frozen=True)
class Context:
    """One request, resolved: all that a source may look at.

    Attributes:
        allowed: bool ``[n_items]``: passes the filters, not seen, not disliked.
        subject: bool ``[n_items]``: is about what candidates must be about; ``None`` for anything.
            Sources rank without regard to it: who is popular among the few of a kind says little of
            the words, and would say as much as they do.
        barred: bool ``[n_items]``: is made for others than the words are for; not allowed. Empty
            where nobody asks in words, as the next two are.
        back: bool ``[n_items]``: is made for an animal or a baby, of whom the words say nothing.
        had: bool ``[n_items]``: passes the filters, and only the history keeps it away; empty
            where nobody asks in words.
        liked: newest first.
        taste: float32 ``[d]`` of unit length, the liked entries' mean; ``None`` without any.
        query: what the query means; ``None`` without one, and where the encoder cannot read what
            some item's words answer.
        behaviour: float32 ``[dim]`` of unit length, the behaviour encoder's vector of the shopper;
            ``None`` without an encoder, or where it knows nothing of the history.
        wording: how the query was read; ``None`` without one.
        about: the same request as if its words were the kind of thing alone; ``None`` where that is
            not known.
        words: the query, else the titles of what was liked last.
        now: the moment of the request in seconds since 1970 UTC.
    """

    allowed: BoolArray
    subject: BoolArray | None = None
    barred: BoolArray = field(default_factory=lambda: np.zeros(0, bool))
    back: BoolArray = field(default_factory=lambda: np.zeros(0, bool))
    had: BoolArray = field(default_factory=lambda: np.zeros(0, bool))
    liked: tuple[Liked, ...] = ()
    taste: FloatArray | None = None
    query: QueryVector | None = None
    behaviour: FloatArray | None = None
    wording: Wording | None = None
    about: Context | None = None
    words: str = ""
    now: float = float("inf")

    @property
    def wanted(self) -> BoolArray:
        """What may be a candidate."""
        return self.allowed if self.subject is None else self.allowed & self.subject


@dataclass(frozen=True)
class Hits:
    """Catalogue rows int64 ``[k]`` with a source's scores float32 ``[k]``, best first."""

    rows: NDArray[np.int64]
    scores: FloatArray

    @classmethod
    def none(cls) -> Hits:
        """Nothing found."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32))


class Source(Protocol):
    """Finds candidates by one kind of evidence; filters apply before its top-k, never after."""

    def top(self, context: Context, depth: int) -> Hits:
        """The best ``depth`` allowed items, fewer where the evidence speaks for fewer."""


def best(rows: NDArray[np.int64], scores: FloatArray, depth: int) -> Hits:
    """The ``depth`` highest of ``scores``, ties in order of ``rows``.

    >>> best(np.array([5, 3, 9]), np.array([1, 1, 2], np.float32), 2).rows.tolist()
    [9, 3]
    """
    if len(rows) > depth:
        cut = np.partition(scores, len(scores) - depth)[len(scores) - depth]
        kept = np.flatnonzero(scores >= cut)  # all ties at the cut, so that their order decides
        rows, scores = rows[kept], scores[kept]
    order = np.lexsort((rows, -scores))[:depth]
    return Hits(rows[order].astype(np.int64, copy=False), scores[order].astype(np.float32))
