"""The new source: what came into the catalogue last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.sources.base import Context, Hits

__all__ = ["NewSource"]


class NewSource:
    """Items by the day they were added, newest first.

    An item of unknown date is not new; neither is one that was added after the request.

    Args:
        added_at: float64 ``[n_items]``, seconds since 1970 UTC, nan where unknown.
    """

    def __init__(self, added_at: NDArray[np.float64]) -> None:
        self._added_at = added_at
        order = np.lexsort((np.arange(len(added_at)), -added_at))
        self._order = order[~np.isnan(added_at[order])]

    def top(self, context: Context, depth: int) -> Hits:
        """The newest ``depth`` allowed items of known date; the score is that date."""
        order = self._order
        rows = order[context.allowed[order] & (self._added_at[order] <= context.now)][:depth]
        return Hits(rows, self._added_at[rows].astype(np.float32))
