"""A trained encoder becomes a version of the shop's, with a card, and serves unless it is worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from llmrec.artifacts import (
    Artifact,
    Artifacts,
    Card,
    CardData,
    Comparison,
    package_versions,
)
from llmrec.config import Workspace
from llmrec.embedding.behaviour import save_behaviour
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.train import BehaviourResult
from llmrec.finetune.figures import mean_figure
from llmrec.retrieval.behaviour import sync_behaviour
from llmrec.types import Event

__all__ = ["Published", "behaviour_card", "publish_behaviour"]

_KIND = "behaviour"
_PACKAGES = ("llmrec", "torch", "numpy", "chromadb")


@dataclass(frozen=True)
class Published:
    """A new version, whether it serves, and what it was held against."""

    artifact: Artifact
    promoted: bool
    before: Artifact | None


def publish_behaviour(
    workspace: Workspace,
    result: BehaviourResult,
    settings: BehaviourSettings,
    events: Sequence[Event],
    *,
    promote: bool = True,
) -> Published:
    """Publish ``result``; fill its collection, then let it serve unless validation says no.

    Args:
        workspace: whose artifacts.
        result: of the training.
        settings: it was trained with.
        events: it was trained on; the card says up to when they reach.
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
        lambda folder: save_behaviour(result.encoder.taught(), folder),
        behaviour_card(result, settings, events),
    )
    if not promote or (before is not None and Comparison(made.card, before.card).worse):
        return Published(made, False, before)
    # Before it serves: who retrieves then finds its vectors there.
    ids = sorted(result.encoder.item_ids)
    collection, _ = sync_behaviour(workspace, made.version, result.encoder, ids)
    collection.close()
    return Published(artifacts.promote(_KIND, made.version), True, before)


def behaviour_card(
    result: BehaviourResult, settings: BehaviourSettings, events: Sequence[Event]
) -> Card:
    """What is known about a trained encoder."""
    last: datetime | None = max((event.at for event in events if event.at), default=None)
    how = (
        f"Validation is that of a first training; the weights were then trained anew for "
        f"{result.best} epochs on everything, validation included."
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
        },
        seconds=round(result.seconds, 1),
        versions=package_versions(*_PACKAGES),
        notes=(how, *result.warnings),
        extra={
            "epochs": len(result.reports),
            "best_epoch": result.best,
            "parameters": result.parameters,
            "refitted": result.refitted,
            "text_encoder": result.encoder.config.text_encoder,
            "curve": [[one.loss, one.ndcg] for one in result.reports],
        },
    )
