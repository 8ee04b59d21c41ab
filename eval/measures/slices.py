"""The same metrics for parts of the users and of the targets, to see who is served badly.

Users are grouped by the length of their history, and into warm and cold (no history at all).
Targets are grouped by popularity, and into warm and cold (not in training). A group of targets
counts only its own targets as relevant, and only users who have any: with one target each this is
a group of users, with several a user may stand in more than one group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import DataError
from llmrec.eval.measures.arrays import IntArray, Ints, Ragged
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.eval.measures.metrics import METRICS, find_hits, ranking_metrics
from llmrec.types import BoolArray

__all__ = [
    "FEW",
    "POPULARITY_CLASSES",
    "Group",
    "history_buckets",
    "metric_slices",
    "popularity_classes",
]

FEW = 30
"""A group of fewer users is shown, but marked: its interval is a guess."""

POPULARITY_CLASSES = ("head", "mid", "tail", "cold")
"""What the numbers of :func:`popularity_classes` mean."""


@dataclass(frozen=True)
class Group:
    """One group: ``metrics`` maps ``ndcg@10`` to its mean and the ends of its 95 % interval."""

    name: str
    users: int
    metrics: Mapping[str, tuple[float, float, float]]

    @property
    def few(self) -> bool:
        """Whether there are too few users to conclude anything."""
        return self.users < FEW

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        ends = {
            name: {"mean": mean, "low": low, "high": high}
            for name, (mean, low, high) in self.metrics.items()
        }
        return {"name": self.name, "users": self.users, "few": self.few, "metrics": ends}


def history_buckets(
    lengths: IntArray, edges: Sequence[int] = (5, 10, 20, 50)
) -> tuple[tuple[str, ...], Ints]:
    """Names of the buckets, and the bucket of each user, ``[n_users]``.

    ``edges`` are the longest histories of the buckets; an empty history has a bucket of its own.

    >>> history_buckets(np.array([0, 3, 6, 99]), edges=(5, 10))
    (('0', '1-5', '6-10', '11+'), array([0, 1, 2, 3]))
    """
    tops = [0, *edges]
    names = ["0", *(f"{a + 1}-{b}" for a, b in zip(tops, edges, strict=False)), f"{tops[-1] + 1}+"]
    return tuple(names), np.searchsorted(tops, lengths, side="left").astype(np.int64)


def popularity_classes(
    interactions: IntArray, head: float = 0.2, tail: float = 0.2
) -> NDArray[np.int8]:
    """0 for head, 1 for mid, 2 for tail, 3 for cold: the class of each item, ``[n_items]``.

    The head are the most popular items that together take ``head`` of all interactions, the tail
    the least popular that take ``tail``, mid the rest (Abdollahpouri et al. 2021, User-centered
    evaluation of popularity bias); cold items have none. Items of equal popularity share a class,
    so a class may take more than its share: an item is head if the more popular ones take less than
    ``head``, else tail if the less popular ones take less than ``tail``.

    Args:
        interactions: training interactions of each item.
        head: share of the interactions.
        tail: share of the interactions.

    >>> popularity_classes(np.array([4, 3, 1, 1, 1, 0]))
    array([0, 1, 2, 2, 2, 3], dtype=int8)
    """
    counts, inverse, items = np.unique(interactions, return_inverse=True, return_counts=True)
    mass = counts * items
    total = max(1, int(mass.sum()))
    up_to = mass.cumsum() / total  # share of the items that are as popular or less
    # With 1e-9 a share that is 0.2 on paper is not below it by rounding.
    is_head, is_tail = 1 - up_to < head - 1e-9, up_to - mass / total < tail - 1e-9
    classes = np.where(is_head, 0, np.where(is_tail, 2, 1))
    return np.where(counts > 0, classes, 3).astype(np.int8)[inverse.reshape(-1)]


def metric_slices(
    lists: IntArray,
    targets: Ragged,
    ks: Sequence[int],
    *,
    history_lengths: IntArray,
    interactions: IntArray,
    names: Iterable[str] = tuple(METRICS),
    resamples: int = 1000,
    seed: int = 0,
    owners: Ints | None = None,
) -> dict[str, tuple[Group, ...]]:
    """All slices: ``history``, ``target popularity``, ``items`` and ``users``.

    Groups without users are left out. ``items`` and ``users`` are groups named warm and cold.

    Args:
        lists: item numbers ``[n_users, depth]``; see :mod:`llmrec.eval.measures.arrays`.
        targets: relevant items by user; unknown ones (negative) are cold.
        ks: list lengths.
        history_lengths: ``[n_users]``.
        interactions: training interactions by item, ``[n_items]``.
        names: metrics, of :data:`~llmrec.eval.measures.metrics.METRICS`.
        resamples: bootstrap draws of each group.
        seed: of the draws.
        owners: ``[n_users]``, whose each row is; see
            :func:`~llmrec.eval.measures.bootstrap.bootstrap_intervals`.

    Raises:
        DataError: arrays that do not belong together.
    """
    if not len(lists) == len(targets) == len(history_lengths):
        raise DataError(
            f"There are {len(lists)} lists, targets of {len(targets)} users and "
            f"{len(history_lengths)} history lengths.",
            hint="Give one of each for every user.",
        )
    slicer = _Slicer(lists, targets, ks, tuple(names), resamples, seed, owners)
    buckets, bucket = history_buckets(history_lengths)
    # One more class at the end, for unknown targets: their negative number finds it.
    classes = np.append(popularity_classes(interactions), 3)[np.maximum(targets.values, -1)]
    known_classes = enumerate(POPULARITY_CLASSES[:3])
    cold_user = history_lengths == 0
    return {
        "history": slicer.by_user({name: bucket == i for i, name in enumerate(buckets)}),
        "target popularity": slicer.by_target({name: classes == i for i, name in known_classes}),
        "items": slicer.by_target({"warm": classes < 3, "cold": classes == 3}),
        "users": slicer.by_user({"warm": ~cold_user, "cold": cold_user}),
    }


@dataclass(frozen=True, eq=False)
class _Slicer:
    """Makes groups of the same lists and targets by masks; those without users are left out."""

    lists: IntArray
    targets: Ragged
    ks: Sequence[int]
    names: tuple[str, ...]
    resamples: int
    seed: int
    owners: Ints | None

    def by_user(self, masks: Mapping[str, BoolArray]) -> tuple[Group, ...]:
        """Groups of users, by bool ``[n_users]``."""
        return tuple(
            self._group(name, self.targets, mask) for name, mask in masks.items() if mask.any()
        )

    def by_target(self, masks: Mapping[str, BoolArray]) -> tuple[Group, ...]:
        """Groups of targets, by bool ``[n_targets]``, with the users who have any of them."""
        kept = ((name, self.targets.keep(mask)) for name, mask in masks.items())
        return tuple(
            self._group(name, targets, targets.counts > 0)
            for name, targets in kept
            if (targets.counts > 0).any()
        )

    def _group(self, name: str, targets: Ragged, users: BoolArray) -> Group:
        hits = find_hits(self.lists, targets, max(self.ks))
        values = ranking_metrics(hits, targets.counts, self.ks, self.names)
        table = np.column_stack([value[users] for value in values.values()])
        # Numbered anew: a group has only some of them.
        owners = None if self.owners is None else np.unique(self.owners[users], return_inverse=True)
        ends = bootstrap_intervals(
            table,
            resamples=self.resamples,
            seed=self.seed,
            owners=None if owners is None else owners[1].astype(np.int64),
        )
        triples = zip(table.mean(axis=0), ends[:, 0], ends[:, 1], strict=True)
        metrics = {metric: _floats(triple) for metric, triple in zip(values, triples, strict=True)}
        return Group(name, int(users.sum()), metrics)


def _floats(triple: Iterable[Any]) -> tuple[float, float, float]:
    mean, low, high = triple
    return float(mean), float(low), float(high)
