"""Training the adapter that ranks: wrap a base, take steps, validate, write the best."""

from __future__ import annotations

from llmrec.finetune.ranker.reports import EvaluationReport, LoraReport, StepReport
from llmrec.finetune.ranker.train import train_lora

__all__ = ["EvaluationReport", "LoraReport", "StepReport", "train_lora"]
