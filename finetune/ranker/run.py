"""Train an adapter for a task: what is the same whatever it learns.

It can be stopped at any moment and started again with the same arguments: it continues from the
last checkpoint with the same examples in the same order and the same dropout, so that the curve is
that of a run without the stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Generic

from llmrec.artifacts import Artifact, publish_folder
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.errors import WorkspaceError
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import LoraReport, Observer
from llmrec.finetune.ranker.starting import start_weights
from llmrec.finetune.ranker.task import T, Task
from llmrec.finetune.ranker.wrap import Adapted, require_peft
from llmrec.finetune.settings import LoraSettings
from llmrec.weights import locate
from llmrec.weights.fingerprint import base_sha256

if TYPE_CHECKING:
    from torch import Tensor

    from llmrec.finetune.ranker.loop import Loop

__all__ = ["train_adapter"]

_SMALLER = (
    "Lower batch, set gradient_checkpointing=true or quantization=nf4, or use a smaller base."
)


def train_adapter(
    task: Task[T],
    base: str,
    out: Path,
    settings: LoraSettings,
    *,
    start: Artifact | None = None,
    resume: bool = True,
    seconds: float | None = None,
    progress: Observer | None = None,
) -> LoraReport:
    """Train and write the adapter with its ``card.json`` to ``out``.

    Started by ``accelerate launch``, all processes call this alike and train together; the main one
    writes.

    Args:
        task: what is learned.
        base: weights as ``llmrec models`` names them, or a folder.
        out: folder to make; checkpoints lie in ``<out>.training`` until it is there.
        settings: of the run.
        start: the version to go on from, with its ``r``, ``alpha`` and ``target_modules``; a fresh
            adapter by default.
        resume: continue from the last checkpoint, if there is one.
        seconds: stop after about so long, with the best adapter until then.
        progress: called after each step and each evaluation.

    Raises:
        MissingExtra: peft is not installed, or bitsandbytes for a quantized base.
        ModelError: the base is missing or has not the tokens that the task wants, the loss is not
            a number any more, or ``start`` is damaged.
        AdapterMismatch: ``start`` belongs to another base.
        ContextOverflow: an example is longer than ``max_tokens`` or the base's context.
        ConfigError: the checkpoint is of another run.
        WorkspaceError: ``out`` exists, or somebody else trains into it.
        OutOfMemory: model and batch do not fit.
    """
    require_peft()
    deadline = None if seconds is None else perf_counter() + seconds
    folder, out, place = locate(base), Path(out), Place(settings)
    checkpoints = _checkpoints(task, folder, out, settings, place, start)
    with checkpoints.exclusive() if place.main else nullcontext():
        if out.exists():
            raise WorkspaceError(
                f"{out} exists already.", hint="Name another folder, or remove this one."
            )
        if place.main and not resume:
            checkpoints.clear()
        place.wait()
        weights = None if start is None else start_weights(start, base, folder)
        run = _Run(task, Adapted(base, folder, settings, place), settings, place, weights)
        report = run.train(checkpoints, out, progress, deadline)
        if place.main:
            checkpoints.clear()
    return report


def _checkpoints(
    task: Task[T],
    folder: Path,
    out: Path,
    settings: LoraSettings,
    place: Place,
    start: Artifact | None,
) -> TrainingFolder:
    """Beside ``out``, of this very training: of its data, base, settings and processes."""
    fingerprint = {
        "settings": settings.model_dump(mode="json"),
        **task.hashes,
        "base": base_sha256(folder),
        "processes": place.processes,
        "start": start.name if start else None,
    }
    return TrainingFolder(
        out.with_name(out.name + ".training"),
        fingerprint,
        lock=out.with_name(out.name + ".lock"),
    )


class _Run(Generic[T]):
    """One training with its base loaded."""

    def __init__(
        self,
        task: Task[T],
        adapted: Adapted,
        settings: LoraSettings,
        place: Place,
        start: dict[str, Tensor] | None,
    ) -> None:
        self._task, self._adapted, self._start = task, adapted, start
        self._settings, self._place = settings, place

    def train(
        self,
        checkpoints: TrainingFolder,
        out: Path,
        progress: Observer | None,
        deadline: float | None,
    ) -> LoraReport:
        import torch

        started = perf_counter()
        examples, validation = self._task.tokens(self._adapted, self._settings)
        doing = f"training on '{self._adapted.base}'"
        # Dropout and the adapter's first values draw from torch's global generator: ours is
        # forked, so that training changes nobody else's numbers.
        with torch.random.fork_rng(), torch_errors(doing, hint=_SMALLER):
            torch.manual_seed(self._settings.seed)
            loop = self._loop(examples, validation, checkpoints, progress, deadline)
            if self._start is not None:
                self._adapted.restore(self._start)
                loop.validation.begin(self._adapted.model)
            resumed_from = loop.resume()
            loop.run()
            report = self._report(loop, out, resumed_from, started)
        state = self._adapted.state()
        if self._place.main:
            publish_folder(out, lambda partial: self._write(partial, report, state))
        self._place.wait()
        return report

    def _loop(
        self,
        examples: list[T],
        validation: list[T],
        checkpoints: TrainingFolder,
        progress: Observer | None,
        deadline: float | None,
    ) -> Loop:
        from llmrec.finetune.ranker.loop import Loop
        from llmrec.finetune.ranker.steps import Stepper

        self._adapted.wrap()
        chosen, place = self._settings, self._place
        return Loop(
            adapted=self._adapted,
            stepper=Stepper(self._adapted.model, examples, self._task.losses, chosen, place),
            validation=self._task.held_out(validation, chosen, place),
            settings=chosen,
            place=place,
            folder=checkpoints,
            progress=progress,
            deadline=deadline,
        )

    def _report(self, loop: Loop, out: Path, resumed_from: int, started: float) -> LoraReport:
        results = loop.validation.results(self._adapted.model, loop.evaluations)
        return LoraReport(
            adapter=out,
            steps=tuple(loop.reports),
            resumed_from=resumed_from,
            trainable=sum(parameter.numel() for parameter in self._adapted.parameters),
            seconds=perf_counter() - started,
            validation=results.figures,
            evaluations=tuple(loop.evaluations),
            best=loop.best,
            timed_out=loop.timed_out,
            llm_weight=results.llm_weight,
            retrieval_scale=results.retrieval_scale,
            warnings=results.warnings,
        )

    def _write(self, folder: Path, report: LoraReport, state: Mapping[str, Tensor]) -> None:
        self._adapted.save(folder, state)
        adapted = self._adapted
        self._task.card(adapted.base, adapted.folder, self._settings, report).write(folder)
