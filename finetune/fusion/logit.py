"""The conditional logit: weights under which the shoppers' choices are most likely."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from llmrec.finetune.fusion.cases import FusionCases
from llmrec.retrieval.learned import FEATURES

__all__ = ["fit_logit"]


def fit_logit(
    cases: FusionCases, *, l2: float = 1e-3, used: Collection[str] = FEATURES
) -> NDArray[np.float64]:
    """Fit by L-BFGS-B (Byrd et al. 1995) on the listwise softmax loss with an L2 penalty.

    ``-mean over cases of log softmax(table @ w)[target] + l2 |w|²``, all ``w >= 0``; convex, so the
    answer does not depend on where it starts. Cases that no source answered teach nothing.

    Args:
        cases: at least one with a target that was found.
        l2: of the penalty.
        used: features that may have a weight.

    Returns:
        ``[sources * 3]``, in the order of the table's columns.
    """
    from scipy.optimize import minimize

    asked = cases.part(np.flatnonzero(cases.target >= 0))
    table, back = asked.table, asked.table.T.tocsr()
    case = np.repeat(np.arange(len(asked)), np.diff(asked.starts))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = np.asarray(table @ weights)
        top = np.maximum.reduceat(scores, asked.starts[:-1])
        chances = np.exp(scores - top[case])
        sums = np.add.reduceat(chances, asked.starts[:-1])
        chances /= sums[case]
        value = (np.log(sums) + top - scores[asked.target]).mean() + l2 * weights @ weights
        chances[asked.target] -= 1
        slope = np.asarray(back @ chances) / len(asked) + 2 * l2 * weights
        return float(value), slope

    seen = np.asarray(table.sum(axis=0)).ravel() > 0
    names = [name in used for _ in cases.sources for name in FEATURES]
    bounds = [(0, None if one else 0) for one in seen & np.array(names)]
    start = np.array([0.0 if high == 0 else 0.1 for _, high in bounds])
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-10},
    )
    return np.asarray(found.x, np.float64)
