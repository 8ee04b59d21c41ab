"""Learning from the shop's own histories: ranking examples, their loss, LoRA training."""

from __future__ import annotations

from llmrec.finetune.card import adapter_card, publish_adapter
from llmrec.finetune.examples import ExampleCounts, ExampleSet, RankingExample, build_examples
from llmrec.finetune.ranker import EvaluationReport, LoraReport, StepReport, train_lora
from llmrec.finetune.settings import LoraSettings

__all__ = [
    "EvaluationReport",
    "ExampleCounts",
    "ExampleSet",
    "LoraReport",
    "LoraSettings",
    "RankingExample",
    "StepReport",
    "adapter_card",
    "build_examples",
    "publish_adapter",
    "train_lora",
]
