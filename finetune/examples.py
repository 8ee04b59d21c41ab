"""Ranking examples from training histories: what the ranker will see when it serves.

Each example shows a history up to a moment and asks which of the retriever's own candidates came
next. Negatives are therefore hard: what the retriever puts beside the truth, not random items. The
prompts are made by the same functions as in :mod:`llmrec.ranking`, and a test holds the two equal.

Only the events that are passed in are used. Two things remain the caller's duty: to pass training
events alone (``held_out`` refuses the others), and to retrieve with a retriever that has not learnt
from held-out events.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from llmrec.config import MAX_CANDIDATES, RankingSettings
from llmrec.errors import DataError
from llmrec.finetune.seen import latest
from llmrec.prompting import fit_rank_prompt, rank_prompt_version
from llmrec.retrieval.request import RetrievalRequest, RetrievalResult
from llmrec.types import Candidate, Event, HistoryEntry, Item

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = [
    "CandidateSource",
    "ExampleCounts",
    "ExampleSet",
    "ItemLookup",
    "RankingExample",
    "build_examples",
    "joined",
]


class CandidateSource(Protocol):
    """What :class:`llmrec.retrieval.Retriever` is to training."""

    def retrieve(self, request: RetrievalRequest, n: int) -> RetrievalResult:
        """The ``n`` best unseen candidates for a request."""


class ItemLookup(Protocol):
    """What :class:`llmrec.catalog.store.CatalogStore` is to training."""

    def items(self, ids: Iterable[str]) -> Mapping[str, Item]:
        """The known items among ``ids``."""


@dataclass(frozen=True, slots=True)
class RankingExample:
    """One list and what was chosen of it.

    ``head`` and ``branches`` are those of :class:`~llmrec.prompting.RankPrompt`, ``later`` too;
    ``candidates`` stand in the order of their ids, as the branches do. ``target`` is the index of
    the item that the user chose; ``retrieved`` says whether the retriever had found it.
    ``retrieval`` are the retriever's scores of the candidates. ``history`` are the items that the
    head may show, oldest first: a short one leaves the first ones out.
    """

    user: str
    head: str
    branches: tuple[str, ...]
    candidates: tuple[str, ...]
    target: int
    retrieved: bool
    retrieval: tuple[float, ...] = ()
    history: tuple[str, ...] = ()
    later: tuple[int, int] = (0, 0)

    @property
    def prompts(self) -> list[str]:
        """Each candidate's prompt, as serving sends it."""
        return [self.head + branch for branch in self.branches]


@dataclass
class ExampleCounts:
    """What became of the histories.

    The retriever's recall is ``retrieved / (retrieved + inserted + missed)``: it had found the
    target, the target took the place of a candidate, or there is no example for want of it.
    ``short`` users have too few items; ``unknown`` targets are not in the catalogue; ``alone`` had
    no other candidate; ``later`` counts candidates left out because the user chose them later on,
    which makes them false negatives; ``events`` are all that the histories hold.
    """

    users: int = 0
    examples: int = 0
    retrieved: int = 0
    inserted: int = 0
    short: int = 0
    unknown: int = 0
    alone: int = 0
    later: int = 0
    events: int = 0
    missed: int = 0


