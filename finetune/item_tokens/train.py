"""Train an adapter and a projector together, and say what the two are worth.

The loss, the steps, the evaluations and the checkpoints are the ranker's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from llmrec.artifacts import Figure
from llmrec.finetune.batches import TokenExample
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.finetune.examples import RankingExample
from llmrec.finetune.figures import mean_figure
from llmrec.finetune.item_tokens.network import ItemEmbedding, ItemVectors
from llmrec.finetune.item_tokens.prompts import Kind, tokenise_items
from llmrec.finetune.ranker.loop import Loop
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import EvaluationReport, Observer
from llmrec.finetune.ranker.scores import ranking_losses
from llmrec.finetune.ranker.steps import Stepper
from llmrec.finetune.ranker.validation import Validation
from llmrec.finetune.ranker.weight import ndcg_at_k
from llmrec.finetune.ranker.wrap import Adapted
from llmrec.finetune.settings import LoraSettings
from llmrec.weights import locate

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ItemTokenReport", "train_item_tokens"]

_PROJECTOR = "projector."


@dataclass(frozen=True)
class ItemTokenReport:
    """What one kind of prompt took, and how good it is on the examples that judge.

    ``alone`` is the model's NDCG@10 without the retriever; ``figures`` are those of
    :class:`~llmrec.finetune.ranker.validation.Validation`, where the fused order has weights fitted
    on other folds. ``tokens`` and ``milliseconds`` are of one prompt, the latter of a forward pass
    among ``settings.batch`` others of similar length.
    """

    kind: Kind
    steps: int
    best: int
    timed_out: bool
    trainable: int
    seconds: float
    tokens: float
    milliseconds: float
    alone: Figure
    figures: Mapping[str, Figure]
    losses: tuple[float, ...]
    evaluations: tuple[EvaluationReport, ...]


class _WithItems(Adapted):
    """A base whose adapter learns, and a projector of items beside it."""

    def wrap(self) -> None:
        super().wrap()
        self.items: ItemEmbedding | None = None

    def add_items(self, items: ItemVectors) -> None:
        """Let the base read ids beyond its vocabulary."""
        # Behind wrap: otherwise the projector's layers would get adapters, too.
        self.items = ItemEmbedding(self.network.get_input_embeddings(), items)
        self.network.set_input_embeddings(self.items)

    def tensors(self) -> dict[str, Tensor]:
        tensors = super().tensors()
        if self.items is not None:
            projector = self.items.project.state_dict().items()
            tensors |= {
                _PROJECTOR + name: tensor.detach().cpu().clone() for name, tensor in projector
            }
        return tensors

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        projector = {n: tensor for n, tensor in tensors.items() if n.startswith(_PROJECTOR)}
        super().restore({n: tensor for n, tensor in tensors.items() if n not in projector})
        if self.items is not None:
            self.items.project.load_state_dict(
                {name.removeprefix(_PROJECTOR): tensor for name, tensor in projector.items()}
            )


def train_item_tokens(
    train: Sequence[RankingExample],
    held: Sequence[RankingExample],
    judging: Sequence[RankingExample],
    base: str,
    items: ItemVectors,
    kind: Kind,
    folder: Path,
    settings: LoraSettings | None = None,
    *,
    seconds: float | None = None,
    progress: Observer | None = None,
) -> ItemTokenReport:
    """Train on ``train``, stop by ``held``, judge the best on ``judging``.

    Args:
        train: examples that know the items of their history, and the retriever's scores.
        held: say when to stop; none at all trains to the end.
        judging: of other users than ``held``.
        base: weights as ``llmrec models`` names them, or a folder.
        items: the vectors of an encoder that has not seen what the examples ask for.
        kind: what stands for a product.
        folder: of checkpoints; a run that was killed goes on from the last one.
        settings: of the run.
        seconds: train for at most so long.
        progress: told of steps and evaluations.

    Raises:
        ModelError: the base is missing, or the loss is not a number any more.
        ContextOverflow: a prompt is too long.
    """
    import torch

    started, settings = perf_counter(), settings or LoraSettings()
    place = Place(settings)
    adapted = _WithItems(base, locate(base), settings, place)
    vocabulary = adapted.network.get_input_embeddings().num_embeddings

    def tokens(examples: Sequence[RankingExample]) -> list[TokenExample]:
        return tokenise_items(
            examples,
            kind,
            items.row,
            adapted.token_ids,
            vocabulary=vocabulary,
            model=base,
            max_tokens=min(settings.max_tokens, adapted.context),
        )

    learned = tokens(train)
    checkpoints = TrainingFolder(folder, _fingerprint(kind, settings, learned))
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        adapted.wrap()
        if kind != "titles":
            adapted.add_items(items)
        loop = Loop(
            adapted=adapted,
            stepper=Stepper(adapted.model, learned, ranking_losses, settings, place),
            validation=Validation(tokens(held), settings.batch, place),
            settings=settings,
            place=place,
            folder=checkpoints,
            progress=progress,
            deadline=None if seconds is None else started + seconds,
        )
        loop.resume()
        loop.run()
        report = _judged(loop, tokens(judging), kind, started)
    checkpoints.clear()
    return report


def _fingerprint(
    kind: Kind, settings: LoraSettings, learned: Sequence[TokenExample]
) -> dict[str, object]:
    digest = hashlib.sha256(repr(learned).encode()).hexdigest()
    return {"kind": kind, "settings": settings.model_dump(mode="json"), "examples": digest}


def _judged(
    loop: Loop, judging: Sequence[TokenExample], kind: Kind, started: float
) -> ItemTokenReport:
    validation = Validation(judging, loop.settings.batch, loop.place)
    before = perf_counter()
    scores = validation.scores(loop.adapted.model)
    taken = perf_counter() - before
    pairs = list(zip(scores, judging, strict=True))
    return ItemTokenReport(
        kind=kind,
        steps=len(loop.reports),
        best=loop.best,
        timed_out=loop.timed_out,
        trainable=sum(parameter.numel() for parameter in loop.adapted.parameters),
        seconds=before - started,
        tokens=sum(len(example.tokens) for _, example in pairs) / len(pairs),
        milliseconds=1000 * taken / len(pairs),
        alone=mean_figure(
            [ndcg_at_k(log_probs.numpy(), example.target) for log_probs, example in pairs]
        ),
        figures=validation.figures(scores),
        losses=tuple(report.loss for report in loop.reports),
        evaluations=tuple(loop.evaluations),
    )
