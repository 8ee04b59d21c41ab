"""``llmrec experiment``: the table, the sentence, the JSON, and what it says where none runs."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from typer.testing import CliRunner

from llmrec import Event, EventKind, Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.errors import ConfigError, NotFound
from llmrec.experiment import Exposures, ShownList

SECTION = '[experiment]\nname = "spring"\nadapter = "none"\nllm_weight = 0.4\n'
START = datetime(2026, 11, 1, tzinfo=timezone.utc)


@pytest.fixture
def shop(tmp_path):
    Workspace.init(tmp_path / "shop")
    config = tmp_path / "shop" / "llmrec.toml"
    config.write_text(config.read_text() + SECTION)
    workspace = Workspace.open(tmp_path / "shop")
    lists = [ShownList(f"s{number}", "AB"[number % 2], ("tent",)) for number in range(200)]
    likes = [number for number in range(200) if number % 2 or number < 40]
    with CatalogStore.open(workspace.database_url) as store:
        store.write_events(
            Event(f"s{number}", "tent", EventKind.LIKE, START + timedelta(hours=1))
            for number in likes
        )
    with Exposures.open(workspace.database_url) as exposures:
        exposures.record("spring", lists, int(START.timestamp()) * 1_000_000)
        both = [ShownList("both", "A", ("tent",)), ShownList("both", "B", ("tent",))]
        exposures.record("spring", both)
    return workspace.path


def run(*arguments):
    result = CliRunner().invoke(app, ["experiment", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_table_ends_in_a_sentence(shop):
    result = run("-w", shop)
    said = " ".join(result.stdout.split())
    assert "B brings more likes: 100.0% of its shoppers, 20.0% of A's" in said
    assert "Shoppers left out, because they were in both arms: 1." in result.stderr


def test_json_holds_the_arms_and_the_tests(shop):
    found = json.loads(run("-w", shop, "--json").stdout)
    a, b = found["arms"]
    assert (found["name"], found["days"], found["both"]) == ("spring", 7.0, 1)
    assert (a["arm"], a["shoppers"], a["outcomes"]["like"]["count"]) == ("A", 100, 20)
    assert b["what"] == "no adapter, llm_weight 0.4" and b["outcomes"]["like"]["share"] == 1.0
    assert found["tests"][0]["adjusted_p"] < 0.001
    short = json.loads(run("-w", shop, "--json", "--days", "0.01").stdout)
    assert short["arms"][1]["outcomes"]["like"]["count"] == 0


def test_where_none_runs_or_it_has_no_name_that_is_said(tmp_path):
    Workspace.init(tmp_path / "shop")
    with pytest.raises(NotFound, match="No experiment runs") as told:
        run("-w", tmp_path / "shop")
    assert "[experiment]" in told.value.hint
    config = tmp_path / "shop" / "llmrec.toml"
    config.write_text(config.read_text() + "[experiment]\nllm_weight = 0.4\n")
    with pytest.raises(ConfigError, match="sets llm_weight, but no name"):
        run("-w", tmp_path / "shop")
