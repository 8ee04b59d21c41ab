"""Sorted lists for whom a request is, or of no words; and what an event leaves as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.types import Event, EventKind, Filters, Item

ITEMS = (
    Item("dog", "Dog raincoat", category=("Pets", "Dogs")),
    Item(
        "jacket",
        "Jacket for rain",
        category=("Clothing",),
        description="Raincoat, raincoat bag, raincoat hood.",
    ),
    Item("light", "Clip-on safety light", category=("Cycling",)),
    Item("clip", "Money clip", category=("Gifts",)),
    *(Item(f"plate{n}", f"Stoneware plate {n}", category=("Kitchen",)) for n in range(12)),
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Retriever, CatalogStore]]:
    Workspace.init(tmp_path / "shop")
    workspace = Workspace.open(tmp_path / "shop", overrides={"models": {"encoder": "hashing"}})
    encoder = HashingEncoder()
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(ITEMS)
        build_index(workspace, store, encoder)
        with Retriever.open(workspace, store, encoder) as retriever:
            yield retriever, store


@pytest.mark.parametrize(
    ("query", "recipient", "items"),
    [
        ("raincoat", None, ["dog"]),
        ("raincoat for me", None, ["jacket"]),
        ("raincoat for my wife", None, ["jacket"]),
        ("raincoat, not for dogs", None, ["jacket"]),
        ("raincoat", "my wife", ["jacket"]),
        ("raincoat for my dog", None, ["dog"]),
        ("light", None, ["light"]),
    ],
)
def test_a_sorted_list_and_its_count_hold_nothing_for_others(
    shop: tuple[Retriever, CatalogStore], query: str, recipient: str | None, items: list[str]
) -> None:
    retriever, _ = shop
    request = RetrievalRequest(query=query, recipient=recipient)
    found = retriever.retrieve_sorted(request, "cheapest", 20)
    assert [candidate.item for candidate in found.candidates] == items
    assert retriever.matching(Filters(), named=query, recipient=recipient) == len(items)


@pytest.mark.parametrize("query", ["䷀䷀", "ﾞ", "!!!"])
def test_signs_that_are_no_words_can_be_sorted(
    shop: tuple[Retriever, CatalogStore], query: str
) -> None:
    retriever, _ = shop
    found = retriever.retrieve_sorted(RetrievalRequest(query=query), "newest", 3)
    assert len(found.candidates) <= 3


def test_an_event_leaves_the_words_of_the_catalogue_as_they_were_read(
    shop: tuple[Retriever, CatalogStore],
) -> None:
    retriever, store = shop
    before = retriever._keeper.current()
    store.write_events([Event("u1", "dog", EventKind.VIEW, datetime.now(timezone.utc))])
    after = retriever._keeper.current()
    assert after.sources["lexical"] is before.sources["lexical"]
    assert after.log is not before.log
    store.write_items([Item("new", "Kettle")])
    changed = retriever._keeper.current()
    assert changed.sources["lexical"] is not before.sources["lexical"]
