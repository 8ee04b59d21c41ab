"""The retriever: filters hold, every answer is full, and changes are noticed."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from retrieval_shop import (
    BRANDS,
    COLOURS,
    START,
    CountingEncoder,
    make_events,
    make_items,
    make_shop,
)

from llmrec.catalog.matching import matches
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.errors import ConfigError, HistoryError
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.types import Event, EventKind, Filters, HistoryEntry, Item

ITEMS = make_items(300)
EVENTS = make_events(ITEMS, users=80)
BY_ID = {item.id: item for item in ITEMS}


def indexed(path: Path) -> Workspace:
    shop = make_shop(path, ITEMS, EVENTS)
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, HashingEncoder())
    return shop


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    shop = indexed(tmp_path_factory.mktemp("shop") / "shop")
    with Retriever.open(shop, encoder=HashingEncoder()) as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return indexed(tmp_path / "shop")


def history(*ids: str, kind: EventKind = EventKind.PURCHASE) -> tuple[HistoryEntry, ...]:
    return tuple(HistoryEntry(item=id, kind=kind) for id in ids)


def unwanted(entries: tuple[HistoryEntry, ...]) -> set[str]:
    """Disliked, and not chosen after that: the definition, by brute force."""
    chosen = (EventKind.PURCHASE, EventKind.LIKE, EventKind.RATING)
    return {
        entry.item
        for place, entry in enumerate(entries)
        if entry.item
        and entry.kind is EventKind.DISLIKE
        and not any(two.item == entry.item and two.kind in chosen for two in entries[place:])
    }


def some(values: tuple[str, ...], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most).map(tuple)


prices = st.none() | st.integers(0, 100)
filters = st.builds(
    lambda low, high, **rest: Filters(
        min_price=low if high is None or low is None or low <= high else high,
        max_price=high,
        **rest,
    ),
    low=prices,
    high=prices,
    categories=some(("home", "TEA", "Light", "Garden", "Nowhere")),
    not_categories=some(("Garden", "Tea"), 1),
    brands=some(("acme", "Brio", "Corva", "Nobody")),
    not_brands=some(("Acme", "brio"), 1),
    currency=st.sampled_from((None, None, "EUR", "USD")),
    in_stock=st.booleans(),
    languages=some(("de", "en", "fr")),
    attributes=st.sampled_from(({}, {"colour": ("red", "blue")}, {"Colour": ("GREEN",)})),
    not_attributes=st.sampled_from(({}, {}, {"COLOUR": ("Red",)})),
    not_items=st.lists(st.sampled_from([item.id for item in ITEMS]), max_size=3).map(tuple),
    allow_seen=st.booleans(),
)
entries = st.builds(
    HistoryEntry,
    item=st.sampled_from([item.id for item in ITEMS]),
    kind=st.sampled_from(list(EventKind)),
) | st.builds(HistoryEntry, text=st.sampled_from(("red lamp", "茶壶", "?")))
requests = st.builds(
    RetrievalRequest,
    history=st.lists(entries, max_size=6).map(tuple),
    query=st.sampled_from((None, "", "red kettle", "Lampen", "茶壶", "!!", "x" * 500)),
    filters=filters,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(request=requests, n=st.integers(1, 400))
def test_no_filter_is_violated_and_no_answer_is_short(
    retriever: Retriever, request: RetrievalRequest, n: int
) -> None:
    result = retriever.retrieve(request, n)
    seen = {entry.item for entry in request.history if entry.item}
    fine = {item.id for item in ITEMS if matches(item, request.filters, seen)}
    ids = [candidate.item for candidate in result.candidates]
    expected = fine - unwanted(request.history)
    assert result.matching == len(expected)
    assert set(ids) <= expected
    assert len(set(ids)) == len(ids) == min(n, len(expected))
    scores = [candidate.score for candidate in result.candidates]
    assert scores == sorted(scores, reverse=True)
    assert all(candidate.sources for candidate in result.candidates)
    assert retriever.retrieve(request, n) == result


def test_only_the_filler_is_left_when_popular_is_off(shop: Workspace) -> None:
    weights = {"retrieval": {"weights": {"lexical": 1.0}}}
    quiet = Workspace.open(shop.path, overrides=weights)
    with Retriever.open(quiet, encoder=HashingEncoder()) as opened:
        result = opened.retrieve(RetrievalRequest(query="台灯"), 300)
    assert len({candidate.item for candidate in result.candidates}) == 300
    lamps = sum("台灯" in item.title for item in ITEMS)
    assert result.by_source == {"lexical": lamps}
    assert {c.score > 0 for c in result.candidates[:lamps]} == {True}
    assert {c.score for c in result.candidates[lamps:]} == {0.0}


def test_without_a_history_and_a_query_popular_and_new_answer(shop: Workspace) -> None:
    newest = max(event.at for event in EVENTS if event.at)
    with CatalogStore.open(shop.database_url) as store:
        store.write_events([Event(f"x{n}", "i0003", at=newest) for n in range(40)])
    with Retriever.open(shop, encoder=HashingEncoder()) as opened:
        result = opened.retrieve(RetrievalRequest(), 20)
    assert {name for name, count in result.by_source.items() if count} == {"popular", "new"}
    assert result.candidates[0].item == "i0003"


def test_a_disliked_item_neither_counts_nor_comes_back(retriever: Retriever) -> None:
    anything = Filters(allow_seen=True)
    bad = history("i0007", kind=EventKind.DISLIKE)
    result = retriever.retrieve(RetrievalRequest(bad, filters=anything), 300)
    assert result.matching == 299
    assert "i0007" not in {candidate.item for candidate in result.candidates}
    assert result.by_source["text"] == result.by_source["together"] == 0
    again = retriever.retrieve(RetrievalRequest(bad + history("i0007"), filters=anything), 300)
    assert again.matching == 300


def test_unknown_history_counts_by_its_text(retriever: Retriever) -> None:
    told = RetrievalRequest((HistoryEntry(text="green spade"),))
    by_id = RetrievalRequest((HistoryEntry(item="green spade"),))
    result = retriever.retrieve(told, 10)
    assert result == retriever.retrieve(by_id, 10)
    best = BY_ID[result.candidates[0].item].title
    assert best.startswith("green spade")


def test_a_history_of_5000_entries(retriever: Retriever) -> None:
    draw = random.Random(1)
    ids = [draw.choice(ITEMS).id for _ in range(4990)] + [f"gone{n}" for n in range(10)]
    result = retriever.retrieve(RetrievalRequest(history(*ids)), 20)
    assert result.matching == len(ITEMS) - len(set(ids) & set(BY_ID))
    assert len(result.candidates) == min(20, result.matching)


def test_many_requests_are_as_one_each_and_encode_in_one_batch(shop: Workspace) -> None:
    asked = [
        RetrievalRequest(history("i0001", "i0002")),
        RetrievalRequest(query="red lamp", filters=Filters(brands=("acme",))),
        RetrievalRequest((HistoryEntry(text="blue mug"),)),
    ]
    encoder = CountingEncoder()
    with Retriever.open(shop, encoder=encoder) as opened:
        together = opened.retrieve_many(asked, 7)
        assert sorted(encoder.texts) == ["blue mug", "red lamp"]
        assert [opened.retrieve(one, 7) for one in asked] == together
        assert len(encoder.texts) == 2


def test_items_added_after_the_request_are_not_new(retriever: Retriever) -> None:
    now = START + timedelta(days=100)
    result = retriever.retrieve(RetrievalRequest(now=now), 300)
    dates = [BY_ID[c.item].added_at for c in result.candidates if "new" in c.sources]
    assert dates
    assert all(date is not None and date <= now for date in dates)


def test_changes_are_noticed(shop: Workspace) -> None:
    encoder = HashingEncoder()
    with (
        CatalogStore.open(shop.database_url) as store,
        Retriever.open(shop, store, encoder) as opened,
    ):
        ask = RetrievalRequest(query="violet parasol")
        fresh = Item("zz", "violet parasol")

        def sources() -> set[str]:
            for candidate in opened.retrieve(ask, 400).candidates:
                if candidate.item == "zz":
                    return set(candidate.sources)
            return set()

        assert sources() == set()
        store.write_items([fresh])
        assert sources() == {"lexical", "titled", "named"}  # not indexed yet
        build_index(shop, store, encoder)
        assert sources() == {"lexical", "titled", "named", "query"}
        newest = max(event.at for event in EVENTS if event.at)
        store.write_events([Event(f"x{n}", "zz", at=newest) for n in range(500)])
        best = opened.retrieve(RetrievalRequest(), 400).candidates
        ranks = {one.item: hit.rank for one in best if (hit := one.sources.get("popular"))}
        assert [item for item, rank in ranks.items() if rank == 1][:1] == ["zz"]
        store.delete_item("zz")  # still in the index
        assert sources() == set()


def test_an_index_run_of_another_process_is_noticed(shop: Workspace) -> None:
    code = (
        "import sys\n"
        "from llmrec.catalog.store import CatalogStore\n"
        "from llmrec.config import Workspace\n"
        "from llmrec.embedding import HashingEncoder\n"
        "from llmrec.retrieval import build_index\n"
        "from llmrec.types import Item\n"
        "shop = Workspace.open(sys.argv[1])\n"
        "with CatalogStore.open(shop.database_url) as store:\n"
        "    store.write_items([Item('zz', 'violet parasol')])\n"
        "    build_index(shop, store, HashingEncoder())\n"
    )
    only = Workspace.open(shop.path, overrides={"retrieval": {"weights": {"query": 1.0}}})
    with Retriever.open(only, encoder=HashingEncoder()) as opened:
        ask = RetrievalRequest(query="violet parasol")
        assert opened.retrieve(ask, 1).candidates[0].item != "zz"
        subprocess.run([sys.executable, "-c", code, str(shop.path)], check=True)
        assert opened.retrieve(ask, 1).candidates[0].item == "zz"


def test_a_damaged_cache_is_made_again(shop: Workspace) -> None:
    ask = RetrievalRequest(history("i0001"), query="red lamp")
    with Retriever.open(shop, encoder=HashingEncoder()) as opened:
        expected = opened.retrieve(ask, 30)
    for folder in shop.cache_dir.iterdir():
        for file in folder.iterdir():
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with Retriever.open(shop, encoder=HashingEncoder()) as opened:
        assert opened.retrieve(ask, 30) == expected


def test_an_unindexed_item_in_the_history_counts_by_its_text(shop: Workspace) -> None:
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([replace(BY_ID["i0001"], id="twin")])
        with Retriever.open(shop, store, HashingEncoder()) as opened:
            result = opened.retrieve(RetrievalRequest(history("twin")), 300)
    text = [
        c.item for c in result.candidates if c.sources.get("text") and c.sources["text"].rank == 1
    ]
    assert text == ["i0001"]


def test_what_is_asked_for_comes_before_what_is_liked(shop: Workspace) -> None:
    """Five sources speak for the history, and two for the words."""
    others = [event.item for event in EVENTS if "lamp" not in BY_ID[event.item].title][:20]

    def fitting(share: float) -> tuple[int, int]:
        """Of the first ten, the lamps, and the red ones."""
        opened = Workspace.open(shop.path, overrides={"retrieval": {"beside_query": share}})
        with Retriever.open(opened, encoder=HashingEncoder()) as retriever:
            found = retriever.retrieve(RetrievalRequest(history(*others), query="red lamp"), 10)
        titles = [BY_ID[candidate.item].title for candidate in found.candidates]
        return sum("lamp" in title for title in titles), sum("red lamp" in one for one in titles)

    default = fitting(shop.settings.retrieval.beside_query)
    assert default[0] == 10
    # However loud the history is, what is nothing to the words does not come before what is.
    assert fitting(5)[0] == 10
    assert fitting(5)[1] <= fitting(1)[1] <= default[1]


@pytest.mark.parametrize("n", [0, -1])
def test_fewer_than_one_is_refused(retriever: Retriever, n: int) -> None:
    with pytest.raises(HistoryError):
        retriever.retrieve(RetrievalRequest(), n)


@pytest.mark.parametrize("weights", [{"psychic": 1.0}, {"text": -1.0}])
def test_weights_that_name_no_source_are_refused(
    shop: Workspace, weights: dict[str, float]
) -> None:
    broken = Workspace.open(shop.path, overrides={"retrieval": {"weights": weights}})
    with pytest.raises(ConfigError, match=next(iter(weights))):
        Retriever.open(broken, encoder=HashingEncoder())


def test_the_shop_has_what_the_filters_ask_for() -> None:
    assert {item.brand for item in ITEMS} == set(BRANDS)
    assert {item.attributes["colour"] for item in ITEMS} == {(colour,) for colour in COLOURS}
