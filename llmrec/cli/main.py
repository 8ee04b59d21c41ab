"""``llmrec``: the commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from llmrec.cli import (
    chat,
    demo,
    doctor,
    documents,
    evaluate,
    experiment,
    index,
    ingest,
    init,
    items,
    keys,
    mcp,
    models,
    read,
    recommend,
    repair,
    serve,
    serve_llm,
    train,
)
from llmrec.cli.common import console, fail
from llmrec.errors import LLMRecError

__all__ = ["app", "main"]

app = typer.Typer(
    name="llmrec",
    help="A generative LLM recommender for online shops. Start with: [bold]llmrec demo[/]",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["--help"]},
)

_SHOP = "Your shop"
_ANSWERS = "Answers"
_MACHINE = "This machine"

app.command("init", rich_help_panel=_SHOP)(init.init)
app.add_typer(ingest.app, name="ingest", rich_help_panel=_SHOP)
app.command("index", rich_help_panel=_SHOP)(index.index)
app.add_typer(items.app, name="items", rich_help_panel=_SHOP)
app.add_typer(documents.app, name="documents", rich_help_panel=_SHOP)
app.add_typer(train.app, name="train", rich_help_panel=_SHOP)
app.command("repair", rich_help_panel=_SHOP)(repair.repair)
app.command("recommend", rich_help_panel=_ANSWERS)(recommend.recommend)
app.command("chat", rich_help_panel=_ANSWERS)(chat.chat)
app.command("read", rich_help_panel=_ANSWERS)(read.read)
app.command("demo", rich_help_panel=_ANSWERS)(demo.demo)
app.command("serve", rich_help_panel=_ANSWERS)(serve.serve)
app.add_typer(keys.app, name="keys", rich_help_panel=_ANSWERS)
app.command("mcp", rich_help_panel=_ANSWERS)(mcp.mcp)
app.add_typer(evaluate.app, name="eval", rich_help_panel=_ANSWERS)
app.command("experiment", rich_help_panel=_ANSWERS)(experiment.experiment)
app.add_typer(models.app, name="models", rich_help_panel=_MACHINE)
app.command("doctor", rich_help_panel=_MACHINE)(doctor.doctor)
app.command("serve-llm", rich_help_panel=_MACHINE)(serve_llm.serve_llm)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from llmrec import __version__

        console.print(f"llmrec {__version__}", highlight=False)
        raise typer.Exit


def main() -> None:
    """Run the command line; every error of ours is one sentence and a hint, never a traceback."""
    try:
        app()
    except LLMRecError as error:
        fail(error)
