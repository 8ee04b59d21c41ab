"""Ranking metrics over whole batches of users, as the literature defines them.

Every function takes ``hits``, bool ``[n_users, depth]`` (is the item at this rank relevant?), and
``relevant``, int ``[n_users]`` (how many items are relevant in all, found or not), and returns one
float64 value per user. Lists shorter than ``k`` count as if padded with irrelevant items. A user
with nothing relevant scores 0.

The examples below share one case: five relevant items, one of them found, at rank 1.

Sources: Järvelin & Kekäläinen 2002 (DCG); Manning, Raghavan & Schütze 2008, ch. 8 (the rest);
Krichene & Rendle 2020 (why the whole catalogue is ranked, never a sample).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmrec.types import BoolArray

__all__ = [
    "METRICS",
    "average_precision",
    "f1",
    "hit_matrix",
    "hit_rate",
    "hits_from_ranks",
    "ndcg",
    "precision",
    "rank_of_target",
    "recall",
    "reciprocal_rank",
]

Doubles: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def hit_rate(hits: BoolArray, relevant: Ints, k: int) -> Doubles:
    """HR@k: 1 if any relevant item is among the first k, else 0; recall@k when one is relevant.

    >>> hit_rate(np.array([[True, False, False, False, False]]), np.array([5]), 5)
    array([1.])
    """
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def recall(hits: BoolArray, relevant: Ints, k: int) -> Doubles:
    """Recall@k: relevant items among the first k / all relevant items.

    >>> recall(np.array([[True, False, False, False, False]]), np.array([5]), 5)
    array([0.2])
    """
    return _divide(hits[:, :k].sum(axis=1), relevant)


def precision(hits: BoolArray, relevant: Ints, k: int) -> Doubles:
    """Precision@k: relevant items among the first k / k, however short the list is.

    >>> precision(np.array([[True, False, False, False, False]]), np.array([5]), 4)
    array([0.25])
    """
    return _divide(hits[:, :k].sum(axis=1), np.full(len(hits), k))


def f1(hits: BoolArray, relevant: Ints, k: int) -> Doubles:
    """F1@k: harmonic mean of precision@k and recall@k, ``2 hits / (k + relevant)``.

    >>> f1(np.array([[True, False, False, False, False]]), np.array([5]), 5)
    array([0.2])
    """
    return _divide(2 * hits[:, :k].sum(axis=1), k + relevant)


def ndcg(hits: BoolArray, relevant: Ints, k: int) -> Doubles:
    """NDCG@k with binary gains: DCG@k / ideal DCG@k.

    ``DCG@k = Σ_{r ≤ k} hit_r / log2(r + 1)``; the ideal has ``min(k, relevant)`` hits on top. It
    counts ALL relevant items: an ideal made from the found ones alone would call this case perfect.

    >>> ndcg(np.array([[True, False, False, False, False]]), np.array([5]), 5).round(3)
    array([0.339])
    """
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    gains = hits[:, :k]
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(relevant, k)]
    return _divide(gains @ discount[: gains.shape[1]], ideal)


def reciprocal_rank(hits: BoolArray, relevant: Ints, k: int) -> Doubles:
    """RR@k: 1 / rank of the first relevant item if that is at most k, else 0; its mean is MRR@k.

    >>> reciprocal_rank(np.array([[False, True, True]]), np.array([2]), 3)
    array([0.5])
    """
    head = hits[:, :k]
    if head.shape[1] == 0:
        return np.zeros(len(hits))
    return np.where(head.any(axis=1), 1.0 / (head.argmax(axis=1) + 1), 0.0)


def average_precision(hits: BoolArray, relevant: Ints, k: int) -> Doubles:
    """AP@k: ``Σ_{r ≤ k} hit_r · precision@r / relevant``; its mean is MAP@k.

    Divided by all relevant items (Manning et al. 2008, eq. 8.8), as in trec_eval and ranx; some
    libraries divide by ``min(k, relevant)`` instead, which gives larger figures.

    >>> average_precision(np.array([[True, False, True]]), np.array([2]), 3).round(4)
    array([0.8333])
    """
    head = hits[:, :k]
    at_rank = np.cumsum(head, axis=1) / np.arange(1, head.shape[1] + 1)
    return _divide((at_rank * head).sum(axis=1), relevant)


METRICS: Mapping[str, Callable[[BoolArray, Ints, int], Doubles]] = {
    "hit": hit_rate,
    "recall": recall,
    "precision": precision,
    "f1": f1,
    "ndcg": ndcg,
    "mrr": reciprocal_rank,
    "map": average_precision,
}
"""What :func:`llmrec.eval.evaluate` computes, by name."""


def hit_matrix(
    lists: Sequence[Sequence[str]], relevant: Sequence[Collection[str]], depth: int
) -> BoolArray:
    """Mark the relevant items of recommendation lists: bool ``[len(lists), depth]``.

    An item that a list repeats counts once, where it first stands; the repetition still takes up
    its rank. Lists longer than ``depth`` are cut.

    >>> hit_matrix([["a", "b", "a"], []], [{"a"}, {"c"}], 3).astype(int)
    array([[1, 0, 0],
           [0, 0, 0]])
    """
    hits = np.zeros((len(lists), depth), dtype=np.bool_)
    for row, (recommended, wanted) in enumerate(zip(lists, relevant, strict=True)):
        left = set(wanted)
        for rank, item in enumerate(recommended[:depth]):
            if item in left:
                hits[row, rank] = True
                left.discard(item)
    return hits


def rank_of_target(scores: ArrayLike, target: ArrayLike) -> Ints:
    """1-based rank of each user's target among all items; ties are never in the model's favour.

    The target stands below every item that scores as high as it does, so a model that scores all
    items alike ranks every target last. ``nan`` beats any number: a target without a score is last,
    and an item without one stands above the target.

    Args:
        scores: ``[n_users, n_items]``, or ``[n_items]`` for one user; larger is better. Mask items
            that must not be recommended with ``-inf``.
        target: ``[n_users]`` (or one) column indices.

    >>> rank_of_target([[0.9, 0.5, 0.5], [0.0, 0.0, 0.0]], [1, 0])
    array([3, 3])
    """
    table = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    columns = np.atleast_1d(np.asarray(target, dtype=np.int64))
    own = np.take_along_axis(table, columns[:, None], axis=1)
    # "not below" rather than ">=": comparisons with nan are false, which must not help the target.
    ranks: Ints = np.count_nonzero(~(table < own), axis=1).astype(np.int64)
    return ranks


def hits_from_ranks(ranks: Ints, depth: int) -> BoolArray:
    """The hit matrix ``[len(ranks), depth]`` of users with one relevant item each.

    >>> hits_from_ranks(np.array([2, 9]), 3).astype(int)
    array([[0, 1, 0],
           [0, 0, 0]])
    """
    matrix: BoolArray = ranks[:, None] == np.arange(1, depth + 1)
    return matrix


def _divide(part: ArrayLike, whole: ArrayLike) -> Doubles:
    top, bottom = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
