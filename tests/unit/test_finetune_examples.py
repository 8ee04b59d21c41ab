"""Ranking examples: the serving prompt, the retriever's own negatives, and no look ahead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from retrieval_shop import CountingEncoder, make_events, make_items, make_shop

from llmrec.catalog.store import CatalogStore
from llmrec.config import RankingSettings
from llmrec.engines import ScriptedEngine
from llmrec.errors import ContextOverflow, DataError
from llmrec.finetune import ExampleSet, build_examples
from llmrec.ranking import Ranker, RankRequest
from llmrec.retrieval import Retriever, build_index
from llmrec.retrieval.request import RetrievalRequest, RetrievalResult
from llmrec.types import Candidate, Event, EventKind, HistoryEntry, Item

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LETTERS = "abcdefghijklmnop"


def log(user: str, items: str) -> list[Event]:
    return [
        Event(user, item, EventKind.VIEW, START + timedelta(days=day), day)
        for day, item in enumerate(items)
    ]


class Shelf:
    """A catalogue of one-letter items whose retriever returns the unseen ones in order."""

    def __init__(self, ids: str = LETTERS, *, retrievable: str | None = None) -> None:
        self.known = {one: Item(one, f"Thing {one}", brand="Acme") for one in ids}
        self.retrievable = ids if retrievable is None else retrievable
        self.requests: list[RetrievalRequest] = []

    def items(self, ids: Iterable[str]) -> dict[str, Item]:
        return {one: self.known[one] for one in ids if one in self.known}

    def retrieve(self, request: RetrievalRequest, n: int) -> RetrievalResult:
        self.requests.append(request)
        seen = {entry.item for entry in request.history}
        unseen = [one for one in self.retrievable if one not in seen]
        found = [Candidate(one, 1.0 / (1 + rank), {}) for rank, one in enumerate(unseen[:n])]
        return RetrievalResult(tuple(found), len(unseen), {})


def build(events: list[Event], shelf: Shelf | None = None, **options: object) -> ExampleSet:
    shelf = shelf or Shelf()
    return build_examples(
        events, shelf, shelf, ScriptedEngine(), RankingSettings(), **({"candidates": 4} | options)
    )  # type: ignore[arg-type]


def test_the_prompt_is_the_one_that_serving_sends() -> None:
    """Rank the example's candidates with the real ranker and compare what the engine got."""
    shelf, engine, settings = Shelf(), ScriptedEngine(), RankingSettings(history_items=3)
    events = log("u", "abcdefg")
    (example,) = build_examples(events, shelf, shelf, engine, settings, candidates=6).examples
    history = tuple((_entry(event), shelf.known[event.item]) for event in events[:-1])
    pairs = tuple(
        (Candidate(candidate, 0.0, {}), shelf.known[candidate]) for candidate in example.candidates
    )
    serving = settings.model_copy(update={"llm_weight": 0.5})
    Ranker(lambda: engine, serving).rank_many([RankRequest(history, None, pairs)])
    assert engine.prompts == example.prompts
    assert "Thing d" in example.head and "Thing c" not in example.head
    lines = [branch.splitlines()[0] for branch in example.branches]
    assert lines == [f"Product: Thing {id}, Acme" for id in example.candidates]


def _entry(event: Event) -> HistoryEntry:
    return HistoryEntry(item=event.item, kind=event.kind, at=event.at, value=event.value)


def test_the_retriever_is_asked_with_the_past_and_at_that_moment() -> None:
    shelf = Shelf()
    build(log("u", "abc"), shelf)
    (request,) = shelf.requests
    assert [entry.item for entry in request.history] == ["a", "b"]
    assert request.now == START + timedelta(days=2)


def test_negatives_are_the_retrievers_and_the_target_is_among_them() -> None:
    (example,) = build(log("u", "abc")).examples
    assert set(example.candidates) == {"c", "d", "e", "f"}
    assert example.candidates[example.target] == "c"
    assert example.retrieved


def test_a_target_that_was_not_retrieved_takes_the_last_place() -> None:
    made = build(log("u", "abp"))
    (example,) = made.examples
    assert set(example.candidates) == {"c", "d", "e", "p"}
    assert example.candidates[example.target] == "p"
    assert not example.retrieved
    assert (made.counts.inserted, made.counts.retrieved) == (1, 0)


