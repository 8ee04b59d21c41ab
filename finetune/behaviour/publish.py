"""A trained encoder becomes a version of the shop's, with a card, and serves unless it is worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from llmrec.artifacts import (
    Artifact,
    Artifacts,
    Card,
    CardData,
    Figure,
    package_versions,
)
from llmrec.config import Workspace
from llmrec.embedding.behaviour import save_behaviour
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.train import BehaviourResult
from llmrec.finetune.behaviour.validation import Scores
from llmrec.finetune.figures import mean_figure
from llmrec.finetune.gained import gained, step_back
from llmrec.finetune.seen import save_seen
from llmrec.retrieval.behaviour import sync_behaviour
from llmrec.types import Event

__all__ = ["PublishedEncoder", "behaviour_card", "publish_behaviour"]

_KIND = "behaviour"
_PACKAGES = ("llmrec", "torch", "numpy", "chromadb")


@dataclass(frozen=True)
class PublishedEncoder:
    """A new version, whether it serves, and what it was held against; ``reason`` says why not."""

    artifact: Artifact
    promoted: bool
    before: Artifact | None
    reason: str = ""


def publish_behaviour(
    workspace: Workspace,
    result: BehaviourResult,
    settings: BehaviourSettings,
    events: Sequence[Event],
    *,
    parent: Artifact | None = None,
    promote: bool = True,
) -> PublishedEncoder:
    """Publish ``result``; fill its collection, then let it serve unless validation says no.

    Args:
        workspace: whose artifacts.
        result: of the training.
        settings: it was trained with.
        events: it was trained on; the card says up to when they reach.
        parent: the version that it went on from, if it did.
        promote: whether it may serve at all.

    Raises:
        LockedError: another command is writing to the workspace; the version stays, unpromoted.
        VectorIndexError: Chroma failed; likewise.
        DiskFull: no space left.
    """
    artifacts = Artifacts(workspace.models_dir)
    before = artifacts.current(_KIND)
    made = artifacts.publish(
        _KIND,
        lambda folder: _write(result, folder),
        behaviour_card(result, settings, events, parent),
    )
    reason = step_back(made.card, before) if promote else "It was not to be promoted."
    if reason:
        return PublishedEncoder(made, False, before, reason)
    # Before it serves: who retrieves then finds its vectors there.
    ids = sorted(result.encoder.item_ids)
    collection, _ = sync_behaviour(workspace, made.version, result.encoder, ids)
    collection.close()
    return PublishedEncoder(artifacts.promote(_KIND, made.version), True, before)


def _write(result: BehaviourResult, folder: Path) -> None:
    save_behaviour(result.encoder.taught(), folder)
    save_seen(result.learned, folder)


def behaviour_card(
    result: BehaviourResult,
    settings: BehaviourSettings,
    events: Sequence[Event],
    parent: Artifact | None = None,
) -> Card:
    """What is known about a trained encoder."""
    last: datetime | None = max((event.at for event in events if event.at), default=None)
    again = "went on from there again, for" if parent else "were then trained anew for"
    how = (
        f"Validation is that of a first training; the weights {again} {result.best} epochs on "
        "everything, validation included."
        if result.refitted
        else "The weights are those of the best validation; its targets were not learned."
    )
    return Card(
        kind="behaviour",
        data=CardData(
            sha256=result.sha256,
            events=result.events,
            users=result.users,
            items=result.encoder.known,
            last=last,
        ),
        settings=settings.model_dump(mode="json"),
        seed=settings.seed,
        metrics={
            "ndcg@10": mean_figure(result.scores.ndcg.tolist()),
            "recall@10": mean_figure(result.scores.recall.tolist()),
            "popularity ndcg@10": mean_figure(result.popularity.ndcg.tolist()),
            **_gain(result.scores, result.before),
        },
        seconds=round(result.seconds, 1),
        parent=parent.version if parent else None,
        versions=package_versions(*_PACKAGES),
        notes=(how, *result.warnings),
        extra={
            "epochs": len(result.reports),
            # What a training from the beginning would need.
            "best_epoch": parent.card.extra.get("best_epoch") if parent else result.best,
            **({"continued_epochs": result.best, "new_targets": result.new} if parent else {}),
            "parameters": result.parameters,
            "refitted": result.refitted,
            "text_encoder": result.encoder.config.text_encoder,
            "curve": [[report.loss, report.ndcg] for report in result.reports],
        },
    )


def _gain(after: Scores, before: Scores | None) -> dict[str, Figure]:
    if before is None:
        return {}
    ndcg = gained("ndcg@10", after.ndcg.tolist(), before.ndcg.tolist())
    return ndcg | gained("recall@10", after.recall.tolist(), before.recall.tolist())
