"""Review texts beside the log, on SQLite and, where LLMREC_TEST_POSTGRES names one, PostgreSQL."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from databases import KINDS, database_url

from llmrec.catalog import reviews as reviews_module
from llmrec.catalog.store import CatalogStore
from llmrec.errors import DataError
from llmrec.types import MAX_REVIEW_CHARS, Event, EventKind

NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
TEA = Event("ann", "tea", EventKind.RATING, NOON, value=5.0, text="Lovely. Smells of summer.")
POT = Event("ann", "pot", EventKind.DISLIKE, NOON + timedelta(days=1), text="Es tropft. 漏水。")


@pytest.fixture(params=KINDS)
def url(request, tmp_path):
    with database_url(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def store(url):
    with CatalogStore.open(url) as opened:
        yield opened


def texts(store, user="ann"):
    return {review.item: review.text for review in store.reviews(user)}


def test_texts_come_back_with_their_events_and_the_log_has_none(store):
    bought = Event("ann", "tea", EventKind.PURCHASE, NOON)
    counts = store.write_events([POT, TEA, bought, replace(TEA, user="bob", text=None)])
    assert (counts.added, counts.texts) == (4, 2)
    assert store.reviews("ann") == [TEA, POT]
    assert store.reviews("ann", limit=1) == [POT]
    assert store.reviews("bob") == [] == store.reviews("eve")
    assert {one.text for batch in store.iter_events() for one in batch} == {None}


def test_a_later_text_replaces_none_keeps_and_an_empty_one_removes(store):
    store.write_events([TEA])
    assert store.write_events([TEA]).texts == 0
    before = store.revision()
    counts = store.write_events([replace(TEA, text="Lovely, still.")])
    assert (counts.unchanged, counts.texts) == (1, 1) and store.revision() == before
    store.write_events([replace(TEA, value=3.0, text=None)])
    assert store.reviews("ann") == [replace(TEA, value=3.0, text="Lovely, still.")]
    assert store.write_events([replace(TEA, text="  ")]).texts == 1
    assert store.reviews("ann") == [] and len(store.history("ann")) == 1
    assert store.write_events([replace(TEA, text="")]).texts == 0


def test_in_one_write_the_last_text_wins_also_across_batches(store, monkeypatch):
    monkeypatch.setattr(reviews_module, "_TEXTS_BATCH", 2)
    some = [replace(TEA, position=n, text=f"Cup {n}.") for n in range(5)]
    again = [replace(some[0], text=""), replace(some[1], text="More."), replace(some[0], text="0")]
    store.write_events([*some, *again])
    found = [review.text for review in store.reviews("ann")]
    assert found == ["0", "More.", "Cup 2.", "Cup 3.", "Cup 4."]


def test_an_event_that_is_undone_takes_its_text_along(store):
    store.write_events([TEA, POT])
    assert store.delete_event(TEA)
    assert texts(store) == {"pot": POT.text}
    store.write_events([replace(TEA, text=None)])
    assert texts(store) == {"pot": POT.text}


def test_who_is_forgotten_leaves_no_text_not_even_its_bytes(tmp_path):
    file = tmp_path / "catalog.db"
    with CatalogStore.open(f"sqlite:///{file}") as store:
        store.write_events([TEA, replace(POT, user="bob")])
        assert store.forget_user("ann") == 1
        assert store.reviews("ann") == [] and texts(store, "bob") == {"pot": POT.text}
        for path in tmp_path.iterdir():
            assert b"Smells of summer" not in path.read_bytes()


def test_who_is_forgotten_leaves_no_row_on_either_database(store):
    store.write_events([TEA, replace(POT, user="bob")])
    store.forget_user("ann")
    rows = store.stream_rows(sa.select(reviews_module.reviews.c.user_id), 10)
    assert [row[0] for batch in rows for row in batch] == ["bob"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (replace(TEA, text="x" * (MAX_REVIEW_CHARS + 1)), "longer than 10,000"),
        (replace(TEA, kind=EventKind.VIEW), "A view has no review"),
        (replace(TEA, text=5), "not text"),
    ],
)
def test_a_text_that_cannot_be_kept_undoes_the_whole_write(store, wrong, reason):
    with pytest.raises(DataError, match=reason) as caught:
        store.write_events([POT, wrong])
    assert caught.value.hint and store.count_events() == 0 and store.reviews("ann") == []


def test_a_text_of_a_lone_surrogate_is_told(store):
    with pytest.raises(DataError):
        store.write_events([replace(TEA, text="\ud800")])
    assert store.count_events() == 0


def test_the_database_of_an_older_llmrec_gets_the_table_when_it_is_opened(url):
    with CatalogStore.open(url) as store:
        store.write_events([replace(TEA, text=None)])
        with store._database.write() as connection:
            connection.execute(sa.DDL("DROP TABLE llmrec_reviews"))
    with CatalogStore.open(url) as store:
        assert store.reviews("ann") == [] and len(store.history("ann")) == 1
        store.write_events([TEA])
        assert texts(store) == {"tea": TEA.text}


def test_of_an_item_the_last_text_and_the_last_stars_of_each_shopper_count(store):
    later = replace(TEA, at=NOON + timedelta(days=3), value=2.0, text="Stale by now.")
    silent = replace(TEA, user="cleo", value=4.0, text=None)
    thumb = Event("bob", "tea", EventKind.LIKE, NOON + timedelta(days=1), text="Nice tin.")
    store.write_events([TEA, later, silent, thumb, POT])
    assert store.item_reviews("tea") == [later, thumb]
    assert store.item_reviews("tea", limit=1) == [later]
    assert sorted(store.item_ratings("tea")) == [2.0, 4.0]
    assert store.item_ratings("pot") == [] == store.item_reviews("cup")


def test_the_ratings_of_an_item_are_found_by_an_index(tmp_path):
    with CatalogStore.open(f"sqlite:///{tmp_path / 'catalog.db'}") as store:
        statement = reviews_module.item_ratings_statement("tea")
        text = str(statement.compile(compile_kwargs={"literal_binds": True}))
        with store._database.read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
        assert any("llmrec_events_rated" in row[-1] for row in plan), plan
