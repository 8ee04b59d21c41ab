"""What the language model adds to its own retriever, with the paired test.

Ranking can only move a target that was retrieved. So the lift is given twice: over the users whose
target was among the candidates, as LlamaRec reports it (Yue et al. 2023,
https://arxiv.org/abs/2311.02089), and over all users, which is what a shop gets.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import DataError
from llmrec.eval.measures.metrics import METRICS
from llmrec.eval.measures.statistics import Comparison, RunScores, compare_all
from llmrec.ranking.fusion import fuse
from llmrec.types import Recommendation, Recommendations

__all__ = ["Lift", "Order", "lift", "ranks_of_targets"]

Order = Literal["retriever", "llm", "fused"]
_METRICS = ("ndcg", "hit", "mrr")


@dataclass(frozen=True)
class Lift:
    """The ranker against its retriever.

    Attributes:
        users: how many were asked.
        retrieved: how many of them had a target among the ranked candidates.
        candidates: mean number of candidates.
        weight: the model's share in the fused score.
        on_all: comparisons over all users; a target that was not retrieved scores 0 on both sides.
        on_retrieved: comparisons over the users whose target was retrieved; empty if none.
    """

    users: int
    retrieved: int
    candidates: float
    weight: float
    on_all: tuple[Comparison, ...]
    on_retrieved: tuple[Comparison, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "users": self.users,
            "retrieved": self.retrieved,
            "candidates": self.candidates,
            "weight": self.weight,
            "on_all": [comparison.to_dict() for comparison in self.on_all],
            "on_retrieved": [comparison.to_dict() for comparison in self.on_retrieved],
        }


def lift(
    answers: Sequence[Recommendations],
    targets: Sequence[Collection[str]],
    *,
    users: Sequence[str] | None = None,
    owners: Sequence[str] | None = None,
    weight: float,
    k: int = 10,
    seed: int = 0,
) -> Lift:
    """Compare three orders of the same candidates: the retriever's, the model's, and the fused one.

    Args:
        answers: of :class:`llmrec.Recommender`, with all ranked candidates in ``considered``.
        targets: the item ids that each answer should have found.
        users: names of the users; else numbers.
        owners: whose each of them is, where one person asked more than once.
        weight: the model's share in the fused score.
        k: length of the lists.
        seed: of the bootstrap and the permutations.

    Raises:
        DataError: nothing was ranked by a model.
    """
    ranked = [_ranked(answer) for answer in answers]
    if not any(ranked):
        raise DataError(
            "No answer was ranked by a language model.",
            hint="Ask a recommender whose engine works, with more than one candidate.",
        )
    names = tuple(users) if users is not None else tuple(str(row) for row in range(len(answers)))
    retrieved = np.array(
        [
            bool({item.id for item in considered} & set(wanted))
            for considered, wanted in zip(ranked, targets, strict=True)
        ]
    )
    scores = {
        order: {
            f"{name}@{k}": values
            for name, values in _values(ranked, targets, order, weight, k).items()
        }
        for order in ("retriever", "llm", "fused")
    }
    everybody = np.ones(len(names), dtype=bool)
    whose = tuple(owners) if owners is not None else names
    return Lift(
        users=len(answers),
        retrieved=int(retrieved.sum()),
        candidates=float(np.mean([len(considered) for considered in ranked if considered])),
        weight=weight,
        on_all=_compared(scores, names, whose, everybody, seed),
        on_retrieved=_compared(scores, names, whose, retrieved, seed) if retrieved.any() else (),
    )


def ranks_of_targets(
    considered: Sequence[Recommendation],
    wanted: Collection[str],
    order: Order,
    weight: float,
) -> list[int]:
    """1-based ranks of the wanted items among the candidates; ties count against them.

    Args:
        considered: candidates with the scores ``llm`` and ``retrieval``.
        wanted: item ids.
        order: by the retriever's score, the model's, or both fused with ``weight``.
        weight: the model's share.
    """
    if not considered:
        return []
    retrieval = np.array([item.scores["retrieval"] for item in considered])
    llm = np.array([item.scores["llm"] for item in considered])
    fused = np.asarray(fuse(list(retrieval), list(llm), weight))
    scores = {"retriever": retrieval, "llm": llm, "fused": fused}[order]
    ids = [item.id for item in considered]
    targets = np.array([candidate in wanted for candidate in ids])
    # Other wanted items do not push each other down.
    return sorted(
        int((scores[~targets] >= scores[place]).sum() + (scores[targets] > scores[place]).sum() + 1)
        for place in np.flatnonzero(targets)
    )


def _ranked(answer: Recommendations) -> list[Recommendation]:
    return [item for item in answer.considered if "llm" in item.scores]


def _values(
    ranked: Sequence[Sequence[Recommendation]],
    targets: Sequence[Collection[str]],
    order: Order,
    weight: float,
    k: int,
) -> dict[str, NDArray[np.float64]]:
    hits = np.zeros((len(ranked), k), dtype=np.bool_)
    relevant = np.array([len(set(target)) for target in targets], dtype=np.int64)
    for row, (considered, wanted) in enumerate(zip(ranked, targets, strict=True)):
        for rank in ranks_of_targets(considered, wanted, order, weight):
            # Equal ranks of several targets: each takes the next free place.
            free = next((r for r in range(rank - 1, k) if not hits[row, r]), None)
            if free is not None:
                hits[row, free] = True
    return {name: METRICS[name](hits, relevant, k) for name in _METRICS}


def _compared(
    scores: dict[str, dict[str, NDArray[np.float64]]],
    names: tuple[str, ...],
    whose: tuple[str, ...],
    rows: NDArray[np.bool_],
    seed: int,
) -> tuple[Comparison, ...]:
    users = tuple(name for name, take in zip(names, rows, strict=True) if take)
    owners = tuple(name for name, take in zip(whose, rows, strict=True) if take)
    runs = [
        RunScores(
            order, users, {metric: values[rows] for metric, values in by_metric.items()}, owners
        )
        for order, by_metric in scores.items()
    ]
    return compare_all(runs, against="retriever", seed=seed)
