"""What shoppers say about candidates, voice by voice, so that no voice can be the loudest alone.

A score that is summed over shoppers belongs to whoever says most: one shopper who copied a history
put ten things of their choice above all others. So an item's strongest voice does not count (a
trimmed sum, Tukey 1962): whatever one shopper does, an item gains at most what the second says.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.sources.base import Hits, best
from llmrec.retrieval.voices import MOST_ITEMS

__all__ = ["SURPLUS", "Evidence"]

SURPLUS = 2 * MOST_ITEMS
"""How many more candidates are looked at than are wanted: no one or two shoppers, each alone with
all of theirs, crowd out what others say."""

_ALONE = 1e-3
"""What the strongest voice adds: enough to order items that have no other, too little to lift."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Voices for candidates, ``m`` of them, those for one candidate together.

    Attributes:
        rows: int64 ``[k]``, catalogue rows of the candidates, ascending.
        shoppers: int64 ``[m]``, whose voice it is; one voice of a shopper for a candidate.
        places: int64 ``[m]``, indices into ``rows``, ascending.
        values: float64 ``[m]``, above 0.
        trimmed: whether a candidate's strongest voice does not count.
    """

    rows: NDArray[np.int64]
    shoppers: NDArray[np.int64]
    places: NDArray[np.int64]
    values: NDArray[np.float64]
    trimmed: bool

    @classmethod
    def of(
        cls,
        rows: NDArray[np.integer],
        shoppers: NDArray[np.integer],
        values: NDArray[np.floating],
        trimmed: bool,
    ) -> Evidence:
        """From voices in ascending order of rows, ``[m]`` each: about what, whose, how strong."""
        new = np.ones(len(rows), bool)
        new[1:] = rows[1:] != rows[:-1]
        return cls(
            rows=rows[new].astype(np.int64),
            shoppers=shoppers.astype(np.int64),
            places=np.cumsum(new, dtype=np.int64) - 1,
            values=values.astype(np.float64),
            trimmed=trimmed,
        )

    def hits(self, depth: int, without: Collection[int] = ()) -> Hits:
        """The ``depth`` best candidates, as if the shoppers ``without`` had said nothing."""
        if not without:
            return self._best(self._scores, depth)
        kept = ~np.isin(self.shoppers, list(without))
        rows = self.rows[self.places[kept]]
        return Evidence.of(rows, self.shoppers[kept], self.values[kept], self.trimmed).hits(depth)

    def hits_without(self, shopper: int, depth: int) -> Hits | None:
        """:meth:`hits` without one shopper, in much less time; ``None`` if nothing changes."""
        order, sorted_by = self._by_shopper
        begin, end = np.searchsorted(sorted_by, [shopper, shopper + 1])
        if begin == end:
            return None
        own = order[begin:end]
        scores = self._scores.copy()
        scores[self.places[own]] -= self._losses[own]
        # What rounding leaves of a score whose only voice this was is none.
        scores[scores < 1e-9 * self._scores] = 0.0
        return self._best(scores, depth)

    def loudest(self, among: NDArray[np.int64], count: int) -> list[int]:
        """Up to ``count`` shoppers, by the shares that they have in the scores of ``among``."""
        wanted = np.isin(self.rows, among)[self.places]
        scores = self._scores[self.places[wanted]]
        # A voice that is the only one has any multiple of the score: that much is all of it.
        shares = np.minimum(self.values[wanted] / scores, 1.0)
        shoppers, place = np.unique(self.shoppers[wanted], return_inverse=True)
        total = np.bincount(place, shares, minlength=len(shoppers))
        return [int(one) for one in shoppers[np.argsort(-total, kind="stable")[:count]]]

    def _best(self, scores: NDArray[np.float64], depth: int) -> Hits:
        said = np.flatnonzero(scores > 0)
        return best(self.rows[said], scores[said].astype(np.float32), depth)

    @cached_property
    def _by_shopper(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(self.shoppers, kind="stable")
        return order, self.shoppers[order]

    @cached_property
    def _strongest(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """The strongest and second value of each candidate, and which voices are the strongest."""
        begins = np.searchsorted(self.places, np.arange(len(self.rows)))
        first = np.maximum.reduceat(self.values, begins)
        order = np.arange(len(self.values))
        # Of equal ones the foremost is the strongest: one voice, not all of them.
        equal = np.where(self.values == first[self.places], order, len(order))
        leading = np.minimum.reduceat(equal, begins)[self.places] == order
        second = np.maximum.reduceat(np.where(leading, 0.0, self.values), begins)
        return first, second, leading

    @cached_property
    def _losses(self) -> NDArray[np.float64]:
        """What each voice's candidate loses with it: for the strongest what takes its place."""
        if not self.trimmed:
            return self.values
        _, second, leading = self._strongest
        lost = np.where(leading, second[self.places], self.values)
        return np.asarray(lost + _ALONE * self.values)

    @cached_property
    def _scores(self) -> NDArray[np.float64]:
        every = np.bincount(self.places, self.values, len(self.rows)).astype(np.float64)
        if not self.trimmed or not len(self.rows):
            return every
        first, second, _ = self._strongest
        rest = np.where(second > 0, every - first, 0.0)
        return np.asarray(rest + _ALONE * every)
