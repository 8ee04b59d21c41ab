"""``llmrec train words`` on the demo store, with a tiny random model as the base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmrec.artifacts import Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.config import Workspace
from llmrec.demo import events_file, items_files
from llmrec.embedding import load_encoder
from llmrec.errors import DataError
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.finetune.words.shop import words_data
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index
from llmrec.types import Event, Item

pytestmark = pytest.mark.integration

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

QUICK = ["--max-examples", "12", "--epochs", "1", "--set", "r=4", "--set", "batch=4"]
# The tiny model's tokens are little more than letters.
CONFIG = """\
version = 1
[models]
encoder = "hashing"
llm = "{llm}"
[explain]
max_tokens = 160
description_max_tokens = 160
attempts = 1
"""


def run(*args: str) -> str:
    result = CliRunner().invoke(app, list(args))
    if result.exception:
        raise result.exception
    return result.stdout


def make_shop(folder: Path, llm: Path) -> Workspace:
    Workspace.init(folder)
    (folder / "llmrec.toml").write_text(CONFIG.format(llm=llm))
    return Workspace.open(folder)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Workspace:
    shop = make_shop(tmp_path_factory.mktemp("words") / "shop", tiny_model)
    # Two of the files: enough, and each item costs a moment.
    ingest_items(
        shop, [file for file in items_files() if "kitchen" in file.name or "ger" in file.name]
    )
    ingest_events(shop, [events_file()])
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, load_encoder("hashing"))
    return shop


def test_a_dry_run_says_what_it_will_cost_and_trains_nothing(shop: Workspace) -> None:
    found = json.loads(run("train", "words", "-w", str(shop.path), "--dry-run", "--json", *QUICK))
    size = found["estimate"]
    assert size["examples"] == 12 and size["validation"] > 0 and size["seconds"] > 0
    assert not Artifacts(shop.models_dir).numbers("words")


def test_from_the_catalogue_to_a_version_that_does_not_serve(shop: Workspace) -> None:
    """A random model writes nothing that passes, with an adapter or without: it must not serve."""
    said = json.loads(run("train", "words", "-w", str(shop.path), "--json", *QUICK))
    assert said["version"] == "words/0001" and not said["promoted"]
    assert "no more often than those of the base" in said["reason"]
    card = said["card"]
    assert next(iter(card["metrics"])) == "passes at first try"
    assert {"passes at first try, base", "passes", "passes, base", "lift", "loss"} < set(
        card["metrics"]
    )
    assert card["extra"]["words"]["adapter"]["reasons"]["texts"] > 0
    made = Artifacts(shop.models_dir).get("words", "0001")
    assert (made.folder / "samples.jsonl").read_text().count("\n") == sum(
        one["texts"] for one in card["extra"]["words"]["adapter"].values()
    )
    assert not list((shop.cache_dir / "train-words" / "runs").glob("*"))
    assert list((shop.cache_dir / "train-words" / "curves").rglob("events.out.tfevents.*"))


def test_what_is_held_out_is_in_no_training_example(shop: Workspace, tiny_model: Path) -> None:
    data = words_data(shop, prompt_maker(str(tiny_model)))
    trained = {example.item for example in data.train.examples}
    held = {example.item for example in data.validation.examples}
    asked = {one.item.id: one.item for one in data.asked}
    assert trained and held and held <= set(asked) and not trained & set(asked)
    with CatalogStore.open(shop.database_url) as store:
        texts = {item.description for item in store.items(trained).values() if item.description}
    # Sizes and colours of one thing share a description.
    assert not texts & {item.description for item in asked.values()}
    assert data.reasons and all(one.history for one in data.asked)
    for one in data.asked:
        assert one.item.id not in {entry.item for entry, _ in one.history}


def test_shops_that_teach_nothing_are_told_why(tmp_path: Path, tiny_model: Path) -> None:
    def refused(*items: Item) -> str:
        shop = make_shop(tmp_path / f"shop{len(list(tmp_path.iterdir()))}", tiny_model)
        with CatalogStore.open(shop.database_url) as store:
            store.write_items(items)
            if items:
                build_index(shop, store, load_encoder("hashing"))
        with pytest.raises(DataError) as error:
            words_data(shop, prompt_maker(str(tiny_model)))
        return f"{error.value.message} {error.value.hint}"

    assert "catalogue is empty" in refused()
    assert "in English" in refused(Item("a", "Kanne", language="de"))
    told = refused(*(Item(f"i{place}", f"Grey kettle {place}") for place in range(12)))
    assert "fields of 12 of 12 items" in told and "Ingest descriptions" in told


def test_without_histories_descriptions_alone_are_learned(tmp_path: Path, tiny_model: Path) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    with CatalogStore.open(shop.database_url) as store:
        store.write_items(
            Item(
                f"i{place}",
                f"Kettle, type {chr(65 + place)}",
                description=f"Boils {place + 2} cups in silence.",
                attributes={"material": "copper"},
                language="en",
            )
            for place in range(20)
        )
        store.write_events([Event("u", "i1"), Event("v", "i2")])
        build_index(shop, store, load_encoder("hashing"))
    data = words_data(shop, prompt_maker(str(tiny_model)))
    assert not data.reasons
    assert all(one.describes for one in (*data.train.examples, *data.validation.examples))
