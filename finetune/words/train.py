"""Train a LoRA adapter that writes: examples in, an adapter folder with a card out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from llmrec.artifacts import Card, CardData, Figure, package_versions
from llmrec.errors import ConfigError, DataError, ModelError
from llmrec.finetune.figures import mean_figure
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import EvaluationReport, LoraReport, Observer
from llmrec.finetune.ranker.run import train_adapter
from llmrec.finetune.ranker.task import Judgement, Results
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
    ) -> HeldOutTexts:
        """Texts about items that training has not seen."""
        return HeldOutTexts(held, settings.batch, place)

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
                "evaluations": [[one.step, one.loss, one.accuracy] for one in report.evaluations],
                "losses": [round(one.loss, 6) for one in report.steps],
            },
        )


class HeldOutTexts:
    """Held-out examples: how likely the model finds their answers."""

    def __init__(self, examples: Sequence[TextExample], batch: int, place: Place) -> None:
        self._examples, self._batch, self._place = examples, batch, place

    def __len__(self) -> int:
        return len(self._examples)

    def begin(self, model: Any) -> None:
        """Nothing: no run of words goes on from another."""

    def judge(self, model: Any) -> Judgement:
        """Mean loss in nats a token, and share of tokens that are the likeliest."""
        losses, right = self._asked(model)
        return Judgement(float(np.mean(losses)), float(np.mean(right)))

    def results(self, model: Any, evaluations: Sequence[EvaluationReport]) -> Results:
        """Loss and share of likeliest tokens with their intervals."""
        if not self._examples:
            return Results()
        losses, right = self._asked(model)
        figures: dict[str, Figure] = {"accuracy": mean_figure(right), "loss": mean_figure(losses)}
        return Results(figures)

    def _asked(self, model: Any) -> tuple[list[float], list[float]]:
        import torch

        # By length, so that little is computed for padding.
        order = sorted(self._examples, key=lambda one: len(one.tokens))
        losses: list[float] = []
        right: list[float] = []
        was_training = model.training
        model.eval()
        with torch.inference_mode(), self._place.autocast():
            for start in range(0, len(order), self._batch):
                chosen = order[start : start + self._batch]
                one, two = answer_losses(model, chosen, str(model.device))
                losses += one.tolist()
                right += two.tolist()
        model.train(was_training)
        return losses, right


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
        ConfigError: ``residual`` is set.
        LLMRecError: as :func:`~llmrec.finetune.ranker.run.train_adapter`.
    """
    if not task.data.examples:
        raise DataError("There are no examples to train on.", hint="Make some with build_words.")
    if settings.residual:
        raise ConfigError(
            "residual=true is for the ranker: words have no retriever's scores.",
            hint="Leave it out.",
        )
    return train_adapter(task, base, out, settings, resume=resume, progress=progress)
