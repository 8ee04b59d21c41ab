"""What a training will cost, before it starts."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from llmrec.finetune.examples import ExampleSet
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.task import T, Task
from llmrec.finetune.ranker.train import RankingTask
from llmrec.finetune.ranker.wrap import Adapted, require_peft
from llmrec.finetune.settings import LoraSettings
from llmrec.weights import locate

if TYPE_CHECKING:
    from llmrec.finetune.ranker.steps import Stepper

__all__ = ["RankerEstimate", "estimate_ranker", "estimate_training"]

_TIMED, _SLOW = 2, 5.0
_VALIDATING = 1 / 3
"""Of a training pass, what a pass forward alone takes."""


@dataclass(frozen=True)
class RankerEstimate:
    """The size of a training; ``tokens`` are those of all training prompts, once.

    ``seconds`` are measured on a few steps and hold for all epochs with their evaluations, if it
    does not stop early. ``bytes`` are the most that the process, or the card, held meanwhile.
    """

    examples: int
    validation: int
    tokens: int
    longest: int
    steps: int
    trainable: int
    precision: str
    seconds: float
    bytes: int


def estimate_ranker(
    sample: ExampleSet, base: str, settings: LoraSettings, *, examples: int, validation: int
) -> RankerEstimate:
    """:func:`estimate_training` of the ranker, from a sample of its examples."""
    task = RankingTask(sample)
    return estimate_training(task, base, settings, examples=examples, validation=validation)


def estimate_training(
    task: Task[T], base: str, settings: LoraSettings, *, examples: int, validation: int
) -> RankerEstimate:
    """Load the base, make a few steps on the longest examples, throw them away.

    Args:
        task: with a sample of the training's examples, or all of them.
        base: weights as ``llmrec models`` names them.
        settings: of the run.
        examples: how many there will be to train on.
        validation: and to validate with.

    Raises:
        MissingExtra: peft is not installed, or bitsandbytes for a quantized base.
        ModelError: the base is missing.
        OutOfMemory: it does not fit.
    """
    import torch

    from llmrec.engines.local.torch_errors import torch_errors
    from llmrec.finetune.ranker.steps import Stepper

    require_peft()
    place = Place(settings)
    with torch.random.fork_rng(), torch_errors("trying a few steps", hint="Lower batch."):
        adapted = Adapted(base, locate(base), settings, place)
        tokens, _ = task.tokens(adapted, settings)
        adapted.wrap()
        tried = _longest(tokens, settings.batch)
        one_pass = settings.model_copy(update={"accumulation": 1, "epochs": 1})
        stepper = Stepper(adapted.model.train(), tried, task.losses, one_pass, place)
        each = _seconds_per_token(stepper, tried)
    total = round(sum(len(token.tokens) for token in tokens) / len(tokens) * examples)
    per_step = settings.batch * settings.accumulation
    steps = -(-examples // per_step)
    rounds = max(1, steps // settings.evaluate_every) if settings.evaluate_every else 1
    validating = total / examples * validation * rounds * _VALIDATING
    return RankerEstimate(
        examples=examples,
        validation=validation,
        tokens=total,
        longest=max(len(token.tokens) for token in tokens),
        steps=steps * settings.epochs,
        trainable=sum(parameter.numel() for parameter in adapted.parameters),
        precision=f"{settings.quantization or ''} {'bf16' if place.bf16 else 'fp32'}".strip(),
        seconds=each * (total + validating) * settings.epochs,
        bytes=_bytes(),
    )


def _longest(tokens: list[T], most: int) -> list[T]:
    return sorted(tokens, key=lambda example: -len(example.tokens))[:most]


def _seconds_per_token(stepper: Stepper[T], tried: list[T]) -> float:
    mean = sum(len(example.tokens) for example in tried) / len(tried)
    started = perf_counter()
    done = stepper.step(0).examples
    # A step that is slow is slow without its warming up, too.
    if perf_counter() - started < _SLOW:
        started = perf_counter()
        done = sum(stepper.step(0).examples for _ in range(_TIMED))
    return (perf_counter() - started) / (done * mean)


def _bytes() -> int:
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