@dataclass(frozen=True)
class ExampleSet:
    """Examples with where they come from; ``last`` is the moment of the latest event."""

    examples: tuple[RankingExample, ...]
    prompt_version: str
    counts: ExampleCounts = field(default_factory=ExampleCounts)
    last: datetime | None = None

    @property
    def sha256(self) -> str:
        """Hash of all examples, in their order."""
        digest = hashlib.sha256(self.prompt_version.encode())
        for example in self.examples:
            digest.update(json.dumps(asdict(example)).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class _Moment:
    """A user's history up to an event, that event, and what the user chose later."""

    history: tuple[Event, ...]
    target: Event
    later: frozenset[str]


def build_examples(
    events: Iterable[Event],
    retriever: CandidateSource,
    items: ItemLookup,
    engine: Engine,
    settings: RankingSettings,
    *,
    candidates: int = 20,
    per_user: int = 1,
    targets: Collection[tuple[str, str]] | None = None,
    insert: bool = True,
    held_out: Iterable[Event] = (),
    progress: Callable[[int], None] | None = None,
) -> ExampleSet:
    """Make ranking examples from each user's last ``per_user`` new items.

    Candidates that the user chooses later in ``events`` are left out: they are no negatives. What
    the user chose in held-out events stays in, since leaving it out would tell the future. A
    target that was not retrieved takes the place of the last candidate.

    Args:
        events: training events, oldest first within a user.
        retriever: the one that serves.
        items: the catalogue.
        engine: whose chat template, tokens and context the prompts are made for.
        settings: the ranker's, so that prompts are those of serving.
        candidates: how many candidates a list has, the target among them.
        per_user: how many of a user's items become targets, the latest.
        targets: users with items; only these are asked for. What a user chose after one of them is
            left out of its candidates all the same.
        insert: whether a target that was not retrieved takes the place of the last candidate; if
            not, it makes no example, as it can make no answer when serving.
        held_out: validation and test targets, which must not be among ``events``.
        progress: called with the number of users done since the last call.

    Raises:
        DataError: a held-out target is among the events, ``candidates`` or ``per_user`` is
            impossible, or no history makes an example; the message says why.
    """
    _check_sizes(candidates, per_user)
    histories = _histories(events, {(event.user, event.item) for event in held_out})
    counts = ExampleCounts(users=len(histories), events=sum(map(len, histories.values())))
    maker = _Maker(retriever, items, engine, settings, candidates, insert, counts)
    examples: list[RankingExample] = []
    for user, history in histories.items():
        moments = _moments(history, per_user, targets)
        counts.short += not moments
        made = (maker.example(user, moment) for moment in moments)
        examples += [example for example in made if example is not None]
        if progress:
            progress(1)
    counts.examples = len(examples)
    if not examples:
        raise _no_examples(counts)
    last = latest(event for history in histories.values() for event in history)
    return ExampleSet(tuple(examples), rank_prompt_version(), counts, last)


def _no_examples(counts: ExampleCounts) -> DataError:
    return DataError(
        f"No ranking example comes from {counts.users} users: {counts.short} have one item "
        f"only, {counts.unknown} targets are not in the catalogue, {counts.alone} had no "
        f"other candidate, {counts.missed} were not retrieved.",
        hint="Ingest a longer event log, and the items it speaks of; with --targets all, what "
        "was not retrieved is asked for too.",
    )


def joined(parts: Sequence[ExampleSet]) -> ExampleSet:
    """Sets of one prompt as one; the counts are summed."""
    counts = ExampleCounts()
    for part in parts:
        for name, number in asdict(part.counts).items():
            setattr(counts, name, getattr(counts, name) + number)
    examples = tuple(example for part in parts for example in part.examples)
    last = max((part.last for part in parts if part.last), default=None)
    return ExampleSet(examples, parts[0].prompt_version, counts, last)


def _check_sizes(candidates: int, per_user: int) -> None:
    if not 2 <= candidates <= MAX_CANDIDATES:
        raise DataError(
            f"{candidates} candidates make no ranking example.",
            field="candidates",
            hint=f"Ask for 2 to {MAX_CANDIDATES}.",
        )
    if per_user < 1:
        raise DataError(
            f"{per_user} targets a user make no example.",
            field="per_user",
            hint="Ask for 1 or more.",
        )


class _Maker:
    """Turns moments into examples."""

    def __init__(
        self,
        retriever: CandidateSource,
        items: ItemLookup,
        engine: Engine,
        settings: RankingSettings,
        candidates: int,
        insert: bool,
        counts: ExampleCounts,
    ) -> None:
        self._retriever = retriever
        self._items = items
        self._engine = engine
        self._settings = settings
        self._candidates = candidates
        self._insert = insert
        self._counts = counts

    def example(self, user: str, moment: _Moment) -> RankingExample | None:
        """The example of a moment; none (counted) if it cannot make any."""
        entries = [_entry(event) for event in moment.history]
        candidates = self._retrieve(entries, moment)
        wanted = {event.item for event in moment.history} | {
            candidate.item for candidate in candidates
        }
        known = self._items.items(wanted | {moment.target.item})
        if moment.target.item not in known:
            self._counts.unknown += 1
            return None
        pairs = [
            (candidate, known[candidate.item])
            for candidate in candidates
            if candidate.item in known
        ]
        retrieved = any(candidate.item == moment.target.item for candidate, _ in pairs)
        if not retrieved and not self._insert:
            self._counts.missed += 1
            return None
        if not retrieved:
            del pairs[self._candidates - 1 :]
            pairs.append((Candidate(moment.target.item, 0.0, {}), known[moment.target.item]))
        if len(pairs) < 2:
            self._counts.alone += 1
            return None
        self._counts.retrieved += retrieved
        self._counts.inserted += not retrieved
        history = [(entry, known.get(entry.item or "")) for entry in entries]
        return self._rendered(user, history, pairs, moment.target.item, retrieved)

    def _retrieve(self, entries: Sequence[HistoryEntry], moment: _Moment) -> list[Candidate]:
        request = RetrievalRequest(history=tuple(entries), now=moment.target.at)
        result = self._retriever.retrieve(request, self._candidates + len(moment.later))
        kept = [candidate for candidate in result.candidates if candidate.item not in moment.later]
        self._counts.later += len(result.candidates) - len(kept)
        return kept[: self._candidates]

    def _rendered(
        self,
        user: str,
        history: Sequence[tuple[HistoryEntry, Item | None]],
        pairs: Sequence[tuple[Candidate, Item]],
        target: str,
        retrieved: bool,
    ) -> RankingExample:
        shown = sorted(pairs, key=lambda pair: pair[1].id)
        history = history[-self._settings.history_items :]
        prompt = fit_rank_prompt(
            history,
            None,
            [item for _, item in shown],
            render=self._engine.render,
            count_tokens=self._engine.count_tokens,
            budget=min(self._settings.token_budget, self._engine.context_window - 1),
        )
        ids = tuple(item.id for _, item in shown)
        return RankingExample(
            user,
            prompt.head,
            prompt.branches,
            ids,
            ids.index(target),
            retrieved,
            retrieval=tuple(candidate.score for candidate, _ in shown),
            history=tuple(entry.item or "" for entry, _ in history),
            later=prompt.later,
        )


def _histories(
    events: Iterable[Event], held_out: Collection[tuple[str, str]]
) -> dict[str, list[Event]]:
    histories: dict[str, list[Event]] = {}
    for event in events:
        if (event.user, event.item) in held_out:
            raise DataError(
                f"The held-out item '{event.item}' of user '{event.user}' is among the training "
                "events.",
                hint="Train on the training part of the split only.",
            )
        histories.setdefault(event.user, []).append(event)
    return histories


def _moments(
    history: Sequence[Event], per_user: int, targets: Collection[tuple[str, str]] | None
) -> list[_Moment]:
    """The last ``per_user`` first meetings with an item that have a history and are wanted."""
    firsts = list(_first_meetings(history))[1:]
    if targets is not None:
        firsts = [
            index for index in firsts if (history[index].user, history[index].item) in targets
        ]
    moments = []
    for index in firsts[len(firsts) - min(per_user, len(firsts)) :]:
        before = {event.item for event in history[:index]}
        later = {event.item for event in history[index + 1 :]} - before - {history[index].item}
        moments.append(_Moment(tuple(history[:index]), history[index], frozenset(later)))
    return moments


def _first_meetings(history: Sequence[Event]) -> Iterator[int]:
    seen: set[str] = set()
    for index, event in enumerate(history):
        if event.item not in seen:
            seen.add(event.item)
            yield index


def _entry(event: Event) -> HistoryEntry:
    return HistoryEntry(item=event.item, kind=event.kind, at=event.at, value=event.value)
