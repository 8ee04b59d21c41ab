"""Settings of a behaviour encoder's training."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from llmrec.embedding.behaviour.config import LayerKind, Positions

__all__ = ["BehaviourSettings", "learning_rate_at"]


class BehaviourSettings(BaseModel):
    """How a behaviour encoder is built and trained.

    A step takes windows of at most ``history`` events, ``batch`` events in all or a window more.
    ``precision`` ``auto`` is bf16 where the processor multiplies in it, else fp32. ``loss``
    ``auto`` compares each target with every item up to ``full_limit`` items, beyond with
    ``negatives`` drawn ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dim: int = Field(128, ge=2)
    layers: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)
    feedforward: int = Field(4, ge=1, description="inner width of a layer, in multiples of dim")
    layer: LayerKind = "ligr"
    positions: Positions = "recent"
    history: int = Field(50, ge=1, description="most recent events that are read")
    text: bool = Field(True, description="start from, and add, the items' text vectors")
    text_rank: int | None = Field(None, ge=1, description="of the text vectors; default dim")
    kinds: bool = Field(True, description="read event kinds, where the log has more than one")
    gaps: bool = Field(False, description="read the time between events, where the log has times")
    loss: Literal["auto", "full", "sampled"] = "auto"
    full_limit: int = Field(50_000, ge=1, description="items up to which the loss is full")
    negatives: int = Field(1024, ge=1, description="drawn items of a sampled loss")
    smoothing: float = Field(0.3, ge=0, lt=1, description="label smoothing of the full loss")
    dropout: float = Field(0.5, ge=0, lt=1)
    id_dropout: float = Field(0.0, ge=0, lt=1, description="share of items known by text alone")
    learning_rate: float = Field(1e-3, gt=0)
    decay: float = Field(1.0, gt=0, le=1, description="the rate is multiplied by it each epoch")
    averaging: float = Field(
        0.0, ge=0, lt=1, description="weights are a moving average over steps, of this decay"
    )
    weight_decay: float = Field(0.01, ge=0)
    warmup: int = Field(100, ge=0, description="steps over which the rate rises")
    max_grad_norm: float = Field(5.0, gt=0)
    batch: int = Field(1500, ge=1, description="events in one step")
    epochs: int = Field(100, ge=1, description="at most")
    patience: int = Field(5, ge=1, description="epochs without a better validation until it stops")
    validation_users: int = Field(10_000, ge=1, description="most users that validation asks")
    refit: bool = Field(False, description="then train anew on everything, as many epochs")
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    save_every: int = Field(500, ge=1, description="steps between checkpoints within an epoch")
    seed: int = 0

    @model_validator(mode="after")
    def _heads_fit(self) -> BehaviourSettings:
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} cannot be divided by heads {self.heads}")
        return self


def learning_rate_at(step: int, epoch: int, settings: BehaviourSettings) -> float:
    """The learning rate of 0-based ``step`` of the whole run, in 0-based ``epoch``.

    >>> settings = BehaviourSettings(learning_rate=1.0, warmup=4, decay=0.5)
    >>> [learning_rate_at(step, step // 4, settings) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.5]
    """
    rising = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    return settings.learning_rate * rising * settings.decay**epoch
