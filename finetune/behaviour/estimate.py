"""What a training will cost, before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from llmrec.finetune.behaviour.continuing import Origin, hold_out_new
from llmrec.finetune.behaviour.prepare import Catalogue, Training
from llmrec.finetune.behaviour.sequences import hold_out, in_order
from llmrec.finetune.behaviour.settings import BehaviourSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmrec.finetune.behaviour.steps import EncoderStepper
    from llmrec.types import Event

__all__ = ["Estimate", "estimate"]

_WARM_UP, _TIMED = 1, 3
_COPIES = 6
"""Weights, gradients, two moments of Adam, the best weights, and the table a step makes of them."""

_PER_EVENT = 100
"""Vectors of ``dim`` numbers that a layer holds of an event, as measured (277 MB on Beauty)."""


@dataclass(frozen=True)
class Estimate:
    """The size of a training.

    ``seconds_per_epoch`` are measured on a few steps, without validation; ``bytes`` come on top of
    what Python and torch take themselves (about 400 MB).
    """

    events: int
    users: int
    items: int
    new_items: int
    parameters: int
    steps: int
    loss: str
    precision: str
    seconds_per_epoch: float
    bytes: int


def estimate(
    events: Iterable[Event],
    catalogue: Catalogue,
    settings: BehaviourSettings,
    origin: Origin | None = None,
) -> Estimate:
    """Prepare everything, make a few steps, and throw them away.

    Args:
        events: the log.
        catalogue: all items.
        settings: of the run.
        origin: what it goes on from, if it does.

    Raises:
        DataError: nobody has two different items, or a new one.
    """
    known, chosen = in_order(events), settings
    if origin is None:
        run = Training(hold_out(known)[0], catalogue, settings)
    else:
        origin.check(catalogue)
        cut = hold_out_new(known, origin.new, chosen.validation_users, chosen.seed)
        run = origin.run(cut[0], catalogue, settings)
    stepper = run.stepper()
    return Estimate(
        events=len(run.events) if origin is None else len(run.sequences.items),
        users=run.sequences.users,
        items=len(run.ids),
        new_items=len(catalogue.ids) - len(run.ids) if run.basis else 0,
        parameters=run.parameters,
        steps=len(stepper.batches(0)),
        loss="full softmax" if stepper.full else f"{settings.negatives} sampled items",
        precision="bf16" if stepper.bf16 else "fp32",
        seconds_per_epoch=_seconds(stepper),
        bytes=_bytes(run, stepper),
    )


def _seconds(stepper: EncoderStepper) -> float:
    import torch

    batches = stepper.batches(0)
    stepper.network.train()
    with torch.random.fork_rng():
        for place, windows in enumerate(batches[:_WARM_UP]):
            stepper.step(windows, 0, place, place)
        timed = batches[_WARM_UP : _WARM_UP + _TIMED] or batches[:1]
        started = perf_counter()
        for place, windows in enumerate(timed):
            stepper.step(windows, 0, place, place)
    return (perf_counter() - started) / len(timed) * len(batches)


def _bytes(run: Training, stepper: EncoderStepper) -> int:
    from llmrec.finetune.behaviour.softmax import chunk_rows

    config = run.config
    rows = chunk_rows(len(run.ids)) if stepper.full else 2 * stepper.settings.batch
    width = len(run.ids) if stepper.full else stepper.settings.negatives
    activations = stepper.settings.batch * config.layers * _PER_EVENT * config.dim
    copies = _COPIES + bool(stepper.settings.averaging)
    numbers = copies * run.parameters + 3 * rows * width + activations
    features = len(run.ids) * config.text_rank
    return 4 * (numbers + features) + 32 * len(run.sequences.items)
