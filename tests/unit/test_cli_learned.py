"""``llmrec models list, show, promote, rollback, remove`` for what a shop has learned."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import pytest
from artifact_cards import make_card, publish
from typer.testing import CliRunner, Result

from llmrec.artifacts import Artifacts, Card, CardData
from llmrec.cli.common import console
from llmrec.cli.main import app
from llmrec.config import Workspace
from llmrec.errors import AdapterMismatch, ConfigError, ModelError, WorkspaceError


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    """The store of a workspace that the commands find by themselves."""
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "cache"))
    # COLUMNS would come too late where another test has imported the console already.
    monkeypatch.setattr(console, "_width", 200)
    shop = Workspace.init(tmp_path / "shop")
    monkeypatch.setenv("LLMREC_WORKSPACE", str(shop.path))
    return Artifacts(shop.models_dir)


def models(*words: str) -> Result:
    return CliRunner().invoke(app, ["models", *words])


def fails(*words: str) -> BaseException:
    result = models(*words)
    assert result.exit_code and result.exception
    return result.exception


def test_list_shows_what_a_workspace_has_learned(store: Artifacts) -> None:
    last = datetime(2026, 11, 1, tzinfo=timezone.utc)
    data = CardData(sha256="c" * 64, events=12_345, users=3, items=4, last=last)
    publish(store, "words")
    publish(store, mean=0.25, data=data)
    publish(store, mean=0.5, data=data, parent="0001")
    store.promote("fusion", "0002")
    lines = models("list").stdout.splitlines()
    (first,) = (line for line in lines if line.startswith("fusion/0001"))
    (second,) = (line for line in lines if line.startswith("fusion/0002"))
    assert "yes" not in first and "ndcg@10 0.2500 [0.2400, 0.2600]" in first
    assert second.split()[1] == "yes" and second.split()[-1] == "0001"
    assert "12,345" in second and "2026-11-01" in second
    rows = {row["name"]: row for row in json.loads(models("list", "--json").stdout)}
    assert not rows["minilm-l6-v2"]["learned"]
    learned = [row for row in rows.values() if row["learned"]]
    assert [row["name"] for row in learned] == ["fusion/0001", "fusion/0002", "words/0001"]
    assert [row["serves"] for row in learned] == [False, True, False]
    assert rows["fusion/0002"]["card"]["metrics"]["ndcg@10"]["mean"] == 0.5


def test_list_needs_no_workspace_but_the_one_that_is_named(
    store: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLMREC_WORKSPACE")
    monkeypatch.chdir(tmp_path)
    publish(store)
    assert "fusion" not in models("list").stdout
    assert "fusion/0001" in models("list", "-w", "shop").stdout
    assert isinstance(fails("list", "-w", "nowhere"), WorkspaceError)


def test_list_shows_the_good_ones_beside_damaged_ones(store: Artifacts) -> None:
    for _ in range(2):
        publish(store)
    (store.root / "fusion" / "0001" / "card.json").write_text("{}")
    result = models("list")
    assert result.exit_code == 0 and "fusion/0002" in result.stdout
    assert "damaged" in result.stdout and "field 'kind'" in result.stderr
    (store.root / "fusion" / "current.json").write_text("{")
    result = models("list")
    assert result.exit_code == 0 and result.stderr.count("current.json cannot be read") == 1


def test_show_prints_the_card(store: Artifacts) -> None:
    card = {
        "settings": {"rate": 0.1},
        "extra": {"losses": list(range(900))},
        "notes": ("by [hand]",),
    }
    publish(store, parent="0000", **card)
    shown = models("show", "fusion/0001")
    assert shown.exit_code == 0
    for said in (
        "fusion/0001",
        "0.5000 [0.4900, 0.5100]  (n = 10)",
        "100 events, 10 users, 20 items",
        "settings.rate",
        "(900 values)",
        "by [hand]",
    ):
        assert said in shown.stdout, shown.stdout
    assert "(serves)" not in shown.stdout
    store.promote("fusion", "0001")
    assert "(serves)" in models("show", "fusion/0001").stdout
    as_json = models("show", "fusion/0001", "--json").stdout
    assert Card.model_validate_json(as_json) == store.get("fusion", "0001").card


@pytest.mark.parametrize(
    ("name", "error"),
    [("fusion/0009", ModelError), ("fusion", ModelError), ("recipes/0001", ConfigError)],
)
def test_show_says_what_is_not_there(store: Artifacts, name: str, error: type) -> None:
    publish(store)
    assert isinstance(fails("show", name), error)


def test_a_version_is_promoted_taken_back_and_removed(store: Artifacts) -> None:
    for mean in (0.5, 0.6):
        publish(store, mean=mean)
    assert models("promote", "fusion", "0001").stdout == "fusion/0001 serves from now on.\n"
    assert models("promote", "fusion", "0002").stdout == (
        "fusion/0002 serves from now on instead of 0001: "
        "ndcg@10 0.6000 [0.5900, 0.6100] against 0.5000 [0.4900, 0.5100].\n"
    )
    error = fails("rm", "fusion/0002")
    assert isinstance(error, ModelError) and "rollback fusion" in error.hint
    assert models("rollback", "fusion").stdout == "fusion/0001 serves again.\n"
    assert models("rm", "fusion/0002").stdout == "fusion/0002: removed.\n"
    assert models("rollback", "fusion").stdout == "No learned 'fusion' serves any more.\n"
    assert isinstance(fails("rollback", "fusion"), ModelError)
    assert store.numbers("fusion") == ("0001",)


def test_the_older_name_of_rm_warns(store: Artifacts) -> None:
    publish(store)
    removed = models("remove", "fusion", "0001")
    assert removed.stdout == "fusion/0001: removed.\n"
    assert "llmrec models rm fusion/0001" in removed.stderr
    assert "remove " not in models("--help").stdout
    assert store.numbers("fusion") == ()


def test_a_worse_version_wants_force(store: Artifacts) -> None:
    for mean in (0.5, 0.4):
        publish(store, mean=mean)
    models("promote", "fusion", "0001")
    error = fails("promote", "fusion", "0002")
    assert isinstance(error, ModelError)
    assert "0.4000 [0.3900, 0.4100] against 0.5000 [0.4900, 0.5100]" in error.message
    assert store.serving("fusion") == "0001"
    assert models("promote", "fusion", "0002", "--force").exit_code == 0
    assert store.serving("fusion") == "0002"


def test_an_adapter_is_held_against_the_configured_model(
    store: Artifacts,
    tiny_model: Path,
    tiny_adapters: tuple[Path, Path],
    foreign_adapter: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder in (tiny_adapters[0], foreign_adapter):
        fill = partial(shutil.copytree, folder, dirs_exist_ok=True)
        store.publish("ranker", fill, make_card("ranker"))
    unchecked = models("promote", "ranker", "0001")
    assert unchecked.exit_code == 0 and "weights are not here" in unchecked.stderr
    monkeypatch.setenv("LLMREC_MODELS__LLM", str(tiny_model))
    assert models("promote", "ranker", "0001").stderr == ""
    assert isinstance(fails("promote", "ranker", "0002"), AdapterMismatch)
    assert store.serving("ranker") == "0001"
    assert models("promote", "ranker", "0002", "--force").exit_code == 0


def test_a_setting_that_goes_over_a_promotion_is_said(
    store: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "words")
    monkeypatch.setenv("LLMREC_EXPLAIN__ADAPTER", "none")
    result = models("promote", "words", "0001", "--force")
    assert "explain.adapter says 'none'" in result.stderr


@pytest.mark.parametrize("command", ["list", "show", "promote", "rollback", "rm"])
def test_help_has_an_example(command: str) -> None:
    assert f"llmrec models {command}" in models(command, "--help").stdout
