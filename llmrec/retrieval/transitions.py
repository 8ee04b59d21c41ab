"""What follows what in a log: counts of ordered pairs within a window (a Markov chain, smoothed).

For the next-item source, and for the baseline that is evaluated beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["followers", "turned"]


def followers(
    users: NDArray[np.integer],
    items: NDArray[np.integer],
    n_items: int,
    window: int,
    weights: NDArray[np.floating] | None = None,
    moments: NDArray[np.integer] | None = None,
) -> csr_matrix:
    """``F[i, j]``: sum of ``weight / distance`` over the places where ``j`` comes after ``i``.

    An item does not follow itself. Events of one moment have no order: counted are the mean of the
    order in which they stand and of that order turned round, so that two of them follow each other
    alike. More than two should stand as :mod:`llmrec.catalog.moments` draws them.

    Args:
        users: ``[n]``, whose events these are; those of one user stand together, oldest first.
        items: ``[n]``, rows of items.
        n_items: rows that there are.
        window: farthest distance that counts, in events.
        weights: ``[n]``, how much an event says as the later one of a pair; 1 if ``None``.
        moments: ``[n]``, a number that neighbours of one user and one moment share; all events
            have moments of their own if ``None``.

    Returns:
        float64 ``[n_items, n_items]``.
    """
    weights = np.ones(len(users)) if weights is None else weights
    counted = _counted(users, items, n_items, window, weights)
    order = None if moments is None else turned(users, moments)
    if order is None:
        return counted
    back = _counted(users, items[order], n_items, window, weights[order])
    mean: csr_matrix = ((counted + back) / 2).tocsr()
    return mean


def turned(users: NDArray[np.integer], moments: NDArray[np.integer]) -> NDArray[np.int64] | None:
    """The places of all events with each moment backwards; ``None`` where none has two."""
    same = (users[1:] == users[:-1]) & (moments[1:] == moments[:-1])
    if not same.any():
        return None
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    sizes = np.diff(np.append(starts, len(users)))
    return np.asarray(np.repeat(2 * starts + sizes - 1, sizes) - np.arange(len(users)), np.int64)


def _counted(
    users: NDArray[np.integer],
    items: NDArray[np.integer],
    n_items: int,
    window: int,
    weights: NDArray[np.floating],
) -> csr_matrix:
    from scipy.sparse import csr_matrix as sparse

    before, after, weight = [], [], []
    for distance in range(1, min(window, len(users) - 1) + 1):
        place = np.flatnonzero(users[:-distance] == users[distance:])
        place = place[items[place] != items[place + distance]]
        before.append(items[place])
        after.append(items[place + distance])
        weight.append(weights[place + distance] / distance)
    if not before:
        return sparse((n_items, n_items), dtype=np.float64)
    pairs = (np.concatenate(before), np.concatenate(after))
    counted = sparse((np.concatenate(weight), pairs), shape=(n_items, n_items), dtype=np.float64)
    counted.sum_duplicates()
    return counted
