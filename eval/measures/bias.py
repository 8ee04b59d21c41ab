"""Does it push what is popular anyway? Popularity bias, exposure, and calibration of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llmrec.errors import DataError
from llmrec.eval.measures.arrays import Doubles, IntArray, Ints, Ragged, row_blocks
from llmrec.types import BoolArray

if TYPE_CHECKING:
    from scipy import sparse

__all__ = [
    "calibration",
    "count_table",
    "exposure",
    "gini",
    "list_means",
    "mean_popularity",
    "popularity_lift",
]


def list_means(lists: IntArray, k: int, values: Doubles) -> Doubles:
    """Mean of ``values``, ``[n_items]``, over the known items of each list's first k.

    ``nan`` for a list without known items.
    """
    # Negative numbers (nothing, unknown) read the two zeros at the end.
    table = np.concatenate([values, [0.0, 0.0]])
    means = np.full(len(lists), np.nan)
    for block in row_blocks(len(lists), k):
        head = lists[block, :k]
        counts = (head >= 0).sum(axis=1)
        sums = table[head].sum(axis=1)
        means[block] = np.divide(sums, counts, out=means[block], where=counts > 0)
    return means


def mean_popularity(lists: IntArray, k: int, popularity: IntArray) -> Doubles:
    """Popularity@k of each list: mean number of training users of its first k items.

    ``1/|L| · Σ_{i ∈ L} users(i)``; its mean over users is the average recommendation popularity
    (Yin et al. 2012). ``nan`` for an empty list.

    >>> mean_popularity(np.array([[0, 1], [1, -1]]), 2, np.array([10, 4]))
    array([7., 4.])
    """
    return list_means(lists, k, popularity.astype(np.float64))


def exposure(lists: IntArray, k: int, n_items: int) -> Ints:
    """How often each item is recommended among the first k, int64 ``[n_items]``.

    >>> exposure(np.array([[0, 2], [2, -1]]), 2, 4)
    array([1, 0, 2, 0])
    """
    counts = np.zeros(n_items, dtype=np.int64)
    for block in row_blocks(len(lists), k):
        head = lists[block, :k].ravel()
        counts += np.bincount(head[head >= 0], minlength=n_items)
    return counts


def gini(counts: IntArray) -> float:
    """Gini index of exposure: 0 if all items are shown equally often, near 1 if one takes all.

    ``G = Σ_i (2 i - n - 1) x_i / (n Σ x)`` with the counts ``x`` in increasing order, over the
    whole catalogue: items that are never shown count (Fleder & Hosanagar 2009). ``nan`` if nothing
    was shown.

    >>> gini(np.array([3, 3, 3])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    ordered = np.sort(counts).astype(np.float64)
    n, total = len(ordered), float(ordered.sum())
    if not total:
        return float("nan")
    return float(np.dot(2 * np.arange(1, n + 1) - n - 1, ordered) / (n * total))


def popularity_lift(
    lists: IntArray,
    k: int,
    histories: Ragged,
    popularity: IntArray,
    users: BoolArray | None = None,
) -> float:
    """Popularity lift@k: how much more popular the lists are than what their users chose before.

    ``(GAP_lists - GAP_histories) / GAP_histories``, where GAP is the mean over users of the mean
    popularity of their items (Abdollahpouri et al. 2020, The connection between popularity bias,
    calibration, and fairness). 0 is what users are used to, 1 is twice as popular. Users without a
    list or a history do not count; ``nan`` if none is left.

    Args:
        lists: item numbers ``[n_users, depth]``.
        k: how many of each list count.
        histories: items by user.
        popularity: training users by item, ``[n_items]``.
        users: bool ``[n_users]``, a group of users; all if ``None``.

    >>> popularity_lift(np.array([[0]]), 1, Ragged.of([[1, 1]]), np.array([9, 3]))
    2.0
    """
    _same_users(lists, histories)
    table = np.concatenate([popularity.astype(np.float64), [0.0, 0.0]])
    known = histories.values >= 0
    sums = np.bincount(histories.owners, table[histories.values], minlength=len(histories))
    counts = np.bincount(histories.owners[known], minlength=len(histories))
    past = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    shown = mean_popularity(lists, k, popularity)
    both = ~(np.isnan(past) | np.isnan(shown))
    if users is not None:
        both &= users
    base = float(past[both].mean()) if both.any() else 0.0
    return float(shown[both].mean()) / base - 1 if base else float("nan")


def calibration(
    lists: IntArray, k: int, histories: Ragged, categories: sparse.csr_array, alpha: float = 0.01
) -> Doubles:
    """Miscalibration@k of each list: how far its categories are from those of the history.

    ``KL(p ‖ q̃) = Σ_c p(c) ln(p(c) / q̃(c))`` in nats, with ``q̃ = (1 - α) q + α p`` so that a
    category which the list lacks costs much, not infinitely much (Steck 2018, Calibrated
    recommendations). ``p`` and ``q`` are the shares of categories in the history and in the first k
    items; an item of several categories counts for each in equal parts. 0 is perfect; the worst is
    ``ln(1 / α)``.

    Args:
        lists: item numbers ``[n_users, depth]``.
        k: how many of each list count.
        histories: items by user, repetitions count.
        categories: ``[n_items, n_categories]`` of 0 and 1; items without any do not count.
        alpha: smoothing; Steck's 0.01.

    Returns:
        ``[n_users]``; ``nan`` where the history or the list has no categories.

    >>> from scipy.sparse import csr_array
    >>> past = Ragged.of([[0, 1], [0, 0]])
    >>> calibration(np.array([[1, 0], [1, 1]]), 2, past, csr_array(np.eye(2))).round(3)
    array([0.   , 4.605])
    """
    _same_users(lists, histories)
    counts = np.asarray(categories.sum(axis=1), dtype=np.float64).ravel()
    known = counts > 0
    parts = categories.multiply(1.0 / np.where(known, counts, 1.0)[:, None]).tocsr()
    parts.eliminate_zeros()
    values = np.full(len(lists), np.nan)
    for block in row_blocks(len(lists), k):
        past = histories.part(block.start, block.stop)
        p = _shares(_ragged_table(past, len(counts), known) @ parts)
        q = _shares(count_table(lists[block, :k], len(counts), known) @ parts)
        values[block] = _divergence(p, q, alpha)
    return values


def count_table(lists: IntArray, n_items: int, known: BoolArray | None = None) -> Any:
    """How often each list has each (known) item: sparse float32 ``[n_lists, n_items]``."""
    counted = lists >= 0
    if known is not None:
        counted &= np.append(known, [False, False])[lists]
    offsets = np.concatenate([[0], np.cumsum(counted.sum(axis=1))])
    return _table(lists[counted], offsets, n_items)


def _ragged_table(rows: Ragged, n_items: int, known: BoolArray) -> Any:
    kept = rows.keep(np.append(known, [False, False])[rows.values])
    return _table(kept.values, kept.offsets, n_items)


def _table(items: IntArray, offsets: IntArray, n_items: int) -> Any:
    from scipy import sparse

    ones = np.ones(len(items), dtype=np.float32)
    return sparse.csr_array((ones, items, offsets), shape=(len(offsets) - 1, n_items))


def _shares(table: Any) -> Any:
    """Rows that sum to 1; empty rows stay empty."""
    sums = np.asarray(table.sum(axis=1), dtype=np.float64).ravel()
    return table.multiply(1.0 / np.where(sums > 0, sums, 1.0)[:, None]).tocsr()


def _divergence(p: Any, q: Any, alpha: float) -> Doubles:
    """KL of each row of ``p`` from the smoothed rows of ``q``; ``nan`` where one is empty."""
    p.sort_indices()
    # Only categories of p matter: with q masked by them, the sum has the same places as p.
    smoothed = (q.multiply(p > 0) * (1 - alpha) + p * alpha).tocsr()
    smoothed.sort_indices()
    terms = p.data * np.log(p.data / smoothed.data)
    rows = np.repeat(np.arange(p.shape[0]), np.diff(p.indptr))
    divergence = np.maximum(np.bincount(rows, terms, minlength=p.shape[0]), 0.0)
    empty = (np.diff(p.indptr) == 0) | (np.diff(q.indptr) == 0)
    return np.where(empty, np.nan, divergence)


def _same_users(lists: IntArray, histories: Ragged) -> None:
    if len(lists) != len(histories):
        raise DataError(
            f"There are {len(lists)} lists, but histories of {len(histories)} users.",
            hint="Give one list and one history (they may be empty) for each user.",
        )
