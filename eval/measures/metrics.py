"""Ranking metrics over whole batches of users, as the literature defines them.

Every function takes ``hits`` and ``relevant``, int ``[n_users]`` (how many items are relevant in
all, found or not), and returns one float64 value per user. ``hits`` is a :class:`RelevantHits`, or
bool ``[n_users, depth]`` (is the item at this rank relevant?). Lists shorter than ``k`` count as if
padded with irrelevant items. A user with nothing relevant scores 0.

The examples below share one case: five relevant items, one of them found, at rank 1.

Sources: Järvelin & Kekäläinen 2002 (DCG); Manning, Raghavan & Schütze 2008, ch. 8 (the rest);
Krichene & Rendle 2020 (why the whole catalogue is ranked, never a sample).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from llmrec.errors import DataError
from llmrec.eval.measures.arrays import Doubles, IntArray, Ints, ItemIndex, Ragged, row_blocks
from llmrec.types import BoolArray

__all__ = [
    "METRICS",
    "RelevantHits",
    "average_precision",
    "f1",
    "find_hits",
    "hit_matrix",
    "hit_rate",
    "hits_from_ranks",
    "ndcg",
    "precision",
    "rank_of_target",
    "ranking_metrics",
    "recall",
    "reciprocal_rank",
]


@dataclass(frozen=True, eq=False)
class RelevantHits:
    """Where relevant items stand in the lists: one entry per hit, by user, then by rank.

    Most of what is recommended is not relevant: a million lists of a hundred have some hundred
    thousand hits, and every metric is a sum over them.

    ``users`` int64 ``[n_hits]``, not decreasing; ``ranks`` int64 ``[n_hits]``, from 1, increasing
    within a user.
    """

    n_users: int
    users: Ints
    ranks: Ints

    @classmethod
    def of(cls, hits: BoolArray | RelevantHits) -> RelevantHits:
        """From a hit matrix, bool ``[n_users, depth]``."""
        if isinstance(hits, RelevantHits):
            return hits
        users, columns = np.nonzero(hits)
        return cls(len(hits), users, columns + 1)

    def top(self, k: int) -> RelevantHits:
        """The hits among the first ``k`` ranks."""
        head = self.ranks <= k
        return RelevantHits(self.n_users, self.users[head], self.ranks[head])

    def total(self, weights: Doubles | None = None) -> Doubles:
        """Sum of ``weights`` (of 1 each) over each user's hits, ``[n_users]``."""
        return np.bincount(self.users, weights, minlength=self.n_users).astype(np.float64)

    @property
    def order(self) -> Ints:
        """1 for a user's first hit, 2 for the second, …, ``[n_hits]``."""
        ends = np.cumsum(np.bincount(self.users, minlength=self.n_users))
        starts: Ints = np.concatenate([[0], ends])[self.users]
        return np.arange(1, len(self.users) + 1) - starts

    def matrix(self, depth: int) -> BoolArray:
        """Bool ``[n_users, depth]``."""
        head, marked = self.top(depth), np.zeros((self.n_users, depth), dtype=np.bool_)
        marked[head.users, head.ranks - 1] = True
        return marked


HitsLike: TypeAlias = BoolArray | RelevantHits


def hit_rate(hits: HitsLike, relevant: Ints, k: int) -> Doubles:
    """HR@k: 1 if any relevant item is among the first k, else 0; recall@k when one is relevant.

    >>> hit_rate(np.array([[True, False, False, False, False]]), np.array([5]), 5)
    array([1.])
    """
    return np.minimum(RelevantHits.of(hits).top(k).total(), 1.0)


def recall(hits: HitsLike, relevant: Ints, k: int) -> Doubles:
    """Recall@k: relevant items among the first k / all relevant items.

    >>> recall(np.array([[True, False, False, False, False]]), np.array([5]), 5)
    array([0.2])
    """
    return _divide(RelevantHits.of(hits).top(k).total(), relevant)


def precision(hits: HitsLike, relevant: Ints, k: int) -> Doubles:
    """Precision@k: relevant items among the first k / k, however short the list is.

    >>> precision(np.array([[True, False, False, False, False]]), np.array([5]), 4)
    array([0.25])
    """
    return RelevantHits.of(hits).top(k).total() / k


def f1(hits: HitsLike, relevant: Ints, k: int) -> Doubles:
    """F1@k: harmonic mean of precision@k and recall@k, ``2 hits / (k + relevant)``.

    >>> f1(np.array([[True, False, False, False, False]]), np.array([5]), 5)
    array([0.2])
    """
    return _divide(2 * RelevantHits.of(hits).top(k).total(), k + relevant)


def ndcg(hits: HitsLike, relevant: Ints, k: int) -> Doubles:
    """NDCG@k with binary gains: DCG@k / ideal DCG@k.

    ``DCG@k = Σ_{r ≤ k} hit_r / log2(r + 1)``; the ideal has ``min(k, relevant)`` hits on top. It
    counts ALL relevant items: an ideal made from the found ones alone would call this case perfect.

    >>> ndcg(np.array([[True, False, False, False, False]]), np.array([5]), 5).round(3)
    array([0.339])
    """
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(relevant, k)]
    head = RelevantHits.of(hits).top(k)
    return _divide(head.total(discount[head.ranks - 1]), ideal)


