"""``llmrec init`` and ``llmrec items`` as a user sees them."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from llmrec.catalog.store import CatalogStore
from llmrec.cli import init, items
from llmrec.config import Workspace
from llmrec.errors import WorkspaceError
from llmrec.types import Item

runner = CliRunner()
app = typer.Typer()
app.command("init")(init.init)
app.add_typer(items.app, name="items")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "shop"
    assert runner.invoke(app, ["init", str(path)]).exit_code == 0
    kettle = Item(
        "K1",
        "Kettle [bold]red[/]",
        "Acme",
        ("Home", "Tea"),
        "Boils.",
        Decimal("12.50"),
        "EUR",
        attributes={"size": "1 l"},
    )
    with CatalogStore.open(Workspace.open(path).database_url) as store:
        store.write_items([kettle, Item("P1", "Pot")])
    return path


def test_init_makes_a_workspace_that_opens(shop: Path) -> None:
    assert (shop / "catalog.db").is_file()
    assert Workspace.open(shop).path == shop.resolve()


def test_init_again_says_so_and_keeps_everything(shop: Path) -> None:
    result = runner.invoke(app, ["init", str(shop)])
    assert result.exit_code == 0
    assert "already (2 items)" in result.output


def test_init_leaves_other_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = runner.invoke(app, ["init", str(tmp_path)])
    assert isinstance(result.exception, WorkspaceError)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_show_prints_every_field_and_no_markup(shop: Path) -> None:
    result = runner.invoke(app, ["items", "show", "K1", "-w", str(shop)])
    assert result.exit_code == 0
    for text in ("Kettle [bold]red[/]", "Acme", "Home > Tea", "12.50 EUR", "1 l", "Boils."):
        assert text in result.output


def test_show_names_what_is_unknown_and_fails(shop: Path) -> None:
    result = runner.invoke(app, ["items", "show", "P1", "nope", "-w", str(shop)])
    assert result.exit_code == 1
    assert "Pot" in result.output
    assert "Not in the catalogue: nope" in result.output


def test_json_is_json(shop: Path) -> None:
    shown = runner.invoke(app, ["items", "show", "K1", "--json", "-w", str(shop)])
    found = runner.invoke(app, ["items", "search", "kettle", "acme", "--json", "-w", str(shop)])
    assert json.loads(shown.stdout) == json.loads(found.stdout)
    (item,) = json.loads(shown.stdout)
    assert (item["id"], item["price"], item["category"]) == ("K1", "12.50", ["Home", "Tea"])


def test_search_prints_a_table_or_says_that_nothing_was_found(shop: Path) -> None:
    found = runner.invoke(app, ["items", "search", "o", "--limit", "1", "-w", str(shop)])
    assert "P1" in found.output
    assert "K1" not in found.output
    nothing = runner.invoke(app, ["items", "search", "unicorn", "-w", str(shop)])
    assert nothing.exit_code == 0
    assert "No item" in nothing.output
