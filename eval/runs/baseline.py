"""Tune a baseline on validation and run it, into a folder that remembers what was chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llmrec.eval.baselines import Fold, Tuned, fit_baseline, recipe, tune
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.splits import Part
from llmrec.eval.judging.asking import ManyRecommender
from llmrec.eval.runs.record import Run
from llmrec.eval.runs.runner import Observer, PlanOptions, make_plan, run

__all__ = ["run_baseline"]

_BATCH = 256
_FLATTERED = (
    "The settings of {baseline} were chosen on the validation cases that it is measured on here: "
    "its figures are a little too high."
)


def run_baseline(
    data: EvalData,
    baseline: str,
    out: Path,
    options: PlanOptions | None = None,
    *,
    budget: int = 20,
    resume: bool = False,
    tuning: Observer | None = None,
    progress: Observer | None = None,
) -> Run:
    """Run ``baseline`` with the settings that validation likes best within ``budget`` trials.

    With ``resume`` the settings come from the plan that is there, so that nothing is tuned twice.

    Args:
        data: on what.
        baseline: a name of :data:`~llmrec.eval.baselines.BASELINES`.
        out: the run's folder.
        options: of the run; tuning takes as many users, of validation, and always ranks the whole
            catalogue.
        budget: most trials.
        resume: go on with what is there.
        tuning: told the number of trials done and of all.
        progress: told the number of users answered and of all.

    Raises:
        ConfigError: there is no such baseline.
        MissingExtra: it wants a package that is not installed.
        DataError: see :func:`~llmrec.eval.runs.runner.run`.
    """
    options = options or PlanOptions()
    chosen = _kept(out, baseline, budget, options.users) if resume else None
    model: ManyRecommender
    if chosen is not None:
        model = _Later(data, baseline, chosen["settings"], options.part, options.seed)
    else:
        best = _tuned(data, baseline, options, budget, tuning)
        model = best.model
        tuned = {**best.to_dict(), "users": options.users}
        chosen = {"settings": dict(best.settings), "tuned": tuned}
    recommender = {"name": baseline, "kind": "baseline", **chosen}
    plan = make_plan(data, recommender, options, batch=_BATCH)
    tried = len((chosen["tuned"] or {}).get("trials") or ())
    flattered = options.part == "valid" and tried > 1
    notes = [_FLATTERED.format(baseline=baseline)] if flattered else []
    return run(model, data, plan, out, resume=resume, notes=notes, progress=progress)


def _tuned(
    data: EvalData, baseline: str, options: PlanOptions, budget: int, observer: Observer | None
) -> Tuned:
    trials, tell = min(budget, recipe(baseline).size), _Counter(observer)
    tell(0, trials)
    return tune(
        baseline,
        data,
        budget=budget,
        seed=options.seed,
        users=options.users,
        part=options.part,
        progress=lambda done: tell(done, trials),
    )


@dataclass
class _Counter:
    """Adds up what tuning reports."""

    observer: Observer | None
    done: int = 0

    def __call__(self, more: int, total: int) -> None:
        self.done += more
        if self.observer:
            self.observer(self.done, total)


@dataclass
class _Later:
    """A baseline that learns when it is first asked: a finished run never asks."""

    data: EvalData
    baseline: str
    settings: Mapping[str, Any]
    part: Part
    seed: int

    @cached_property
    def model(self) -> ManyRecommender:
        fold = Fold.of(self.data, self.part)
        return fit_baseline(self.baseline, fold, self.settings, seed=self.seed)

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> Sequence[Any]:
        return self.model.recommend_many(histories, k=k)


def _kept(out: Path, baseline: str, budget: int, users: int | None) -> dict[str, Any] | None:
    """What the plan in ``out`` says of the settings, if they were found in the same way."""
    file = out / "plan.json"
    if not file.is_file():
        return None
    kept = json.loads(file.read_text(encoding="utf-8"))["recommender"]
    tuned = kept["tuned"] or {}
    same = (kept["name"], tuned.get("budget"), tuned.get("users")) == (baseline, budget, users)
    return {"settings": kept["settings"], "tuned": tuned} if same else None
