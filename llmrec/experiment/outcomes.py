"""What came of an experiment: likes, carts and purchases of what was shown, arm against arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from llmrec.experiment.assignment import ARMS, Arm
from llmrec.experiment.experiment import Experiment
from llmrec.experiment.exposures import OUTCOMES, Exposures, Reached
from llmrec.experiment.proportions import Share, same_share, share_of, split_as_promised
from llmrec.experiment.sentence import in_words
from llmrec.holm import holm

__all__ = ["ArmOutcome", "ExperimentResult", "OutcomeTest", "experiment_result", "judged"]


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
        {one.arm: one.shoppers for one in arms},
        {one.arm: {name: share.share for name, share in one.outcomes.items()} for one in arms},
        {one.outcome: one.adjusted_p for one in tests},
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
        for one in shoppers:
            if len(one.arms) > 1:
                self.both += 1
                continue
            (arm,) = one.arms
            self._shoppers[arm] += 1
            self._lists[arm] += one.lists
            self._outcomes.update((arm, kind.value) for kind in one.outcomes)

    def arm(self, arm: Arm, what: str) -> ArmOutcome:
        n = self._shoppers[arm]
        shares = {kind.value: share_of(self._outcomes[arm, kind.value], n) for kind in OUTCOMES}
        return ArmOutcome(arm, what, n, self._lists[arm], shares)


def _tests(a: ArmOutcome, b: ArmOutcome) -> tuple[OutcomeTest, ...]:
    names = [kind.value for kind in OUTCOMES]
    found = [
        same_share(a.outcomes[name].count, a.shoppers, b.outcomes[name].count, b.shoppers)
        for name in names
    ]
    adjusted = holm(found)
    return tuple(
        OutcomeTest(name, p, float(fair))
        for name, p, fair in zip(names, found, adjusted, strict=True)
    )
