"""Tests of paired differences: sign-flip permutation, t, Wilcoxon."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from llmrec.eval.measures.arrays import Doubles

__all__ = ["paired_t", "permutation_test", "wilcoxon"]

FLIP_CELLS = 4_000_000
"""Signs that are drawn at once, 8 bytes each."""


def permutation_test(
    differences: Doubles, *, resamples: int = 10_000, seed: int = 0
) -> Doubles | float:
    """Two-sided paired permutation test of the mean: flip the signs of whole users.

    Under the null hypothesis ``a`` and ``b`` are exchangeable, so each user's difference might as
    well have the other sign. Users without any difference do not matter. If all flips of the rest
    are no more than ``resamples``, all are gone through and p is exact; otherwise that many are
    drawn and ``p = (b + 1) / (m + 1)``, where ``b`` of ``m`` flips are at least as far from zero as
    what was seen (Phipson & Smyth 2010: a drawn p must never be 0).

    Args:
        differences: ``[n_users]``, or ``[n_users, n_metrics]``, which share the flips; no ``nan``.
        resamples: number of flips that may be tried.
        seed: of the draw.

    Returns:
        p, or ``[n_metrics]`` of them.

    >>> permutation_test(np.array([1.0, 2.0, 3.0]))
    0.25
    """
    table = differences if differences.ndim == 2 else differences[:, None]
    table = table[(table != 0).any(axis=1)]
    exact = 2 ** min(len(table), 62) <= resamples
    blocks = _all_flips(len(table)) if exact else _drawn_flips(len(table), resamples, seed)
    seen = np.abs(table.sum(axis=0))
    # Sums that are equal on paper differ in the last digits: a hair below still counts as far.
    hair = 1e-9 * np.abs(table).sum(axis=0)
    far, tried = np.zeros(table.shape[1]), 0
    for flips in blocks:
        sums = table.sum(axis=0) - 2 * (flips @ table)
        far += (np.abs(sums) >= seen - hair).sum(axis=0)
        tried += len(flips)
    p = far / tried if exact else (far + 1) / (tried + 1)
    return p if differences.ndim == 2 else float(p[0])


def paired_t(differences: Doubles) -> float:
    """Two-sided paired t test: p for a mean of zero.

    Differences that are all alike have no variance: p is 1 if they are zero, else 0. One user says
    nothing: p is 1.

    >>> round(paired_t(np.array([1.0, 2.0, 3.0])), 4)
    0.0742
    """
    from scipy import stats

    n = len(differences)
    if n < 2 or not differences.any():
        return 1.0
    error = float(differences.std(ddof=1)) / n**0.5
    mean = abs(float(differences.mean()))
    return float(2 * stats.t.sf(mean / error, n - 1)) if error > 1e-12 * mean else 0.0


def wilcoxon(differences: Doubles) -> float:
    """Two-sided Wilcoxon signed-rank test, zero differences after Pratt (1959).

    Zeros take part in the ranking, and their ranks are then dropped: most users have the same score
    in both runs, and dropping them first (Wilcoxon's own way) would forget how many they are. p is
    1 if all differences are zero. Exact for up to 50 users without ties and for up to 13 with them,
    else the normal approximation corrected for both, as :func:`scipy.stats.wilcoxon` has it.

    >>> wilcoxon(np.array([0.0, 0.0])), round(wilcoxon(np.arange(1.0, 11.0)), 4)
    (1.0, 0.002)
    """
    from scipy import stats

    # Differences that are equal on paper differ in their last digits; they have to tie.
    rounded = np.round(differences, 12)
    return float(stats.wilcoxon(rounded, zero_method="pratt").pvalue) if rounded.any() else 1.0


def _all_flips(n: int) -> Iterable[Doubles]:
    """All of the 2^n ways to flip n users, in blocks ``[some, n]`` of 0 and 1."""
    step = max(1, FLIP_CELLS // max(1, n))
    for start in range(0, 2**n, step):
        numbers = np.arange(start, min(start + step, 2**n))[:, None]
        yield ((numbers >> np.arange(n)) & 1).astype(np.float64)


def _drawn_flips(n: int, resamples: int, seed: int) -> Iterable[Doubles]:
    """``resamples`` ways to flip n users at random, in blocks ``[some, n]``."""
    random = np.random.default_rng(seed)
    step = max(1, FLIP_CELLS // n)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        packed = np.frombuffer(random.bytes((count * n + 7) // 8), dtype=np.uint8)
        yield np.unpackbits(packed, count=count * n).reshape(count, n).astype(np.float64)
