"""Judge a text-writing adapter by how likely it finds answers that it has not learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic

import numpy as np

from llmrec.artifacts import Figure
from llmrec.finetune.figures import mean_figure
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import EvaluationReport
from llmrec.finetune.ranker.task import Judgement, Results, T

if TYPE_CHECKING:
    import torch

__all__ = ["HeldOutAnswers"]


class HeldOutAnswers(Generic[T]):
    """Examples that train nothing; their loss says when to stop.

    Args:
        examples: as the model reads them; may be none.
        losses: loss and share of right tokens by example, for a model and some of them.
        batch: examples in one forward pass.
        place: where the training runs.
    """

    def __init__(
        self,
        examples: Sequence[T],
        losses: Callable[[Any, Sequence[T], str], tuple[torch.Tensor, torch.Tensor]],
        batch: int,
        place: Place,
    ) -> None:
        self._examples, self._losses = examples, losses
        self._batch, self._place = batch, place

    def __len__(self) -> int:
        return len(self._examples)

    def begin(self, model: Any) -> None:
        """Nothing: no such run goes on from another."""

    def judge(self, model: Any) -> Judgement:
        """Mean loss in nats, and share of the answers' tokens that are the likeliest."""
        losses, right = self._measured(model)
        return Judgement(float(np.mean(losses)), float(np.mean(right)))

    def results(self, model: Any, evaluations: Sequence[EvaluationReport]) -> Results:
        """Loss and share of likeliest tokens with their intervals."""
        if not self._examples:
            return Results()
        losses, right = self._measured(model)
        figures: dict[str, Figure] = {"accuracy": mean_figure(right), "loss": mean_figure(losses)}
        return Results(figures)

    def _measured(self, model: Any) -> tuple[list[float], list[float]]:
        import torch

        # By length, so that little is computed for padding.
        order = sorted(self._examples, key=lambda example: len(example.tokens))
        losses: list[float] = []
        right: list[float] = []
        was_training = model.training
        model.eval()
        with torch.inference_mode(), self._place.autocast():
            for start in range(0, len(order), self._batch):
                chosen = order[start : start + self._batch]
                loss, share = self._losses(model, chosen, str(model.device))
                losses += loss.tolist()
                right += share.tolist()
        model.train(was_training)
        return losses, right
