"""A fitted fusion becomes a version of the shop's, with a card, and serves unless it is worse."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
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
from llmrec.finetune.fusion.choose import BEFORE, BY_HAND, Choice
from llmrec.finetune.fusion.held_out import CutLog
from llmrec.finetune.fusion.ranks import ndcg_at
from llmrec.finetune.fusion.settings import FusionSettings
from llmrec.finetune.fusion.table import fused_figures
from llmrec.finetune.fusion.train import FusionResult, cases_behind
from llmrec.finetune.gained import gained, step_back
from llmrec.finetune.seen import save_seen
from llmrec.retrieval.learned import save_fusion

__all__ = ["PublishedFusion", "fusion_card", "publish_fusion"]

_KIND = "fusion"
_UNASKED = "It was not to be promoted."
_PACKAGES = ("llmrec", "numpy", "scipy")


@dataclass(frozen=True)
class PublishedFusion:
    """A new version, whether it serves, and if not, why (``reason``)."""

    artifact: Artifact
    promoted: bool
    reason: str = ""


def publish_fusion(
    workspace: Workspace,
    result: FusionResult,
    asked: CutLog,
    settings: FusionSettings,
    *,
    promote: bool = True,
) -> PublishedFusion:
    """Publish ``result``, and let it serve unless something else is better.

    Args:
        workspace: whose artifacts.
        result: of the fitting.
        asked: what it was fitted on.
        settings: it was fitted with.
        promote: whether it may serve at all.

    Raises:
        DiskFull: no space left.
        LockedError: another process holds the lock for a minute.
    """
    artifacts = Artifacts(workspace.models_dir)
    weights = result.choice.weights
    card = fusion_card(result, asked, settings)

    def fill(folder: Path) -> None:
        save_fusion(weights, folder)
        save_seen(asked.data.events, folder)

    made = artifacts.publish(_KIND, fill, card)
    reason = _against(result, card, artifacts.current(_KIND)) if promote else _UNASKED
    if reason:
        return PublishedFusion(made, False, reason)
    artifacts.promote(_KIND, made.version, unless_worse=card.parent is None)
    return PublishedFusion(made, True)


def _against(result: FusionResult, card: Card, before: Artifact | None) -> str:
    """Why the version of ``card`` should not serve, if it should not."""
    if result.choice.winner == BY_HAND:
        return "The weights set by hand are as good or better."
    if result.choice.winner == BEFORE:
        return "What it went on from is as good or better."
    return step_back(card, before)


def fusion_card(result: FusionResult, asked: CutLog, settings: FusionSettings) -> Card:
    """What is known about a fitted fusion; its figures are of cases it was not fitted on."""
    choice = result.choice
    kept, since = choice.kept, asked.since
    return Card(
        kind="fusion",
        data=CardData(
            sha256=hashlib.sha256(repr(asked.train).encode()).hexdigest(),
            events=len(asked.train),
            users=len({event.user for event in asked.train}),
            items=len(asked.data.catalogue.ids),
            last=max((event.at for event in asked.train if event.at), default=None),
        ),
        settings=settings.model_dump(mode="json"),
        seed=settings.seed,
        metrics=fused_figures(choice, kept) | _rivals(choice, kept),
        seconds=round(result.seconds, 1),
        parent=since.parent.version if since else None,
        versions=package_versions(*_PACKAGES),
        notes=(
            "Measured by cross-validation over shoppers, whose last new item no source knew. The "
            "behaviour encoder's number of epochs may have been chosen on the same items.",
        ),
        extra={
            "model": kept,
            "sources": list(choice.cases.sources),
            "cases": len(choice.cases),
            "cases_before": cases_behind(since.parent) if since else 0,
            "rivals": {name: fused_figures(choice, name)["ndcg@10"].mean for name in choice.places},
        },
    )


def _rivals(choice: Choice, kept: str) -> dict[str, Figure]:
    """The figures of what is not fitted; and what was gained over what was gone on from."""
    figures = {
        f"{rival} {name}": figure
        for rival in (BY_HAND, BEFORE)
        if rival in choice.places
        for name, figure in fused_figures(choice, rival).items()
    }
    if BEFORE in choice.places:
        new, old = (ndcg_at(choice.places[name], 10).tolist() for name in (kept, BEFORE))
        figures |= gained("ndcg@10", new, old)
    return figures
