"""Put the model's opinion and the retriever's together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["fuse", "standardise"]


def standardise(scores: Sequence[float]) -> NDArray[np.float64]:
    """Zero mean and unit variance; scores that are all the same become zeros.

    >>> standardise([1.0, 3.0]).tolist()
    [-1.0, 1.0]
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.size == 0:
        return values
    spread = values.std()
    # Rounding leaves a spread of about 1e-17 between equal numbers: that is no opinion.
    if spread <= 1e-9 * max(1.0, float(np.abs(values).max())):
        return np.zeros_like(values)
    return np.asarray((values - values.mean()) / spread)


def fuse(
    retrieval: Sequence[float], log_odds: Sequence[float], llm_weight: float
) -> NDArray[np.float64]:
    """``(1 - w) z(retrieval) + w (log-odds - mean)``.

    Retrieval scores come in many sizes, so they are standardised within the request. Log-odds
    have a size of their own, which says how sure the model is: blown up to unit variance, a model
    without an opinion would speak as loud as one that knows.

    Args:
        retrieval: fused retrieval scores of ``n`` candidates.
        log_odds: the model's, of yes over no for each of them.
        llm_weight: ``w``, between 0 (retrieval alone) and 1 (the model alone).

    Returns:
        ``n`` scores; higher is better.
    """
    odds = np.asarray(log_odds, dtype=np.float64)
    if odds.size:
        odds = odds - odds.mean()
    return np.asarray((1.0 - llm_weight) * standardise(retrieval) + llm_weight * odds)
