"""What a training tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EncoderStepReport", "EpochReport"]


@dataclass(frozen=True, slots=True)
class EncoderStepReport:
    """A step was made: 1-based ``step`` of ``steps`` in 1-based ``epoch``."""

    epoch: int
    step: int
    steps: int
    loss: float
    seconds: float


@dataclass(frozen=True, slots=True)
class EpochReport:
    """An epoch is over: mean training ``loss``, validation figures, whether they are the best yet.

    ``recall`` and ``ndcg`` are at 10 over the whole catalogue, ``None`` without validation;
    ``seconds`` include validation.
    """

    epoch: int
    loss: float
    recall: float | None
    ndcg: float | None
    best: bool
    seconds: float
