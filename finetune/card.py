"""The card of an adapter: what it was trained on, how, with what result."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from llmrec.artifacts import (
    CARD_NAME,
    Artifact,
    Artifacts,
    Card,
    CardData,
    package_versions,
    read_card,
)
from llmrec.weights.fingerprint import base_sha256

if TYPE_CHECKING:
    from llmrec.finetune.examples import ExampleSet
    from llmrec.finetune.ranker.reports import LoraReport
    from llmrec.finetune.settings import LoraSettings

__all__ = ["PublishedAdapter", "adapter_card", "publish_adapter"]


@dataclass(frozen=True)
class PublishedAdapter:
    """A new version, and whether it serves; ``reason`` says why it does not."""

    artifact: Artifact
    promoted: bool
    reason: str = ""


def adapter_card(
    base: str,
    base_folder: Path,
    data: ExampleSet,
    settings: LoraSettings,
    report: LoraReport,
    parent: str | None = None,
) -> Card:
    """What is known about an adapter that ranks; its metrics are those on the validation examples.

    ``extra`` says which base it belongs to and how training went: the mean loss and accuracy of
    each epoch while it trained, the loss of each step, step, loss and NDCG@10 of each evaluation,
    the share in the score (``llm_weight``) that suited validation best, with which it serves, and
    the retriever's worth in the loss (``retrieval_scale``). ``parent`` is the version that it went
    on from.
    """
    return Card(
        kind="ranker",
        data=_card_data(data),
        settings=settings.model_dump(mode="json"),
        seed=settings.seed,
        metrics=dict(report.validation),
        seconds=round(report.seconds, 1),
        parent=parent,
        versions=package_versions("llmrec", "torch", "transformers", "peft"),
        notes=report.warnings,
        extra={
            "base": base,
            "base_sha256": base_sha256(base_folder),
            "prompt": data.prompt_version,
            "examples": asdict(data.counts) | {"examples": len(data.examples)},
            "trainable": report.trainable,
            "resumed_from": report.resumed_from,
            "best_step": report.best,
            "timed_out": report.timed_out,
            "llm_weight": report.llm_weight,
            "retrieval_scale": report.retrieval_scale,
            "evaluations": [
                [evaluation.step, evaluation.loss, evaluation.ndcg]
                for evaluation in report.evaluations
            ],
            "epochs": _epochs(report),
            "losses": [round(step.loss, 6) for step in report.steps],
        },
    )


def publish_adapter(store: Artifacts, folder: Path, *, also: Sequence[Path] = ()) -> Artifact:
    """Make a trained adapter a version of the shop's; it does not serve yet, its folder stays.

    Args:
        store: of the shop.
        folder: of the adapter.
        also: files that belong to the version and lie elsewhere.

    Raises:
        ModelError: its card is missing or damaged.
        DiskFull: no space is left; nothing of the version stays.
        LockedError: another process holds the store's lock for a minute.
    """
    card = read_card(folder)
    ignored = shutil.ignore_patterns(CARD_NAME)

    def fill(target: Path) -> None:
        shutil.copytree(folder, target, dirs_exist_ok=True, ignore=ignored)
        for file in also:
            shutil.copy2(file, target / file.name)

    return store.publish(card.kind, fill, card)


def _card_data(data: ExampleSet) -> CardData:
    return CardData(
        sha256=data.sha256,
        # Sets that were made by hand count no events; each example asks for one.
        events=data.counts.events or len(data.examples),
        users=len({example.user for example in data.examples}),
        items=len({item for example in data.examples for item in example.candidates}),
        last=data.last,
    )


def _epochs(report: LoraReport) -> list[dict[str, float]]:
    """Mean loss and accuracy of each epoch, while it trained."""
    epochs = []
    for _, group in groupby(report.steps, key=lambda step: step.epoch):
        steps = list(group)
        # The last step of an epoch may be short; it weighs what its examples weigh.
        total = sum(step.examples for step in steps)
        epochs.append(
            {
                "loss": sum(step.loss * step.examples for step in steps) / total,
                "accuracy": sum(step.accuracy * step.examples for step in steps) / total,
            }
        )
    return epochs
