"""What going on has gained, case by case, and whether the result is a step back."""

from __future__ import annotations

from collections.abc import Sequence

from llmrec.artifacts import Artifact, Card, CardComparison, Figure
from llmrec.finetune.figures import mean_figure

__all__ = ["GAINED", "gained", "step_back"]

GAINED = "gained ndcg@10"
"""Over the version that it went on from; on the cards of those that did."""


def gained(name: str, after: Sequence[float], before: Sequence[float]) -> dict[str, Figure]:
    """What was gone on from scored on the same cases, and the paired difference.

    Args:
        name: of the figure.
        after: the new version's, by case.
        before: the old one's.
    """
    difference = [new - old for new, old in zip(after, before, strict=True)]
    return {f"before {name}": mean_figure(before), f"gained {name}": mean_figure(difference)}


def step_back(card: Card, serving: Artifact | None) -> str:
    """Why ``card`` should not serve instead of ``serving``; empty if it may.

    Against what it went on from there are paired figures; against others the cards' main ones.
    """
    if serving is None:
        return ""
    gain = card.metrics.get(GAINED)
    if gain is not None and card.parent == serving.version:
        return f"{serving.name} goes on serving: {GAINED} {gain}." if gain.mean < 0 else ""
    compared = CardComparison(card, serving.card)
    return f"{serving.name} goes on serving: {compared}." if compared.worse else ""
