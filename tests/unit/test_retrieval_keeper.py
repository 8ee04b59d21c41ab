"""What a change costs: a new price no index, and a stream of events no count of the whole log."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from retrieval_shop import START, make_events, make_items, make_shop

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.retrieval import RetrievalRequest, Retriever, build_index, index_items
from llmrec.types import Event, EventKind, Filters, HistoryEntry

ITEMS = make_items(40)
LATELY = START + timedelta(days=300)


@pytest.fixture
def shop(tmp_path):
    made = make_shop(tmp_path / "shop", ITEMS, make_events(ITEMS, users=10))
    with CatalogStore.open(made.database_url) as store:
        build_index(made, store, HashingEncoder())
    return made


def opened(shop: Workspace, store: CatalogStore, lag_s: float = 0) -> Retriever:
    lagging = Workspace.open(shop.path, overrides={"retrieval": {"log_lag_s": lag_s}})
    return Retriever.open(lagging, store, HashingEncoder())


def popular(retriever: Retriever, item: str) -> int:
    result = retriever.retrieve(RetrievalRequest(), 40)
    return next(
        candidate.sources["popular"].rank
        for candidate in result.candidates
        if candidate.item == item
    )


def liked(item: str, times: int) -> list[Event]:
    return [Event(f"fan{number}", item, EventKind.LIKE, LATELY) for number in range(times)]


def test_a_new_price_leaves_what_is_counted_and_indexed_as_it_is(shop):
    with CatalogStore.open(shop.database_url) as store, opened(shop, store) as retriever:
        before = retriever._keeper.current()
        lexical = sorted(shop.cache_dir.glob("lexical-*"))
        item = store.item("i0001")
        store.write_items([replace(item, price=Decimal("0.01"), currency="EUR")])
        index_items(shop, store, retriever.encoder, ["i0001"])
        cheap = RetrievalRequest(filters=Filters(max_price="0.01"))
        assert [candidate.item for candidate in retriever.retrieve(cheap, 5).candidates] == [
            "i0001"
        ]
        after = retriever._keeper.current()
        assert after.matrix is before.matrix and after.search is before.search
        for name in ("together", "next"):
            assert after.sources[name] is before.sources[name]
        assert sorted(shop.cache_dir.glob("lexical-*")) == lexical


def test_a_new_text_makes_the_indexes_anew(shop):
    with CatalogStore.open(shop.database_url) as store, opened(shop, store) as retriever:
        before = retriever._keeper.current()
        store.write_items([replace(store.item("i0001"), title="bronze astrolabe")])
        report = index_items(shop, store, retriever.encoder, ["i0001", "i0002"])
        assert (report.encoded, report.unchanged, report.removed) == (1, 1, 0)
        found = retriever.retrieve(RetrievalRequest(query="bronze astrolabe"), 1).candidates[0]
        assert found.item == "i0001" and {"query", "lexical"} <= set(found.sources)
        assert retriever._keeper.current().matrix is not before.matrix


def test_a_deleted_item_leaves_the_collection(shop):
    with CatalogStore.open(shop.database_url) as store, opened(shop, store) as retriever:
        store.delete_item("i0003")
        assert index_items(shop, store, retriever.encoder, ["i0003", "never-was"]).removed == 1
        assert "i0003" not in retriever._keeper.current().matrix.ids


def test_without_a_lag_every_event_counts_at_once(shop):
    with CatalogStore.open(shop.database_url) as store, opened(shop, store) as retriever:
        assert popular(retriever, "i0000") > 1
        store.write_events(liked("i0000", 200))
        assert popular(retriever, "i0000") == 1


def test_within_the_lag_counts_stay_but_items_and_own_events_do_not(shop):
    with CatalogStore.open(shop.database_url) as store, opened(shop, store, 3600) as retriever:
        before = retriever._keeper.current()
        store.write_events(liked("i0000", 200))
        assert retriever._keeper.current() is before
        seen = RetrievalRequest(history=(HistoryEntry(item="i0000"),))
        assert "i0000" not in [
            candidate.item for candidate in retriever.retrieve(seen, 40).candidates
        ]
        store.write_items([replace(store.item("i0001"), stock=7)])
        assert retriever._keeper.current() is not before
        assert popular(retriever, "i0000") == 1  # the log came along


def test_after_the_lag_the_counts_catch_up_aside(shop):
    with CatalogStore.open(shop.database_url) as store, opened(shop, store, 0.001) as retriever:
        store.write_events(liked("i0000", 200))
        while retriever._keeper.current().marks.revision != store.revision():
            pass
        assert popular(retriever, "i0000") == 1
