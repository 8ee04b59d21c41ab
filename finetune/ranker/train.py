"""Train a LoRA adapter of the ranker: examples in, an adapter folder with a card out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.artifacts import Artifact, Card
from llmrec.errors import DataError
from llmrec.finetune.card import adapter_card
from llmrec.finetune.examples import ExampleSet
from llmrec.finetune.ranker.lists import ListExample, list_losses, tokenise_lists
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import LoraReport, Observer
from llmrec.finetune.ranker.residual import beside_retriever, retrieval_scale
from llmrec.finetune.ranker.run import train_adapter
from llmrec.finetune.ranker.validation import Validation
from llmrec.finetune.ranker.wrap import Adapted
from llmrec.finetune.settings import LoraSettings

if TYPE_CHECKING:
    import torch

__all__ = ["RankingTask", "train_lora"]


@dataclass
class RankingTask:
    """To put the candidate first that the shopper chose."""

    data: ExampleSet
    validation: ExampleSet | None = None
    parent: str | None = None
    _scale: float | None = None
    _next_title: float = 0.0

    @property
    def hashes(self) -> Mapping[str, str | None]:
        """Of both sets."""
        validation = self.validation
        return {"data": self.data.sha256, "validation": validation.sha256 if validation else None}

    def tokens(
        self, adapted: Adapted, settings: LoraSettings
    ) -> tuple[list[ListExample], list[ListExample]]:
        """Lists beside the retriever's scores."""

        def made(data: ExampleSet) -> list[ListExample]:
            return tokenise_lists(
                data.examples,
                adapted.token_ids,
                model=f"'{adapted.base}'",
                context=adapted.context,
                max_tokens=settings.max_tokens,
            )

        examples, validation = made(self.data), made(self.validation) if self.validation else []
        self._next_title = settings.next_title
        self._scale = retrieval_scale(examples)
        return beside_retriever(examples, self._scale), beside_retriever(validation, self._scale)

    def losses(
        self, model: Any, chosen: Sequence[ListExample], device: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross-entropy over each list, and whether the chosen one is first."""
        return list_losses(model, chosen, device, next_title=self._next_title)

    def held_out(
        self, held: Sequence[ListExample], settings: LoraSettings, place: Place
    ) -> Validation:
        """Other shoppers' or later choices."""
        return Validation(held, settings.batch, place, self._scale)

    def card(self, base: str, folder: Path, settings: LoraSettings, report: LoraReport) -> Card:
        """With the lift over the retriever, where it is known."""
        return adapter_card(base, folder, self.data, settings, report, self.parent)


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
        DataError: there are no examples, or they lack the retriever's scores.
        LLMRecError: as :func:`~llmrec.finetune.ranker.run.train_adapter`.
    """
    if not data.examples:
        raise DataError(
            "There are no examples to train on.", hint="Make some with build_examples first."
        )
    return train_adapter(
        RankingTask(data, validation, start.version if start else None),
        base,
        out,
        settings or LoraSettings(),
        start=start,
        resume=resume,
        seconds=seconds,
        progress=progress,
    )
