"""``llmrec``: the commands, put together."""

from __future__ import annotations

import typer

from llmrec.cli.common import fail
from llmrec.errors import LLMRecError

__all__ = ["app", "main"]

app = typer.Typer(
    name="llmrec",
    help="A generative LLM recommender for online shops. Start with: llmrec demo",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
)


def main() -> None:
    """Run the command line; every error of ours is one sentence and a hint, never a traceback."""
    try:
        app()
    except LLMRecError as error:
        fail(error)
