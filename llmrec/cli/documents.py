"""``llmrec documents``: the shop's own texts on returns, shipping and the like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from llmrec.cli.common import WorkspaceOption, console, notes

if TYPE_CHECKING:
    from pathlib import Path

    from llmrec.documents import Documents, DocumentsReport

__all__ = ["app", "documents_line"]

app = typer.Typer(
    help="The shop's own documents (returns, shipping, …), which the assistant quotes: Markdown "
    "files in the workspace's folder documents.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


@app.command()
def index(
    workspace: WorkspaceOption = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Encode everything anew, with the encoder of today.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Index the documents alone; llmrec index does it too. Only changed files are encoded.

    Example: [bold]llmrec documents index -w shop[/]
    """
    from llmrec.config import Workspace
    from llmrec.documents import documents_folder, index_documents
    from llmrec.embedding import load_encoder

    shop = Workspace.open(workspace)
    encoder = load_encoder(shop.settings.models.encoder)
    report = index_documents(shop, encoder, rebuild=rebuild)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
        return
    console.print(documents_line(report), highlight=False)
    if documents_folder(shop) is None:
        folder = shop.path / shop.settings.documents.folder
        notes.print(f"There is no folder {escape(str(folder))}: put Markdown files there.")


@app.command("list")
def list_files(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the indexed documents with their titles and passages.

    Example: [bold]llmrec documents list[/]
    """
    with _opened(workspace) as documents:
        files = documents.files()
    if as_json:
        typer.echo(json.dumps([asdict(file) for file in files], ensure_ascii=False, indent=2))
        return
    table = Table("file", "title", "passages")
    for file in files:
        table.add_row(escape(file.name), escape(file.title), str(file.passages))
    console.print(table if files else "No documents are indexed.")


@app.command()
def ask(
    question: Annotated[list[str], typer.Argument(help="A question in words.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the documents: a quotation with its source, or that they do not say.

    Example: [bold]llmrec documents ask "Who pays the postage of a return?"[/]
    """
    with _opened(workspace) as documents:
        quotation = documents.ask(" ".join(question))
    if as_json:
        plain = {**asdict(quotation), "source": quotation.source} if quotation else None
        typer.echo(json.dumps(plain, ensure_ascii=False))
    elif quotation is None:
        console.print("The shop's documents do not say.")
    else:
        console.print(f"“{quotation.text}”", markup=False, highlight=False)
        console.print(quotation.source, style="dim", markup=False, highlight=False)


def documents_line(report: DocumentsReport) -> str:
    """What indexing did, in one line."""
    total = report.encoded + report.unchanged
    return (
        f"Indexed {total} documents, {report.passages} passages: {report.encoded} encoded, "
        f"{report.unchanged} unchanged, {report.removed} removed."
    )


@contextmanager
def _opened(workspace: Path | None) -> Iterator[Documents]:
    from llmrec.config import Workspace
    from llmrec.documents import Documents
    from llmrec.embedding import load_encoder

    shop = Workspace.open(workspace)
    documents = Documents(shop, load_encoder(shop.settings.models.encoder))
    try:
        yield documents
    finally:
        documents.close()
