r"""The next source: what shoppers chose after the things that this one had last.

Unlike ``together`` it knows a direction: the shoe tree comes after the shoe. With ``a`` the number
of liked things after ``i``, and ``d`` how many events after ``i`` shopper ``u`` had ``j``::

    score(j) = sum over u  sum over liked i of  2 ** (-a / half_life)  max weight(j) / d

Whoever goes from ``i`` to ``j`` a hundred times has said so once. The largest term over ``u`` does
not count, see :mod:`llmrec.retrieval.evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.events import EventTable
from llmrec.retrieval.evidence import SURPLUS, best_said
from llmrec.retrieval.sources.base import Context, Hits, best
from llmrec.retrieval.transitions import turned
from llmrec.retrieval.voices import FEW_SHOPPERS
from llmrec.types import BoolArray

__all__ = ["NextSource"]

_HALVINGS = 10
"""After so many a liked thing counts less than a thousandth, and is not looked at."""


@dataclass(frozen=True)
class _Walk:
    """What shoppers had, one after the other, with the places at which each item stands."""

    users: NDArray[np.int32]
    rows: NDArray[np.int64]
    weights: NDArray[np.float32]
    places: NDArray[np.int64]
    begins: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        users: NDArray[np.int32],
        rows: NDArray[np.int64],
        weights: NDArray[np.float32],
        n_items: int,
    ) -> _Walk:
        places = np.argsort(rows, kind="stable")
        begins = np.searchsorted(rows[places], np.arange(n_items + 1))
        return cls(users, rows, weights, places, begins)

    def after(self, row: int, window: int, allowed: BoolArray) -> _Said:
        """What each shopper says of the allowed items that came after ``row``: once an item."""
        starts = self.places[self.begins[row] : self.begins[row + 1]]
        places = starts[:, None] + np.arange(1, window + 1)
        inside = places < len(self.rows)
        places = np.where(inside, places, starts[:, None])
        inside &= self.users[places] == self.users[starts][:, None]
        inside &= (self.rows[places] != row) & allowed[self.rows[places]]
        said = (self.weights[places] / np.arange(1, window + 1))[inside]
        users, rows = self.users[places[inside]], self.rows[places[inside]]
        order = np.lexsort((-said, users.astype(np.int64) * len(allowed) + rows))
        users, rows = users[order], rows[order]
        first = np.ones(len(order), bool)
        first[1:] = (users[1:] != users[:-1]) | (rows[1:] != rows[:-1])
        return users[first], rows[first], said[order][first]


_Said = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]
"""Who, of which item, how much: ``[m]`` each."""


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
        heard = log.voices
        rows = heard.rows(row)
        kept = rows >= 0
        # A look, a cart and a purchase of one thing are one step on the way, not three.
        again = (heard.users[1:] == heard.users[:-1]) & (rows[1:] == rows[:-1])
        kept[1:] &= ~again
        users, rows = heard.users[kept], rows[kept]
        weights = _strongest(heard.weights, again)[kept]
        self._walks = [_Walk.of(users, rows, weights, len(row))]
        back = turned(users, heard.moments[kept])
        if back is not None:
            self._walks.append(_Walk.of(users, rows[back], weights[back], len(row)))
        self._window, self._half_life = window, half_life
        self._width = int(users.max(initial=0)) + 1
        self._trimmed = log.shoppers >= FEW_SHOPPERS

    def top(self, context: Context, depth: int) -> Hits:
        """The best scores above 0 among allowed items."""
        users, rows, said = self._after(context)
        scores = np.bincount(rows, said, minlength=len(context.allowed)).astype(np.float32)
        spoken = np.flatnonzero(scores)
        wanted = np.zeros(len(scores), bool)
        wanted[best(spoken, scores[spoken], SURPLUS + depth).rows] = True
        kept = wanted[rows]
        voices, voice = np.unique(rows[kept] * self._width + users[kept], return_inverse=True)
        values = np.bincount(voice, said[kept], len(voices)).astype(np.float64)
        return best_said(voices // self._width, values, depth, trimmed=self._trimmed)

    def _after(self, context: Context) -> _Said:
        """What is said of the items after all that was liked of late."""
        parts: list[_Said] = []
        for age, liked in enumerate(context.liked[: round(_HALVINGS * self._half_life) + 1]):
            weight = 0.5 ** (age / self._half_life) / len(self._walks)
            for walk in self._walks if liked.row >= 0 else ():
                users, rows, said = walk.after(liked.row, self._window, context.allowed)
                parts.append((users, rows, weight * said))
        parts.append((np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64)))
        return (
            np.concatenate([users for users, _, _ in parts]),
            np.concatenate([rows for _, rows, _ in parts]),
            np.concatenate([said for _, _, said in parts]),
        )


def _strongest(weights: NDArray[np.float32], again: BoolArray) -> NDArray[np.float32]:
    """For the first event of each run of one item, the largest weight in that run."""
    starts = np.flatnonzero(np.concatenate([[True], ~again]))[: len(weights)]
    found = np.zeros_like(weights)
    if len(weights):
        found[starts] = np.maximum.reduceat(weights, starts)
    return found
