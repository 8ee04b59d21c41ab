"""Tune a baseline on validation and run it, into a folder that remembers what was chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llmrec.eval.baselines import Fold, fit_baseline, recipe, tune
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.splits import Part
from llmrec.eval.judging.asking import ManyRecommender
from llmrec.eval.runs.record import Run
from llmrec.eval.runs.runner import Observer, make_plan, run

__all__ = ["run_baseline"]

_BATCH = 256


def run_baseline(
    data: EvalData,
    baseline: str,
    out: Path,
    *,
    name: str | None = None,
    part: Part = "test",
    ks: Sequence[int] = (5, 10, 20),
    users: int | None = None,
    seed: int = 0,
    budget: int = 20,
    batch: int = _BATCH,
    negatives: int | None = None,
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
        name: of the run; the baseline's own by default.
        part: which part is asked.
        ks: list lengths to report.
        users: how many are drawn for ``part``; tuning takes as many of validation.
        seed: of all draws.
        budget: most trials.
        batch: users asked at once.
        negatives: rank targets among so many drawn items only; tuning ranks the whole catalogue.
        resume: go on with what is there.
        tuning: told the number of trials done and of all.
        progress: told the number of users answered and of all.

    Raises:
        ConfigError: there is no such baseline.
        MissingExtra: it wants a package that is not installed.
        DataError: see :func:`~llmrec.eval.runs.runner.run`.
    """
    chosen = _kept(out, baseline, budget, users) if resume else None
    model: ManyRecommender
    if chosen is not None:
        model = _Later(data, baseline, chosen["settings"], part, seed)
    else:
        trials, tell = min(budget, recipe(baseline).size), _Counter(tuning)
        tell(0, trials)
        found = tune(
            baseline,
            data,
            budget=budget,
            seed=seed,
            users=users,
            part=part,
            progress=lambda done: tell(done, trials),
        )
        model = found.model
        chosen = {"settings": dict(found.settings), "tuned": {**found.to_dict(), "users": users}}
    plan = make_plan(
        data,
        name=name or baseline,
        recommender={"name": baseline, "kind": "baseline", **chosen},
        part=part,
        ks=ks,
        users=users,
        seed=seed,
        batch=batch,
        negatives=negatives,
    )
    return run(model, data, plan, out, resume=resume, progress=progress)


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
