"""Choose a baseline's settings on validation, within a stated budget of trials."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from llmrec.eval.baselines.fold import Fold
from llmrec.eval.baselines.recipes import Recipe, fit_baseline, recipe
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.judging.asking import ManyRecommender
from llmrec.eval.judging.evaluate import evaluate

__all__ = ["Trial", "Tuned", "tune"]


@dataclass(frozen=True)
class Trial:
    """One setting and what it reached on validation."""

    settings: Mapping[str, Any]
    value: float
    seconds: float


@dataclass(frozen=True)
class Tuned:
    """A baseline with the best settings found.

    Attributes:
        name: of the baseline.
        model: learnt anew from all that the asked part may know.
        settings: the best ones.
        metric: what was compared, e.g. ``ndcg@10``.
        budget: how many trials were allowed.
        trials: all of them, in the order of trying.
    """

    name: str
    model: ManyRecommender
    settings: Mapping[str, Any]
    metric: str
    budget: int
    trials: tuple[Trial, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without the model."""
        return {
            "budget": self.budget,
            "metric": self.metric,
            "trials": [
                {"settings": dict(trial.settings), "value": trial.value, "seconds": trial.seconds}
                for trial in self.trials
            ],
        }


def tune(
    name: str,
    data: EvalData,
    *,
    budget: int = 20,
    seed: int = 0,
    users: int | None = None,
    metric: str = "ndcg@10",
    part: str = "test",
    progress: Callable[[int], None] | None = None,
) -> Tuned:
    """Try up to ``budget`` settings on validation, then learn the best for ``part``.

    All combinations are tried if they fit into the budget, else a random draw of them (Bergstra &
    Bengio 2012). The test part is never looked at.

    Args:
        name: of the baseline.
        data: a split with its catalogue.
        budget: most trials.
        seed: of the draw, and of the models.
        users: validate on so many users, drawn once; all if ``None``.
        metric: what to maximise.
        part: what the model is for: ``test`` may know the validation targets too.
        progress: called with 1 after each trial.
    """
    chosen = recipe(name)
    fold, k = Fold.of(data, "valid"), int(metric.rpartition("@")[2])
    trials = []
    for settings in _trials(chosen, budget, seed):
        started = perf_counter()
        model = fit_baseline(name, fold, settings, seed=seed)
        outcome = evaluate(
            model, data.split, (k,), part="valid", users=users, seed=seed, resamples=1
        )
        trials.append(Trial(settings, outcome.means[metric], perf_counter() - started))
        if progress:
            progress(1)
    # Of equals the first: the order of the space goes from plain to elaborate.
    best = max(trials, key=lambda trial: trial.value).settings
    fold.cache.pop("ease", None)
    last = fold if part == "valid" else Fold.of(data, "test")
    for key in ("text", "text-vectors"):
        shared = {entry: value for entry, value in fold.cache.items() if entry[0] == key}
        last.cache.update(shared)
    model = fit_baseline(name, last, best, seed=seed)
    return Tuned(name, model, best, metric, budget, tuple(trials))


def _trials(chosen: Recipe, budget: int, seed: int) -> list[dict[str, Any]]:
    names = list(chosen.space)
    every = [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*chosen.space.values())
    ]
    if len(every) <= budget:
        return every
    drawn = sorted(random.Random(seed).sample(range(len(every)), max(1, budget)))
    return [every[place] for place in drawn]
