"""Learning how much each retrieval source counts, from a shop's own log."""

from __future__ import annotations

from llmrec.finetune.fusion.ask import ask_sources
from llmrec.finetune.fusion.choose import BEFORE, BY_HAND, Choice, choose_fusion
from llmrec.finetune.fusion.held_out import CutLog, hold_out_shop
from llmrec.finetune.fusion.publish import PublishedFusion, publish_fusion
from llmrec.finetune.fusion.settings import FusionSettings
from llmrec.finetune.fusion.table import SourceRow, fused_figures, source_rows
from llmrec.finetune.fusion.train import PART, FusionResult, train_fusion

__all__ = [
    "BEFORE",
    "BY_HAND",
    "PART",
    "Choice",
    "CutLog",
    "FusionResult",
    "FusionSettings",
    "PublishedFusion",
    "SourceRow",
    "ask_sources",
    "choose_fusion",
    "fused_figures",
    "hold_out_shop",
    "publish_fusion",
    "source_rows",
    "train_fusion",
]
