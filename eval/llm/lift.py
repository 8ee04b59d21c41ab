"""What the language model adds to its own retriever, with the paired test.

Ranking can only move a target that was retrieved. So the lift is given twice: over the users whose
target was among the candidates, as LlamaRec reports it (Yue et al. 2023,
https://arxiv.org/abs/2311.02089), and over all users, which is what a shop gets.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
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
        retrieved: how many of them had a target among the candidates.
        candidates: mean number of candidates that the model ranked, where it was asked.
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

    An answer that the model had no part in is the retriever's in all three: the means are those of
    what was shown.

    Args:
        answers: of :class:`llmrec.Recommender`, with all candidates in ``considered``.
        targets: the item ids that each answer should have found.
        users: names of the users; else numbers.
        owners: whose each of them is, where one person asked more than once.
        weight: the model's share in the fused score.
        k: length of the lists.
        seed: of the bootstrap and the permutations.

    Raises:
        DataError: nothing was ranked by a model.
    """
    ranked = [_ranked(answer.considered) for answer in answers]
    if not any(ranked):
        raise DataError(
            "No answer was ranked by a language model.",
            hint="Ask a recommender whose engine works, with more than one candidate.",
        )
    names = tuple(users) if users is not None else tuple(str(row) for row in range(len(answers)))
    retrieved = np.array(
        [
            any(item.id in wanted for item in answer.considered)
            for answer, wanted in zip(answers, targets, strict=True)
        ]
    )
    scores = {
        order: {
            f"{name}@{k}": values
            for name, values in _values(answers, targets, order, weight, k).items()
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
    """1-based ranks of the wanted items among the candidates.

    Ties go to the better retrieval score, as in serving, and what ties there too stands in a drawn
    order that is the same for all three: noise that breaks the retriever's ties is no lift. What
    the model did not score stands behind, as the retriever has it, and before scores that are no
    numbers.

    Args:
        considered: candidates with the score ``retrieval``, and ``llm`` where the model was asked.
        wanted: item ids.
        order: by the retriever's score, the model's, or both fused with ``weight``.
        weight: the model's share.
    """
    retrieval = {item.id: item.scores["retrieval"] for item in considered}
    scores = dict(retrieval)
    ranked = _ranked(considered)
    if order != "retriever":
        llm = [item.scores["llm"] for item in ranked]
        fused = fuse([retrieval[item.id] for item in ranked], llm, weight)
        chosen = llm if order == "llm" else fused.tolist()
        scores = {item.id: score for item, score in zip(ranked, chosen, strict=True)}

    def place(id: str) -> tuple[float, float, bytes]:
        score = scores.get(id, -sys.float_info.max)
        return math.inf if math.isnan(score) else -score, -retrieval[id], _drawn(id)

    ids = sorted(retrieval, key=place)
    return [rank for rank, id in enumerate(ids, start=1) if id in wanted]


def _drawn(id: str) -> bytes:
    return blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _ranked(considered: Sequence[Recommendation]) -> list[Recommendation]:
    return [item for item in considered if "llm" in item.scores]


def _values(
    answers: Sequence[Recommendations],
    targets: Sequence[Collection[str]],
    order: Order,
    weight: float,
    k: int,
) -> dict[str, NDArray[np.float64]]:
    hits = np.zeros((len(answers), k), dtype=np.bool_)
    relevant = np.array([len(set(target)) for target in targets], dtype=np.int64)
    for row, (answer, wanted) in enumerate(zip(answers, targets, strict=True)):
        ranks = ranks_of_targets(answer.considered, wanted, order, weight)
        hits[row, [rank - 1 for rank in ranks if rank <= k]] = True
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
