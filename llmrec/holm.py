"""Holm's correction, for evaluations and for experiments in a live shop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["holm"]


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's (1979) step-down adjustment: the chance of any false "better" stays below alpha.

    The smallest p is multiplied by the number of tests, the next by one less, and so on; never
    smaller than an adjusted one before it, never above 1. Valid however the tests depend on each
    other.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return np.minimum(adjusted, 1.0)
