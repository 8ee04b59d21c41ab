"""A trained adapter becomes a version of the shop's, and serves unless validation says no."""

from __future__ import annotations

from pathlib import Path

from llmrec.artifacts import Artifact, Artifacts, Card
from llmrec.config import Workspace
from llmrec.finetune.card import PublishedAdapter, publish_adapter
from llmrec.finetune.gained import step_back
from llmrec.ranking import LIFT, has_shown_lift

__all__ = ["publish_ranker"]

_KIND = "ranker"


def publish_ranker(
    workspace: Workspace, folder: Path, *, seen: Path | None = None, promote: bool = True
) -> PublishedAdapter:
    """Publish the adapter in ``folder``, and let it serve if it helps and is no step back.

    It serves if validation shows that the fused ranking is above the retriever alone (the interval
    of its lift lies above 0), and its main figure is not below that of the version that serves.

    Args:
        workspace: whose artifacts.
        folder: from :func:`~llmrec.finetune.ranker.train_lora`.
        seen: a file that says what of the log it has seen; it becomes part of the version.
        promote: whether it may serve at all.

    Raises:
        ModelError: its card is missing or damaged.
        DiskFull: no space left; nothing of the version stays.
        LockedError: another process holds the store's lock for a minute.
    """
    artifacts = Artifacts(workspace.models_dir)
    before = artifacts.current(_KIND)
    made = publish_adapter(artifacts, folder, also=() if seen is None else (seen,))
    reason = _against(made.card, before) if promote else "It was not to be promoted."
    if reason:
        return PublishedAdapter(made, False, reason)
    anew = made.card.parent is None
    return PublishedAdapter(artifacts.promote(_KIND, made.version, unless_worse=anew), True)


def _against(card: Card, before: Artifact | None) -> str:
    lift = card.metrics.get(LIFT)
    if lift is None:
        return "Nothing is known of what it adds to the retriever."
    if not has_shown_lift(card):
        return (
            f"Validation does not show the fused ranking above the retriever alone: {LIFT} {lift}. "
            "Train longer, or on more examples."
        )
    return step_back(card, before)
