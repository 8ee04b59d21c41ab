"""The popular source: what all shoppers chose lately; what is left of a list it fills, too.

A shopper counts once for an item, as strongly as any of the events says, and less for each the more
items there are (:func:`~llmrec.retrieval.voices.breadth`). An item is popular from so many shoppers
on as no single one makes a difference to; below that it would be their list, not the shop's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.events import EventTable
from llmrec.retrieval.sources.base import Context, Hits
from llmrec.retrieval.voices import breadth
from llmrec.types import BoolArray

__all__ = ["PopularSource"]

_ENOUGH = 20.0
"""Shoppers behind a popular item, decayed by age. Ten who agree are half of it, one a twentieth."""

_ENOUGH_SHARE = 0.05
"""Of a small shop's shoppers, where twenty would be too many."""


class PopularSource:
    """Items by how many shoppers chose them, decayed by age.

    Args:
        log: events.
        row: catalogue row of each item id.
        added_at: float64 ``[n_items]``, seconds since 1970 UTC, nan where unknown.
        half_life_days: age at which an event counts half.
    """

    def __init__(
        self,
        log: EventTable,
        row: dict[str, int],
        added_at: NDArray[np.float64],
        half_life_days: float,
    ) -> None:
        counts = _counts(log, row, half_life_days)
        self._counts = np.where(counts >= _enough(log.shoppers), counts, 0.0)
        newest = np.nan_to_num(added_at, nan=-np.inf)
        self._order = np.lexsort((np.arange(len(row)), -newest, -self._counts))

    def top(self, context: Context, depth: int) -> Hits:
        """The first ``depth`` of the allowed items that are popular."""
        return self._first(context.allowed & (self._counts > 0), depth)

    def fill(self, allowed: BoolArray, wanted: int) -> Hits:
        """The first ``wanted`` of all allowed items: behind what is popular the newest first."""
        return self._first(allowed, wanted)

    def _first(self, allowed: BoolArray, depth: int) -> Hits:
        rows = self._order[allowed[self._order]][:depth]
        return Hits(rows, self._counts[rows].astype(np.float32))


def _enough(shoppers: int) -> float:
    """From how many shoppers on an item is popular in a shop of so many.

    By powers of two: at each newcomer some item else stands just below a bound that has moved.
    """
    power = 2.0 ** int(np.log2(shoppers)) if shoppers else 0.0
    return min(_ENOUGH, _ENOUGH_SHARE * power)


def _counts(log: EventTable, row: dict[str, int], half_life_days: float) -> NDArray[np.float64]:
    """How many shoppers stand behind each item, float64 ``[n_items]``."""
    heard = log.voices
    rows = heard.rows(row)
    known = rows >= 0
    weights = (heard.weights * heard.decay(half_life_days))[known]
    pairs, place = np.unique(
        heard.users[known].astype(np.int64) * len(row) + rows[known], return_inverse=True
    )
    strongest = np.zeros(len(pairs))
    np.maximum.at(strongest, place, weights)
    votes = strongest * breadth(pairs // max(len(row), 1))
    return np.asarray(np.bincount(pairs % max(len(row), 1), votes, len(row)), np.float64)
