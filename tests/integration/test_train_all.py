"""``llmrec train all`` and ``--since`` on the demo store, with a tiny random model as the base."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timezone
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
from llmrec.errors import ConfigError
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index
from llmrec.types import Event, Item

pytestmark = pytest.mark.integration

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

CONFIG = """\
version = 1
[models]
encoder = "hashing"
llm = "{llm}"
[retrieval]
candidates = 5
[ranking]
history_items = 3
"""
LATER = datetime(2026, 9, 1, tzinfo=timezone.utc)
QUICK = [
    *("--max-examples", "12", "--targets", "all"),
    *("--set", "behaviour.epochs=3", "--set", "behaviour.dim=32", "--set", "behaviour.layers=1"),
    *("--set", "behaviour.learning_rate=5e-3", "--set", "fusion.cases=200"),
    *("--set", "ranker.r=4", "--set", "ranker.batch=4", "--set", "ranker.save_every=1"),
    *("--set", "ranker.accumulation=1"),
]
KINDS = ("behaviour", "fusion", "ranker")


def run(*args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(args))
    if code == 0 and result.exception:
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def asked(*args: str, code: int = 0) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(run("train", *args, "--json", code=code).splitlines()[-1])
    return said


@pytest.fixture(autouse=True)
def few_to_validate_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmrec.finetune.ranker.shop.VALIDATION", 40)


@pytest.fixture(scope="module")
def demo_log(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The demo store's events."""
    shop = Workspace.init(tmp_path_factory.mktemp("log") / "shop")
    ingest_items(shop, items_files())
    ingest_events(shop, [events_file()])
    with CatalogStore.open(shop.database_url) as store:
        return [event for batch in store.iter_events() for event in batch]


def make_shop(folder: Path, llm: Path, events: list[Event]) -> Workspace:
    Workspace.init(folder)
    (folder / "llmrec.toml").write_text(CONFIG.format(llm=llm))
    shop = Workspace.open(folder)
    ingest_items(shop, items_files())
    with CatalogStore.open(shop.database_url) as store:
        store.write_events(events)
        build_index(shop, store, load_encoder("hashing"))
    return shop


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, demo_log: list[Event]
) -> Workspace:
    """The demo store as it was at the end of August."""
    early = [one for one in demo_log if one.at and one.at < LATER]
    return make_shop(tmp_path_factory.mktemp("all") / "shop", tiny_model, early)


KILLER = """
import os, signal, sys
from llmrec.cli import train_shared, main
from llmrec.finetune import StepReport
import llmrec.finetune.ranker.shop as ranker_shop
ranker_shop.VALIDATION = 40
def tell(self, report):
    if isinstance(report, StepReport) and report.step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
train_shared.RankerView.tell = tell
main.app(sys.argv[1:])
"""


