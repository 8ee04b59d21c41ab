"""A fitted fusion becomes a version of the shop's, with a card, and serves unless it is worse."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from llmrec.artifacts import Artifact, Artifacts, Card, CardData, Comparison, package_versions
from llmrec.config import Workspace
from llmrec.finetune.fusion.choose import BY_HAND
from llmrec.finetune.fusion.held_out import Validation
from llmrec.finetune.fusion.settings import FusionSettings
from llmrec.finetune.fusion.table import fused_figures
from llmrec.finetune.fusion.train import FusionResult
from llmrec.retrieval.learned import save_fusion

__all__ = ["PublishedFusion", "fusion_card", "publish_fusion"]

_KIND = "fusion"
_PACKAGES = ("llmrec", "numpy", "scipy")


@dataclass(frozen=True)
class PublishedFusion:
    """A new version, whether it serves, and if not, why."""

    artifact: Artifact
    promoted: bool
    why_not: str = ""


def publish_fusion(
    workspace: Workspace,
    result: FusionResult,
    asked: Validation,
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
    made = artifacts.publish(_KIND, lambda folder: save_fusion(weights, folder), card)
    if not promote:
        return PublishedFusion(made, False, "it was not to be promoted")
    if result.choice.winner == BY_HAND:
        return PublishedFusion(made, False, "the weights set by hand are as good or better")
    before = artifacts.current(_KIND)
    if before is not None and (compared := Comparison(card, before.card)).worse:
        return PublishedFusion(made, False, f"{before.name} is better: {compared}")
    artifacts.promote(_KIND, made.version, unless_worse=True)
    return PublishedFusion(made, True)


def fusion_card(result: FusionResult, asked: Validation, settings: FusionSettings) -> Card:
    """What is known about a fitted fusion; its figures are of cases it was not fitted on."""
    choice = result.choice
    kept = "logit" if choice.winner == BY_HAND else choice.winner
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
        metrics=fused_figures(choice, kept)
        | {f"by hand {name}": one for name, one in fused_figures(choice, BY_HAND).items()},
        seconds=round(result.seconds, 1),
        versions=package_versions(*_PACKAGES),
        notes=(
            "Measured by cross-validation over shoppers, whose last new item no source knew. The "
            "behaviour encoder's number of epochs may have been chosen on the same items.",
        ),
        extra={
            "model": kept,
            "sources": list(choice.cases.sources),
            "cases": len(choice.cases),
            "rivals": {name: fused_figures(choice, name)["ndcg@10"].mean for name in choice.places},
        },
    )
