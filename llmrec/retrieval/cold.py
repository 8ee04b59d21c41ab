"""Places in a list for cold items: those that nobody has touched yet.

Most sources count events, so what has none stands behind what has some, however well it fits. Its
places are kept: of the first ``p`` of a list at least ``floor(share * p)`` are cold, with their
share of what the shopper may be shown for ``share``. That is DetGreedy's lower bound (Geyik, Ambler
& Kenthapadi, "Fairness-Aware Ranking in Search & Recommendation Systems", KDD 2019). Which of them
fit, the sources say that need no events, asked among cold items alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from llmrec.config import RetrievalSettings
from llmrec.retrieval.fusion import Blend, fuse
from llmrec.retrieval.sources.base import Context, Hits
from llmrec.retrieval.state import State
from llmrec.types import BoolArray, Candidate, SourceHit

__all__ = ["COLD", "cold_share", "keep_places", "with_places"]

COLD = "cold"
"""Under this name a candidate's ``sources`` say that it stands in a kept place."""

_SPEAKERS = ("text", "lexical", "behaviour")
"""Sources that know items without events: by their texts, all three."""


def keep_places(
    state: State,
    context: Context,
    blend: Blend,
    hits: Mapping[str, Hits],
    fused: list[Candidate],
    settings: RetrievalSettings,
) -> list[Candidate]:
    """``fused`` with cold items in the places that are due to them; there may be none.

    Args:
        state: the catalogue, its sources, and which items are cold.
        context: the request.
        blend: joins the sources' answers, among cold items as among all.
        hits: what the sources answered among all, which candidates name beside :data:`COLD`.
        fused: all candidates, best first.
        settings: ``cold_places`` and ``depth`` count.
    """
    row = state.snapshot.row
    share = cold_share(state.cold, context.allowed, settings.cold_places)
    due = _due(share, len(fused))
    if (np.cumsum([state.cold[row[candidate.item]] for candidate in fused]) >= due).all():
        return fused
    among = replace(context, allowed=context.allowed & state.cold)
    cold_hits = {
        name: state.sources[name].top(among, settings.depth)
        for name in _SPEAKERS
        if name in state.sources and blend.uses(name)
    }
    cold = [
        replace(
            candidate,
            sources={COLD: SourceHit(rank, candidate.score), **_said(hits, row[candidate.item])},
        )
        for rank, candidate in enumerate(
            fuse(cold_hits, blend, state.snapshot.ids, n=due[-1]), start=1
        )
    ]
    return with_places(fused, cold, share, lambda id: bool(state.cold[row[id]]))


def cold_share(cold: BoolArray, allowed: BoolArray, most: float) -> float:
    """The share of the allowed items that is cold, at most ``most``; 0 where none is allowed."""
    of = int(np.count_nonzero(allowed))
    return min(most, int(np.count_nonzero(cold & allowed)) / of) if of else 0.0


def _due(share: float, length: int) -> list[int]:
    """How many of the first 1, 2, ... ``length`` of a list are to be cold at least."""
    return [int(share * place) for place in range(1, length + 1)]


def _said(hits: Mapping[str, Hits], row: int) -> dict[str, SourceHit]:
    """Where each source put an item."""
    places = {name: np.flatnonzero(source_hits.rows == row) for name, source_hits in hits.items()}
    return {
        name: SourceHit(int(at[0]) + 1, float(hits[name].scores[at[0]]))
        for name, at in places.items()
        if len(at)
    }


def with_places(
    fused: Sequence[Candidate],
    cold: Sequence[Candidate],
    share: float,
    is_cold: Callable[[str], bool],
) -> list[Candidate]:
    """``fused`` with cold items where too few of them stand by themselves; as long as before.

    Of the first ``p`` at least ``floor(share * p)`` are cold, while there are any. One that is
    moved in has a score between its neighbours', because ranking standardises scores.

    Args:
        fused: best first.
        cold: those to move in, best first; they may stand in ``fused`` too.
        share: from 0 to 1.
        is_cold: whether the item of an id is cold.
    """
    waiting, rest = deque(cold), deque(fused)
    placed: list[Candidate] = []
    taken: set[str] = set()
    have = 0
    for due in _due(share, len(fused)):
        _drop(waiting, taken)
        _drop(rest, taken)
        if waiting and have < due and not is_cold(rest[0].item):
            above = placed[-1].score if placed else rest[0].score
            candidate = replace(waiting.popleft(), score=(above + rest[0].score) / 2)
        else:
            candidate = rest.popleft()
        placed.append(candidate)
        taken.add(candidate.item)
        have += is_cold(candidate.item)
    return placed


def _drop(queue: deque[Candidate], taken: Collection[str]) -> None:
    """Take off what stands first and has a place already."""
    while queue and queue[0].item in taken:
        queue.popleft()
