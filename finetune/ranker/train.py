"""Train a LoRA adapter of the ranker: examples in, an adapter folder with a card out.

It can be stopped at any moment and started again with the same arguments: it continues from the
last checkpoint with the same examples in the same order and the same dropout, so that the curve is
that of a run without the stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from llmrec.artifacts import Artifact, publish_folder
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.errors import DataError, WorkspaceError
from llmrec.finetune.batches import TokenExample, tokenise
from llmrec.finetune.card import adapter_card
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.finetune.examples import ExampleSet
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import LoraReport, Observer
from llmrec.finetune.ranker.residual import beside_retriever, retrieval_scale
from llmrec.finetune.ranker.starting import start_weights
from llmrec.finetune.ranker.wrap import Adapted, require_peft
from llmrec.finetune.settings import LoraSettings
from llmrec.weights import locate
from llmrec.weights.fingerprint import base_sha256

if TYPE_CHECKING:
    from torch import Tensor

    from llmrec.finetune.ranker.loop import Loop

__all__ = ["train_lora"]

_SMALLER = (
    "Lower batch, set gradient_checkpointing=true or quantization=nf4, or use a smaller base."
)


def train_lora(
    data: ExampleSet,
    base: str,
    out: Path,
    settings: LoraSettings | None = None,
    *,
    validation: ExampleSet | None = None,
    start: Artifact | None = None,
    resume: bool = True,
    seconds: float | None = None,
    progress: Observer | None = None,
) -> LoraReport:
    """Train on ``data`` and write the adapter with its ``card.json`` to ``out``.

    Started by ``accelerate launch``, all processes call this alike and train together; the main one
    writes.

    Args:
        data: training examples.
        base: weights as ``llmrec models`` names them, or a folder.
        out: folder to make; checkpoints lie in ``<out>.training`` until it is there.
        settings: of the run.
        validation: examples that train nothing: they say when to stop and which adapter is the
            best, which is the one that is written. Without them all epochs run.
        start: the version to go on from, with its ``r``, ``alpha`` and ``target_modules``; a fresh
            adapter by default.
        resume: continue from the last checkpoint, if there is one.
        seconds: stop after about so long, whatever is left to do; the best adapter until then is
            written, and the report says ``timed_out``. The learning rate falls as if the run went
            on to its end.
        progress: called after each step and each evaluation.

    Raises:
        MissingExtra: peft is not installed, or bitsandbytes for a quantized base.
        DataError: there are no examples, or they lack what ``residual`` needs.
        ModelError: the base is missing or has no tokens for the labels, the loss is not a number
            any more, or ``start`` is damaged.
        AdapterMismatch: ``start`` belongs to another base.
        ContextOverflow: a prompt is longer than ``max_tokens`` or the base's context.
        ConfigError: the checkpoint is of another run.
        WorkspaceError: ``out`` exists, or somebody else trains into it.
        OutOfMemory: model and batch do not fit.
    """
    settings = settings or LoraSettings()
    deadline = None if seconds is None else perf_counter() + seconds
    if not data.examples:
        raise DataError(
            "There are no examples to train on.", hint="Make some with build_examples first."
        )
    require_peft()
    folder, out, place = locate(base), Path(out), Place(settings)
    checkpoints = TrainingFolder(
        out.with_name(out.name + ".training"),
        _fingerprint(settings, data, validation, folder, place, start),
        lock=out.with_name(out.name + ".lock"),
    )
    with checkpoints.exclusive() if place.main else nullcontext():
        if out.exists():
            raise WorkspaceError(
                f"{out} exists already.", hint="Name another folder, or remove this one."
            )
        if place.main and not resume:
            checkpoints.clear()
        place.wait()
        weights = None if start is None else start_weights(start, base, folder)
        run = _Run(Adapted(base, folder, settings, place), settings, place, weights)
        run.parent = start.version if start else None
        report = run.train(data, validation, checkpoints, out, progress, deadline)
        if place.main:
            checkpoints.clear()
    return report


def _fingerprint(
    settings: LoraSettings,
    data: ExampleSet,
    validation: ExampleSet | None,
    folder: Path,
    place: Place,
    start: Artifact | None,
) -> dict[str, object]:
    return {
        "settings": settings.model_dump(mode="json"),
        "data": data.sha256,
        "validation": validation.sha256 if validation else None,
        "base": base_sha256(folder),
        "processes": place.processes,
        "start": start.name if start else None,
    }


class _Run:
    """One training with its base loaded."""

    def __init__(
        self,
        adapted: Adapted,
        settings: LoraSettings,
        place: Place,
        start: dict[str, Tensor] | None,
    ) -> None:
        self._adapted, self._settings, self._place = adapted, settings, place
        self._scale: float | None = None
        self._start = start
        self.parent: str | None = None

    def train(
        self,
        data: ExampleSet,
        validation: ExampleSet | None,
        checkpoints: TrainingFolder,
        out: Path,
        progress: Observer | None,
        deadline: float | None,
    ) -> LoraReport:
        import torch

        started = perf_counter()
        examples = self._tokens(data)
        held = self._tokens(validation) if validation else []
        if self._settings.residual:
            self._scale = retrieval_scale(examples)
            examples = beside_retriever(examples, self._scale)
            held = beside_retriever(held, self._scale)
        doing = f"training on '{self._adapted.base}'"
        # Dropout and the adapter's first values draw from torch's global generator: ours is
        # forked, so that training changes nobody else's numbers.
        with torch.random.fork_rng(), torch_errors(doing, hint=_SMALLER):
            torch.manual_seed(self._settings.seed)
            loop = self._loop(examples, held, checkpoints, progress, deadline)
            before: list[Tensor] = []
            if self._start is not None:
                self._adapted.restore(self._start)
                before = loop.validation.scores(self._adapted.model) if held else []
            resumed_from = loop.resume()
            loop.run()
            report = self._report(loop, out, resumed_from, started, before)
        state = self._adapted.state()
        if self._place.main:
            publish_folder(out, lambda partial: self._write(partial, data, report, state))
        self._place.wait()
        return report

    def _loop(
        self,
        examples: list[TokenExample],
        held: list[TokenExample],
        checkpoints: TrainingFolder,
        progress: Observer | None,
        deadline: float | None,
    ) -> Loop:
        from llmrec.finetune.ranker.loop import Loop
        from llmrec.finetune.ranker.steps import Stepper
        from llmrec.finetune.ranker.validation import Validation

        self._adapted.wrap()
        return Loop(
            adapted=self._adapted,
            stepper=Stepper(self._adapted.model, examples, self._settings, self._place),
            validation=Validation(held, self._settings.batch, self._place),
            settings=self._settings,
            place=self._place,
            folder=checkpoints,
            progress=progress,
            deadline=deadline,
        )

    def _report(
        self, loop: Loop, out: Path, resumed_from: int, started: float, before: list[Tensor]
    ) -> LoraReport:
        asked = loop.validation
        scores = asked.scores(self._adapted.model) if len(asked) else []
        return LoraReport(
            adapter=out,
            steps=tuple(loop.reports),
            resumed_from=resumed_from,
            trainable=sum(one.numel() for one in self._adapted.parameters),
            seconds=perf_counter() - started,
            validation=asked.figures(scores, before) if len(asked) else {},
            evaluations=tuple(loop.evaluations),
            best=loop.best,
            timed_out=loop.timed_out,
            llm_weight=asked.fitted(scores).weight if asked.fused else None,
            retrieval_scale=self._scale,
            warnings=asked.warnings(loop.evaluations) if len(asked) else (),
        )

    def _write(
        self, folder: Path, data: ExampleSet, report: LoraReport, state: Mapping[str, Tensor]
    ) -> None:
        self._adapted.save(folder, state)
        card = adapter_card(
            self._adapted.base, self._adapted.folder, data, self._settings, report, self.parent
        )
        card.write(folder)

    def _tokens(self, data: ExampleSet) -> list[TokenExample]:
        limit = min(self._settings.max_tokens, self._adapted.context)
        name = f"'{self._adapted.base}'"
        return tokenise(data.examples, self._adapted.token_ids, model=name, max_tokens=limit)
