"""``llmrec models`` and ``llmrec doctor`` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from llmrec.cli.doctor import doctor
from llmrec.cli.models import app as models
from llmrec.config import Workspace
from llmrec.errors import ModelError, WeightsMissing

app = typer.Typer()
app.add_typer(models, name="models")
app.command("doctor")(doctor)
run = CliRunner()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LLMREC_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_shows_what_is_not_here(empty_cache: Path) -> None:
    result = run.invoke(app, ["models", "list"])
    assert result.exit_code == 0
    assert "smollm2-135m-instruct" in result.stdout
    assert "llmrec models pull" in result.stderr
    rows = json.loads(run.invoke(app, ["models", "list", "--json"]).stdout)
    assert {row["name"] for row in rows} == {"smollm2-135m-instruct", "minilm-l6-v2"}
    assert not any(row["installed"] for row in rows)
    assert all(row["licence"] == "Apache-2.0" and row["download_bytes"] > 1e7 for row in rows)


def test_failures_reach_the_command_line(empty_cache: Path) -> None:
    assert isinstance(run.invoke(app, ["models", "pull", "no such"]).exception, ModelError)
    missing = run.invoke(app, ["models", "verify", "minilm-l6-v2"])
    assert isinstance(missing.exception, WeightsMissing)
    assert isinstance(run.invoke(app, ["models", "rm", "minilm-l6-v2"]).exception, WeightsMissing)
    assert "llmrec models pull" in run.invoke(app, ["models", "verify"]).stderr


@pytest.mark.parametrize("command", [["models", "pull"], ["models", "rm"], ["doctor"]])
def test_help_has_an_example(command: list[str]) -> None:
    text = run.invoke(app, [*command, "--help"]).stdout
    assert f"llmrec {command[0]}" in text


def findings(*arguments: str) -> tuple[int, dict[tuple[str, str], list[dict[str, str]]]]:
    result = run.invoke(app, ["doctor", "--json", *arguments])
    report = json.loads(result.stdout)
    assert report["ok"] == (result.exit_code == 0)
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for one in report["findings"]:
        found.setdefault((one["area"], one["name"]), []).append(one)
    return result.exit_code, found


def test_doctor_says_how_to_get_weights(empty_cache: Path) -> None:
    code, found = findings()
    assert code == 1
    (llm,) = found["weights", "llm"]
    assert llm["hint"] == "Run: llmrec models pull smollm2-135m-instruct"
    assert found["workspace", "folder"][0]["state"] == "note"
    assert found["packages", "transformers"][0]["state"] == "ok"


def test_doctor_names_a_workspace_that_is_not_there(empty_cache: Path) -> None:
    code, found = findings("-w", "nowhere")
    assert code == 1
    assert found["workspace", "folder"][0]["state"] == "problem"


def test_doctor_follows_a_workspace_from_empty_to_stale(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmrec.catalog.store import CatalogStore
    from llmrec.embedding import load_encoder
    from llmrec.retrieval import build_index
    from llmrec.types import Item

    monkeypatch.setenv("LLMREC_MODELS__ENGINE", "scripted")
    monkeypatch.setenv("LLMREC_MODELS__ENCODER", "hashing")
    shop = Workspace.init(empty_cache / "shop")
    code, found = findings("-w", "shop")
    assert code == 1
    assert "ingest items" in found["workspace", "items"][0]["hint"]
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item("1", "Tea pot"), Item("2", "Kettle")])
        assert "llmrec index" in findings("-w", "shop")[1]["workspace", "index"][0]["hint"]
        build_index(shop, store, load_encoder("hashing"))
        code, found = findings("-w", "shop")
        assert code == 0, found
        assert found["workspace", "index"][0]["value"].startswith("2 vectors")
        store.write_items([Item("2", "Kettle, red")])
        code, found = findings("-w", "shop")
        assert code == 1
        assert found["workspace", "index"][1]["value"] == "out of date: 1 items changed since"
    text = run.invoke(app, ["doctor", "-w", "shop"]).stdout
    assert "llmrec index -w" in text
