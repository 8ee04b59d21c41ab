"""Examples that train nothing: how good the adapter is, and whether it learns at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llmrec.artifacts import Figure
from llmrec.errors import ModelError
from llmrec.finetune.figures import mean_figure, share_figure
from llmrec.finetune.gained import gained
from llmrec.finetune.ranker.lists import ListExample, list_scores
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import EvaluationReport
from llmrec.finetune.ranker.task import Judgement, Results
from llmrec.finetune.ranker.weight import FittedWeight, fit_weight, lift_figure, ndcg_at_k
from llmrec.ranking import LIFT

if TYPE_CHECKING:
    import torch

__all__ = ["Validation"]

_LATE = 3
"""Evaluations after which a model that is no better than guessing is not learning."""


class Validation:
    """Held-out examples, asked again and again.

    Every process asks all of them: they then agree on when to stop without a word.

    Args:
        examples: with the retriever's scores and offsets, or without.
        batch: examples in one forward pass.
        place: where it runs.
        scale: what the offsets are of the retriever's scores, if there are any.
    """

    def __init__(
        self,
        examples: Sequence[ListExample],
        batch: int,
        place: Place,
        scale: float | None = None,
    ) -> None:
        self._examples, self._batch, self._place = examples, batch, place
        self._scale = scale
        self._before: Sequence[torch.Tensor] = ()
        self.fused = bool(examples) and all(example.retrieval for example in examples)

    def __len__(self) -> int:
        return len(self._examples)

    def scores(self, model: Any) -> list[torch.Tensor]:
        """Log-odds of each example's candidates.

        Raises:
            ModelError: one is not a number.
        """
        with self._place.autocast():
            scores = list_scores(model, self._examples, batch=self._batch)
        if not all(bool(odds.isfinite().all()) for odds in scores):
            raise ModelError(
                "The model's answers to validation are not numbers any more.",
                hint="Train with a lower learning_rate, or with precision=fp32.",
            )
        return scores

    def judge(self, model: Any) -> Judgement:
        """:meth:`summary` of the model as it is."""
        return Judgement(*self.summary(self.scores(model)))

    def summary(self, scores: Sequence[torch.Tensor]) -> tuple[float, float, float]:
        """Mean loss (nats), accuracy and NDCG@10 of what the loss is of.

        That is the model beside the retriever's scores, where the examples have them.
        """
        pairs = list(zip(self._judged(scores), self._examples, strict=True))
        loss = np.mean([-float(log_probs[example.target]) for log_probs, example in pairs])
        right = np.mean([int(log_probs.argmax()) == example.target for log_probs, example in pairs])
        ndcg = np.mean(
            [ndcg_at_k(log_probs.numpy(), example.target) for log_probs, example in pairs]
        )
        return float(loss), float(right), float(ndcg)

    def begin(self, model: Any) -> None:
        """Keep what the adapter says that is gone on from, to tell what was gained."""
        self._before = self.scores(model) if self._examples else []

    def results(self, model: Any, evaluations: Sequence[EvaluationReport]) -> Results:
        """The figures of the adapter that is written."""
        if not self._examples:
            return Results(retrieval_scale=self._scale)
        scores = self.scores(model)
        weight = self.fitted(scores).weight if self.fused else None
        figures = self.figures(scores, self._before)
        return Results(figures, weight, self._scale, self.warnings(evaluations))

    def figures(
        self, scores: Sequence[torch.Tensor], before: Sequence[torch.Tensor] = ()
    ) -> dict[str, Figure]:
        """With their intervals, the main one first.

        Args:
            scores: of the adapter.
            before: of the one that it went on from, if it did.
        """
        pairs = list(zip(self._judged(scores), self._examples, strict=True))
        plain = {
            "accuracy": share_figure(
                [int(log_probs.argmax()) == example.target for log_probs, example in pairs]
            ),
            "loss": mean_figure(
                [-float(log_probs[example.target]) for log_probs, example in pairs]
            ),
        }
        if not self.fused:
            return plain
        fitted = self.fitted(scores)
        over: dict[str, Figure] = {}
        if before:
            over = gained("ndcg@10", fitted.fused.tolist(), self.fitted(before).fused.tolist())
        return {
            LIFT: lift_figure(fitted.lift),
            "ndcg@10": mean_figure(fitted.fused.tolist()),
            "retriever ndcg@10": mean_figure(fitted.retriever.tolist()),
            **over,
            **plain,
        }

    def _judged(self, scores: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Log-probabilities within each list, with the offsets that the loss is taken with."""
        import torch

        return [
            (odds + torch.tensor(example.offsets or 0.0)).log_softmax(-1)
            for odds, example in zip(scores, self._examples, strict=True)
        ]

    def _no_opinion(self) -> list[torch.Tensor]:
        import torch

        return [torch.zeros(len(example.parts)) for example in self._examples]

    def fitted(self, scores: Sequence[torch.Tensor]) -> FittedWeight:
        """The model's share in the score that suits these examples best."""
        return fit_weight(
            [odds.tolist() for odds in scores],
            [example.retrieval for example in self._examples],
            [example.target for example in self._examples],
        )

    def warnings(self, evaluations: Sequence[EvaluationReport]) -> tuple[str, ...]:
        """Whether, after a while, the model is no better than guessing or than the retriever."""
        if len(evaluations) < _LATE:
            return ()
        loss = min(report.loss for report in evaluations)
        start = self.summary(self._no_opinion())
        after = f"after {len(evaluations)} evaluations"
        if loss >= start[0]:
            return (
                f"This is not learning: {after} the validation loss is {loss:.4f}, that of a model "
                f"without an opinion {start[0]:.4f}. Train on more examples, or with another "
                "learning_rate.",
            )
        reached = max(report.ndcg or 0.0 for report in evaluations)
        if not self.fused:
            return ()
        retriever = float(
            np.mean([ndcg_at_k(example.retrieval, example.target) for example in self._examples])
        )
        if reached > retriever:
            return ()
        return (
            f"The model adds nothing to the retriever: {after} the NDCG@10 of both is "
            f"{reached:.4f}, the retriever's own {retriever:.4f}.",
        )
