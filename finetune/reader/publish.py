"""A trained adapter becomes a version of the shop's, and reads if it reads no less right."""

from __future__ import annotations

from pathlib import Path

from llmrec.artifacts import Artifact, Artifacts, Card
from llmrec.config import Workspace
from llmrec.finetune.card import PublishedAdapter, publish_adapter
from llmrec.finetune.reader.measure import BRANDS, INTENTS, PRICES
from llmrec.reading.shipped import FOLDER, shipped_adapter, shipped_card

__all__ = ["publish_reader", "serving_reader"]

_KIND = "reader"
_CHOOSE_BY = (PRICES, BRANDS, INTENTS)


def serving_reader(workspace: Workspace, base: str, shipped: Path = FOLDER) -> Artifact | None:
    """What a training goes on from: the promoted version, else the adapter that ships.

    Args:
        workspace: whose artifacts.
        base: the weights that are to learn.
        shipped: the folder of the adapter that ships.

    Returns:
        ``None`` where that belongs to another base, or there is none.

    Raises:
        ModelError: its card or its file is missing or damaged.
        DiskFull: no space left to unpack what ships.
    """
    serving = Artifacts(workspace.models_dir).current(_KIND)
    if serving is None and (card := shipped_card(shipped)) is not None:
        folder = shipped_adapter(shipped)
        serving = Artifact(_KIND, f"shipped-{folder.name[:8]}", folder, card)
    return serving if serving and serving.card.extra.get("base") == base else None


def publish_reader(
    workspace: Workspace, folder: Path, *, promote: bool = True, shipped: Path = FOLDER
) -> PublishedAdapter:
    """Publish the adapter in ``folder``, and let it read if that is no step back.

    It serves unless it reads fewer price fields, brands or intents right than what serves now: the
    promoted version, else the adapter that ships.

    Args:
        workspace: whose artifacts.
        folder: with an adapter whose card has been measured.
        promote: whether it may serve at all.
        shipped: the folder of the adapter that ships.

    Raises:
        ModelError: its card, or that of what serves, is missing or damaged.
        DiskFull: no space left; nothing of the version stays.
        LockedError: another process holds the store's lock for a minute.
    """
    artifacts = Artifacts(workspace.models_dir)
    serving = artifacts.current(_KIND)
    name, before = (
        (serving.name, serving.card)
        if serving
        else ("The reader that ships", shipped_card(shipped))
    )
    made = publish_adapter(artifacts, folder)
    reason = "It was not to be promoted."
    if promote:
        base = workspace.settings.reader.base
        reason = _of_another_base(made, base) or _step_back(made.card, name, before)
    if reason:
        return PublishedAdapter(made, False, reason)
    return PublishedAdapter(artifacts.promote(_KIND, made.version, unless_worse=True), True)


def _of_another_base(made: Artifact, base: str) -> str:
    trained = made.card.extra.get("base")
    if trained == base:
        return ""
    return (
        f"It was trained on '{trained}', and reader.base is '{base}'. Set reader.base, then let it "
        f"serve: llmrec models promote reader {made.version}."
    )


def _step_back(card: Card, name: str, before: Card | None) -> str:
    """Why it should not serve instead of what serves; empty if it may."""
    if any(figure not in card.metrics for figure in _CHOOSE_BY):
        return "Nothing is known of how well it reads."
    if before is None:
        return ""
    if any(figure not in before.metrics for figure in _CHOOSE_BY):
        return f"{name} goes on serving: its card does not say how well it reads."
    worse = [
        f"{figure} {card.metrics[figure]} against {before.metrics[figure]}"
        for figure in _CHOOSE_BY
        if card.metrics[figure].mean < before.metrics[figure].mean
    ]
    return f"{name} goes on serving: {'; '.join(worse)}." if worse else ""
