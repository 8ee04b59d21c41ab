"""Settings of a training run."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from llmrec.retired import without_retired

__all__ = ["LoraSettings", "learning_rate_at"]


_RETIRED = {
    "orders": "candidates are judged apart, and their order cannot matter",
    "residual": "a ranker always learns beside the retriever's scores",
}


class LoraSettings(BaseModel):
    """How a LoRA adapter is trained (Hu et al. 2022).

    One step takes ``batch * accumulation`` examples in each process. The rate rises linearly over
    the ``warmup`` share of all steps and then falls linearly to zero. ``precision`` ``auto`` is
    bf16 where the hardware multiplies in it. With examples to validate on, training ends when
    their loss has not fallen for ``patience`` evaluations.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    r: int = Field(16, ge=1, description="rank of the update")
    alpha: int = Field(32, ge=1, description="the update is scaled by alpha / r")
    dropout: float = Field(0.05, ge=0, lt=1)
    target_modules: str | tuple[str, ...] = "all-linear"
    per_user: int = Field(1, ge=1, description="how many items of a user are trained on")
    folds: int = Field(
        0,
        ge=0,
        le=20,
        description="train on every item of each user instead, with candidates of a retriever that "
        "has learned from the other folds of users: so many retrievers; 0: on per_user items",
    )
    next_title: float = Field(
        0.0,
        ge=0,
        description="weight of a second loss beside the ranker's: to foretell each title of the "
        "history from those before it",
    )
    learning_rate: float = Field(2e-4, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    warmup: float = Field(0.05, ge=0, le=1)
    max_grad_norm: float = Field(1.0, gt=0)
    epochs: int = Field(1, ge=1)
    batch: int = Field(4, ge=1, description="examples in one forward pass")
    accumulation: int = Field(4, ge=1, description="forward passes in one step")
    buckets: int = Field(
        50, ge=1, description="batches within which examples are sorted by length; 1: none"
    )
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    quantization: Literal["int8", "nf4"] | None = Field(None, description="of the frozen base")
    gradient_checkpointing: bool = Field(
        False, description="compute activations twice instead of keeping them: less memory, slower"
    )
    evaluate_every: int | None = Field(
        None, ge=1, description="steps between evaluations; unset, once an epoch"
    )
    patience: int = Field(3, ge=1, description="evaluations without a lower loss until it stops")
    max_tokens: int = Field(4096, ge=16, description="longest example, all its branches together")
    save_every: int = Field(100, ge=1, description="steps between checkpoints")
    seed: int = 0

    @field_validator("folds")
    @classmethod
    def _others_to_learn_from(cls, folds: int) -> int:
        if folds == 1:
            raise ValueError("one fold leaves no others to learn from; give 2 or more, or 0")
        return folds

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, values: Any) -> Any:
        return without_retired(values, "training", _RETIRED)


def learning_rate_at(step: int, steps: int, settings: LoraSettings) -> float:
    """The learning rate of 0-based ``step`` out of ``steps``.

    >>> settings = LoraSettings(learning_rate=1.0, warmup=0.5)
    >>> [learning_rate_at(step, 4, settings) for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    rising = int(settings.warmup * steps)
    if step < rising:
        return settings.learning_rate * (step + 1) / rising
    return settings.learning_rate * (steps - step) / (steps - rising)
