"""Is one run better than another? Paired tests over the same users, with Holm's correction.

Users are the sample: every test here looks at the differences ``a - b`` user by user, those of
several rows of one user summed. Three tests
are reported, because readers ask for different ones; the sign-flip permutation test decides. It
assumes nothing about the shape of the differences, which are mostly zero with a few large steps
(Smucker, Allan & Carterette 2007 compare the tests on rankings).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from llmrec.errors import DataError
from llmrec.eval.measures.arrays import Doubles, Ints, numbered
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.eval.measures.significance import paired_t, permutation_test, wilcoxon
from llmrec.holm import holm

__all__ = [
    "ALPHA",
    "Comparison",
    "RunScores",
    "compare",
    "compare_all",
    "holm",
    "paired_t",
    "permutation_test",
    "seed_spread",
    "wilcoxon",
]

ALPHA = 0.05
"""An adjusted p below this lets a run be called better."""


@dataclass(frozen=True, eq=False)
class RunScores:
    """The scores of one run, user by user.

    ``values`` maps a metric's name to float64 ``[n_users]``, or ``[n_seeds, n_users]`` where the
    run was repeated with other seeds: a user's score is then the mean over the seeds. ``nan`` means
    that the metric does not exist for the user (the diversity of one item). ``owners`` says whose
    each of ``users`` is, where these are rows of which a user may have many.

    Raises:
        DataError: an array does not fit the users, or a user stands twice.
    """

    name: str
    users: tuple[str, ...]
    values: Mapping[str, Doubles] = field(repr=False)
    owners: tuple[str, ...] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(set(self.users)) < len(self.users):
            raise DataError(
                f"Run '{self.name}' has a user twice.", hint="Score every user once in a run."
            )
        for metric, values in self.values.items():
            if values.ndim not in (1, 2) or values.shape[-1] != len(self.users):
                raise DataError(
                    f"'{metric}' of run '{self.name}' is {list(values.shape)}, but there are "
                    f"{len(self.users)} users.",
                    hint="Give [users], or [seeds, users] for several seeds.",
                )

    def scores(self, metric: str) -> Doubles:
        """One score per user, ``[n_users]``: the mean over seeds."""
        values = self.values[metric]
        return values if values.ndim == 1 else values.mean(axis=0)

    def spread(self, metric: str) -> float | None:
        """Standard deviation between the seeds' means; ``None`` for one seed."""
        return seed_spread(self.values[metric])


