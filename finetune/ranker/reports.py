"""What the training of an adapter tells while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from llmrec.artifacts import Figure

__all__ = ["EvaluationReport", "LoraReport", "Observer", "StepReport"]


@dataclass(frozen=True, slots=True)
class StepReport:
    """One optimizer step: mean ``loss`` and ``accuracy`` of its ``examples`` before the update."""

    step: int
    steps: int
    epoch: int
    examples: int
    loss: float
    accuracy: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Validation after ``step`` steps: cross-entropy in nats, accuracy, NDCG@10.

    ``ndcg`` is of model and retriever together, and ``None`` where nothing is ranked;
    ``best`` says that no loss before was as low.
    """

    step: int
    loss: float
    accuracy: float
    ndcg: float | None
    best: bool
    seconds: float


Observer: TypeAlias = Callable[[StepReport | EvaluationReport], None]
"""Told after each step and each evaluation."""


@dataclass(frozen=True)
class LoraReport:
    """A finished run. ``resumed_from`` is the step it continued after, 0 if it did not.

    ``validation`` has figures of the adapter that was written: ``accuracy`` and ``loss``, before
    them what it adds to the retriever where the examples know the retriever's scores, and is empty
    if there were no examples to validate on. ``llm_weight`` is the best share of the model in the
    fused score. ``best`` is the step whose adapter was written; ``timed_out`` says that the run
    had no time to end. ``retrieval_scale`` is what the retriever's scores were multiplied by in the
    loss, where an order was learned.
    """

    adapter: Path
    steps: tuple[StepReport, ...]
    resumed_from: int
    trainable: int
    seconds: float
    validation: Mapping[str, Figure]
    evaluations: tuple[EvaluationReport, ...] = ()
    best: int = 0
    llm_weight: float | None = None
    retrieval_scale: float | None = None
    warnings: tuple[str, ...] = ()
    timed_out: bool = False

    @property
    def accuracy(self) -> float | None:
        """Share of validation examples whose answer it puts first."""
        return self.validation["accuracy"].mean if self.validation else None

    @property
    def loss(self) -> float | None:
        """Mean cross-entropy of the validation examples, in nats."""
        return self.validation["loss"].mean if self.validation else None
