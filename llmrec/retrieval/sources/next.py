r"""The next source: what shoppers chose after the things that this one had last.

Unlike ``together`` it knows a direction: the shoe tree comes after the shoe. With ``F`` from
:mod:`llmrec.retrieval.transitions`, and ``a`` the number of liked things after ``i``::

    score(j) = sum over liked i of  2 ** (-a / half_life)  F[i, j]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.events import EventTable
from llmrec.retrieval.sources.base import Context, Hits, best
from llmrec.retrieval.transitions import followers
from llmrec.types import BoolArray

__all__ = ["NextSource"]


class NextSource:
    """Items that followed the liked ones in shoppers' logs, by time, else by position.

    Things of one moment (a basket, a day of a log of days) follow each other alike.

    Args:
        log: events, each user's oldest first.
        row: catalogue row of each item id.
        window: farthest distance that counts as following, in events.
        half_life: liked things after which one counts half.
    """

    def __init__(self, log: EventTable, row: dict[str, int], window: int, half_life: float) -> None:
        rows = log.rows(row)
        kept = rows >= 0
        # A look, a cart and a purchase of one thing are one step on the way, not three.
        again = (log.users[1:] == log.users[:-1]) & (rows[1:] == rows[:-1])
        kept[1:] &= ~again
        self._half_life = half_life
        self._followers = followers(
            log.users[kept],
            rows[kept],
            len(row),
            window,
            _strongest(log.weights, again)[kept],
            log.moments[kept],
        )

    def top(self, context: Context, depth: int) -> Hits:
        """The best scores above 0 among allowed items."""
        table = self._followers
        scores = np.zeros(len(context.allowed))
        for age, liked in enumerate(context.liked):
            if liked.row >= 0:
                part = slice(table.indptr[liked.row], table.indptr[liked.row + 1])
                weight = 0.5 ** (age / self._half_life)
                scores[table.indices[part]] += weight * table.data[part]
        rows = np.flatnonzero(context.allowed & (scores > 0))
        return best(rows, scores[rows].astype(np.float32), depth)


def _strongest(weights: NDArray[np.float32], again: BoolArray) -> NDArray[np.float32]:
    """For the first event of each run of one item, the largest weight in that run."""
    starts = np.flatnonzero(np.concatenate([[True], ~again]))[: len(weights)]
    found = np.zeros_like(weights)
    if len(weights):
        found[starts] = np.maximum.reduceat(weights, starts)
    return found
