"""Train a LoRA adapter that writes: examples in, an adapter folder with a card out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.artifacts import Card, CardData, package_versions
from llmrec.errors import DataError, ModelError
from llmrec.finetune.likelihood import HeldOutAnswers
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import LoraReport, Observer
from llmrec.finetune.ranker.run import train_adapter
from llmrec.finetune.ranker.wrap import Adapted
from llmrec.finetune.settings import LoraSettings
from llmrec.finetune.words.batches import TextExample, answer_losses, tokenise_words
from llmrec.finetune.words.examples import WordsSet
from llmrec.weights.fingerprint import base_sha256

if TYPE_CHECKING:
    import torch

__all__ = ["WRITING", "WordsTask", "train_words"]

WRITING = LoraSettings(epochs=2, batch=8, accumulation=2, save_every=20, max_tokens=1024)
"""Settings to begin with: examples are short, and two rounds teach the form."""


@dataclass(frozen=True)
class WordsTask:
    """To go on as the examples do."""

    data: WordsSet
    validation: WordsSet
    log: CardData

    @property
    def hashes(self) -> Mapping[str, str | None]:
        """Of both sets."""
        return {"data": self.data.sha256, "validation": self.validation.sha256}

    def tokens(
        self, adapted: Adapted, settings: LoraSettings
    ) -> tuple[list[TextExample], list[TextExample]]:
        """Prompts with their answers.

        Raises:
            ModelError: the base has no token that ends an answer.
        """
        end = adapted.end_id
        if end is None:
            raise ModelError(
                f"'{adapted.base}' has no token that ends an answer.",
                hint="Train an instruction-tuned base, whose tokenizer names its eos_token.",
            )
        limit = min(settings.max_tokens, adapted.context)

        def made(data: WordsSet) -> list[TextExample]:
            return tokenise_words(data.examples, adapted.token_ids, end, max_tokens=limit)

        return made(self.data), made(self.validation)

    def losses(
        self, model: Any, chosen: Sequence[TextExample], device: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross-entropy over the answers' tokens, and the share of them that are likeliest."""
        return answer_losses(model, chosen, device)

    def held_out(
        self, held: Sequence[TextExample], settings: LoraSettings, place: Place
    ) -> HeldOutAnswers[TextExample]:
        """Texts about items that training has not seen."""
        return HeldOutAnswers(held, answer_losses, settings.batch, place)

    def card(self, base: str, folder: Path, settings: LoraSettings, report: LoraReport) -> Card:
        """With the loss alone; the shares that pass are measured when the adapter is there."""
        return Card(
            kind="words",
            data=self.log.model_copy(update={"sha256": self.data.sha256}),
            settings=settings.model_dump(mode="json"),
            seed=settings.seed,
            metrics=dict(report.validation),
            seconds=round(report.seconds, 1),
            versions=package_versions("llmrec", "torch", "transformers", "peft"),
            notes=report.warnings,
            extra={
                "base": base,
                "base_sha256": base_sha256(folder),
                "prompt": self.data.prompt_version,
                "examples": asdict(self.data.counts) | {"examples": len(self.data.examples)},
                "trainable": report.trainable,
                "resumed_from": report.resumed_from,
                "best_step": report.best,
                "evaluations": [
                    [evaluation.step, evaluation.loss, evaluation.accuracy]
                    for evaluation in report.evaluations
                ],
                "losses": [round(step.loss, 6) for step in report.steps],
            },
        )


def train_words(
    task: WordsTask,
    base: str,
    out: Path,
    settings: LoraSettings = WRITING,
    *,
    resume: bool = True,
    progress: Observer | None = None,
) -> LoraReport:
    """Train on a task's examples and write the adapter with its ``card.json`` to ``out``.

    Raises:
        DataError: there are no examples.
        LLMRecError: as :func:`~llmrec.finetune.ranker.run.train_adapter`.
    """
    if not task.data.examples:
        raise DataError("There are no examples to train on.", hint="Make some with build_words.")
    return train_adapter(task, base, out, settings, resume=resume, progress=progress)
