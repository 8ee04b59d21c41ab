"""A mean over cases with its interval, as the benches print it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from llmrec.eval.measures.bootstrap import bootstrap_intervals

__all__ = ["interval"]


def interval(values: NDArray[Any]) -> list[float]:
    """The mean of ``[cases]`` values and its 95 % bootstrap interval."""
    (ends,) = bootstrap_intervals(values[:, None])
    return [float(values.mean()), *map(float, ends)]
