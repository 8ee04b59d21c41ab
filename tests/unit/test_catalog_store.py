"""The store's promises, on SQLite and, where LLMREC_TEST_POSTGRES names one, on PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from databases import KINDS, database_url
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmrec.catalog import store as store_module
from llmrec.catalog.bulk import batched
from llmrec.catalog.codec import event_from_row, event_row, item_from_row, item_row
from llmrec.catalog.store import CatalogStore, WriteCounts
from llmrec.errors import DataError, LockedError
from llmrec.types import Event, EventKind, Item

NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)

KETTLE = Item(
    id="kettle",
    title="Wasserkocher ‘Öl’ 茶",
    brand="Acme",
    category=("Home", "Tea & more"),
    description="Boils 100% of the water.",
    price=Decimal("12.50"),
    currency="EUR",
    language="de-AT",
    stock=0,
    attributes={"size": "1 l", "colour": "röt"},
    url="https://shop.example/kettle",
    image_url="https://shop.example/kettle.jpg",
    added_at=NOON + timedelta(microseconds=1),
)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database_url(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[CatalogStore]:
    with CatalogStore.open(url, timeout=0.2) as opened:
        yield opened


def event(user: str, item: str, minutes: float | None = None, position: int = 0) -> Event:
    at = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Event(user, item, EventKind.VIEW, at, position)


def all_items(store: CatalogStore) -> list[Item]:
    return [item for batch in store.iter_items() for item in batch]


def all_events(store: CatalogStore) -> list[Event]:
    return [event for batch in store.iter_events() for event in batch]


def test_an_item_comes_back_as_it_went_in(store: CatalogStore) -> None:
    bare = Item("bare", "")
    assert store.write_items([KETTLE, bare]) == WriteCounts(added=2)
    assert store.item("kettle") == KETTLE
    assert str(store.item("kettle").price) == "12.50"  # not 12.5
    assert list(store.item("kettle").attributes) == ["size", "colour"]
    assert store.item("bare") == bare
    assert store.item("nobody") is None


def test_writing_twice_changes_nothing(store: CatalogStore) -> None:
    store.write_items([KETTLE])
    before = store.revision()
    assert store.write_items([KETTLE]) == WriteCounts(unchanged=1)
    assert store.revision() == before
    dearer = replace(KETTLE, price=Decimal("12.51"))
    other = Item("other", "Other")
    assert store.write_items([dearer, other]) == WriteCounts(added=1, updated=1)
    assert store.item("kettle") == dearer
    after = store.revision()
    assert after.items > before.items
    assert after.events == before.events


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x"},
        {"brand": None},
        {"category": ("Home",)},
        {"description": ""},
        {"price": None},
        {"price": Decimal("12.5")},
        {"currency": "USD"},
        {"language": None},
        {"stock": None},
        {"attributes": {}},
        {"url": None},
        {"image_url": None},
        {"added_at": NOON},
    ],
    ids=str,
)
def test_every_field_counts_as_a_change(store: CatalogStore, change: dict[str, object]) -> None:
    store.write_items([KETTLE])
    changed = replace(KETTLE, **change)
    assert store.write_items([changed]) == WriteCounts(updated=1)
    assert store.item("kettle") == changed


def test_the_later_of_two_with_one_id_wins(store: CatalogStore) -> None:
    first, last = replace(KETTLE, title="first"), replace(KETTLE, title="last")
    counts = store.write_items([first, KETTLE, KETTLE, last])
    assert counts == WriteCounts(added=1, updated=2, unchanged=1)
    assert all_items(store) == [last]


def test_the_later_wins_across_batches_too(
    store: CatalogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_ITEM_BATCH", 2)
    titles = ["a", "b", "b", "c", "d"]
    counts = store.write_items(replace(KETTLE, title=title) for title in titles)
    assert counts.total == len(titles)
    assert counts.added == 1
    assert store.item("kettle").title == "d"


def test_reads_by_id(store: CatalogStore) -> None:
    ids = [f"i{number}" for number in range(1201)]  # more than one query takes
    store.write_items(Item(id, id) for id in ids)
    assert list(store.items(["i7", "zz", "i3", "i7"])) == ["i7", "i3"]
    assert store.items(ids).keys() == set(ids)
    assert store.has_items([*ids, "zz"]) == set(ids)
    assert store.items([]) == {}
    assert store.count_items() == len(ids)


def test_items_are_ordered_as_python_orders_ids(store: CatalogStore) -> None:
    ids = ["b", "B", "a", "ä", "_", "10", "9", "茶", "a b", "a-b", "ab", "😀", "\uffee"]
    store.write_items(Item(id, id) for id in ids)
    batches = list(store.iter_items(batch=5))
    assert [len(batch) for batch in batches] == [5, 5, 3]
    assert [item.id for batch in batches for item in batch] == sorted(ids)


def test_events_come_back_ordered(store: CatalogStore) -> None:
    late = event("u", "b", 5)
    first, second = event("u", "z", 1, position=0), event("u", "a", 1, position=1)
    untimed = [event("v", "b", position=1), event("v", "a", position=2)]
    counts = store.write_events([late, untimed[1], second, first, untimed[0]])
    assert counts == WriteCounts(added=5)
    assert store.history("u") == [first, second, late]
    assert store.history("u", limit=2) == [second, late]
    assert store.history("v") == untimed
    assert store.history("nobody") == []
    assert all_events(store) == [first, second, late, *untimed]
    assert store.users() == ["u", "v"]
    assert store.users(limit=1) == ["u"]
    assert (store.count_events(), store.count_users()) == (5, 2)


def test_an_event_is_the_same_by_its_key_and_its_value_may_change(store: CatalogStore) -> None:
    rating = Event("u", "a", EventKind.RATING, NOON, 0, 4.0)
    assert store.write_events([rating]) == WriteCounts(added=1)
    before = store.revision()
    assert store.write_events([rating]) == WriteCounts(unchanged=1)
    assert store.revision() == before
    better, none = replace(rating, value=5.0), replace(rating, value=None)
    assert store.write_events([better]) == WriteCounts(updated=1)
    assert store.write_events([none]) == WriteCounts(updated=1)
    assert store.write_events([none]) == WriteCounts(unchanged=1)
    assert store.revision().events > before.events
    others = [replace(rating, kind=EventKind.VIEW), replace(rating, position=1)]
    assert store.write_events([*others, none]) == WriteCounts(added=2, unchanged=1)
    assert store.count_events() == 3


def test_a_time_of_another_zone_is_the_same_time(store: CatalogStore) -> None:
    vienna = NOON.astimezone(timezone(timedelta(hours=1)))
    store.write_events([Event("u", "a", at=NOON)])
    assert store.write_events([Event("u", "a", at=vienna)]) == WriteCounts(unchanged=1)
    assert store.history("u")[0].at.utcoffset() == timedelta(0)


def test_what_the_source_raises_passes_and_nothing_is_written(
    store: CatalogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_ITEM_BATCH", 2)
    store.write_items([KETTLE])
    before = (store.revision(), all_items(store))
    unreadable = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    def broken() -> Iterator[Item]:
        yield from (Item(str(number), "") for number in range(5))
        yield replace(KETTLE, title="changed")
        raise unreadable

    with pytest.raises(UnicodeDecodeError) as caught:
        store.write_items(broken())
    assert caught.value is unreadable
    assert (store.revision(), all_items(store)) == before
    assert store.write_items([Item("next", "")]) == WriteCounts(added=1)


def test_readers_see_one_state_while_somebody_writes(url: str) -> None:
    with CatalogStore.open(url) as reader, CatalogStore.open(url) as writer:
        writer.write_items(Item(f"i{number}", "old") for number in range(4))
        batches = reader.iter_items(batch=2)
        first = next(batches)
        writer.write_items(Item(f"i{number}", "new") for number in range(9))
        rest = [item for batch in batches for item in batch]
        assert [item.title for item in [*first, *rest]] == ["old"] * 4
        assert {item.title for item in all_items(reader)} == {"new"}
        assert reader.count_items() == 9


def test_a_second_writer_is_told_to_wait(url: str) -> None:
    with CatalogStore.open(url) as one, CatalogStore.open(url, timeout=0.1) as two:

        def meanwhile() -> Iterator[Item]:
            yield KETTLE
            with pytest.raises(LockedError) as caught:
                two.write_items([Item("other", "")])
            assert caught.value.hint
            assert caught.value.retryable

        assert one.write_items(meanwhile()) == WriteCounts(added=1)
        assert [item.id for item in all_items(two)] == ["kettle"]
        assert two.write_items([Item("other", "")]) == WriteCounts(added=1)


def test_the_source_may_read_the_store_it_is_written_to(store: CatalogStore) -> None:
    store.write_items([KETTLE])

    def events() -> Iterator[Event]:
        for item in ["kettle", "unknown"]:
            if store.has_items([item]):
                yield event("u", item)

    assert store.write_events(events()) == WriteCounts(added=1)


def test_deleting_an_item_keeps_its_events(store: CatalogStore) -> None:
    store.write_items([KETTLE])
    store.write_events([event("u", "kettle")])
    before = store.revision()
    assert store.delete_item("kettle")
    assert store.revision().items > before.items
    assert store.item("kettle") is None
    assert store.count_events() == 1
    after = store.revision()
    assert not store.delete_item("kettle")
    assert store.revision() == after


def test_search_wants_every_word_and_prefers_titles(store: CatalogStore) -> None:
    store.write_items(
        [
            Item("in-text", "Pot", description="A red kettle it is not"),
            Item("in-title", "Red kettle"),
            Item("longer", "Red kettle with a lid"),
            Item("half", "Red pot"),
            Item("brand", "Pan", brand="Kettle & Red"),
            Item("umlaut", "Ölkanne", category=("Küche", "ÄPFEL")),
            Item("percent", "100%_pure \\ wool"),
        ]
    )
    found = [item.id for item in store.search_items("RED kettle")]
    assert found[:2] == ["in-title", "longer"]
    assert sorted(found[2:]) == ["brand", "in-text"]
    assert [item.id for item in store.search_items("red kettle", limit=1)] == ["in-title"]
    assert [item.id for item in store.search_items("ölkanne äpfel")] == ["umlaut"]
    assert [item.id for item in store.search_items("%_")] == ["percent"]
    assert [item.id for item in store.search_items("\\")] == ["percent"]
    assert store.search_items("  ") == []
    assert store.search_items("red'; DROP TABLE llmrec_items; --") == []


@pytest.mark.parametrize(
    "bad",
    [
        Item("", "no id"),
        replace(KETTLE, price=Decimal("NaN")),
        replace(KETTLE, price=Decimal("Infinity")),
        replace(KETTLE, price=12.5),  # type: ignore[arg-type]
        replace(KETTLE, added_at=datetime(2026, 1, 1)),
        replace(KETTLE, stock=2**70),
        replace(KETTLE, title="lone \ud800 surrogate"),
        replace(KETTLE, title=None),  # type: ignore[arg-type]
        replace(KETTLE, brand=["a", "b"]),  # type: ignore[arg-type]
        replace(KETTLE, category="Home"),  # type: ignore[arg-type]
        replace(KETTLE, stock="many"),  # type: ignore[arg-type]
    ],
    ids=lambda item: repr(item)[:60] if isinstance(item, Item) else str(item),
)
def test_what_cannot_be_stored_is_named_and_nothing_is_written(
    store: CatalogStore, bad: Item
) -> None:
    with pytest.raises(DataError) as caught:
        store.write_items([Item("good", "Good"), bad])
    assert caught.value.hint
    assert store.count_items() == 0


@pytest.mark.parametrize(
    "bad",
    [
        Event("", "i"),
        Event("u", ""),
        Event("u", "i", "bought"),  # type: ignore[arg-type]
        Event("u", "i", at=datetime(2026, 1, 1)),
        Event("u", "i", position=2**70),
        Event("u", "lone \ud800 surrogate"),
    ],
    ids=str,
)
def test_events_that_cannot_be_stored(store: CatalogStore, bad: Event) -> None:
    with pytest.raises(DataError) as caught:
        store.write_events([Event("u", "good"), bad])
    assert caught.value.hint
    assert store.count_events() == 0


def test_nul_is_refused_or_kept_but_never_cut(store: CatalogStore, url: str) -> None:
    item = Item("nul", "a\x00b")
    if url.startswith("sqlite"):
        store.write_items([item])
        assert store.item("nul") == item
    else:
        with pytest.raises(DataError):
            store.write_items([item])


def test_opening_again_keeps_what_is_there(url: str) -> None:
    with CatalogStore.open(url) as store:
        store.write_items([KETTLE])
        revision = store.revision()
    with CatalogStore.open(url) as store:
        assert store.item("kettle") == KETTLE
        assert store.revision() == revision


def test_a_database_made_anew_never_repeats_a_revision(tmp_path: Path) -> None:
    revisions = set()
    for _ in range(3):
        path = tmp_path / "catalog.db"
        path.unlink(missing_ok=True)
        with CatalogStore.open(f"sqlite:///{path}") as store:
            store.write_items([KETTLE])
            revisions.add(store.revision().items)
    assert len(revisions) == 3


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ZONES = st.integers(-900, 900).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIME = st.datetimes(datetime(1971, 1, 1), datetime(3000, 1, 1), timezones=ZONES)
ITEMS = st.builds(
    Item,
    id=NAME,
    title=TEXT,
    brand=st.none() | TEXT,
    category=st.lists(TEXT, max_size=3).map(tuple),
    description=TEXT,
    price=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
    stock=st.none() | st.integers(-(2**63), 2**63 - 1),
    attributes=st.dictionaries(TEXT, TEXT, max_size=3),
    added_at=st.none() | TIME,
)
EVENTS = st.builds(
    Event,
    user=NAME,
    item=NAME,
    kind=st.sampled_from(EventKind),
    at=st.none() | TIME,
    position=st.integers(0, 2**62),
    value=st.none() | st.floats(allow_nan=False),
)


@given(ITEMS)
@settings(deadline=None)
def test_rows_hold_items_exactly(item: Item) -> None:
    back = item_from_row(item_row(item))
    assert back == item
    assert str(back.price) == str(item.price)
    assert back.added_at is None or back.added_at.utcoffset() == timedelta(0)


@given(EVENTS)
@settings(deadline=None)
def test_rows_hold_events_exactly(event: Event) -> None:
    assert event_from_row(event_row(event)) == event


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([None, 1.0, 2.0])), max_size=40))
@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_counts_and_content_are_those_of_a_dictionary(
    store: CatalogStore, monkeypatch: pytest.MonkeyPatch, values: list[tuple[int, float | None]]
) -> None:
    """With batches of one row, the counts are exactly those of writing one after the other."""
    monkeypatch.setattr(store_module, "_EVENT_BATCH", 1)
    kept = {event.position: event.value for event in store.history("u")}
    added = updated = 0
    for position, value in values:
        added += position not in kept
        updated += position in kept and kept[position] != value
        kept[position] = value
    counts = store.write_events(Event("u", "i", position=p, value=v) for p, v in values)
    assert counts == WriteCounts(added, updated, len(values) - added - updated)
    assert {event.position: event.value for event in store.history("u")} == kept


def test_batches_lose_nothing() -> None:
    assert list(batched(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batched([], 3)) == []
