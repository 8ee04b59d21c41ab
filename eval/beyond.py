"""What lists are like beyond hitting the target: coverage and novelty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import DataError

__all__ = ["coverage", "novelty"]


def coverage(lists: Sequence[Sequence[str]], k: int, n_items: int) -> float:
    """Catalogue coverage@k: share of the catalogue that is recommended to anybody.

    ``|∪_u top-k(u)| / n_items`` (Ge, Delgado-Battenfeld & Jannach 2010).

    Raises:
        DataError: the catalogue is empty, or smaller than what was recommended.

    >>> coverage([["a", "b"], ["a", "c"]], k=2, n_items=6)
    0.5
    """
    recommended = {item for one in lists for item in one[:k]}
    if n_items < max(1, len(recommended)):
        raise DataError(
            f"{len(recommended)} different items were recommended from a catalogue of {n_items}.",
            hint="Pass the number of items of the catalogue that the recommender draws from.",
        )
    return len(recommended) / n_items


def novelty(
    lists: Sequence[Sequence[str]], k: int, popularity: Mapping[str, int], n_users: int
) -> NDArray[np.float64]:
    """Novelty@k of each list: mean self-information of its items, in bits.

    ``1/|L| · Σ_{i ∈ L} log2(n_users / users(i))`` over the first k items (Zhou et al. 2010). An
    item that nobody has touched counts as touched by one: its information has no finite value.

    Args:
        lists: recommended ids, best first.
        k: how many of each list count.
        popularity: number of training users by item; absent means none.
        n_users: number of training users.

    Returns:
        ``[len(lists)]`` bits; ``nan`` for an empty list, which is neither novel nor stale.

    >>> novelty([["a", "b"], ["new"]], 2, {"a": 8, "b": 2}, n_users=8)
    array([1., 3.])
    """
    bits = np.full(len(lists), np.nan)
    for row, recommended in enumerate(lists):
        counts = [max(popularity.get(item, 0), 1) for item in recommended[:k]]
        if counts:
            bits[row] = float(np.mean(np.log2(n_users / np.asarray(counts))))
    return bits
