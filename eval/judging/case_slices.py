"""Answered cases as the arrays that :mod:`llmrec.eval.measures.slices` takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from llmrec.eval.data.items import ItemTable
from llmrec.eval.data.splits import Case
from llmrec.eval.measures.arrays import ItemIndex, numbered
from llmrec.eval.measures.metrics import METRICS
from llmrec.eval.measures.slices import Group, metric_slices
from llmrec.types import Event

__all__ = ["catalogue_lists", "slice_cases"]

_STRANGER = ""
"""Stands for what the catalogue lacks: it takes up its rank, and no target is called so."""


def catalogue_lists(
    lists: Sequence[Sequence[str]], items: ItemTable | None
) -> Sequence[Sequence[str]]:
    """The lists as they are judged: what the catalogue lacks hits nothing, also where it is asked.

    Who may not recommend such a target would else be held against who may.
    """
    if items is None:
        return lists
    return [[id if id in items.row else _STRANGER for id in ids] for ids in lists]


def slice_cases(
    cases: Sequence[Case],
    lists: Sequence[Sequence[str]],
    train: Iterable[Event],
    ks: Sequence[int],
    *,
    names: Collection[str] = tuple(METRICS),
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[Group, ...]]:
    """The slices of answered cases, ``lists[i]`` (item ids) being the answer to ``cases[i]``.

    ``train`` are the events that the recommender learned from: they say what is popular, and what
    is cold. See :func:`~llmrec.eval.measures.slices.metric_slices`.
    """
    counts = Counter(event.item for event in train)
    index = ItemIndex(
        [*counts, *dict.fromkeys(item for case in cases for item in sorted(case.target_ids))]
    )
    return metric_slices(
        index.lists(lists, max(ks)),
        index.sets(case.target_ids for case in cases),
        ks,
        history_lengths=np.array([len(case.history) for case in cases], dtype=np.int64),
        interactions=index.values(counts).astype(np.int64),
        names=names,
        resamples=resamples,
        seed=seed,
        owners=numbered(case.owner for case in cases),
    )
