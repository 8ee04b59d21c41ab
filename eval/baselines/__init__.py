"""Baselines: what any recommender has to beat, each tuned on validation within a stated budget."""

from __future__ import annotations

from llmrec.eval.baselines.fold import Fold
from llmrec.eval.baselines.recipes import BASELINES, Recipe, fit_baseline, recipe
from llmrec.eval.baselines.scored import ScoredBaseline
from llmrec.eval.baselines.tuning import Trial, Tuned, tune

__all__ = [
    "BASELINES",
    "Fold",
    "Recipe",
    "ScoredBaseline",
    "Trial",
    "Tuned",
    "fit_baseline",
    "recipe",
    "tune",
]
