"""A request's history as taste: which entries count, how much, and where they point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from llmrec.retrieval.events import KIND_WEIGHT
from llmrec.types import EventKind, FloatArray, HistoryEntry

__all__ = ["TasteEntry", "disliked", "seen", "taste_entries", "taste_vector"]


@dataclass(frozen=True)
class TasteEntry:
    """One liked thing: an item of the catalogue by id, or a text; ``weight`` falls with age."""

    item: str | None
    text: str | None
    weight: float


def seen(history: Iterable[HistoryEntry]) -> set[str]:
    """The ids of a history, whatever was done with them."""
    return {entry.item for entry in history if entry.item is not None}


def disliked(history: Iterable[HistoryEntry]) -> set[str]:
    """The ids that were disliked and not bought, rated or liked after that."""
    unwanted: set[str] = set()
    for entry in history:
        if entry.item is None:
            continue
        if entry.kind is EventKind.DISLIKE:
            unwanted.add(entry.item)
        elif KIND_WEIGHT[entry.kind] == 1.0:
            unwanted.discard(entry.item)
    return unwanted


def taste_entries(
    history: Sequence[HistoryEntry],
    known: Mapping[str, int],
    *,
    limit: int,
    half_life: float,
) -> list[TasteEntry]:
    """The most recent ``limit`` different things that were liked, newest first.

    Args:
        history: oldest first.
        known: the catalogue's items; an unknown id counts by the entry's text, else as a text.
        limit: how many count.
        half_life: the number of entries after which one counts half.
    """
    unwanted = disliked(history)
    entries: dict[str, TasteEntry] = {}
    for entry in reversed(history):
        name = entry.item or entry.text
        weight = KIND_WEIGHT[entry.kind]
        if not name or not weight or name in entries or name in unwanted:
            continue
        item = entry.item if entry.item in known else None
        age = 0.5 ** (len(entries) / half_life)
        entries[name] = TasteEntry(item, None if item else (entry.text or name), weight * age)
        if len(entries) == limit:
            break
    return list(entries.values())


def taste_vector(vectors: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray | None:
    """The weighted mean of unit vectors ``[d]``, of unit length again; ``None`` without any."""
    if not vectors:
        return None
    mean = np.average(np.stack(vectors), axis=0, weights=weights)
    norm = float(np.linalg.norm(mean))
    return None if norm < 1e-6 else (mean / norm).astype(np.float32)
