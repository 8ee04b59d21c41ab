"""Which entries of a history stand nearest to an item: what a reason can name as its grounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmrec.retrieval.taste import disliked
from llmrec.types import EventKind, FloatArray, HistoryEntry

__all__ = ["nearest_entries"]

_MIN_SIMILARITY = 0.3
"""Cosine below which naming an entry as the grounds would be an invention (MiniLM scale)."""


def nearest_entries(
    history: Sequence[HistoryEntry],
    vectors: Sequence[FloatArray | None],
    target: FloatArray | None,
    limit: int,
) -> tuple[int, ...]:
    """Indices into ``history`` of the liked entries most similar to ``target``, nearest first.

    Args:
        history: oldest first.
        vectors: each entry's unit vector ``[d]``, ``None`` where there is none.
        target: the item's unit vector ``[d]``; without one nothing is near.
        limit: how many at most; one entry per item.
    """
    if target is None:
        return ()
    unwanted = disliked(history)
    nearest: dict[str, tuple[float, int]] = {}
    for index, (entry, vector) in enumerate(zip(history, vectors, strict=True)):
        name = entry.item or entry.text or ""
        if vector is None or entry.kind is EventKind.DISLIKE or name in unwanted:
            continue
        similarity = float(np.dot(vector, target))
        if similarity >= _MIN_SIMILARITY:
            nearest[name] = (similarity, index)  # the most recent mention of the same thing
    ordered = sorted(nearest.values(), reverse=True)
    return tuple(index for _, index in ordered[:limit])
