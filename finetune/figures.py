"""Means over validation examples, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from llmrec.artifacts import Figure

__all__ = ["mean_figure", "share_figure"]

_Z = 1.959964  # 97.5 % of a normal distribution lie below


def mean_figure(values: Sequence[float]) -> Figure:
    """Mean with its 95 % interval by the normal approximation; none for a single value.

    >>> str(mean_figure([1.0, 2.0, 3.0]))
    '2.0000 [0.8684, 3.1316]'
    """
    n = len(values)
    mean = sum(values) / n
    if n < 2:
        return Figure(mean=mean, n=n)
    half = _Z * math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1) / n)
    return Figure(mean=mean, low=mean - half, high=mean + half, n=n)


def share_figure(hits: Sequence[bool]) -> Figure:
    """Share of hits with its 95 % interval, which stays within 0 and 1 (Wilson 1927).

    >>> str(share_figure([True, True, True, False]))
    '0.7500 [0.3006, 0.9544]'
    """
    n = len(hits)
    share, weight = sum(hits) / n, _Z**2 / n
    middle = (share + weight / 2) / (1 + weight)
    half = _Z / (1 + weight) * math.sqrt(share * (1 - share) / n + weight / (4 * n))
    # At 0 and 1 one bound is the share itself, but for rounding.
    low, high = min(share, middle - half), max(share, middle + half)
    return Figure(mean=share, low=max(0.0, low), high=min(1.0, high), n=n)
