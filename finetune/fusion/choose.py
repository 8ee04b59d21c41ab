"""Which fusion wins on validation: weights set by hand, fitted ones, or the conditional logit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmrec.finetune.fusion.cases import FusionCases
from llmrec.finetune.fusion.logit import Prior, fit_logit
from llmrec.finetune.fusion.ranks import ascend, ndcg_at, rank_weights
from llmrec.retrieval.learned import FEATURES, FusionWeights, LearnedBlend

__all__ = ["BEFORE", "BY_HAND", "CONTINUED", "Choice", "choose_fusion"]

_Fit: TypeAlias = Callable[[FusionCases], NDArray[np.float64]]

BY_HAND, BEFORE, CONTINUED = "by hand", "before", "continued"
_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Choice:
    """The rivals' answers to cases that they were not fitted on, and the winner.

    Attributes:
        cases: all of them.
        places: by rival the rank of each case's target, int64 ``[cases]``, 0 if it was not found.
        winner: the rival of the highest mean NDCG@10; ``by hand`` among equals, then ``before``.
        weights: the winner, fitted on all cases; where one wins that is not fitted, the last rival.
    """

    cases: FusionCases
    places: Mapping[str, NDArray[np.int64]]
    winner: str
    weights: FusionWeights

    @property
    def kept(self) -> str:
        """The rival whose weights they are."""
        if self.winner not in (BY_HAND, BEFORE):
            return self.winner
        return CONTINUED if CONTINUED in self.places else "logit"


def choose_fusion(
    cases: FusionCases,
    by_hand: Mapping[str, float],
    *,
    seed: int = 0,
    l2: float = 1e-3,
    before: FusionWeights | None = None,
    before_cases: int = 0,
) -> Choice:
    """Fit the rivals in five folds over users, and the better one on everything.

    With ``before`` one rival goes on from there; those that begin anew are not among them.

    Args:
        cases: one for each user.
        by_hand: the sources' weights as they are set, which coordinate ascent begins with.
        seed: of the folds.
        l2: penalty of the logit.
        before: what was learned earlier.
        before_cases: from how many cases.
    """
    rivals: dict[str, _Fit] = {
        "ranks": lambda part: ascend(part, by_hand),
        "logit": lambda part: fit_logit(part, l2=l2),
    }
    fixed = {BY_HAND: rank_weights(cases.sources, by_hand)}
    if before is not None:
        prior = _prior(cases, before, by_hand, before_cases)
        fixed[BEFORE] = prior.weights
        rivals = {CONTINUED: lambda part: fit_logit(part, l2=l2, prior=prior)}
    fold = np.random.default_rng(seed).permutation(len(cases)) % _FOLDS
    places = {name: cases.places(weights) for name, weights in fixed.items()}
    for name, fit in rivals.items():
        places[name] = np.zeros(len(cases), np.int64)
        for number in range(_FOLDS):
            validation, known = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
            if (cases.target[known] >= 0).any():
                places[name][validation] = cases.part(validation).places(fit(cases.part(known)))
    winner = max(places, key=lambda name: float(ndcg_at(places[name], 10).mean()))
    fitted = rivals[winner if winner in rivals else list(rivals)[-1]](cases)
    return Choice(cases, places, winner, _named(cases, fitted))


def _prior(
    cases: FusionCases, before: FusionWeights, by_hand: Mapping[str, float], count: int
) -> Prior:
    """As it serves: sources that it does not know have their weight by hand, from no case."""
    blend = LearnedBlend(before, by_hand)
    weights = np.concatenate([blend.weights(name) for name in cases.sources])
    known = [count if name in before.weights else 0 for name in cases.sources]
    return Prior(weights, np.repeat(np.array(known, np.float64), len(FEATURES)))


def _named(cases: FusionCases, fitted: NDArray[np.float64]) -> FusionWeights:
    """By source and feature; who never found anything has none, and keeps its weight by hand."""
    size = (len(cases.sources), len(FEATURES))
    table = fitted.reshape(size)
    sums = np.asarray(cases.table.sum(axis=0)).reshape(size).sum(axis=1).tolist()
    weights = {
        source: {name: round(float(weight), 6) for name, weight in zip(FEATURES, row, strict=True)}
        for source, row, total in zip(cases.sources, table, sums, strict=True)
        if total > 0
    }
    return FusionWeights(depth=cases.depth, weights=weights)