def test_what_the_user_chooses_later_is_no_negative() -> None:
    made = build(log("u", "abcde"), per_user=3)
    assert [example.candidates[example.target] for example in made.examples] == ["c", "d", "e"]
    first = made.examples[0]
    assert set(first.candidates) == {"c", "f", "g", "h"}
    assert made.counts.later == 3  # d and e for c, e for d


def test_repetitions_are_no_targets() -> None:
    made = build(log("u", "abba"), per_user=9)
    assert [example.candidates[example.target] for example in made.examples] == ["b"]


def test_the_order_is_that_of_ids_and_does_not_give_the_target_away() -> None:
    users = {f"u{user:02}": LETTERS[user % 12 + 2] for user in range(40)}
    events = [event for user, target in users.items() for event in log(user, "ab" + target)]
    made = build(events, candidates=14)
    assert all(example.candidates == tuple(sorted(example.candidates)) for example in made.examples)
    assert len({example.target for example in made.examples}) > 5


def test_held_out_targets_are_refused_by_name() -> None:
    events = log("u", "abc") + log("v", "ab")
    assert build(events, held_out=log("v", "c")).counts.examples == 2
    with pytest.raises(DataError, match="held-out item 'c' of user 'u'") as caught:
        build(events, held_out=log("u", "c"))
    assert caught.value.hint


def test_histories_of_one_item_are_counted_and_alone_refused() -> None:
    made = build(log("u", "abc") + log("short", "aa"))
    assert (made.counts.users, made.counts.examples, made.counts.short) == (2, 1, 1)
    with pytest.raises(DataError, match="from 1 users: 1 have one item"):
        build(log("short", "aa"))
    with pytest.raises(DataError, match="from 0 users"):
        build([])


def test_targets_without_an_item_or_without_rivals_make_no_example() -> None:
    with pytest.raises(DataError, match="1 targets are not in the catalogue"):
        build(log("u", "ab?"))
    with pytest.raises(DataError, match="1 had no other candidate"):
        build(log("u", "abc"), Shelf(retrievable="c"))


@pytest.mark.parametrize("options", [{"candidates": 1}, {"candidates": 201}, {"per_user": 0}])
def test_impossible_sizes_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(DataError, match="make no"):
        build(log("u", "abc"), **options)


def test_a_prompt_that_cannot_fit_says_so() -> None:
    shelf = Shelf()
    engine = ScriptedEngine(context_window=100)
    with pytest.raises(ContextOverflow):
        build_examples(log("u", "abc"), shelf, shelf, engine, RankingSettings(), candidates=12)


def test_a_set_says_how_many_events_it_saw_and_up_to_when() -> None:
    events = [*log("u", "abcd"), *log("v", "cba")]
    made = build(events)
    assert (made.counts.events, made.last) == (7, START + timedelta(days=3))
    naive = [replace(event, at=event.at and event.at.replace(tzinfo=None)) for event in events]
    assert build(naive).last == made.last
    assert build([replace(event, at=None) for event in events]).last is None


def test_the_hash_changes_with_the_data_and_only_with_it() -> None:
    assert build(log("u", "abc")).sha256 == build(log("u", "abc")).sha256
    assert build(log("u", "abc")).sha256 != build(log("u", "abd")).sha256


def test_the_real_retriever_and_catalogue_make_examples(tmp_path: Path) -> None:
    items = make_items(60)
    events = sorted(make_events(items, 20), key=lambda one: (one.user, one.at, one.item))
    workspace, encoder = make_shop(tmp_path / "shop", items, events), CountingEncoder()
    settings, ticks = RankingSettings(), []
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, encoder)
        with Retriever.open(workspace, store=store, encoder=encoder) as retriever:
            made = build_examples(
                events, retriever, store, ScriptedEngine(), settings, progress=ticks.append
            )
    counts = made.counts
    assert sum(ticks) == counts.users == 20
    assert counts.examples == counts.retrieved + counts.inserted > 10
    for example in made.examples:
        assert len(set(example.candidates)) == len(example.candidates) == 20
        own = [event.item for event in events if event.user == example.user]
        target = example.candidates[example.target]
        assert target == list(dict.fromkeys(own))[-1]
        assert set(own) & set(example.candidates) == {target}
