"""What came of an experiment: likes, carts and purchases of what was shown, arm against arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from llmrec.experiment.experiment import ARMS, Arm, Experiment
from llmrec.experiment.exposures import OUTCOMES, Exposures, Reached
from llmrec.experiment.proportions import Share, same_share, share_of, split_as_promised
from llmrec.holm import holm

__all__ = [
    "ALPHA",
    "ArmOutcome",
    "ExperimentResult",
    "OutcomeTest",
    "experiment_result",
    "in_words",
    "judged",
]


@dataclass(frozen=True)
class ArmOutcome:
    """An arm: how it ranks, how many shoppers saw how many lists, and what share did what."""

    arm: Arm
    what: str
    shoppers: int
    lists: int
    outcomes: Mapping[str, Share]


@dataclass(frozen=True)
class OutcomeTest:
    """Whether both arms have the same share; ``adjusted_p`` is Holm's, over all outcomes."""

    outcome: str
    p: float
    adjusted_p: float


@dataclass(frozen=True)
class ExperimentResult:
    """An experiment so far.

    Attributes:
        name: which it is.
        days: for which an event counts after its item was shown.
        arms: A and B.
        both: shoppers who were in both arms, because ``share`` was changed; they are left out.
        split_p: of so many shoppers in B; tiny where the arms lose shoppers unequally.
        tests: one for each outcome.
        sentence: all of it in words.
    """

    name: str
    days: float
    arms: tuple[ArmOutcome, ...]
    both: int
    split_p: float
    tests: tuple[OutcomeTest, ...]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def experiment_result(
    experiment: Experiment, exposures: Exposures, days: float | None = None
) -> ExperimentResult:
    """What came of an experiment so far.

    Args:
        experiment: the one that runs.
        exposures: what it has shown.
        days: for which an event counts after its item was shown; by default as in its settings.

    Raises:
        CatalogError: the database cannot be read.
    """
    days = experiment.settings.days if days is None else days
    return judged(experiment, exposures.reached(experiment.name, days), days)


def judged(experiment: Experiment, shoppers: Iterable[Reached], days: float) -> ExperimentResult:
    """The result over these exposed shoppers, who are the sample."""
    counted = _Counts(shoppers)
    arms = tuple(counted.arm(arm, experiment.what(arm)) for arm in ARMS)
    tests = _tests(*arms)
    split_p = split_as_promised(arms[0].shoppers, arms[1].shoppers, experiment.settings.share)
    sentence = in_words(
        {arm.arm: arm.shoppers for arm in arms},
        {arm.arm: {name: share.share for name, share in arm.outcomes.items()} for arm in arms},
        {test.outcome: test.adjusted_p for test in tests},
        split_p,
    )
    return ExperimentResult(experiment.name, days, arms, counted.both, split_p, tests, sentence)


class _Counts:
    """Shoppers, lists and outcomes of each arm."""

    def __init__(self, shoppers: Iterable[Reached]) -> None:
        self.both = 0
        self._shoppers: Counter[str] = Counter()
        self._lists: Counter[str] = Counter()
        self._outcomes: Counter[tuple[str, str]] = Counter()
        for shopper in shoppers:
            if len(shopper.arms) > 1:
                self.both += 1
                continue
            (arm,) = shopper.arms
            self._shoppers[arm] += 1
            self._lists[arm] += shopper.lists
            self._outcomes.update((arm, kind.value) for kind in shopper.outcomes)

    def arm(self, arm: Arm, what: str) -> ArmOutcome:
        n = self._shoppers[arm]
        shares = {kind.value: share_of(self._outcomes[arm, kind.value], n) for kind in OUTCOMES}
        return ArmOutcome(arm, what, n, self._lists[arm], shares)


def _tests(a: ArmOutcome, b: ArmOutcome) -> tuple[OutcomeTest, ...]:
    names = [kind.value for kind in OUTCOMES]
    p_values = [
        same_share(a.outcomes[name].count, a.shoppers, b.outcomes[name].count, b.shoppers)
        for name in names
    ]
    adjusted = holm(p_values)
    return tuple(
        OutcomeTest(name, p, float(fair))
        for name, p, fair in zip(names, p_values, adjusted, strict=True)
    )


ALPHA = 0.05
"""An adjusted p below this lets an arm be called better."""

# The split is tested whenever somebody looks, so a false alarm must be much rarer than ALPHA.
_ODD_SPLIT = 0.001
_PLURAL = {"like": "likes", "cart": "carts", "purchase": "purchases"}


def in_words(
    shoppers: Mapping[str, int],
    shares: Mapping[str, Mapping[str, float | None]],
    adjusted: Mapping[str, float],
    split_p: float,
) -> str:
    """Say in a sentence or two which arm brings more of what, or that no difference is shown.

    Args:
        shoppers: of each arm.
        shares: of each arm's shoppers, by outcome.
        adjusted: each outcome's adjusted p.
        split_p: of so many shoppers in each arm.

    >>> in_words({"A": 9, "B": 8}, {"A": {"like": 0.1}, "B": {"like": 0.3}}, {"like": 0.2}, 1.0)
    'No difference shown: the smallest adjusted p is 0.200, with 9 shoppers in A and 8 in B.'
    """
    empty = [arm for arm, count in shoppers.items() if not count]
    if empty:
        sentence = f"Nothing to compare yet: nobody was shown a list in arm {' or '.join(empty)}."
    else:
        significant = [outcome for outcome, p in adjusted.items() if p < ALPHA]
        sentence = _differences(shares, adjusted, significant) or _no_difference(shoppers, adjusted)
    return f"{sentence} {_odd(shoppers)}" if split_p < _ODD_SPLIT else sentence


def _differences(
    shares: Mapping[str, Mapping[str, float | None]],
    adjusted: Mapping[str, float],
    significant: list[str],
) -> str:
    parts = []
    for outcome in significant:
        a, b = (shares[arm][outcome] or 0.0 for arm in ("A", "B"))
        (more, high), (less, low) = (("B", b), ("A", a)) if b > a else (("A", a), ("B", b))
        parts.append(
            f"{more} brings more {_PLURAL.get(outcome, outcome)}: {high:.1%} of its shoppers, "
            f"{low:.1%} of {less}'s (adjusted p {_p(adjusted[outcome])})"
        )
    return "; ".join(parts) + "." if parts else ""


def _no_difference(shoppers: Mapping[str, int], adjusted: Mapping[str, float]) -> str:
    return (
        f"No difference shown: the smallest adjusted p is {_p(min(adjusted.values()))}, with "
        f"{shoppers['A']:,} shoppers in A and {shoppers['B']:,} in B."
    )


def _odd(shoppers: Mapping[str, int]) -> str:
    return (
        f"But {shoppers['A']:,} shoppers in A and {shoppers['B']:,} in B do not fit the share: "
        "find out first whether it was changed, or whether one arm fails."
    )


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "below 0.001"
