"""What is ranked, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmrec.types import Candidate, HistoryEntry, Item

__all__ = ["RankRequest", "RankedCandidate", "Ranking"]


@dataclass(frozen=True, slots=True)
class RankRequest:
    """One list to rank.

    ``history`` is oldest first, each entry with its item or ``None`` where it counts by its text;
    ``candidates`` are different items, as many as there are, in any order.
    """

    history: tuple[tuple[HistoryEntry, Item | None], ...]
    query: str | None
    candidates: tuple[tuple[Candidate, Item], ...]


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """A candidate with what the model thought of it.

    ``log_odds`` is ``log p(yes) - log p(no)`` behind its own prompt; ``score`` is what the list is
    sorted by.
    """

    candidate: Candidate
    item: Item
    log_odds: float
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates of one request, best first; empty where the model was not asked.

    ``prompt_tokens`` counts what all candidates share once. ``forward_passes`` are those of the
    batch the request was part of. ``milliseconds`` has this request's share of ``render`` and
    ``rank``. ``adapter`` is the one that ranked, ``None`` the base model. ``unasked`` says why the
    model was not asked, ``None`` where it was.
    """

    order: tuple[RankedCandidate, ...]
    prompt_tokens: int
    prompt_version: str
    forward_passes: int
    milliseconds: Mapping[str, float]
    adapter: str | None = None
    unasked: str | None = None
