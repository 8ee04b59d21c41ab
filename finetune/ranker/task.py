"""What a loop of LoRA training does not know: the examples, their loss, and what counts as good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from llmrec.artifacts import Card, Figure
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import EvaluationReport, LoraReport
from llmrec.finetune.ranker.wrap import Adapted
from llmrec.finetune.settings import LoraSettings

if TYPE_CHECKING:
    import torch

__all__ = ["HeldOut", "Judgement", "Results", "Task", "Tokens"]


class Tokens(Protocol):
    """An example as the model reads it."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """All that goes into a forward pass."""


T = TypeVar("T", bound=Tokens)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One evaluation: mean loss in nats, accuracy, and NDCG@10 where there is an order."""

    loss: float
    accuracy: float
    ndcg: float | None = None


@dataclass(frozen=True)
class Results:
    """What is known of the adapter that is written; see :class:`LoraReport`."""

    figures: Mapping[str, Figure] = field(default_factory=dict)
    llm_weight: float | None = None
    retrieval_scale: float | None = None
    warnings: tuple[str, ...] = ()


class HeldOut(Protocol):
    """Examples that train nothing."""

    def __len__(self) -> int:
        """How many; without any, all epochs run and the last adapter is written."""

    def begin(self, model: Any) -> None:
        """Look at the adapter that a run goes on from, before it learns."""

    def judge(self, model: Any) -> Judgement:
        """How good the model is now."""

    def results(self, model: Any, evaluations: Sequence[EvaluationReport]) -> Results:
        """How good the adapter is that is written."""


class Task(Protocol[T]):
    """Something that an adapter can learn."""

    @property
    def hashes(self) -> Mapping[str, str | None]:
        """By name, what must be equal for a checkpoint to be continued."""

    def tokens(self, adapted: Adapted, settings: LoraSettings) -> tuple[list[T], list[T]]:
        """Examples to train on and to validate with, for this base."""

    def losses(
        self, model: Any, chosen: Sequence[T], device: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss and share of right answers by example, float32 ``[examples]`` each."""

    def held_out(self, held: Sequence[T], settings: LoraSettings, place: Place) -> HeldOut:
        """The examples that say when to stop."""

    def card(self, base: str, folder: Path, settings: LoraSettings, report: LoraReport) -> Card:
        """What is written beside the adapter."""
