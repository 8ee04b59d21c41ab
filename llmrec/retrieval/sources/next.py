r"""The next source: what shoppers chose after the things that this one had last.

Unlike ``together`` it knows a direction: the shoe tree comes after the shoe. With ``a`` the number
of liked things after ``i``, and ``d`` how many events after ``i`` shopper ``u`` had ``j``::

    score(j) = sum over u  sum over liked i of  2 ** (-a / half_life)  max weight(j) / d

Whoever goes from ``i`` to ``j`` a hundred times has said so once. The largest term over ``u`` does
not count, see :mod:`llmrec.retrieval.evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    width: int

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
        return cls(users, rows, weights, places, begins, int(users.max(initial=0)) + 1)

    def after(
        self, rows: Sequence[int], weights: Sequence[float], window: int, allowed: BoolArray
    ) -> _Said:
        """What each shopper says of the allowed items that came after ``rows``.

        Once for each of ``rows`` and an item, times the row's weight.
        """
        slices = [slice(self.begins[row], self.begins[row + 1]) for row in rows]
        starts = np.concatenate([self.places[part] for part in slices])
        counts = [part.stop - part.start for part in slices]
        number = np.repeat(np.arange(len(rows)), counts)
        distance = np.arange(1, window + 1)
        places = starts[:, None] + distance
        inside = places < len(self.rows)
        places = np.where(inside, places, starts[:, None])
        inside &= self.users[places] == self.users[starts][:, None]
        inside &= (self.rows[places] != np.asarray(rows)[number][:, None]) & allowed[
            self.rows[places]
        ]
        if not inside.any():
            return np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64)
        votes = (np.asarray(weights)[number][:, None] * self.weights[places] / distance)[inside]
        user, item = self.users[places[inside]].astype(np.int64), self.rows[places[inside]]
        key = (np.repeat(number, inside.sum(axis=1)) * self.width + user) * len(allowed) + item
        order = np.argsort(key)
        key = key[order]
        begins = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        first = order[begins]
        return user[first], item[first], np.maximum.reduceat(votes[order], begins)


_Said = tuple[NDArray[np.integer], NDArray[np.int64], NDArray[np.float64]]
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
        self._width = self._walks[0].width
        self._trimmed = log.shoppers >= FEW_SHOPPERS

    def top(self, context: Context, depth: int) -> Hits:
        """The best scores above 0 among allowed items."""
        users, rows, votes = self._after(context)
        scores = np.bincount(rows, votes, minlength=len(context.allowed)).astype(np.float32)
        spoken = np.flatnonzero(scores)
        wanted = np.zeros(len(scores), bool)
        wanted[best(spoken, scores[spoken], SURPLUS + depth).rows] = True
        kept = wanted[rows]
        voices, voice = np.unique(rows[kept] * self._width + users[kept], return_inverse=True)
        values = np.bincount(voice, votes[kept], len(voices)).astype(np.float64)
        return best_said(voices // self._width, values, depth, trimmed=self._trimmed)

    def _after(self, context: Context) -> _Said:
        """What is said of the items after all that was liked of late."""
        recent = context.liked[: round(_HALVINGS * self._half_life) + 1]
        rows = [liked.row for liked in recent if liked.row >= 0]
        if not rows:
            return np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64)
        share = 1 / len(self._walks)
        weights = [
            share * 0.5 ** (age / self._half_life)
            for age, liked in enumerate(recent)
            if liked.row >= 0
        ]
        parts = [walk.after(rows, weights, self._window, context.allowed) for walk in self._walks]
        return (
            np.concatenate([users for users, _, _ in parts]),
            np.concatenate([items for _, items, _ in parts]),
            np.concatenate([votes for _, _, votes in parts]),
        )


def _strongest(weights: NDArray[np.float32], again: BoolArray) -> NDArray[np.float32]:
    """For the first event of each run of one item, the largest weight in that run."""
    starts = np.flatnonzero(np.concatenate([[True], ~again]))[: len(weights)]
    strongest = np.zeros_like(weights)
    if len(weights):
        strongest[starts] = np.maximum.reduceat(weights, starts)
    return strongest
