"""The steps of a run: evaluations between them, the best adapter so far, checkpoints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

from torch import Tensor

from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.finetune.optimizers import optimizer_tensors, restore_optimizer
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import EvaluationReport, Observer, StepReport
from llmrec.finetune.ranker.steps import Stepper
from llmrec.finetune.ranker.task import HeldOut
from llmrec.finetune.ranker.wrap import Adapted
from llmrec.finetune.settings import LoraSettings

__all__ = ["Loop"]

_OWN, _BEST = "adapter.", "best."


@dataclass
class Loop:
    """Takes steps until they end or validation has not improved for long.

    Args:
        adapted: what learns.
        stepper: how.
        validation: may be empty; then the last adapter counts.
        settings: of the run.
        place: where; only the main process writes.
        folder: of checkpoints.
        progress: told after each step and each evaluation.
        deadline: in seconds of ``perf_counter``; the last evaluation still fits before it.
    """

    adapted: Adapted
    stepper: Stepper[Any]
    validation: HeldOut
    settings: LoraSettings
    place: Place
    folder: TrainingFolder
    progress: Observer | None
    deadline: float | None = None
    reports: list[StepReport] = field(default_factory=list)
    evaluations: list[EvaluationReport] = field(default_factory=list)
    kept: dict[str, Tensor] = field(default_factory=dict)
    timed_out: bool = False

    def run(self) -> None:
        """Train, then put the best adapter back.

        Raises:
            ModelError: the loss is not a number any more.
        """
        self.adapted.model.train()
        while not self._finished():
            step = len(self.reports)
            self.reports.append(self.stepper.step(step))
            self._tell(self.reports[-1])
            done = step + 1
            if len(self.validation) and self._is_due(done):
                self._evaluate(done)
            if done % self.settings.save_every == 0 and not self._finished():
                self._save()
            if self._is_late():
                self.timed_out = not self._finished()
                break
        if self.timed_out and len(self.validation) and not self._is_judged():
            self._evaluate(len(self.reports))
        if self.kept:
            self.adapted.restore(self.kept)

    @property
    def best(self) -> int:
        """The step whose adapter counts."""
        best_steps = [report.step for report in self.evaluations if report.best]
        return best_steps[-1] if best_steps else len(self.reports)

    def resume(self) -> int:
        """Go on where the last checkpoint was written. Returns the steps that it had taken.

        Raises:
            ConfigError: it is of another run.
        """
        checkpoint = self.folder.latest()
        if checkpoint is None:
            return 0
        state, tensors = checkpoint
        self.adapted.restore(_part(tensors, _OWN))
        self.kept = _part(tensors, _BEST)
        restore_optimizer(self.stepper.optimizer, tensors)
        self.reports = [StepReport(**report) for report in state["reports"]]
        self.evaluations = [EvaluationReport(**report) for report in state["evaluations"]]
        return len(self.reports)

    def _finished(self) -> bool:
        waited = 0
        for report in self.evaluations:
            waited = 0 if report.best else waited + 1
        return len(self.reports) >= self.stepper.steps or waited >= self.settings.patience

    def _is_due(self, done: int) -> bool:
        every = self.settings.evaluate_every or self.stepper.per_epoch
        return done % every == 0 or done == self.stepper.steps

    def _is_late(self) -> bool:
        """Whether another step might leave no time to judge the last adapter and the best one."""
        if self.deadline is None:
            return False
        longest = max((report.seconds for report in self.evaluations), default=0.0)
        late = perf_counter() + 2 * longest > self.deadline
        # All processes stop at the same step.
        return self.place.total(float(late))[0] > 0

    def _is_judged(self) -> bool:
        return bool(self.evaluations) and self.evaluations[-1].step == len(self.reports)

    def _evaluate(self, done: int) -> None:
        started = perf_counter()
        judgement = self.validation.judge(self.adapted.model)
        best = all(judgement.loss < report.loss for report in self.evaluations)
        seconds = perf_counter() - started
        self.evaluations.append(
            EvaluationReport(
                done, judgement.loss, judgement.accuracy, judgement.ndcg, best, seconds
            )
        )
        if best:
            self.kept = self.adapted.tensors()
        self._tell(self.evaluations[-1])

    def _save(self) -> None:
        if not self.place.main and not self.place.sharded:
            return
        state = {
            "reports": [asdict(report) for report in self.reports],
            "evaluations": [asdict(report) for report in self.evaluations],
        }
        tensors = {_OWN + name: tensor for name, tensor in self.adapted.tensors().items()}
        tensors |= {_BEST + name: tensor for name, tensor in self.kept.items()}
        tensors |= optimizer_tensors(self.stepper.optimizer)
        # Those who hold pieces have helped to put the tensors together.
        if self.place.main:
            self.folder.save(len(self.reports), state, tensors)

    def _tell(self, report: StepReport | EvaluationReport) -> None:
        if self.progress and self.place.main:
            self.progress(report)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