def test_killed_in_the_last_stage_it_does_the_others_no_second_time(shop: Workspace) -> None:
    args = ["train", "all", "-w", str(shop.path), *QUICK]
    sizes = json.loads(run(*args, "--dry-run", "--json"))
    assert set(sizes) == set(KINDS) and not any(map(Artifacts(shop.models_dir).numbers, KINDS))
    assert sizes["behaviour"]["estimate"]["seconds_per_epoch"] > 0
    assert sizes["ranker"]["estimate"]["tokens"] > 0 and sizes["fusion"]["estimate"]["cases"] == 200
    killed = subprocess.run(
        [sys.executable, "-c", KILLER, *args, "--json"], capture_output=True, env=dict(os.environ)
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    store = Artifacts(shop.models_dir)
    assert [len(store.numbers(kind)) for kind in KINDS] == [1, 1, 0]
    resumed = asked(*args[1:])
    assert [resumed[kind]["again"] for kind in KINDS] == [True, True, False]
    assert [len(store.numbers(kind)) for kind in KINDS] == [1, 1, 1]
    card = store.get("ranker", "0001").card
    assert card.extra["resumed_from"] == 1
    # All of it is finished: nothing is done again, until it is asked for.
    words = run(*args)
    assert words.count("(done before)") == 3 and all(f"{kind}/0001" in words for kind in KINDS)
    more = asked("all", "-w", str(shop.path), *QUICK, "--no-resume", "--skip", "ranker")
    assert [more[kind]["version"] for kind in more] == ["behaviour/0002", "fusion/0002"]


def test_a_month_later_each_goes_on_from_what_serves(
    shop: Workspace, demo_log: list[Event]
) -> None:
    store = Artifacts(shop.models_dir)
    if not store.numbers("ranker"):
        run("train", "all", "-w", str(shop.path), *QUICK)
    for kind in KINDS:
        # A random model's adapter may be worse than none; to go on from it, it must serve.
        store.promote(kind, "0001")
    for kind in KINDS:
        said = run("train", kind, "-w", str(shop.path), "--since")
        assert f"Nothing new since {kind}/0001" in said, said
    idle = asked("all", "-w", str(shop.path), "--since")
    assert {one["state"] for one in idle.values()} == {"idle"}
    with CatalogStore.open(shop.database_url) as catalogue:
        catalogue.write_items([Item("fresh", "A kettle of the new season")])
        catalogue.write_events([one for one in demo_log if one.at and one.at >= LATER])
        build_index(shop, catalogue, load_encoder("hashing"))
    before = {kind: len(store.numbers(kind)) for kind in KINDS}
    named = ["train", "behaviour", "-w", str(shop.path), "--since", "2030-01-01"]
    assert "Nothing new" in run(*named)
    dry = run("train", "all", "-w", str(shop.path), "--since", "--dry-run", "--skip", "ranker")
    assert "everything that is new" in " ".join(dry.split()) and "has not seen them" in dry
    found = asked("all", "-w", str(shop.path), "--since", "--targets", "all")
    for kind in KINDS:
        assert found[kind]["state"] in ("serves", "published"), found[kind]
        number = f"{before[kind] + 1:04d}"
        card = store.get(kind, number).card
        assert card.parent == "0001" and found[kind]["version"] == f"{kind}/{number}"
        gained = card.metrics["gained ndcg@10"]
        figure = card.metrics["ndcg@10"].mean - card.metrics["before ndcg@10"].mean
        assert gained.n > 10 and gained.mean == pytest.approx(figure)
        assert found[kind]["before"] == pytest.approx(card.metrics["before ndcg@10"].mean)
        if found[kind]["state"] == "serves":
            assert gained.mean >= 0
    for kind in KINDS:
        store.promote(kind, f"{before[kind] + 1:04d}")
        said = run("train", kind, "-w", str(shop.path), "--since")
        assert f"Nothing new since {kind}/{before[kind] + 1:04d}" in said
    assert not list(shop.path.glob("models-*"))


def test_one_with_too_little_to_learn_from_stops_no_other(tmp_path: Path, tiny_model: Path) -> None:
    pairs = [
        Event(f"u{n}", f"HOM-00{n % 3 + place}", position=place)
        for n in range(20)
        for place in (0, 1)
    ]
    shop = make_shop(tmp_path / "shop", tiny_model, pairs)
    found = asked("all", "-w", str(shop.path))
    assert {one["state"] for one in found.values()} == {"cannot learn"}
    assert all("three different items" in one["reason"] for one in found.values())
    said = asked("all", "-w", str(shop.path), "--since")
    assert all("nothing to go on from" in one["reason"] for one in said.values())


def test_a_damaged_parent_fails_alone(shop: Workspace, tmp_path: Path) -> None:
    import shutil

    if not Artifacts(shop.models_dir).numbers("ranker"):
        run("train", "all", "-w", str(shop.path), *QUICK)
    copy = Workspace.open(shutil.copytree(shop.path, tmp_path / "copy"))
    store = Artifacts(copy.models_dir)
    for kind in KINDS:
        store.promote(kind, "0001")
    (store.get("behaviour", "0001").folder / "weights.safetensors").write_bytes(b"nothing")
    (store.get("fusion", "0001").folder / "card.json").write_text("{}")
    with CatalogStore.open(copy.database_url) as catalogue:
        users = catalogue.users(30)
        catalogue.write_events(
            [
                Event(user, item.id, at=datetime(2027, 1, 1, tzinfo=timezone.utc), position=place)
                for user in users
                for place, item in enumerate(next(iter(catalogue.iter_items()))[:3])
            ]
        )
    found = asked("all", "-w", str(copy.path), "--since", "--skip", "ranker", code=1)
    assert [found[kind]["state"] for kind in found] == ["failed", "failed"]
    assert "weights.safetensors" in found["behaviour"]["reason"]
    assert "card.json" in found["fusion"]["reason"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["all", "--skip", "words"], "there is none"),
        (["all", "--set", "dropout=0.1"], "does not say what it is a setting of"),
        (["all", "--set", "behaviour.size=3"], "size"),
        (["behaviour", "--since", "yesterday"], "is no moment"),
        (["ranker", "--targets", "some"], "nothing to train on"),
    ],
)
def test_impossible_options_name_themselves(shop: Workspace, args: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        run("train", *args, "-w", str(shop.path))
