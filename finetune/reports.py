"""What the training of an adapter tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["StepReport"]


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
