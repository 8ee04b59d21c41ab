"""Train a LoRA adapter that reads messages: written messages in, an adapter folder out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.artifacts import Artifact, Card, CardData, package_versions
from llmrec.errors import DataError, ModelError
from llmrec.finetune.likelihood import HeldOutAnswers
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import LoraReport, Observer
from llmrec.finetune.ranker.run import train_adapter
from llmrec.finetune.ranker.wrap import Adapted
from llmrec.finetune.reader.batches import BranchedExample, branch_losses, tokenise_reading
from llmrec.finetune.reader.examples import ReaderExample, sha256_of
from llmrec.finetune.settings import LoraSettings
from llmrec.weights.fingerprint import base_sha256

if TYPE_CHECKING:
    import torch

__all__ = ["READING", "ReaderTask", "train_reader"]

READING = LoraSettings(
    r=16,
    alpha=32,
    dropout=0.0,
    learning_rate=1e-3,
    batch=16,
    accumulation=2,
    save_every=50,
    max_tokens=1024,
)
"""Settings to begin with: many short examples, each seen about once."""


@dataclass(frozen=True)
class ReaderTask:
    """To read messages as their writers meant them.

    Attributes:
        examples: to train on.
        held: to say when to stop; may be empty.
        data: for the card.
    parent: name of the version that it goes on from.
    """

    examples: Sequence[ReaderExample]
    held: Sequence[ReaderExample]
    data: CardData
    parent: str | None = None

    @property
    def hashes(self) -> Mapping[str, str | None]:
        """Of both sets."""
        return {"data": sha256_of(self.examples), "validation": sha256_of(self.held)}

    def tokens(
        self, adapted: Adapted, settings: LoraSettings
    ) -> tuple[list[BranchedExample], list[BranchedExample]]:
        """Heads with their branches.

        Raises:
            ModelError: the base has no token that ends a line.
        """
        # Of texts this short the plain attention is a sixth faster on a CPU than the fused one.
        adapted.network.set_attn_implementation("eager")
        end = adapted.end_id
        if end is None:
            raise ModelError(
                f"'{adapted.base}' has no token that ends an answer.",
                hint="Train a base whose tokenizer names its eos_token.",
            )
        limit = min(settings.max_tokens, adapted.context)
        return (
            tokenise_reading(self.examples, adapted.token_ids, end, max_tokens=limit),
            tokenise_reading(self.held, adapted.token_ids, end, max_tokens=limit),
        )

    def losses(
        self, model: Any, chosen: Sequence[BranchedExample], device: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross-entropy of line and questions, and the line's share of right tokens."""
        return branch_losses(model, chosen, device)

    def held_out(
        self, held: Sequence[BranchedExample], settings: LoraSettings, place: Place
    ) -> HeldOutAnswers[BranchedExample]:
        """Messages that training has not seen."""
        return HeldOutAnswers(held, branch_losses, settings.batch, place)

    def card(self, base: str, folder: Path, settings: LoraSettings, report: LoraReport) -> Card:
        """With the loss alone; what is read right is measured when the adapter is there."""
        return Card(
            kind="reader",
            parent=self.parent,
            data=self.data,
            settings=settings.model_dump(mode="json"),
            seed=settings.seed,
            metrics=dict(report.validation),
            seconds=round(report.seconds, 1),
            versions=package_versions("llmrec", "torch", "transformers", "peft"),
            notes=report.warnings,
            extra={
                "base": base,
                "base_sha256": base_sha256(folder),
                "examples": len(self.examples),
                "trainable": report.trainable,
                "resumed_from": report.resumed_from,
                "best_step": report.best,
                "evaluations": [
                    [evaluation.step, evaluation.loss, evaluation.accuracy]
                    for evaluation in report.evaluations
                ],
            },
        )


def train_reader(
    task: ReaderTask,
    base: str,
    out: Path,
    settings: LoraSettings = READING,
    *,
    start: Artifact | None = None,
    resume: bool = True,
    seconds: float | None = None,
    progress: Observer | None = None,
) -> LoraReport:
    """Train on a task's examples and write the adapter with its ``card.json`` to ``out``.

    Args and errors as :func:`~llmrec.finetune.ranker.run.train_adapter`; ``seconds`` ends the run
    early, with the best adapter until then.

    Raises:
        DataError: there are no examples.
        LLMRecError: as :func:`~llmrec.finetune.ranker.run.train_adapter`.
    """
    if not task.examples:
        raise DataError("There are no messages to train on.", hint="Name files with messages.")
    return train_adapter(
        task,
        base,
        out,
        settings,
        start=start,
        resume=resume,
        seconds=seconds,
        progress=progress,
    )
