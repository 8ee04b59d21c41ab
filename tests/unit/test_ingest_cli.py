"""``llmrec ingest``: what it prints, and with which code it leaves."""

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from llmrec.catalog.store import CatalogStore
from llmrec.cli import ingest_view
from llmrec.cli.ingest import app
from llmrec.config import Workspace
from llmrec.errors import ConfigError, DataError, LLMRecError, MissingExtra
from llmrec.ingest.reports import FileReport, IngestReport
from llmrec.types import EventKind


@pytest.fixture
def shop(tmp_path):
    return Workspace.init(tmp_path / "shop")


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, LLMRecError):
        raise result.exception
    return result


def test_items_then_events(shop, tmp_path):
    items, events = tmp_path / "items.csv", tmp_path / "orders.csv"
    items.write_text("nr,name,cost\n1,Cup,9.90\n2,Pot,ask us\n3,,1\n")
    events.write_text("client,item\nu,1\nu,7\n")
    done = run("items", items, "-w", shop.path, "--map", "id=nr", "--map", "price=cost",
               "--currency", "eur", "--language", "DE")  # fmt: skip
    assert done.exit_code == 0
    assert "price ← cost" in done.output
    assert "rejected 1: the title is missing" in done.output
    assert "left out 1: cost: not a price" in done.output
    done = run("events", events, "-w", shop.path, "--kind", "view", "--json")
    summary = json.loads(done.stdout)
    (file,) = summary["files"]
    assert (summary["accepted"], file["rejected"], file["reasons"]) == (
        1,
        1,
        {"an unknown item": 1},
    )
    assert json.loads(Path(file["rejects"]).read_text())["value"] == "7"
    with CatalogStore.open(shop.database_url) as store:
        item = store.item("1")
        assert (item.currency, item.language) == ("EUR", "de")
        assert store.history("u")[0].kind is EventKind.VIEW


def test_unknown_items_are_kept_when_allowed(shop, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("user,item\nu,1\n")
    with pytest.raises(DataError):
        run("events", path, "-w", shop.path)
    assert run("events", path, "-w", shop.path, "--allow-unknown-items").exit_code == 0


@pytest.mark.parametrize(
    "flags",
    [["--currency", "dollars"], ["--language", "?"], ["--map", "colour=x"], ["--format", "xls"],
     ["--encoding", "klingon"]],
)  # fmt: skip
def test_flags_that_make_no_sense(shop, tmp_path, flags):
    path = tmp_path / "items.csv"
    path.write_text("id,title\n1,Cup\n")
    with pytest.raises(ConfigError) as caught:
        run("items", path, "-w", shop.path, *flags)
    assert caught.value.hint


def test_markup_in_a_name_is_printed_as_it_is(shop, tmp_path):
    path = tmp_path / "[bold]items.csv"
    path.write_text("id,title\n1,Cup\n")
    unwrapped = "".join(run("items", path, "-w", shop.path).output.split())
    assert "[bold]items.csv" in unwrapped


@pytest.mark.parametrize("command", ["items", "events"])
def test_help_has_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: llmrec ingest {command}" in result.output


def test_low_ratings_are_dislikes_where_the_shop_says_so(shop, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating\nu,1,2\nu,2,3\nu,3,5\n")
    plain = run("events", path, "-w", shop.path, "--allow-unknown-items")
    assert "ratings from 2 to 5: each speaks for its product; --disliked-below" in plain.output
    other = Workspace.init(tmp_path / "other")
    given = run("events", path, "-w", other.path, "--allow-unknown-items", "--disliked-below", 3)
    assert "ratings from 2 to 5: those below 3 are dislikes" in given.output
    with CatalogStore.open(other.database_url) as store:
        kept = [(one.item, one.kind.value, one.value) for one in store.history("u")]
    assert kept == [("1", "dislike", 2.0), ("2", "rating", 3.0), ("3", "rating", 5.0)]


def test_review_texts_are_counted_and_ratings_beyond_the_scale_are_pointed_at(shop, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,position,text\nu,1,9,1,Warm.\nu,2,5,2,\n")
    done = run("events", path, "-w", shop.path, "--allow-unknown-items")
    assert "1 review texts are new or changed" in done.output
    assert "ingest.highest_rating" in done.output
    path.write_text("user,item,rating,position,text\nu,1,5,1,Warm.\n")
    done = run("events", path, "-w", shop.path, "--allow-unknown-items")
    assert "0 review texts" in done.output and "ingest.highest_rating" not in done.output
    path.write_text("user,item,rating,position\nu,1,9,1\n")
    assert (
        "review texts" not in run("events", path, "-w", shop.path, "--allow-unknown-items").output
    )


@pytest.mark.parametrize("width", [36, 50, 60, 80, 200])
def test_counts_and_ends_of_names_are_whole_in_terminals_of_all_widths(width):
    def file(name, rows, added, rejected):
        return FileReport(name, "CSV", "columns", {}, rows, added, 0, 0, 0, rejected, {}, None, 1.0)

    name = "feeds/products of the whole shop, part 1.csv"
    files = (file(name, 1_234_567, 1_234_560, 7), file("b.csv", 1, 1, 0))
    shown = io.StringIO()
    counts = ingest_view._counts(IngestReport("items", files), width)
    Console(file=shown, width=width).print(counts, highlight=False)
    text = shown.getvalue()
    assert max(map(len, text.splitlines())) <= width
    whole = " ".join(text.split())
    assert "part 1.csv" in whole and "b.csv" in whole
    assert all(count in whole for count in ("1,234,567", "1,234,560", "7"))
    assert ("Rows/s" in whole) == (width == 200)


def test_a_data_set_of_the_hub_wants_its_extra(shop, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)  # its import fails
    with pytest.raises(MissingExtra) as missing:
        run("items", "hf:owner/name", "-w", shop.path)
    assert "pip install 'llmrec[data]'" in str(missing.value)