def reciprocal_rank(hits: HitsLike, relevant: Ints, k: int) -> Doubles:
    """RR@k: 1 / rank of the first relevant item if that is at most k, else 0; its mean is MRR@k.

    >>> reciprocal_rank(np.array([[False, True, True]]), np.array([2]), 3)
    array([0.5])
    """
    head = RelevantHits.of(hits).top(k)
    return head.total(np.where(head.order == 1, 1.0 / head.ranks, 0.0))


def average_precision(hits: HitsLike, relevant: Ints, k: int) -> Doubles:
    """AP@k: ``Σ_{r ≤ k} hit_r · precision@r / relevant``; its mean is MAP@k.

    Divided by all relevant items (Manning et al. 2008, eq. 8.8), as in trec_eval and ranx; some
    libraries divide by ``min(k, relevant)`` instead, which gives larger figures.

    >>> average_precision(np.array([[True, False, True]]), np.array([2]), 3).round(4)
    array([0.8333])
    """
    head = RelevantHits.of(hits).top(k)
    return _divide(head.total(head.order / head.ranks), relevant)


METRICS: Mapping[str, Callable[[HitsLike, Ints, int], Doubles]] = {
    "hit": hit_rate,
    "recall": recall,
    "precision": precision,
    "f1": f1,
    "ndcg": ndcg,
    "mrr": reciprocal_rank,
    "map": average_precision,
}
"""What :func:`llmrec.eval.evaluate` computes, by name."""


def ranking_metrics(
    hits: HitsLike, relevant: Ints, ks: Sequence[int], names: Iterable[str] = tuple(METRICS)
) -> dict[str, Doubles]:
    """Every metric at every k, ``{"ndcg@10": [n_users], …}``.

    >>> ranking_metrics(np.array([[True, False]]), np.array([1]), (1, 2), ["precision"])
    {'precision@1': array([1.]), 'precision@2': array([0.5])}
    """
    relevant_hits = RelevantHits.of(hits)
    return {f"{name}@{k}": METRICS[name](relevant_hits, relevant, k) for name in names for k in ks}


def find_hits(lists: IntArray, relevant: Ragged, depth: int | None = None) -> RelevantHits:
    """Find each user's relevant items among the first ``depth`` of the user's list.

    An item that a list repeats counts once, where it first stands; the repetition still takes up
    its rank. Works in blocks: beside its arguments it needs about 100 MB, however many users.

    Args:
        lists: item numbers, best first, ``[n_users, depth]``; negative numbers hit nothing.
        relevant: item numbers by user, each at most once in a row.
        depth: how far down to look; to the end if ``None``.

    Raises:
        DataError: not as many lists as rows of relevant items.

    >>> found = find_hits(np.array([[3, 5, 3], [4, -1, -1]]), Ragged.of([[5, 3], [9]]))
    >>> found.users, found.ranks
    (array([0, 0]), array([1, 2]))
    """
    if len(lists) != len(relevant):
        raise DataError(
            f"There are {len(lists)} lists, but relevant items of {len(relevant)} users.",
            hint="Give one list (it may be empty) for each user.",
        )
    head = lists[:, :depth]
    if head.shape[1] == 0:
        return RelevantHits(len(lists), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    owners = relevant.owners
    users, ranks = [], []
    # One row for each pair of a user and a relevant item: the pair's first match is its hit.
    for block in row_blocks(len(owners), head.shape[1]):
        wanted = relevant.values[block, None]
        same = (np.take(head, owners[block], axis=0) == wanted) & (wanted >= 0)
        column = same.argmax(axis=1)
        hit = same[np.arange(len(column)), column]
        users.append(owners[block][hit])
        ranks.append(column[hit] + 1)
    all_users = np.concatenate([np.zeros(0, dtype=np.int64), *users])
    all_ranks = np.concatenate([np.zeros(0, dtype=np.int64), *ranks])
    order = np.lexsort((all_ranks, all_users))
    return RelevantHits(len(lists), all_users[order], all_ranks[order])


def hit_matrix(
    lists: Sequence[Sequence[str]], relevant: Sequence[Collection[str]], depth: int
) -> BoolArray:
    """Mark the relevant items of lists of item ids: bool ``[len(lists), depth]``.

    Repetitions and longer lists are treated as in :func:`find_hits`.

    >>> hit_matrix([["a", "b", "a"], []], [{"a"}, {"c"}], 3).astype(int)
    array([[1, 0, 0],
           [0, 0, 0]])
    """
    # Items that are relevant to nobody need no number.
    index = ItemIndex(item for targets in relevant for item in targets)
    return find_hits(index.lists(lists, depth), index.sets(relevant)).matrix(depth)


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
    score = np.take_along_axis(table, columns[:, None], axis=1)
    # "not below" rather than ">=": comparisons with nan are false, which must not help the target.
    ranks: Ints = np.count_nonzero(~(table < score), axis=1).astype(np.int64)
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
