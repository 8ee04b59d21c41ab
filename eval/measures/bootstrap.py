"""How far a mean can be trusted: percentile bootstrap over users."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bootstrap_intervals"]

FEW_KINDS = 8
"""With this many users to a kind of user or more, whole kinds are drawn instead of users."""
MANY_USERS = 20_000
"""Below this, sorting users into kinds costs more than it spares."""


def bootstrap_intervals(
    values: NDArray[np.float64],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    owners: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Percentile bootstrap intervals (Efron 1979) of the means of several metrics at once.

    Users are drawn with replacement; all metrics of a user stay together, so that intervals of
    different metrics come from the same draws. For an interval of the difference of two systems
    over the same users, give the differences (a paired bootstrap).

    Ranking metrics have few different values: with one target and 100 ranks there are 101 kinds of
    users. How often each kind is drawn is multinomial, so for many users the draw is made by kind:
    the same distribution in a fraction of the time.

    Rows of one person are no separate witnesses: with ``owners`` whole persons are drawn, with all
    their rows (the cluster bootstrap; Field & Welsh 2007), and a mean is over the rows drawn.

    Args:
        values: ``[n_users, n_metrics]``, without ``nan``.
        level: share of the resampled means inside the interval.
        resamples: number of draws.
        seed: of the draws.
        owners: ``[n_users]``, from 0: whose each row is; every row is somebody's own if ``None``.

    Returns:
        ``[n_metrics, 2]``: low and high ends.

    >>> bootstrap_intervals(np.ones((5, 1)))
    array([[1., 1.]])
    """
    random = np.random.default_rng(seed)
    if owners is not None and int(owners.max(initial=-1)) + 1 < len(owners):
        means = _draw_owners(values, owners, resamples, random)
    else:
        means = _draw_rows(values, resamples, random)
    tail = 100 * (1 - level) / 2
    ends: NDArray[np.float64] = np.percentile(means, [tail, 100 - tail], axis=0).T
    return ends


def _draw_rows(
    values: NDArray[np.float64], resamples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    kinds, sizes = _kinds(values)
    if len(values) >= FEW_KINDS * len(kinds):
        return _draw_kinds(kinds, sizes, resamples, random)
    return _draw_users(values, resamples, random)


def _draw_owners(
    values: NDArray[np.float64],
    owners: NDArray[np.int64],
    resamples: int,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    rows = np.bincount(owners)
    sums = np.column_stack([np.bincount(owners, column) for column in values.T])
    means = np.empty((resamples, values.shape[1]))
    for draw in range(resamples):
        counts = np.bincount(random.integers(len(rows), size=len(rows)), minlength=len(rows))
        means[draw] = counts @ sums / (counts @ rows)
    return means


def _kinds(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The different rows of ``values`` and how many users have each."""
    n_users, n_metrics = values.shape
    if n_users < MANY_USERS or n_metrics == 0:
        return values, np.ones(n_users, dtype=np.int64)
    # Rows as single values of many bytes: sorted by one memcmp each.
    rows = np.ascontiguousarray(values + 0.0).view(np.dtype((np.void, values.itemsize * n_metrics)))
    _, first, sizes = np.unique(rows.ravel(), return_index=True, return_counts=True)
    return values[first], sizes


def _draw_kinds(
    kinds: NDArray[np.float64],
    sizes: NDArray[np.int64],
    resamples: int,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    n_users = int(sizes.sum())
    means = np.empty((resamples, kinds.shape[1]))
    for draw in range(resamples):
        means[draw] = random.multinomial(n_users, sizes / n_users) @ kinds / n_users
    return means


def _draw_users(
    values: NDArray[np.float64], resamples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    n_users, n_metrics = values.shape
    means = np.empty((resamples, n_metrics))
    for draw in range(resamples):
        # Counts times values is the same sum as gathering rows, in a tenth of the memory traffic.
        counts = np.bincount(random.integers(n_users, size=n_users), minlength=n_users)
        means[draw] = counts @ values / n_users
    return means
