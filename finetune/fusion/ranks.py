"""The rival of the logit: weights of reciprocal rank fusion by coordinate ascent on NDCG@10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from llmrec.finetune.fusion.cases import FusionCases
from llmrec.retrieval.learned import FEATURES

__all__ = ["ascend", "ndcg_at", "rank_weights"]

_STEPS = (0.0, 0.25, 0.5, 0.8, 1.25, 2.0, 4.0)
_ROUNDS = 4


def ndcg_at(places: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """NDCG@k of each case with one target at ``places`` (1-based, 0 where it is missing).

    >>> ndcg_at(np.array([1, 3, 0, 11]), 10).tolist()
    [1.0, 0.5, 0.0, 0.0]
    """
    hit = (places > 0) & (places <= k)
    return np.where(hit, 1 / np.log2(np.maximum(places, 1) + 1.0), 0.0)


def rank_weights(sources: Sequence[str], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Columns' weights ``[sources * 3]`` that are those of reciprocal rank fusion with k = 60."""
    table = np.zeros((len(sources), len(FEATURES)))
    table[:, FEATURES.index("rank")] = [weights.get(name, 0.0) for name in sources]
    return table.ravel()


def ascend(cases: FusionCases, start: Mapping[str, float]) -> NDArray[np.float64]:
    """Change one source's weight at a time while the mean NDCG@10 rises.

    Args:
        cases: to rise on.
        start: weights by source.

    Returns:
        ``[sources * 3]``, only ranks with weights.
    """
    weights = {name: start.get(name, 0.0) or 0.1 for name in cases.sources}

    def value(changed: Mapping[str, float]) -> float:
        return float(ndcg_at(cases.places(rank_weights(cases.sources, changed)), 10).mean())

    best = value(weights)
    for _ in range(_ROUNDS):
        before = best
        for name in cases.sources:
            for step in _STEPS:
                changed = {**weights, name: weights[name] * step}
                if (reached := value(changed)) > best:
                    best, weights = reached, changed
        if best <= before:
            break
    return rank_weights(cases.sources, weights)
