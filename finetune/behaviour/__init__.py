"""Training the behaviour encoder on a shop's own event log."""

from __future__ import annotations

from llmrec.finetune.behaviour.estimate import Estimate, estimate
from llmrec.finetune.behaviour.prepare import Catalogue
from llmrec.finetune.behaviour.publish import PublishedEncoder, publish_behaviour
from llmrec.finetune.behaviour.recommender import BehaviourRecommender
from llmrec.finetune.behaviour.reports import EncoderStepReport, EpochReport
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.shop import ShopData, shop_data
from llmrec.finetune.behaviour.train import (
    BehaviourResult,
    continue_behaviour,
    train_behaviour,
)

__all__ = [
    "BehaviourRecommender",
    "BehaviourResult",
    "BehaviourSettings",
    "Catalogue",
    "EncoderStepReport",
    "EpochReport",
    "Estimate",
    "PublishedEncoder",
    "ShopData",
    "continue_behaviour",
    "estimate",
    "publish_behaviour",
    "shop_data",
    "train_behaviour",
]
