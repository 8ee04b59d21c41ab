"""The conditional logit: weights under which the shoppers' choices are most likely."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from llmrec.finetune.fusion.cases import FusionCases
from llmrec.retrieval.learned import FEATURES

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Prior", "fit_logit"]


@dataclass(frozen=True, eq=False)
class Prior:
    """What earlier cases taught.

    Attributes:
        weights: ``[sources * 3]``, in the order of a table's columns.
        cases: how many there were; for each column float64 ``[sources * 3]``, 0 where a source was
            not there.
    """

    weights: NDArray[np.float64]
    cases: NDArray[np.float64]


def fit_logit(
    cases: FusionCases,
    *,
    l2: float = 1e-3,
    used: Collection[str] = FEATURES,
    prior: Prior | None = None,
) -> NDArray[np.float64]:
    """Fit by L-BFGS-B (Byrd et al. 1995) on the listwise softmax loss with an L2 penalty.

    ``-mean over cases of log softmax(table @ w)[target] + l2 |w|²``, all ``w >= 0``; convex, so the
    answer does not depend on where it starts. Cases that no source answered teach nothing.

    Args:
        cases: at least one with a target that was found.
        l2: of the penalty.
        used: features that may have a weight.
        prior: weights that earlier cases were fitted with, which are not forgotten.

    Returns:
        ``[sources * 3]``, in the order of the table's columns.
    """
    from scipy.optimize import minimize

    answered = cases.part(np.flatnonzero(cases.target >= 0))
    table, back = answered.table, answered.table.T.tocsr()
    case = np.repeat(np.arange(len(answered)), np.diff(answered.starts))
    centre, pull = _pull(answered, l2, prior)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = np.asarray(table @ weights)
        top = np.maximum.reduceat(scores, answered.starts[:-1])
        chances = np.exp(scores - top[case])
        sums = np.add.reduceat(chances, answered.starts[:-1])
        chances /= sums[case]
        away = weights - centre
        value = (np.log(sums) + top - scores[answered.target]).mean() + l2 * weights @ weights
        chances[answered.target] -= 1
        slope = np.asarray(back @ chances) / len(answered) + 2 * l2 * weights + pull @ away
        return float(value + away @ pull @ away / 2), slope

    seen = np.asarray(table.sum(axis=0)).ravel() > 0
    names = [name in used for _ in cases.sources for name in FEATURES]
    bounds = [(0, None if allowed else 0) for allowed in seen & np.array(names)]
    start = np.array([0.0 if high == 0 else 0.1 for _, high in bounds])
    fitted = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-10},
    )
    return np.asarray(fitted.x, np.float64)


def _pull(
    cases: FusionCases, l2: float, prior: Prior | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the weights are drawn to, ``[width]``, and how strongly, ``[width, width]``.

    Earlier cases count as if they were still there: their loss is taken for a parabola around its
    least (Laplace's approximation). How steep it is, is measured on the new cases: the covariance
    of the features over what could be chosen.
    """
    width = cases.table.shape[1]
    if prior is None:
        return np.zeros(width), np.zeros((width, width))
    case = np.repeat(np.arange(len(cases)), np.diff(cases.starts))
    scores = np.asarray(cases.table @ prior.weights)
    chances = np.exp(scores - np.maximum.reduceat(scores, cases.starts[:-1])[case])
    chances /= np.add.reduceat(chances, cases.starts[:-1])[case]
    weighted = cases.table.multiply(chances[:, None]).tocsr()
    means = _summed(case, weighted, len(cases))
    steep = (weighted.T @ cases.table - means.T @ means).toarray() / len(cases)
    share = np.sqrt(prior.cases / len(cases))
    return prior.weights, np.outer(share, share) * (steep + 2 * l2 * np.eye(width))


def _summed(case: NDArray[np.int64], table: csr_matrix, cases: int) -> csr_matrix:
    """The rows of ``table`` summed by case, ``[cases, width]``."""
    from scipy.sparse import csr_matrix

    shape = (cases, len(case))
    sums: csr_matrix = csr_matrix((np.ones(len(case)), (case, np.arange(len(case)))), shape) @ table
    return sums
