"""From the demo store's log to recommendations by behaviour: real Chroma, SQLite and training."""

from __future__ import annotations

import json
import os
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
from llmrec.errors import LLMRecError
from llmrec.finetune.behaviour import BehaviourSettings, publish_behaviour, shop_data
from llmrec.finetune.behaviour.train import train_behaviour
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.types import Event, Filters, HistoryEntry, Item

pytestmark = pytest.mark.integration

ONLY = {"retrieval": {"weights": {"behaviour": 1.0}, "cold_places": 0}}
QUICK = ["--epochs", "3", "--set", "dim=32", "--set", "layers=1", "--set", "learning_rate=5e-3"]


def run(*args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(args))
    if code == 0 and result.exception:
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    shop = Workspace.init(tmp_path_factory.mktemp("behaviour") / "shop")
    (shop.path / "llmrec.toml").write_text('version = 1\n[models]\nencoder = "hashing"\n')
    shop = Workspace.open(shop.path)
    ingest_items(shop, items_files())
    ingest_events(shop, [events_file()])
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, load_encoder("hashing"))
    return shop


@pytest.fixture(scope="module")
def served(shop: Workspace) -> dict[str, Any]:
    """What the command said of the encoder that serves."""
    said: dict[str, Any] = json.loads(
        run("train", "behaviour", "-w", str(shop.path), "--json", *QUICK)
    )
    return said


def test_a_dry_run_says_what_it_will_cost_and_trains_nothing(shop: Workspace):
    before = Artifacts(shop.models_dir).numbers("behaviour")
    said = run("train", "behaviour", "-w", str(shop.path), "--dry-run", *QUICK)
    for words in ("events", "users", "parameters", "steps an epoch", "MB"):
        assert words in said
    found = json.loads(run("train", "behaviour", "-w", str(shop.path), "--dry-run", "--json"))
    assert found["estimate"]["items"] > 100 and found["estimate"]["seconds_per_epoch"] > 0
    assert Artifacts(shop.models_dir).numbers("behaviour") == before


def test_what_was_trained_serves_and_moves_with_every_event(
    shop: Workspace, served: dict[str, Any]
):
    said = served
    assert said["promoted"] and said["version"].startswith("behaviour/")
    card = said["card"]
    assert set(card["metrics"]) == {"ndcg@10", "recall@10", "popularity ndcg@10"}
    assert card["metrics"]["ndcg@10"]["mean"] > card["metrics"]["popularity ndcg@10"]["mean"]
    assert card["extra"]["refitted"] and card["data"]["last"] and len(card["data"]["sha256"]) == 64
    only = Workspace.open(shop.path, overrides=ONLY)
    with CatalogStore.open(shop.database_url) as store, Retriever.open(only, store) as retriever:
        user = store.users(1)[0]
        events = store.history(user)
        items = {one.id: one for batch in store.iter_items() for one in batch}
        history = tuple(
            HistoryEntry(item=event.item, kind=event.kind, at=event.at) for event in events
        )
        before = retriever.retrieve(RetrievalRequest(history), 20)
        assert before.by_source == {"behaviour": 20}
        assert not {candidate.item for candidate in before.candidates} & {
            event.item for event in events
        }
        liked = HistoryEntry(item=before.candidates[-1].item)
        after = retriever.retrieve(RetrievalRequest((*history, liked)), 20)
        assert [candidate.item for candidate in after.candidates] != [
            candidate.item for candidate in before.candidates
        ]
        cheap = Filters(max_price="20", in_stock=True)
        kept = retriever.retrieve(RetrievalRequest(history, filters=cheap), 20).candidates
        assert kept and all(items[one.item].price <= 20 for one in kept)
        assert all(items[one.item].stock != 0 for one in kept)


@pytest.mark.usefixtures("served")
def test_a_new_product_is_found_before_anybody_bought_it(shop: Workspace):
    with CatalogStore.open(shop.database_url) as store:
        twin = next(iter(store.iter_items()))[0]
        store.write_items([Item("zz-new", twin.title, twin.brand, twin.category, twin.description)])
        build_index(shop, store, load_encoder("hashing"))
        only = Workspace.open(shop.path, overrides=ONLY)
        with Retriever.open(only, store) as retriever:
            request = RetrievalRequest((HistoryEntry(item=twin.id),))
            everything = retriever.retrieve(request, store.count_items())
        assert "zz-new" in {candidate.item for candidate in everything.candidates}


@pytest.mark.usefixtures("served")
def test_a_worse_one_is_published_but_does_not_serve(shop: Workspace):
    serving = Artifacts(shop.models_dir).serving("behaviour")
    worse = [*QUICK, "--epochs", "1", "--set", "learning_rate=1e-9", "--no-refit"]
    said = run("train", "behaviour", "-w", str(shop.path), *worse)
    assert "goes on serving" in " ".join(said.split())
    assert Artifacts(shop.models_dir).serving("behaviour") == serving
    kept = run("train", "behaviour", "-w", str(shop.path), *QUICK, "--no-promote")
    assert "does not serve" in " ".join(kept.split())


def test_a_stopped_command_goes_on_where_it_was(shop: Workspace, monkeypatch: pytest.MonkeyPatch):
    from llmrec.cli.train_behaviour import TrainingView
    from llmrec.finetune.behaviour import EpochReport

    told: list[EpochReport] = []

    def tell(self: TrainingView, report: object) -> None:
        if isinstance(report, EpochReport):
            told.append(report)
            if len(told) == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(TrainingView, "tell", tell)
    args = ["train", "behaviour", "-w", str(shop.path), *QUICK, "--seed", "5", "--no-refit"]
    CliRunner().invoke(app, args)
    run(*args)
    assert [one.epoch for one in told] == [1, 2, 3]
    assert not list((shop.cache_dir / "train-behaviour").rglob("at-*"))


@pytest.mark.parametrize(
    ("pair", "words"),
    [("size=3", "size"), ("dropout=2", "less than 1"), ("dropout", "has no value")],
)
def test_impossible_settings_name_themselves(shop: Workspace, pair: str, words: str):
    with pytest.raises(LLMRecError, match=words):
        run("train", "behaviour", "-w", str(shop.path), "--set", pair)


def test_a_shop_without_a_log_or_an_index_is_told_what_to_do(tmp_path: Path):
    empty = Workspace.init(tmp_path / "empty")
    with pytest.raises(LLMRecError) as error:
        run("train", "behaviour", "-w", str(empty.path))
    assert "llmrec index" in error.value.hint
    with CatalogStore.open(empty.database_url) as store:
        store.write_items([Item(f"i{place}", f"thing {place}") for place in range(4)])
        store.write_events([Event("u", "i1"), Event("v", "i2")])
        build_index(empty, store, load_encoder("hashing"))
    with pytest.raises(LLMRecError, match="Nobody in the training events has two different items"):
        run("train", "behaviour", "-w", str(empty.path))


@pytest.mark.usefixtures("served")
def test_the_python_way_is_the_same_as_the_command(shop: Workspace):
    data = shop_data(shop)
    settings = BehaviourSettings(dim=16, layers=1, epochs=1, seed=os.getpid() % 7)
    result = train_behaviour(data.events, data.catalogue, settings)
    made = publish_behaviour(shop, result, settings, data.events, promote=False)
    assert not made.promoted and made.before is not None
    assert made.artifact.card.settings["dim"] == 16