@dataclass(frozen=True)
class Comparison:
    """Run ``a`` against run ``b`` in one metric.

    ``difference`` is the mean of ``a - b`` over ``users`` and ``low`` to ``high`` its 95 % paired
    bootstrap interval. ``adjusted_p`` is ``permutation_p`` after Holm's correction over the
    ``family`` of comparisons that were made together. ``spread_a`` and ``spread_b`` are standard
    deviations between seeds; the tests do not contain them: they speak of other users, not of
    other trainings.
    """

    metric: str
    a: str
    b: str
    users: int
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    t_p: float
    wilcoxon_p: float
    permutation_p: float
    adjusted_p: float
    family: int
    spread_a: float | None = None
    spread_b: float | None = None

    @property
    def better(self) -> str | None:
        """The name of the better run, or ``None`` where the test does not say so."""
        if self.adjusted_p >= ALPHA:
            return None
        return self.a if self.difference > 0 else self.b

    @property
    def lift(self) -> float | None:
        """``mean_a / mean_b - 1``; ``None`` where ``mean_b`` is zero."""
        return self.mean_a / self.mean_b - 1 if self.mean_b else None

    def __str__(self) -> str:
        says = f"{self.better} is better" if self.better else "no difference shown"
        return (
            f"{self.metric}: {self.a} {self.mean_a:.4f}, {self.b} {self.mean_b:.4f}, difference "
            f"{self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}], adjusted p "
            f"{self.adjusted_p:.4f} of {self.family}: {says}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, ``better`` and ``lift`` among them."""
        return {**asdict(self), "better": self.better, "lift": self.lift}


def compare(
    a: RunScores,
    b: RunScores,
    *,
    metrics: Sequence[str] | None = None,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Compare two runs; see :func:`compare_all`.

    >>> users = tuple("abcdefgh")
    >>> one = RunScores("one", users, {"ndcg@10": np.linspace(0.1, 0.8, 8)})
    >>> two = RunScores("two", users, {"ndcg@10": np.linspace(0.0, 0.5, 8)})
    >>> result, = compare(one, two)
    >>> result.better, round(result.difference, 3), result.permutation_p
    ('one', 0.2, 0.0078125)
    """
    return compare_all([a, b], metrics=metrics, resamples=resamples, seed=seed)


def compare_all(
    runs: Sequence[RunScores],
    *,
    metrics: Sequence[str] | None = None,
    against: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Compare every pair of runs in every metric; Holm's correction is over all of it.

    Users with a ``nan`` on either side do not count in that metric. The number of sign flips grows
    with the family, so that the smallest p that can be drawn stays small after the correction.

    Args:
        runs: over the same users, in any order.
        metrics: names; those that all runs have if ``None``. Fewer metrics, fewer comparisons,
            less correction: name those the decision is about.
        against: compare only with the run of this name, which then is ``b``.
        resamples: sign flips at least, where they cannot all be gone through.
        seed: of the flips and of the bootstrap.

    Raises:
        DataError: fewer than two runs, two of one name, other users, or no metric in common.
    """
    pairs = _pairs(runs, against)
    names = _common_metrics(runs, metrics)
    family = len(pairs) * len(names)
    flips = max(resamples, 200 * family)
    tests = [test for a, b in pairs for test in _compare_pair(a, b, names, flips, seed, family)]
    adjusted = holm([test["permutation_p"] for test in tests])
    return tuple(
        Comparison(**test, adjusted_p=float(p)) for test, p in zip(tests, adjusted, strict=True)
    )


def seed_spread(values: Doubles) -> float | None:
    """Standard deviation (n - 1) of the seeds' means, of ``[n_seeds, n_users]``.

    ``None`` for ``[n_users]`` or one seed: one training says nothing of the next.

    >>> seed_spread(np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]))
    0.5
    """
    if values.ndim == 1 or len(values) < 2:
        return None
    return float(np.nanmean(values, axis=1).std(ddof=1))


def _compare_pair(
    a: RunScores, b: RunScores, names: Sequence[str], flips: int, seed: int, family: int
) -> list[dict[str, Any]]:
    """Everything of a :class:`Comparison` but the adjusted p, metric by metric."""
    place = {user: row for row, user in enumerate(b.users)}
    rows = np.array([place[user] for user in a.users], dtype=np.int64)
    left = np.column_stack([a.scores(name) for name in names])
    right = np.column_stack([b.scores(name) for name in names])[rows]
    known = ~(np.isnan(left) | np.isnan(right))
    # A missing difference is a zero to the flips: it never changes a sum.
    gaps = np.where(known, left - right, 0.0)
    owners = numbered(a.owners or a.users)
    # All rows of a user change their sign together.
    by_owner: Doubles = np.column_stack([_summed(owners, column) for column in gaps.T])
    chance = np.asarray(permutation_test(by_owner, resamples=flips, seed=seed))
    tests = []
    for column, name in enumerate(names):
        both = known[:, column]
        if not both.any():
            raise DataError(
                f"No user has '{name}' in both '{a.name}' and '{b.name}'.",
                hint="Leave the metric out of the comparison.",
            )
        gap = gaps[both, column]
        own = np.unique(owners[both], return_inverse=True)[1].astype(np.int64)
        low, high = bootstrap_intervals(gap[:, None], seed=seed, owners=own)[0]
        summed = _summed(own, gap)
        tests.append(
            {
                "metric": name,
                "a": a.name,
                "b": b.name,
                "users": int(both.sum()),
                "mean_a": float(left[both, column].mean()),
                "mean_b": float(right[both, column].mean()),
                "difference": float(gap.mean()),
                "low": float(low),
                "high": float(high),
                "t_p": paired_t(summed),
                "wilcoxon_p": wilcoxon(summed),
                "permutation_p": float(chance[column]),
                "family": family,
                "spread_a": a.spread(name),
                "spread_b": b.spread(name),
            }
        )
    return tests


def _summed(owners: Ints, values: Doubles) -> Doubles:
    return np.bincount(owners, values).astype(np.float64)


def _pairs(runs: Sequence[RunScores], against: str | None) -> list[tuple[RunScores, RunScores]]:
    names = [run.name for run in runs]
    if len(runs) < 2 or len(set(names)) < len(names):
        raise DataError(
            f"A comparison needs two runs or more with different names, not {names}.",
            hint="Name the runs apart.",
        )
    first = set(runs[0].users)
    for run in runs[1:]:
        if set(run.users) != first:
            raise DataError(
                f"Run '{run.name}' has other users than '{runs[0].name}': "
                f"{len(set(run.users) ^ first)} stand in only one of them.",
                hint="Compare runs over the same users: the same data, part, number and seed.",
            )
    if against is None:
        return list(combinations(runs, 2))
    if against not in names:
        raise DataError(f"There is no run '{against}' among {names}.", hint="Name one of them.")
    base = runs[names.index(against)]
    return [(run, base) for run in runs if run is not base]


def _common_metrics(runs: Sequence[RunScores], metrics: Sequence[str] | None) -> list[str]:
    shared = [name for name in runs[0].values if all(name in run.values for run in runs)]
    wanted = shared if metrics is None else list(metrics)
    missing = [name for name in wanted if name not in shared]
    if not wanted or missing:
        raise DataError(
            f"The runs do not all have the metric{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing) or 'of one another'}.",
            hint=f"All have: {', '.join(shared) or 'nothing in common'}.",
        )
    return wanted
