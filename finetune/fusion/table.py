"""What each source found by itself, what only it found, and what the fusions made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmrec.artifacts import Figure
from llmrec.finetune.figures import mean_figure, share_figure
from llmrec.finetune.fusion.choose import Choice
from llmrec.finetune.fusion.ranks import ndcg_at

__all__ = ["KS", "SourceRow", "fused_figures", "source_rows"]

KS = (20, 50, 100)


@dataclass(frozen=True)
class SourceRow:
    """One source on the validation cases.

    Attributes:
        source: its name.
        recall: share of the targets among its first 20, 50, 100.
        alone: targets that no other source found.
        weight: what its first place is worth, in log-odds.
        weights: of its features.
    """

    source: str
    recall: dict[int, float]
    alone: int
    weight: float
    weights: dict[str, float]


def source_rows(choice: Choice) -> list[SourceRow]:
    """A row for each source, the heaviest first."""
    ranks = choice.cases.ranks
    ranked = ranks > 0
    only = ranked & (ranked.sum(axis=1, keepdims=True) == 1)
    rows = [
        SourceRow(
            name,
            {k: float(_within(ranks[:, place], k).mean()) for k in KS},
            int(only[:, place].sum()),
            choice.weights.at_first(name),
            {str(key): weight for key, weight in choice.weights.weights.get(name, {}).items()},
        )
        for place, name in enumerate(choice.cases.sources)
    ]
    return sorted(rows, key=lambda row: -row.weight)


def fused_figures(choice: Choice, rival: str) -> dict[str, Figure]:
    """NDCG@10 first, then recall, of ``rival`` on cases that it was not fitted on."""
    places = choice.places[rival]
    figures = {"ndcg@10": mean_figure(ndcg_at(places, 10).tolist())}
    for k in (10, *KS):
        figures[f"recall@{k}"] = share_figure(_within(places, k).tolist())
    return figures


def _within(places: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    return (places > 0) & (places <= k)
