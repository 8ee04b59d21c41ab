"""A share with its interval, and whether two shares differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Share", "same_share", "share_of", "split_as_promised"]


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of some shoppers, as a share with its 95 % interval; ``None`` of nobody."""

    count: int
    share: float | None
    low: float | None
    high: float | None


def share_of(count: int, shoppers: int) -> Share:
    """A share with Wilson's (1927) interval, which stays within 0 and 1.

    >>> share = share_of(3, 4)
    >>> share.share, round(share.low, 4), round(share.high, 4)
    (0.75, 0.3006, 0.9544)
    >>> share_of(0, 0)
    Share(count=0, share=None, low=None, high=None)
    """
    from scipy.stats import binomtest

    if not shoppers:
        return Share(count, None, None, None)
    ends = binomtest(count, shoppers).proportion_ci(confidence_level=0.95, method="wilson")
    return Share(count, count / shoppers, float(ends.low), float(ends.high))


def same_share(a: int, of_a: int, b: int, of_b: int) -> float:
    """Fisher's (1922) exact two-sided p that two arms have the same share; 1 without shoppers.

    Exact also for the small counts that purchases are, and never too sure of a difference.

    >>> round(same_share(3, 10, 9, 10), 4)
    0.0198
    """
    from scipy.stats import fisher_exact

    return float(fisher_exact(np.array([[a, of_a - a], [b, of_b - b]])).pvalue)


def split_as_promised(a: int, b: int, share: float) -> float:
    """Exact binomial p of so many shoppers in B, where each of them is in it with ``share``.

    A tiny one says that the arms lose shoppers unequally, and that nothing else can be trusted
    (Fabijan et al. 2019, https://doi.org/10.1145/3292500.3330722).
    """
    from scipy.stats import binomtest

    return float(binomtest(b, a + b, share).pvalue) if a + b else 1.0
