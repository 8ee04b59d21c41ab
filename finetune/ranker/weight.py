"""The model's best share in the fused score, and what it then adds to the retriever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmrec.ranking import fuse

__all__ = ["FittedWeight", "K", "fit_weight", "ndcg_at_k"]

K = 10
_GRID = np.round(np.linspace(0.0, 1.0, 21), 2)
_FOLDS = 5


def ndcg_at_k(scores: Sequence[float] | NDArray[np.float64], target: int) -> float:
    """NDCG@10 with one relevant candidate (Järvelin & Kekäläinen 2002); ties count against it.

    >>> ndcg_at_k([0.1, 0.9, 0.9], 1)  # shares the first rank, so it counts as second
    0.6309297535714575
    """
    values = np.asarray(scores, np.float64)
    rank = int((values >= values[target]).sum())
    return float(1 / np.log2(rank + 1)) if rank <= K else 0.0


@dataclass(frozen=True)
class FittedWeight:
    """The weight with the highest mean NDCG@10, the smallest among equals.

    ``fused`` and ``retriever`` are NDCG@10 by case ``[cases]``. A case of ``fused`` is ranked with
    the weight that was fitted on the other folds: one fitted on the case itself could never be
    below the retriever, since weight 0 is the retriever.
    """

    weight: float
    fused: NDArray[np.float64]
    retriever: NDArray[np.float64]

    @property
    def lift(self) -> NDArray[np.float64]:
        """What the model adds, by case."""
        return self.fused - self.retriever


def fit_weight(
    log_odds: Sequence[Sequence[float]],
    retrieval: Sequence[Sequence[float]],
    targets: Sequence[int],
) -> FittedWeight:
    """Fit ``ranking.llm_weight`` on validation cases.

    Args:
        log_odds: the model's, for the candidates of each case.
        retrieval: the retriever's scores of the same candidates.
        targets: the place of the chosen one among them.
    """
    table = np.array(
        [
            [ndcg_at_k(fuse(retriever, model, float(weight)), target) for weight in _GRID]
            for model, retriever, target in zip(log_odds, retrieval, targets, strict=True)
        ]
    )
    fold = np.arange(len(table)) % _FOLDS
    fused = table[:, 0].copy()
    for number in range(_FOLDS):
        others = table[fold != number]
        if len(others):
            fused[fold == number] = table[fold == number, others.mean(0).argmax()]
    return FittedWeight(float(_GRID[table.mean(0).argmax()]), fused, table[:, 0])
