"""From the demo store's log to a fusion that serves: real Chroma, SQLite and training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llmrec.artifacts import Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.config import Workspace
from llmrec.demo import events_file, items_files
from llmrec.embedding import load_encoder
from llmrec.errors import DataError
from llmrec.finetune.earlier import open_earlier
from llmrec.finetune.fusion import PART, hold_out_shop
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.learned import load_fusion
from llmrec.types import Filters, HistoryEntry

pytestmark = pytest.mark.integration

QUICK = ["--epochs", "3", "--set", "dim=32", "--set", "layers=1", "--set", "learning_rate=5e-3"]


def run(*args: str) -> str:
    result = CliRunner().invoke(app, list(args))
    if result.exception:
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    shop = Workspace.init(tmp_path_factory.mktemp("fusion") / "shop")
    (shop.path / "llmrec.toml").write_text('version = 1\n[models]\nencoder = "hashing"\n')
    shop = Workspace.open(shop.path)
    ingest_items(shop, items_files())
    ingest_events(shop, [events_file()])
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, load_encoder("hashing"))
    return shop


@pytest.fixture(scope="module")
def told(shop: Workspace) -> dict[str, Any]:
    """What both commands said, the second first as a dry run."""
    run("train", "behaviour", "-w", str(shop.path), "--json", *QUICK)
    dry = " ".join(run("train", "fusion", "-w", str(shop.path), "--dry-run").split())
    assert Artifacts(shop.models_dir).current("fusion") is None
    found = json.loads(run("train", "fusion", "-w", str(shop.path), "--json", "--cases", "300"))
    return {"dry": dry, **found}


def test_sources_know_nothing_of_what_is_asked(shop: Workspace) -> None:
    asked = hold_out_shop(shop)
    held = open_earlier(shop, PART, asked.data, asked.train)
    targets = {(case.targets[0].user, case.targets[0].item) for case in asked.cases}
    with CatalogStore.open(held.database_url) as store:
        log = {(one.user, one.item) for batch in store.iter_events() for one in batch}
    assert targets and not log & targets
    assert Artifacts(held.models_dir).current("behaviour") is None


def test_it_says_what_it_costs_and_what_came_of_it(shop: Workspace, told: dict[str, Any]) -> None:
    found = told
    assert "trained first" in found["dry"] and "epochs of" in found["dry"]
    card, rows = found["card"], {row["source"]: row for row in found["sources"]}
    of_histories = {"text", "lexical", "together", "next", "popular", "new", "behaviour"}
    assert of_histories <= set(rows) <= of_histories | {"titled", "named"}
    assert next(iter(card["metrics"])) == "ndcg@10" and card["extra"]["cases"] == 300
    assert all(row["recall"]["20"] <= row["recall"]["100"] for row in rows.values())
    assert found["promoted"] == (found["winner"] != "by hand")
    # What was made for it is gone.
    assert not (shop.path / "models-fusion").exists()
    assert not (shop.cache_dir / "train-fusion-earlier").exists()
    collection = VectorCollection.open(shop)
    with collection._connection.use() as client:
        assert sorted(one.name for one in client.list_collections()) == ["behaviour-0001", "items"]
    collection.close()


@pytest.mark.usefixtures("told")
def test_what_was_learned_serves_inside_the_filters(shop: Workspace) -> None:
    artifacts = Artifacts(shop.models_dir)
    artifacts.promote("fusion", artifacts.numbers("fusion")[-1])
    serving = artifacts.current("fusion")
    assert serving is not None
    learned = load_fusion(serving.folder).weights
    with CatalogStore.open(shop.database_url) as store, Retriever.open(shop, store) as retriever:
        history = tuple(HistoryEntry(item=one.item) for one in store.history(store.users(1)[0]))
        items = {one.id: one for batch in store.iter_items() for one in batch}
        cheap = Filters(max_price="20", in_stock=True)
        answer = retriever.retrieve(RetrievalRequest(history, filters=cheap), 20)
    assert all(items[candidate.item].price <= 20 for candidate in answer.candidates)
    assert not {candidate.item for candidate in answer.candidates} & {one.item for one in history}
    used = {name for name, given in learned.items() if any(given.values())}
    # Nothing in the demo store is popular enough to be learned about: its weight is as set by hand.
    assert "popular" not in learned
    used.add("popular")
    of_words = {"query", "titled", "named", "cold"}
    assert set(answer.by_source) - of_words == used - of_words


@pytest.mark.usefixtures("told")
def test_a_second_one_says_how_it_compares(shop: Workspace) -> None:
    said = run("train", "fusion", "-w", str(shop.path), "--cases", "300", "--no-promote")
    words = " ".join(said.split())
    for word in ("Source", "recall@20", "Found alone", "by hand", "logit", "does not serve"):
        assert word in words


def test_nobody_to_validate_with(tmp_path: Path) -> None:
    from llmrec.types import Event, Item

    shop = Workspace.init(tmp_path / "small")
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item(f"i{place}", f"thing {place}") for place in range(4)])
        store.write_events([Event("u", "i1"), Event("v", "i2")])
        build_index(shop, store, load_encoder("hashing"))
    with pytest.raises(DataError, match="nobody to validate with"):
        run("train", "fusion", "-w", str(shop.path))
