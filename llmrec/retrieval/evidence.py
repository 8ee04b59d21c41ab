"""Scores summed over shoppers in which no voice can be the loudest.

A sum belongs to whoever says most: one shopper who copied a history put ten things of their choice
above all others. So an item's strongest voice does not count (a trimmed sum, Tukey 1962): whatever
one shopper does, an item gains at most what the second says, and what nobody else says is nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.sources.base import Hits, best
from llmrec.retrieval.voices import MOST_ITEMS

__all__ = ["SURPLUS", "best_said"]

SURPLUS = MOST_ITEMS
"""How many more candidates are looked at than are wanted, so that no shopper, alone with all of
theirs, crowds out what others say."""

_ALONE = 1e-3
"""What the strongest voice adds: enough to order items that have no other, too little to lift."""


def best_said(
    rows: NDArray[np.integer], values: NDArray[np.floating], depth: int, *, trimmed: bool
) -> Hits:
    """The ``depth`` items of which most is said.

    Args:
        rows: ``[m]``, catalogue rows of items, ascending; one for each shopper who speaks of it.
        values: ``[m]``, above 0, what that shopper says.
        depth: how many at most.
        trimmed: whether an item's strongest voice does not count.
    """
    if not len(rows):
        return Hits.none()
    begins = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    scores = np.add.reduceat(values.astype(np.float64), begins)
    if trimmed:
        voices = np.diff([*begins, len(rows)])
        others = scores - np.maximum.reduceat(values, begins)
        # What rounding leaves of the only voice is nothing.
        scores = np.where(voices > 1, others, 0.0) + _ALONE * scores
    return best(rows[begins].astype(np.int64), scores.astype(np.float32), depth)
