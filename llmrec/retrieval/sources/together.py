r"""The bought-together source: items that the same shoppers chose, by their histories alone.

With ``X[u, i]`` the weight of user ``u``'s events on item ``i``, decayed by age and at most 1, the
similarity of two items is a cosine softened against unpopular and popular items alike::

    S[i, j] = sum_u X[u, i] X[u, j] / sqrt(n[u])  /  sqrt(norm[i] norm[j])

where ``n[u] = sum_i X[u, i]`` discounts shoppers who buy everything (Breese et al. 1998) and
``norm[i]`` is the length of item ``i``'s column. ``S`` is never formed: a request multiplies by its
two sparse factors, so that no neighbour is cut off before a filter has been applied.

Of the sum over ``u`` an item's largest term does not count, see :mod:`llmrec.retrieval.evidence`:
what one shopper alone has brought together is no evidence yet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llmrec.retrieval.events import EventTable
from llmrec.retrieval.evidence import SURPLUS, best_said
from llmrec.retrieval.sources.base import Context, Hits, best
from llmrec.retrieval.voices import FEW_SHOPPERS
from llmrec.types import FloatArray

__all__ = ["TogetherSource"]

_OLD = 0.1
"""What the oldest event still counts: a log of twenty years would else be its last months."""

_NOISE = 1e-6
"""Of the best score; below it a score is what rounding left of an item's own contribution."""


class TogetherSource:
    """Items that co-occur with the liked ones in other shoppers' histories.

    Args:
        log: events.
        row: catalogue row of each item id.
        half_life_days: age at which an event counts half.
    """

    def __init__(self, log: EventTable, row: dict[str, int], half_life_days: float) -> None:
        heard = log.voices
        rows = heard.rows(row)
        known = rows >= 0
        decay = np.maximum(heard.decay(half_life_days), _OLD).astype(np.float32)
        weights = (heard.weights * decay)[known]
        self._factor = _factor(heard.users[known], rows[known], weights, len(row))
        self._by_item = self._factor.tocsc()
        squares = np.bincount(self._factor.indices, self._factor.data**2, minlength=len(row))
        self._own = squares.astype(np.float32)
        self._trimmed = log.shoppers >= FEW_SHOPPERS

    def top(self, context: Context, depth: int) -> Hits:
        """The best scores above 0 among allowed items."""
        history = np.zeros(len(self._own), np.float32)
        for liked in context.liked:
            if liked.row >= 0:
                history[liked.row] += liked.weight
        if not history.any():
            return Hits.none()
        shoppers: FloatArray = self._factor @ history
        scores: FloatArray = self._factor.T @ shoppers - self._own * history
        least = _NOISE * scores.max(initial=0.0)
        rows = np.flatnonzero(context.allowed & (scores > least))
        rows = np.sort(best(rows, scores[rows], SURPLUS + depth).rows)
        columns = self._by_item[:, rows].tocoo()
        user, place = columns.coords
        # Without what a liked item says of itself, where it may come back.
        votes = columns.data * (shoppers[user] - columns.data * history[rows][place])
        spoken = votes > least
        return best_said(rows[place[spoken]], votes[spoken], depth, trimmed=self._trimmed)


def _factor(
    users: NDArray[np.int32],
    rows: NDArray[np.int64],
    weights: NDArray[np.float32],
    n_items: int,
) -> Any:
    """``Z`` with ``S = Z' Z``, a scipy CSR array, float32 ``[n_users, n_items]``."""
    n_users = int(users.max(initial=-1)) + 1
    factor: Any = sparse.coo_array((weights, (users, rows)), shape=(n_users, n_items)).tocsr()
    factor.sum_duplicates()
    np.minimum(factor.data, 1.0, out=factor.data)
    user_of = np.repeat(np.arange(n_users), np.diff(factor.indptr))
    per_user = np.bincount(user_of, factor.data, minlength=n_users).astype(np.float64)
    factor.data *= _power(per_user, -0.25)[user_of]
    squares = np.bincount(factor.indices, factor.data**2, minlength=n_items).astype(np.float64)
    factor.data *= _power(squares, -0.25)[factor.indices]
    return factor


def _power(values: NDArray[np.float64], exponent: float) -> NDArray[np.float32]:
    result = np.zeros(len(values))
    np.power(values, exponent, out=result, where=values > 0)
    return result.astype(np.float32)
