"""Which fusion wins on validation: weights set by hand, fitted ones, or the conditional logit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmrec.finetune.fusion.cases import FusionCases
from llmrec.finetune.fusion.logit import fit_logit
from llmrec.finetune.fusion.ranks import ascend, ndcg_at, rank_weights
from llmrec.retrieval.learned import FEATURES, FusionWeights

__all__ = ["BY_HAND", "Choice", "choose_fusion"]

BY_HAND = "by hand"
_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Choice:
    """The rivals' answers to cases that they were not fitted on, and the winner.

    Attributes:
        cases: all of them.
        places: by rival the rank of each case's target, int64 ``[cases]``, 0 if it was not found.
        winner: the rival of the highest mean NDCG@10; ``by hand`` among equals.
        weights: the winner, fitted on all cases; what is kept up to where ``by hand`` wins.
    """

    cases: FusionCases
    places: Mapping[str, NDArray[np.int64]]
    winner: str
    weights: FusionWeights


def choose_fusion(
    cases: FusionCases,
    by_hand: Mapping[str, float],
    *,
    seed: int = 0,
    l2: float = 1e-3,
) -> Choice:
    """Fit both rivals in five folds over users, and the better one on everything.

    Args:
        cases: one for each user.
        by_hand: the sources' weights as they are set, which coordinate ascent begins with.
        seed: of the folds.
        l2: penalty of the logit.
    """
    rivals: dict[str, Callable[[FusionCases], NDArray[np.float64]]] = {
        "ranks": lambda some: ascend(some, by_hand),
        "logit": lambda some: fit_logit(some, l2=l2),
    }
    fold = np.random.default_rng(seed).permutation(len(cases)) % _FOLDS
    places: dict[str, NDArray[np.int64]] = {
        BY_HAND: cases.places(rank_weights(cases.sources, by_hand))
    }
    for name, fit in rivals.items():
        places[name] = np.zeros(len(cases), np.int64)
        for number in range(_FOLDS):
            held, known = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
            if (cases.target[known] >= 0).any():
                places[name][held] = cases.part(held).places(fit(cases.part(known)))
    winner = max(places, key=lambda name: float(ndcg_at(places[name], 10).mean()))
    fitted = rivals["logit" if winner == BY_HAND else winner](cases)
    return Choice(cases, places, winner, _named(cases, fitted))


def _named(cases: FusionCases, fitted: NDArray[np.float64]) -> FusionWeights:
    """By source and feature; who never found anything has none, and keeps its weight by hand."""
    size = (len(cases.sources), len(FEATURES))
    table = fitted.reshape(size)
    said = np.asarray(cases.table.sum(axis=0)).reshape(size).sum(axis=1).tolist()
    weights = {
        source: {name: round(float(one), 6) for name, one in zip(FEATURES, own, strict=True)}
        for source, own, some in zip(cases.sources, table, said, strict=True)
        if some > 0
    }
    return FusionWeights(depth=cases.depth, weights=weights)
