"""What follows what in a log: counts of ordered pairs within a window (a Markov chain, smoothed).

For the next-item source, and for the baseline that is evaluated beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["followers"]


def followers(
    users: NDArray[np.integer],
    items: NDArray[np.integer],
    n_items: int,
    window: int,
    weights: NDArray[np.floating] | None = None,
) -> csr_matrix:
    """``F[i, j]``: sum of ``weight / distance`` over the places where ``j`` comes after ``i``.

    An item does not follow itself.

    Args:
        users: ``[n]``, whose events these are; those of one user stand together, oldest first.
        items: ``[n]``, rows of items.
        n_items: rows that there are.
        window: farthest distance that counts, in events.
        weights: ``[n]``, how much an event says as the later one of a pair; 1 if ``None``.

    Returns:
        float64 ``[n_items, n_items]``.
    """
    from scipy.sparse import csr_matrix as sparse

    before, after, weight = [], [], []
    for distance in range(1, min(window, len(users) - 1) + 1):
        one = np.flatnonzero(users[:-distance] == users[distance:])
        one = one[items[one] != items[one + distance]]
        before.append(items[one])
        after.append(items[one + distance])
        said = np.ones(len(one)) if weights is None else weights[one + distance]
        weight.append(said / distance)
    if not before:
        return sparse((n_items, n_items), dtype=np.float64)
    pairs = (np.concatenate(before), np.concatenate(after))
    counted = sparse((np.concatenate(weight), pairs), shape=(n_items, n_items), dtype=np.float64)
    counted.sum_duplicates()
    return counted
