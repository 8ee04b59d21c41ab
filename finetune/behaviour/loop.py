"""The epochs: steps, validation, the best weights so far, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from llmrec.finetune.behaviour.reports import EncoderStepReport, EpochReport
from llmrec.finetune.behaviour.steps import EncoderStepper
from llmrec.finetune.behaviour.validation import Scores
from llmrec.finetune.checkpoints import TrainingFolder

__all__ = ["Learned", "learn"]

Observer = Callable[["EpochReport | EncoderStepReport"], None]


@dataclass(frozen=True)
class Learned:
    """The curve, and the weights of its best epoch (of the last one without validation)."""

    reports: tuple[EpochReport, ...]
    best: int
    weights: dict[str, Tensor] = field(repr=False)


def learn(
    stepper: EncoderStepper,
    epochs: int,
    *,
    validate: Callable[[], Scores] | None = None,
    folder: TrainingFolder | None = None,
    progress: Observer | None = None,
) -> Learned:
    """Train for at most ``epochs`` epochs, and stop when validation has not risen for long.

    Args:
        stepper: fresh; it is left with the weights of the last epoch.
        epochs: most epochs.
        validate: scores the network as it is; without it all epochs run, and the last one counts.
        folder: of checkpoints; the run goes on where the last one was written.
        progress: told after each step and each epoch.

    Raises:
        ModelError: the loss is not a number any more.
        ConfigError: the checkpoint is of another run.
    """
    loop = _Loop(stepper, validate, folder, progress)
    loop.resume()
    # Dropout and draws use torch's global generator: forked, nobody else's numbers change.
    with torch.random.fork_rng():
        while not loop.finished(epochs):
            loop.epoch()
    return Learned(tuple(loop.reports), loop.best, loop.weights())


@dataclass
class _Loop:
    stepper: EncoderStepper
    validate: Callable[[], Scores] | None
    folder: TrainingFolder | None
    progress: Observer | None
    reports: list[EpochReport] = field(default_factory=list)
    best: int = 0
    kept: dict[str, Tensor] = field(default_factory=dict)
    place: int = 0
    done: int = 0
    loss: float = 0.0
    asked: int = 0
    seconds: float = 0.0

    def finished(self, epochs: int) -> bool:
        waited = len(self.reports) - self.best
        tired = self.validate is not None and waited >= self.stepper.settings.patience
        return len(self.reports) >= epochs or (tired and bool(self.reports))

    def epoch(self) -> None:
        number, started = len(self.reports), perf_counter() - self.seconds
        batches = self.stepper.batches(number)
        self.stepper.network.train()
        for place in range(self.place, len(batches)):
            loss, targets = self.stepper.step(batches[place], number, place, self.done)
            self.loss += loss * targets
            self.asked += targets
            self.place, self.done = place + 1, self.done + 1
            self.seconds = perf_counter() - started
            self._tell(EncoderStepReport(number + 1, self.place, len(batches), loss, self.seconds))
            if self.place % self.stepper.settings.save_every == 0 and self.place < len(batches):
                self._save()
        self._end(started)

    def _end(self, started: float) -> None:
        self.stepper.network.eval()
        with self.stepper.averaged():
            report = self._judged(started)
        self.reports.append(report)
        self.place, self.loss, self.asked, self.seconds = 0, 0.0, 0, 0.0
        self._save()
        self._tell(report)

    def _judged(self, started: float) -> EpochReport:
        """What the epoch came to; its weights are kept if they are the best so far."""
        scores = self.validate() if self.validate else None
        number = len(self.reports) + 1
        highest = max((report.ndcg or 0.0 for report in self.reports), default=-1.0)
        better = scores is None or scores.main > highest
        if better:
            self.best = number
            weights = self.stepper.network.state_dict()
            self.kept = {name: tensor.clone() for name, tensor in weights.items()}
        return EpochReport(
            epoch=number,
            loss=self.loss / max(1, self.asked),
            recall=float(scores.recall.mean()) if scores else None,
            ndcg=scores.main if scores else None,
            best=better,
            seconds=perf_counter() - started,
        )

    def weights(self) -> dict[str, Tensor]:
        return self.kept or self.stepper.network.state_dict()

    def resume(self) -> None:
        checkpoint = self.folder.latest() if self.folder else None
        if checkpoint is None:
            return
        state, tensors = checkpoint
        self.kept = {
            name.removeprefix("best."): tensor
            for name, tensor in tensors.items()
            if name.startswith("best.")
        }
        self.stepper.restore(tensors)
        self.reports = [EpochReport(**report) for report in state.pop("reports")]
        for name, value in state.items():
            setattr(self, name, value)

    def _save(self) -> None:
        if self.folder is None:
            return
        state: dict[str, Any] = {
            name: getattr(self, name) for name in ("best", "place", "done", "loss", "asked")
        }
        state |= {"seconds": self.seconds, "reports": [asdict(report) for report in self.reports]}
        best = {f"best.{name}": tensor for name, tensor in self.kept.items()}
        self.folder.save(self.done, state, self.stepper.tensors() | best)

    def _tell(self, report: EpochReport | EncoderStepReport) -> None:
        if self.progress:
            self.progress(report)
