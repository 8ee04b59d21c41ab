"""Training the behaviour encoder on a shop's own event log."""

from __future__ import annotations

from llmrec.finetune.behaviour.recommender import BehaviourRecommender
from llmrec.finetune.behaviour.reports import EpochReport, StepReport
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.train import BehaviourResult, Catalogue, train_behaviour

__all__ = [
    "BehaviourRecommender",
    "BehaviourResult",
    "BehaviourSettings",
    "Catalogue",
    "EpochReport",
    "StepReport",
    "train_behaviour",
]
