"""The snapshot's masks against the definition of a filter, item by item."""

from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmrec.catalog.matching import matches
from llmrec.catalog.postings import PostingsBuilder
from llmrec.catalog.snapshot import Snapshot
from llmrec.catalog.store import CatalogStore
from llmrec.types import Filters, Item

NAMES = ["Acme", "ACME", "Straße", "STRASSE", "Öl", "o\u0308l", "", "茶", "de"]
IDS = [f"i{number}" for number in range(8)]
PRICES = ["0", "0.1", "0.10", "0.3", "1e2", "99.99", "100", "100.00000000000000000001", "1E+30"]

name = st.sampled_from(NAMES)
price = st.sampled_from(PRICES).map(Decimal)
tag = st.sampled_from(["de", "DE", "de-AT", "de-at-1996", "den", "en", "zh-Hans"])
title = st.lists(st.sampled_from(["Teapots", "teapot", "of", "Öl", "茶壶", "7"]), max_size=3).map(
    " ".join
)
phrase = st.sampled_from(["TEAPOT", "ol", "teapots of", "茶壶", "七", "?", ""])
# "Material" says what is in a product, the others what it comes in.
attribute = st.sampled_from(["Size", "SIZE", "Größe", "GRÖSSE", "Material", "material", ""])
items = st.builds(
    Item,
    id=st.sampled_from(IDS),
    title=title,
    brand=st.none() | name,
    category=st.lists(name, max_size=3).map(tuple),
    price=st.none() | price,
    currency=st.none() | st.sampled_from(["EUR", "eur", "USD"]),
    language=st.none() | tag,
    stock=st.none() | st.integers(-1, 2),
    attributes=st.dictionaries(attribute, st.lists(name, max_size=3), max_size=3),
)
names = st.lists(name, max_size=2).map(tuple)
ids = st.lists(st.sampled_from([*IDS, "unknown"]), max_size=4).map(tuple)


@st.composite
def filters(draw: st.DrawFn) -> Filters:
    low, high = draw(st.none() | price), draw(st.none() | price)
    if low is not None and high is not None and low > high:
        low, high = high, low
    fields = {
        "categories": names,
        "not_categories": names,
        "brands": names,
        "not_brands": names,
        "currency": st.none() | st.sampled_from(["EUR", "usd", "GBP"]),
        "in_stock": st.booleans(),
        "languages": st.lists(tag, max_size=2).map(tuple),
        "attributes": st.dictionaries(attribute, names, max_size=2),
        "not_attributes": st.dictionaries(attribute, names, max_size=2),
        "not_words": st.lists(phrase, max_size=2).map(tuple),
        "not_items": ids,
        "allow_seen": st.booleans(),
    }
    # Each alone often enough: all together nearly always match nothing.
    chosen = draw(st.sets(st.sampled_from(sorted(fields)), max_size=3))
    limits = draw(st.sampled_from([{}, {"min_price": low, "max_price": high}]))
    return Filters(**limits, **{field: draw(fields[field]) for field in sorted(chosen)})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CatalogStore]:
    with CatalogStore.open(f"sqlite:///{tmp_path / 'catalog.db'}") as opened:
        yield opened


def replace_all(store: CatalogStore, values: list[Item]) -> list[Item]:
    for id in IDS:
        store.delete_item(id)
    store.write_items(values)
    return [item for batch in store.iter_items() for item in batch]


@given(st.lists(items, max_size=12), st.lists(st.tuples(filters(), ids), min_size=1, max_size=20))
@settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_masks_are_what_the_definition_says(
    store: CatalogStore, values: list[Item], asked: list[tuple[Filters, tuple[str, ...]]]
) -> None:
    kept = replace_all(store, values)
    snapshot = Snapshot.load(store)
    assert snapshot.ids == [item.id for item in kept] == sorted({item.id for item in values})
    assert [snapshot.ids[snapshot.row[id]] for id in snapshot.ids] == snapshot.ids
    for one, seen in asked:
        mask = snapshot.allowed(one, seen)
        assert mask.dtype == np.bool_
        assert mask.tolist() == [matches(item, one, seen) for item in kept], (one, seen)


def test_prices_compare_exactly(store: CatalogStore) -> None:
    """As floats both prices, and the limit, would be the same number."""
    store.write_items(
        [
            Item("a", "", price=Decimal("100")),
            Item("b", "", price=Decimal("100.00000000000000000001")),
            Item("c", ""),
        ]
    )
    snapshot = Snapshot.load(store)
    assert snapshot.allowed(Filters(max_price="100")).tolist() == [True, False, False]
    assert snapshot.allowed(Filters(min_price="100.000000000000000000005")).tolist() == [
        False,
        True,
        False,
    ]


def test_seen_items_stay_out_unless_allowed(store: CatalogStore) -> None:
    store.write_items([Item("a", ""), Item("b", "")])
    snapshot = Snapshot.load(store)
    assert snapshot.allowed(Filters(), {"a", "unknown"}).tolist() == [False, True]
    assert snapshot.allowed(Filters(allow_seen=True), ["a"]).tolist() == [True, True]
    assert snapshot.allowed(Filters(not_items=["b"], allow_seen=True)).tolist() == [True, False]


def test_every_mask_is_a_new_one(store: CatalogStore) -> None:
    store.write_items([Item("a", "")])
    snapshot = Snapshot.load(store)
    snapshot.allowed(Filters())[:] = False
    assert snapshot.allowed(Filters()).tolist() == [True]


def test_times_and_revision(store: CatalogStore) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=timezone.utc)
    store.write_items([Item("a", "", added_at=at), Item("b", "")])
    snapshot = Snapshot.load(store)
    assert snapshot.added_at.dtype == np.float64
    assert snapshot.added_at[0] == at.timestamp()
    assert np.isnan(snapshot.added_at[1])
    assert snapshot.revision == store.revision()
    store.write_items([Item("c", "")])
    assert snapshot.revision != store.revision()
    assert len(snapshot) == 2


def test_an_empty_catalogue(store: CatalogStore) -> None:
    snapshot = Snapshot.load(store)
    assert len(snapshot) == 0
    assert snapshot.allowed(Filters(brands=["Acme"], max_price="1"), ["a"]).shape == (0,)


@given(st.lists(st.frozensets(st.sampled_from("abcd")), max_size=20))
def test_postings_hold_rows_by_term(rows: list[frozenset[str]]) -> None:
    builder: PostingsBuilder[str] = PostingsBuilder()
    for row, terms in enumerate(rows):
        builder.add(row, terms)
    postings = builder.build()
    assert set(postings) == set().union(*rows)
    assert len(postings) == len(set(postings))
    for term in "abcde":
        assert postings.rows(term).tolist() == [r for r, terms in enumerate(rows) if term in terms]
