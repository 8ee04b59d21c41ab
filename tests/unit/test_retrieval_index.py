"""The indexer: encodes what changed and nothing else, and survives being stopped."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from retrieval_shop import CountingEncoder, make_items, make_shop

from llmrec.catalog.item_text import item_text
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.errors import ConfigError, IndexMismatch, IndexMissing, VectorIndexError
from llmrec.retrieval import IndexReport, Retriever, build_index
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.metadata import item_metadata

ITEMS = make_items(600)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return make_shop(tmp_path / "shop", ITEMS)


def run(shop: Workspace, encoder: HashingEncoder, *, rebuild: bool = False) -> IndexReport:
    with CatalogStore.open(shop.database_url) as store:
        return build_index(shop, store, encoder, rebuild=rebuild)


def write(shop: Workspace, *items: object) -> None:
    with CatalogStore.open(shop.database_url) as store:
        store.write_items(items)  # type: ignore[arg-type]


def content(shop: Workspace) -> dict[str, tuple[dict[str, object], list[float]]]:
    collection = VectorCollection.open(shop)
    try:
        ids = collection.ids()
        metadata = collection.metadata(ids)
        return {
            id: (dict(metadata[id]), vector.tolist())
            for page, vectors in collection.vectors(ids)
            for id, vector in zip(page, vectors, strict=True)
        }
    finally:
        collection.close()


def test_the_collection_says_what_the_catalogue_says(shop: Workspace) -> None:
    encoder = HashingEncoder()
    assert run(shop, encoder) == IndexReport(encoded=600, updated=0, unchanged=0, removed=0)
    stored = content(shop)
    expected = encoder.encode([item_text(item) for item in ITEMS])
    assert list(stored) == [item.id for item in ITEMS]
    assert all(stored[item.id][0] == item_metadata(item) for item in ITEMS)
    np.testing.assert_array_equal([stored[item.id][1] for item in ITEMS], expected)


def test_a_new_title_encodes_one_item_and_a_new_price_none(shop: Workspace) -> None:
    run(shop, HashingEncoder())
    before = content(shop)
    retitled = replace(ITEMS[3], title="blue teapot")
    repriced = replace(ITEMS[5], price=Decimal("1.25"), brand=ITEMS[5].brand, stock=None)
    write(shop, retitled, repriced)
    encoder = CountingEncoder()
    assert run(shop, encoder) == IndexReport(encoded=1, updated=1, unchanged=598, removed=0)
    assert encoder.texts == [item_text(retitled)]
    after = content(shop)
    assert after[repriced.id] == (item_metadata(repriced), before[repriced.id][1])
    assert after[retitled.id][0] == item_metadata(retitled)
    changed = {id for id in after if after[id] != before[id]}
    assert changed == {retitled.id, repriced.id}
    assert run(shop, encoder) == IndexReport(encoded=0, updated=0, unchanged=600, removed=0)


def test_deleted_items_leave_the_index(shop: Workspace) -> None:
    run(shop, HashingEncoder())
    with CatalogStore.open(shop.database_url) as store:
        store.delete_item("i0010")
    assert run(shop, HashingEncoder()).removed == 1
    assert "i0010" not in content(shop)


def test_an_interrupted_run_is_taken_up(shop: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(shop, CountingEncoder(break_after=256))
    report = run(shop, HashingEncoder())
    assert (report.encoded, report.unchanged) == (600 - 256, 256)
    stored = content(shop)
    run(shop, HashingEncoder(), rebuild=True)
    assert content(shop) == stored


def test_another_encoder_is_refused_until_rebuilt(shop: Workspace) -> None:
    run(shop, HashingEncoder(64))
    before = content(shop)
    with pytest.raises(IndexMismatch, match=r"hashing-1-64.*hashing-1-32") as caught:
        run(shop, HashingEncoder(32))
    assert "llmrec index --rebuild" in caught.value.hint
    with pytest.raises(IndexMismatch):
        Retriever.open(shop, encoder=HashingEncoder(32))
    assert content(shop) == before
    assert run(shop, HashingEncoder(32), rebuild=True).encoded == 600
    assert len(content(shop)["i0000"][1]) == 32


def test_nothing_indexed_yet(shop: Workspace) -> None:
    with pytest.raises(IndexMissing) as caught:
        Retriever.open(shop, encoder=HashingEncoder())
    assert caught.value.hint == "Make it with: llmrec index"
    assert not shop.chroma_dir.exists()


def test_an_empty_catalogue_makes_an_empty_index(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", [])
    assert run(shop, HashingEncoder()) == IndexReport(0, 0, 0, 0)
    assert content(shop) == {}


def test_progress_counts_every_item_once(shop: Workspace) -> None:
    run(shop, HashingEncoder())
    write(shop, replace(ITEMS[3], title="blue teapot"))
    seen: list[tuple[int, int]] = []
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, HashingEncoder(), lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 600)
    assert seen[-1] == (600, 600)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize(
    ("url", "error"),
    [("http://127.0.0.1:9", VectorIndexError), ("localhost", ConfigError)],
)
def test_a_server_that_is_not_there(shop: Workspace, url: str, error: type[Exception]) -> None:
    remote = Workspace.open(shop.path, overrides={"chroma": {"url": url}})
    with pytest.raises(error, match=url) as caught:
        run(remote, HashingEncoder())
    assert caught.value.hint  # type: ignore[attr-defined]
    assert not shop.chroma_dir.exists()


def test_a_damaged_store_is_named_and_can_be_rebuilt(shop: Workspace) -> None:
    shop.chroma_dir.mkdir()
    (shop.chroma_dir / "chroma.sqlite3").write_bytes(b"this is not a database" * 100)
    with pytest.raises(VectorIndexError, match="chroma") as caught:
        run(shop, HashingEncoder())
    assert "--rebuild" in caught.value.hint
    assert run(shop, HashingEncoder(), rebuild=True).encoded == 600
