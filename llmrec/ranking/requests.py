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
    ``candidates`` hold at most ``MAX_CANDIDATES`` different items; ``seed`` sets the order in which
    the model sees them. ``reverse_labels`` gives the labels out from the other end: for measuring
    how much the model's answer depends on them.
    """

    history: tuple[tuple[HistoryEntry, Item | None], ...]
    query: str | None
    candidates: tuple[tuple[Candidate, Item], ...]
    seed: int = 0
    reverse_labels: bool = False


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """A candidate with the label it had in the prompt and what the model thought of it.

    ``log_prob`` is the log-probability of the label among the labels (calibrated, if the ranker
    calibrates); ``score`` is what the list is sorted by.
    """

    candidate: Candidate
    item: Item
    label: str
    log_prob: float
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates of one request, best first.

    ``forward_passes`` are those of the batch the request was part of. ``milliseconds`` has this
    request's share of ``render`` and ``rank``. ``shown`` are the ids in the order of the prompt, of
    the first one where several orders were asked; ``prompt_tokens`` are those of all of them.
    ``adapter`` is the one that ranked, ``None`` the base model.
    """

    order: tuple[RankedCandidate, ...]
    prompt_tokens: int
    prompt_version: str
    forward_passes: int
    milliseconds: Mapping[str, float]
    shown: tuple[str, ...] = ()
    adapter: str | None = None
