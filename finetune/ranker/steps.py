"""One step of training an adapter: batches in, a loss and better weights out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Generic

import numpy as np
import torch

from llmrec.errors import ModelError
from llmrec.finetune.pieces import whole
from llmrec.finetune.ranker.buckets import epoch_batches, epoch_steps
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import StepReport
from llmrec.finetune.ranker.task import T
from llmrec.finetune.settings import LoraSettings, learning_rate_at

__all__ = ["Stepper"]


class Stepper(Generic[T]):
    """A model with its optimizer, and the examples that it learns from.

    Every step draws its dropout from a seed of its own, so that a run that is resumed at any step
    goes on with the same numbers and no generator's state has to be kept.

    Args:
        model: with an adapter.
        examples: all of them; every process has the same.
        losses: of a task (:meth:`llmrec.finetune.ranker.task.Task.losses`).
        settings: of the run.
        place: where this process runs, and beside how many.
    """

    def __init__(
        self,
        model: Any,
        examples: Sequence[T],
        losses: Callable[[Any, Sequence[T], str], tuple[torch.Tensor, torch.Tensor]],
        settings: LoraSettings,
        place: Place,
    ) -> None:
        self._examples, self._losses = examples, losses
        self._settings, self._place = settings, place
        self._model = place.shared(model)
        # Behind it: a model in pieces has other parameters.
        self._parameters = [
            parameter for parameter in model.parameters() if parameter.requires_grad
        ]
        self.optimizer = torch.optim.AdamW(
            self._parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._device = str(model.device)
        self._lengths = [len(example.tokens) for example in examples]
        # ``batch`` and ``accumulation`` are those of one process.
        self._passes = settings.accumulation * place.processes
        self.per_epoch = math.ceil(math.ceil(len(examples) / settings.batch) / self._passes)
        self.steps = self.per_epoch * settings.epochs
        self._epoch: tuple[int, list[list[list[int]]]] = (-1, [])

    def step(self, step: int) -> StepReport:
        """Take 0-based ``step`` of the whole run.

        Raises:
            ModelError: the loss is not a number any more.
        """
        epoch, place = divmod(step, self.per_epoch)
        batches = self._batches(epoch)[place]
        total = sum(map(len, batches))
        seed = np.random.SeedSequence([self._settings.seed, step, self._place.rank])
        torch.manual_seed(int(seed.generate_state(1)[0]))
        rate = learning_rate_at(step, self.steps, self._settings)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss, hits = self._place.total(*self._passes_of(batches, total))
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, self._settings.max_grad_norm)
        self._check(step, loss / total, float(whole(norm)), rate)
        self.optimizer.step()
        return StepReport(step + 1, self.steps, epoch + 1, total, loss / total, hits / total, rate)

    def _batches(self, epoch: int) -> list[list[list[int]]]:
        if self._epoch[0] != epoch:
            chosen = self._settings
            batches = epoch_batches(
                self._lengths, epoch, chosen.seed, batch=chosen.batch, buckets=chosen.buckets
            )
            self._epoch = epoch, epoch_steps(batches, self._passes)
        return self._epoch[1]

    def _passes_of(self, batches: list[list[int]], total: int) -> tuple[float, float]:
        """Forward and backward passes of this process. Returns its sums of losses and of hits."""
        batches_here = batches[self._place.rank :: self._place.processes]
        rounds = math.ceil(len(batches) / self._place.processes)
        loss = hits = 0.0
        for number in range(rounds):
            # All processes take as many passes; who has none left repeats one that weighs nothing.
            idle = number >= len(batches_here)
            chosen = [
                self._examples[place] for place in (batches[0] if idle else batches_here[number])
            ]
            last = number == rounds - 1
            with nullcontext() if last else self._place.unsynced(self._model):
                losses, right = self._pass(chosen, 0.0 if idle else 1 / total)
            if not idle:
                loss, hits = loss + losses, hits + right
        return loss, hits

    def _pass(self, chosen: list[T], weight: float) -> tuple[float, float]:
        with self._place.autocast():
            losses, hits = self._losses(self._model, chosen, self._device)
        # By the whole step's examples, so that a short batch weighs no more; gradients of several
        # processes are averaged, not summed.
        torch.autograd.backward(losses.sum() * weight * self._place.processes)
        return float(losses.detach().sum()), float(hits.sum())

    def _check(self, step: int, loss: float, norm: float, rate: float) -> None:
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise ModelError(
                f"The loss is not a number any more at step {step + 1} of {self.steps} "
                f"(loss {loss}, gradient {norm}, learning rate {rate:.3g}).",
                hint="Train with a lower learning_rate or max_grad_norm; the last checkpoint is "
                "kept.",
            )
