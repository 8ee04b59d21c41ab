"""``llmrec index``: encode the catalogue into the vector store."""

from __future__ import annotations

import json
from dataclasses import asdict
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from llmrec.cli.common import WorkspaceOption, console, notes, progress_bar
from llmrec.cli.documents import documents_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from llmrec.retrieval import IndexReport

__all__ = ["index"]


def index(
    workspace: WorkspaceOption = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Encode everything anew, with the encoder of today.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Encode the catalogue's texts into the vector store, and the shop's documents if it has some.

    Only items whose text changed and files that changed are encoded again; stopped at any moment,
    it goes on where it was.

    Example: [bold]llmrec index -w shop[/]
    """
    from llmrec.catalog.store import CatalogStore
    from llmrec.config import Workspace
    from llmrec.documents import DocumentsReport, index_documents
    from llmrec.embedding import load_encoder
    from llmrec.retrieval import build_index

    started = perf_counter()
    shop = Workspace.open(workspace)
    encoder = load_encoder(shop.settings.models.encoder)
    with CatalogStore.open(shop.database_url) as store, progress_bar() as bar:
        report = build_index(shop, store, encoder, _progress(bar), rebuild=rebuild)
    seconds = perf_counter() - started
    documents = index_documents(shop, encoder, rebuild=rebuild)
    if as_json:
        counts = {**asdict(report), "documents": asdict(documents)}
        typer.echo(json.dumps({**counts, "seconds": round(seconds, 3)}))
        return
    _summary(report, encoder.name, seconds)
    if documents != DocumentsReport():
        console.print(documents_line(documents), highlight=False)


def _progress(bar: Progress) -> Callable[[int, int], None]:
    task = bar.add_task("Indexing", total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def _summary(report: IndexReport, encoder: str, seconds: float) -> None:
    total = report.encoded + report.updated + report.unchanged
    rate = f", {report.encoded / seconds:.0f} texts/s" if report.encoded else ""
    console.print(
        f"Indexed {total} items with {encoder} in {seconds:.1f} s: "
        f"{report.encoded} encoded, {report.updated} updated, "
        f"{report.unchanged} unchanged, {report.removed} removed{rate}.",
        highlight=False,
    )
    if report.names:
        console.print(
            f"{report.names} names encoded for other languages than English.", highlight=False
        )
    if not total:
        notes.print("The catalogue is empty. Fill it with: llmrec ingest items FILE")
