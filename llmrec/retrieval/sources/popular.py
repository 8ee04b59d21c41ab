"""The popular source: what all shoppers chose lately; it ranks every item, so it always fills."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.events import EventTable
from llmrec.retrieval.sources.base import Context, Hits

__all__ = ["PopularSource"]


class PopularSource:
    """Items by decayed event counts; among those without events the newest first.

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
        rows = log.rows(row)
        known = rows >= 0
        weights = (log.weights * log.decay(half_life_days))[known]
        self._counts = np.bincount(rows[known], weights, minlength=len(row))
        newest = np.nan_to_num(added_at, nan=-np.inf)
        self._order = np.lexsort((np.arange(len(row)), -newest, -self._counts))

    def top(self, context: Context, depth: int) -> Hits:
        """The first ``depth`` of all allowed items; fewer only where fewer are allowed."""
        rows = self._order[context.allowed[self._order]][:depth]
        return Hits(rows, self._counts[rows].astype(np.float32))
