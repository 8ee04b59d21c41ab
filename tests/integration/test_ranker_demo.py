"""``llmrec train ranker`` on the demo store, with a tiny random model as the base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmrec.artifacts import Artifacts, Figure, read_card
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.config import Workspace
from llmrec.demo import events_file, items_files
from llmrec.embedding import load_encoder
from llmrec.errors import DataError, LLMRecError
from llmrec.finetune.ranker.publish import publish_ranker
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index
from llmrec.types import Event, Item

pytestmark = pytest.mark.integration

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

QUICK = [
    "--max-examples",
    "12",
    "--targets",
    "all",
    "--set",
    "r=4",
    "--set",
    "batch=4",
    "--set",
    "save_every=1",
]
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


def run(*args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(args))
    if code == 0 and result.exception:
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Workspace:
    shop = Workspace.init(tmp_path_factory.mktemp("ranker") / "shop")
    (shop.path / "llmrec.toml").write_text(CONFIG.format(llm=tiny_model))
    shop = Workspace.open(shop.path)
    ingest_items(shop, items_files())
    ingest_events(shop, [events_file()])
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, load_encoder("hashing"))
    return shop


@pytest.fixture(autouse=True)
def few_to_validate_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmrec.finetune.ranker.shop.VALIDATION", 60)


def test_a_dry_run_says_what_it_will_cost_and_trains_nothing(shop: Workspace) -> None:
    said = run("train", "ranker", "-w", str(shop.path), "--dry-run", *QUICK)
    for words in ("12 examples", "tokens an epoch", "trainable parameters", "min on", "MB"):
        assert words in " ".join(said.split())
    found = json.loads(run("train", "ranker", "-w", str(shop.path), "--dry-run", "--json"))
    size = found["estimate"]
    assert size["examples"] > 100 and size["seconds"] > 0 and size["longest"] < 1024
    assert size["tokens"] > size["examples"]
    assert not Artifacts(shop.models_dir).numbers("ranker")


def test_from_the_log_to_a_version(shop: Workspace) -> None:
    said = json.loads(run("train", "ranker", "-w", str(shop.path), "--json", *QUICK))
    assert said["version"] == "ranker/0001"
    card = said["card"]
    assert next(iter(card["metrics"])) == "ndcg@10 lift"
    assert {"accuracy", "loss", "ndcg@10", "retriever ndcg@10"} < set(card["metrics"])
    assert said["promoted"] == (card["metrics"]["ndcg@10 lift"]["low"] > 0)
    assert 0 <= card["extra"]["llm_weight"] <= 1
    assert card["extra"]["examples"]["examples"] == 12
    assert card["extra"]["base_sha256"] and card["extra"]["prompt"] and card["data"]["sha256"]
    assert not (shop.path / "models-ranker").exists()
    assert not list((shop.cache_dir / "train-ranker" / "runs").glob("*"))
    assert list((shop.cache_dir / "train-ranker" / "curves").rglob("events.out.tfevents.*"))


def test_more_items_of_each_shopper_make_more_examples(shop: Workspace) -> None:
    args = ["train", "ranker", "-w", str(shop.path), "--json", "--no-promote", *QUICK]
    card = json.loads(run(*args, "--set", "per_user=3"))["card"]
    assert card["settings"]["per_user"] == 3
    assert card["extra"]["examples"]["users"] == 12
    assert 12 < card["extra"]["examples"]["examples"] <= 36


def test_every_item_of_each_shopper_is_asked_for_in_folds(shop: Workspace) -> None:
    args = ["train", "ranker", "-w", str(shop.path), "--json", *QUICK, "--set", "folds=2"]
    size = json.loads(run(*args, "--dry-run"))["estimate"]
    card = json.loads(run(*args, "--no-promote"))["card"]
    counts = card["extra"]["examples"]
    assert counts["users"] == 12
    assert counts["examples"] == counts["retrieved"] + counts["inserted"] > 24
    assert counts["examples"] == pytest.approx(size["examples"], rel=0.5)
    assert not (shop.path / "models-ranker").exists()


def test_a_stopped_command_goes_on_where_it_was(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmrec.cli.train_shared import RankerView
    from llmrec.finetune import EvaluationReport, StepReport

    steps: list[int] = []

    def tell(self: RankerView, report: StepReport | EvaluationReport) -> None:
        if isinstance(report, StepReport):
            steps.append(report.step)
            if len(steps) == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(RankerView, "tell", tell)
    more = ["--epochs", "4", "--set", "accumulation=1", "--set", "patience=9", "--no-promote"]
    args = ["train", "ranker", "-w", str(shop.path), *QUICK, *more]
    CliRunner().invoke(app, args)
    assert "does not serve" in " ".join(run(*args).split())
    assert steps == [1, 2, 3, *range(3, 13)]


def test_only_what_helps_and_is_no_step_back_serves(shop: Workspace, tmp_path: Path) -> None:
    store = Artifacts(shop.models_dir)
    if not store.numbers("ranker"):  # where another process runs the tests before this one
        run("train", "ranker", "-w", str(shop.path), "--no-promote", *QUICK)
    trained = store.get("ranker", store.numbers("ranker")[-1])

    def folder(name: str, **metrics: float) -> Path:
        import shutil

        made = shutil.copytree(trained.folder, tmp_path / name)
        figures = {
            key.replace("_", " "): Figure(mean=mean, low=mean - 0.01, high=mean + 0.01, n=9)
            for key, mean in metrics.items()
        }
        read_card(made).model_copy(update={"metrics": figures}).write(made)
        return made

    for lift in (-0.02, 0.005):
        unsure = publish_ranker(shop, folder(f"lift {lift}", **{"ndcg@10_lift": lift}))
        assert not unsure.promoted and "does not show" in unsure.reason
    good = publish_ranker(shop, folder("good", **{"ndcg@10_lift": 0.05}))
    assert good.promoted and store.serving("ranker") == good.artifact.version
    worse = publish_ranker(shop, folder("worse", **{"ndcg@10_lift": 0.02}))
    assert not worse.promoted and "goes on serving" in worse.reason
    unknown = publish_ranker(shop, folder("unknown", accuracy=0.9))
    assert not unknown.promoted and "Nothing is known" in unknown.reason
    assert store.serving("ranker") == good.artifact.version


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--set", "size=3"], "size"),
        (["--set", "dropout"], "has no value"),
        (["--quantization", "int3"], "quantization"),
    ],
)
def test_impossible_settings_name_themselves(shop: Workspace, args: list[str], words: str) -> None:
    with pytest.raises(LLMRecError, match=words):
        run("train", "ranker", "-w", str(shop.path), *args)


def test_a_log_of_single_items_is_told_what_is_missing(tmp_path: Path, tiny_model: Path) -> None:
    shop = Workspace.init(tmp_path / "shop")
    (shop.path / "llmrec.toml").write_text(CONFIG.format(llm=tiny_model))
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item(f"i{place}", f"thing {place}") for place in range(4)])
        store.write_events([Event("u", "i1"), Event("v", "i2")])
        build_index(shop, store, load_encoder("hashing"))
    with pytest.raises(DataError, match="No user of 2 has three different items") as error:
        run("train", "ranker", "-w", str(shop.path))
    assert "longer event log" in error.value.hint
