r"""The next source: what shoppers chose after the things that this one had last.

Unlike ``together`` it knows a direction: the shoe tree comes after the shoe. With ``a`` the number
of liked things after ``i``, and ``d`` how many events after ``i`` shopper ``u`` had ``j``::

    score(j) = sum over u  sum over liked i of  2 ** (-a / half_life)  max weight(j) / d

Whoever goes from ``i`` to ``j`` a hundred times has said so once. The largest term over ``u`` does
not count, see :mod:`llmrec.retrieval.evidence`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.events import EventTable
from llmrec.retrieval.evidence import SURPLUS, best_said
from llmrec.retrieval.sources.base import Context, Hits, best
from llmrec.retrieval.voices import FEW_SHOPPERS
from llmrec.types import BoolArray

__all__ = ["NextSource"]

_HALVINGS = 10
"""After so many a liked thing counts less than a thousandth, and is not looked at."""


class NextSource:
    """Items that followed the liked ones in shoppers' logs, by time, else by position.

    Args:
        log: events, each user's oldest first.
        row: catalogue row of each item id.
        window: farthest distance that counts as following, in events.
        half_life: liked things after which one counts half.
    """

    def __init__(self, log: EventTable, row: dict[str, int], window: int, half_life: float) -> None:
        heard = log.voices
        rows = heard.rows(row)
        kept = rows >= 0
        # A look, a cart and a purchase of one thing are one step on the way, not three.
        again = (heard.users[1:] == heard.users[:-1]) & (rows[1:] == rows[:-1])
        kept[1:] &= ~again
        self._users, self._rows = heard.users[kept], rows[kept]
        self._weights = _strongest(heard.weights, again)[kept]
        self._window, self._half_life = window, half_life
        self._trimmed = log.shoppers >= FEW_SHOPPERS
        self._places = np.argsort(self._rows, kind="stable")
        self._begins = np.searchsorted(self._rows[self._places], np.arange(len(row) + 1))

    def top(self, context: Context, depth: int) -> Hits:
        """The best scores above 0 among allowed items."""
        steps = [
            self._after(liked.row, 0.5 ** (age / self._half_life), context.allowed)
            for age, liked in enumerate(context.liked[: round(_HALVINGS * self._half_life) + 1])
            if liked.row >= 0
        ]
        places = np.concatenate([np.empty(0, np.int64), *(place for place, _ in steps)])
        said = np.concatenate([np.empty(0), *(weight for _, weight in steps)])
        rows = self._rows[places]
        scores = np.bincount(rows, said, minlength=len(context.allowed)).astype(np.float32)
        spoken = np.flatnonzero(scores)
        wanted = np.zeros(len(scores), bool)
        wanted[best(spoken, scores[spoken], SURPLUS + depth).rows] = True
        kept = wanted[rows]
        width = int(self._users.max(initial=0)) + 1
        voices = rows[kept] * width + self._users[places[kept]]
        voices, voice = np.unique(voices, return_inverse=True)
        values = np.bincount(voice, said[kept], len(voices)).astype(np.float64)
        return best_said(voices // width, values, depth, trimmed=self._trimmed)

    def _after(
        self, row: int, weight: float, allowed: BoolArray
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Where allowed items came after ``row``, one place a shopper and item, and weights."""
        starts = self._places[self._begins[row] : self._begins[row + 1]]
        places = starts[:, None] + np.arange(1, self._window + 1)
        inside = places < len(self._rows)
        places = np.where(inside, places, starts[:, None])
        inside &= self._users[places] == self._users[starts][:, None]
        inside &= (self._rows[places] != row) & allowed[self._rows[places]]
        said = weight * self._weights[places] / np.arange(1, self._window + 1)
        found, said = places[inside], said[inside]
        pairs = self._users[found].astype(np.int64) * len(allowed) + self._rows[found]
        order = np.lexsort((-said, pairs))
        first = np.ones(len(order), bool)
        first[1:] = pairs[order][1:] != pairs[order][:-1]
        return found[order[first]], said[order[first]]


def _strongest(weights: NDArray[np.float32], again: BoolArray) -> NDArray[np.float32]:
    """For the first event of each run of one item, the largest weight in that run."""
    starts = np.flatnonzero(np.concatenate([[True], ~again]))[: len(weights)]
    found = np.zeros_like(weights)
    if len(weights):
        found[starts] = np.maximum.reduceat(weights, starts)
    return found
