"""A trained adapter becomes a version of the shop's, and writes if its texts pass more often."""

from __future__ import annotations

from pathlib import Path

from llmrec.artifacts import Artifact, Artifacts, Card
from llmrec.config import Workspace
from llmrec.finetune.card import PublishedAdapter, publish_adapter
from llmrec.finetune.gained import step_back
from llmrec.finetune.words.measure import FIRST_TRY

__all__ = ["publish_words"]

_KIND = "words"


def publish_words(workspace: Workspace, folder: Path, *, promote: bool = True) -> PublishedAdapter:
    """Publish the adapter in ``folder``, and let it write if that helps and is no step back.

    It serves unless its texts do not pass the checker more often than those of the base, or less
    often than those of the version that serves.

    Args:
        workspace: whose artifacts.
        folder: with an adapter whose card has been measured.
        promote: whether it may serve at all.

    Raises:
        ModelError: its card is missing or damaged.
        DiskFull: no space left; nothing of the version stays.
        LockedError: another process holds the store's lock for a minute.
    """
    artifacts = Artifacts(workspace.models_dir)
    before = artifacts.current(_KIND)
    made = publish_adapter(artifacts, folder)
    reason = _against(made.card, before) if promote else "It was not to be promoted."
    if reason:
        return PublishedAdapter(made, False, reason)
    return PublishedAdapter(artifacts.promote(_KIND, made.version, unless_worse=True), True)


def _against(card: Card, before: Artifact | None) -> str:
    mean, base = card.metrics.get(FIRST_TRY), card.metrics.get(f"{FIRST_TRY}, base")
    if mean is None or base is None:
        return "Nothing is known of how often its texts pass the checker."
    if mean.mean <= base.mean:
        return (
            f"Its texts pass the checker no more often than those of the base: {mean} at the first "
            f"try against {base}. Train longer, or on more examples."
        )
    return step_back(card, before)
