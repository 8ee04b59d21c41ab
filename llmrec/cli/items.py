"""``llmrec items``: look at the catalogue, and take products out of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from llmrec.cli.cards import price_of
from llmrec.cli.common import WorkspaceOption, console, notes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from llmrec.catalog.store import CatalogStore
    from llmrec.config import Workspace
    from llmrec.types import Item

__all__ = ["app"]

app = typer.Typer(help="Look at the catalogue, and take products out of it.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON array on standard output.")]


@app.command()
def show(
    ids: Annotated[list[str], typer.Argument(help="Item ids.", show_default=False)],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show items with all their fields.

    Exits with 1 if the catalogue does not know one of them.

    Example: [bold]llmrec items show KETTLE-01 KETTLE-02[/]
    """
    with _store(workspace) as store:
        items = store.items(ids)
    if as_json:
        _print_json(items.values())
    else:
        for item in items.values():
            console.print(_card(item))
    unknown = [id for id in dict.fromkeys(ids) if id not in items]
    if unknown:
        _say_unknown(unknown)
        raise typer.Exit(1)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words that an item must hold.")],
    limit: Annotated[int, typer.Option(min=1, help="How many items at most.")] = 20,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find items that hold all the words in title, brand, category or description.

    Example: [bold]llmrec items search red kettle --limit 5[/]
    """
    with _store(workspace) as store:
        items = store.search_items(" ".join(words), limit)
    if as_json:
        _print_json(items)
        return
    if not items:
        notes.print("No item holds all these words.")
        return
    table = Table("id", "title", "brand", "category", "price", "stock")
    for item in items:
        cells = (item.id, item.title, item.brand or "", item.category[-1] if item.category else "")
        table.add_row(*map(escape, cells), price_of(item), _stock(item))
    console.print(table)


@app.command()
def delete(
    ids: Annotated[list[str], typer.Argument(help="Item ids.", show_default=False)],
    workspace: WorkspaceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Remove items from the catalogue and from the index; their events stay.

    Exits with 1 if the catalogue does not know one of them; the others are removed all the same.

    Example: [bold]llmrec items delete KETTLE-01 KETTLE-02[/]
    """
    from llmrec.catalog.locks import write_lock
    from llmrec.config import Workspace

    shop = Workspace.open(workspace)
    wanted = list(dict.fromkeys(ids))
    with write_lock(shop), _store(workspace) as store:
        removed = store.has_items(wanted)
        with store.writing_items() as writing:
            writing.delete(removed)
        if removed:
            _take_from_index(shop, store, removed)
    unknown = [id for id in wanted if id not in removed]
    if as_json:
        deleted = [id for id in wanted if id in removed]
        typer.echo(json.dumps({"deleted": deleted, "unknown": unknown}, ensure_ascii=False))
    else:
        console.print(f"Removed {len(removed):,} of {len(wanted):,} products.", highlight=False)
    if unknown:
        _say_unknown(unknown)
        raise typer.Exit(1)


def _take_from_index(shop: Workspace, store: CatalogStore, ids: Collection[str]) -> None:
    """As the server does it, where there is an index; without one there is nothing to do."""
    from llmrec.embedding import load_encoder
    from llmrec.errors import IndexMissing
    from llmrec.retrieval import index_items
    from llmrec.retrieval.collection import VectorCollection

    try:
        VectorCollection.open(shop).close()
    except IndexMissing:
        return
    index_items(shop, store, load_encoder(shop.settings.models.encoder), ids)


def _say_unknown(ids: Iterable[str]) -> None:
    notes.print(f"Not in the catalogue: {escape(', '.join(ids))}", highlight=False, soft_wrap=True)


def _store(workspace: Any) -> CatalogStore:
    from llmrec.catalog.store import CatalogStore
    from llmrec.config import Workspace

    return CatalogStore.open(Workspace.open(workspace).database_url)


def _card(item: Item) -> Table:
    card = Table(show_header=False, title=escape(item.title), title_justify="left", min_width=40)
    fields = {
        "id": item.id,
        "brand": item.brand,
        "category": " > ".join(item.category),
        "price": price_of(item),
        "stock": _stock(item),
        "language": item.language,
        **{name: ", ".join(values) for name, values in item.attributes.items()},
        "added": item.added_at.date().isoformat() if item.added_at else None,
        "url": item.url,
        "image": item.image_url,
        "description": item.description,
    }
    for name, value in fields.items():
        if value:
            card.add_row(escape(name), escape(value))
    return card


def _stock(item: Item) -> str:
    return "" if item.stock is None else str(item.stock)


def _print_json(items: Iterable[Item]) -> None:
    # Not through rich: it would wrap long lines and colour what a program is to read.
    typer.echo(json.dumps([_plain(item) for item in items], ensure_ascii=False, indent=2))


def _plain(item: Item) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        **asdict(item),
        "price": None if item.price is None else str(item.price),
        "added_at": item.added_at.isoformat() if item.added_at else None,
    }
