"""How the main path's results become an answer: order, texts, notes and times."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from llmrec.config import MAX_CANDIDATES
from llmrec.leaving import check_wanted
from llmrec.types import Candidate, Fit, HistoryEntry, Item, Recommendation, Recommendations, Words

if TYPE_CHECKING:
    from llmrec.ranking import Ranking

__all__ = [
    "Stopwatch",
    "answer_notes",
    "cut_to_fit",
    "history_notes",
    "ordered_recommendations",
    "with_words",
]

_IDS_SHOWN = 3
_MOST_NEAR = 3
"""Of what nobody asked for; a longer list of it is no help."""


@dataclass
class Stopwatch:
    """Adds up the milliseconds of named stages."""

    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block under ``name``, also when it raises.

        Raises:
            Abandoned: the caller has left, and the block is not begun.
        """
        check_wanted()
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - start) * 1000
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + spent

    def shared(self, requests: int) -> dict[str, float]:
        """Each request's share of a batch, with the total of all stages."""
        share = {name: spent / requests for name, spent in self.milliseconds.items()}
        return {**share, "total": sum(share.values())}


def ordered_recommendations(
    candidates: Sequence[tuple[Candidate, Item]], ranking: Ranking | None
) -> list[Recommendation]:
    """Number the ranked candidates, then those behind them in retrieval order."""
    ordered: list[tuple[Candidate, Item, float, dict[str, float]]] = []
    if ranking:
        ordered = [
            (ranked.candidate, ranked.item, ranked.score, {"llm": ranked.log_odds})
            for ranked in ranking.order
        ]
    # Behind the ranked ones, retrieval scores are shifted below the last, so that scores fall.
    floor = min((score for *_, score, _ in ordered), default=None)
    for candidate, item in candidates[len(ordered) :]:
        score = candidate.score if floor is None else floor - 1.0 + candidate.score
        ordered.append((candidate, item, score, {}))
    return [
        Recommendation(
            item=item,
            rank=rank,
            score=score,
            fit=candidate.fit,
            scores={
                **parts,
                "retrieval": candidate.score,
                **{f"source:{name}": float(hit.rank) for name, hit in candidate.sources.items()},
            },
        )
        for rank, (candidate, item, score, parts) in enumerate(ordered, start=1)
    ]


class _Fitting(Protocol):
    @property
    def fit(self) -> Fit | None: ...


_F = TypeVar("_F", bound=_Fitting)


def cut_to_fit(ordered: Sequence[_F]) -> list[_F]:
    """Of candidates for a query those that answer it; where none does, the few that are near.

    All of them where nobody has said what they are to the words.
    """
    answering = [candidate for candidate in ordered if candidate.fit in ("answer", None)]
    return answering or [candidate for candidate in ordered if candidate.fit == "near"][:_MOST_NEAR]


def with_words(
    answer: Recommendations,
    written: Sequence[tuple[Words | None, Words | None] | None],
    explain: bool,
    describe: int,
) -> Recommendations:
    """Give each recommendation its texts, and count in the trace how they came about.

    ``None`` for a recommendation means that its texts have still to be written.
    """
    items = []
    texts: list[Words] = []
    for recommendation, pair in zip(answer, written, strict=True):
        reason, description = pair or (None, None)
        kept = (
            reason if explain else None,
            description if recommendation.rank <= describe else None,
        )
        texts += [text for text in kept if text]
        items.append(replace(recommendation, reason=kept[0], description=kept[1]))
    trace = replace(
        answer.trace,
        generated=sum(text.attempts for text in texts),
        repairs=sum(text.attempts > 1 for text in texts),
        from_fields=sum(text.origin == "fields" for text in texts),
        quoted=sum(text.origin == "quote" for text in texts),
    )
    return replace(answer, items=tuple(items), trace=trace)


def history_notes(
    given: Sequence[HistoryEntry], resolved: Sequence[HistoryEntry]
) -> tuple[str, ...]:
    """What a reader should know about ids of a history that the catalogue does not know.

    Args:
        given: as the caller or the log had it.
        resolved: the same entries, looked up in the catalogue.
    """
    unknown = [
        before.item or ""
        for before, after in zip(given, resolved, strict=True)
        if after.item is None and before.item and _is_id(before)
    ]
    if not unknown:
        return ()
    which = "none" if len(unknown) == len(given) else f"{len(given) - len(unknown)}"
    shown = ", ".join(f"'{id}'" for id in list(dict.fromkeys(unknown))[:_IDS_SHOWN])
    return (
        f"the catalogue knows {which} of the {len(given)} entries of the history; {shown} "
        f"{'counts' if len(unknown) == 1 else 'count'} by the words alone",
    )


def _is_id(entry: HistoryEntry) -> bool:
    # A text may be given as it is; one word that is no item is more likely an id of another shop.
    return entry.text is None and (entry.stated or not re.search(r"\s", entry.item or ""))


def answer_notes(
    matching: int, candidates: int, k: int, ranked: bool, answering: int | None = None
) -> tuple[str, ...]:
    """What a reader of the trace should know about an answer's size and order.

    ``answering`` counts the candidates that answer the query, where the others were cut off.
    """
    notes = []
    if answering and answering < min(k, matching):
        notes.append(f"{answering} products answer the words; {k} were asked for")
    elif matching < k:
        notes.append(f"{matching} unseen items pass the filters; {k} were asked for")
    if ranked and candidates > MAX_CANDIDATES:
        notes.append(f"the model ranked the first {MAX_CANDIDATES}; the rest keep retrieval order")
    return tuple(notes)
