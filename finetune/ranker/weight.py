"""The model's best share in the fused score, and what it then adds to the retriever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmrec.artifacts import Figure
from llmrec.finetune.figures import mean_figure
from llmrec.ranking import fuse

__all__ = ["FittedWeight", "K", "fit_weight", "lift_figure", "ndcg_at_k"]

K = 10
_GRID = np.round(np.linspace(0.0, 1.0, 21), 2)
_FOLDS = 5
_FLIPS, _ALPHA = 4_000, 0.05


def ndcg_at_k(
    scores: Sequence[float] | NDArray[np.float64],
    target: int,
    then: Sequence[float] | None = None,
) -> float:
    """NDCG@10 with one relevant candidate (Järvelin & Kekäläinen 2002), over all orders of ties.

    Counted against the target, ties of the retriever would make any noise that breaks them look
    like a lift. A target whose score is no number is last, and stands behind others' that are none.

    Args:
        scores: of ``n`` candidates; higher is better.
        target: the place of the relevant one among them.
        then: what orders equal scores first, as the retriever's do in serving.

    >>> ndcg_at_k([0.1, 0.9, 0.9], 1) == (1 + ndcg_at_k([0.1, 0.8, 0.9], 1)) / 2
    True
    """
    values = np.asarray(scores, np.float64)
    second = np.zeros_like(values) if then is None else np.asarray(then, np.float64)
    equal = values == values[target]
    if not equal[target]:  # nan, which equals nothing
        equal = np.arange(len(values)) == target
        above = len(values) - 1
    else:
        above = int((~(values <= values[target]) | (equal & (second > second[target]))).sum())
    tied = int((equal & (second == second[target])).sum())
    places = np.arange(above + 1, above + tied + 1)
    return float(np.where(places <= K, 1 / np.log2(places + 1), 0.0).mean())


def lift_figure(lift: NDArray[np.float64]) -> Figure:
    """The mean of :attr:`FittedWeight.lift`, whose interval decides whether an adapter serves.

    The interval leaves 0 only where a sign-flip test does, too: three cases that rose by as much
    have no spread, and a normal interval as narrow as that.
    """
    figure = mean_figure(lift.tolist())
    flips = np.random.default_rng(0).choice((-1.0, 1.0), (_FLIPS, len(lift)))
    far = np.abs(flips @ lift) >= abs(lift.sum()) - 1e-9
    if figure.low is None or (far.sum() + 1) / (_FLIPS + 1) < _ALPHA:
        return figure
    return figure.model_copy(update={"low": min(figure.low, 0.0)})


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
            [
                ndcg_at_k(fuse(retriever, model, float(weight)), target, retriever)
                for weight in _GRID
            ]
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
