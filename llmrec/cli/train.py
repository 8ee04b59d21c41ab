"""``llmrec train``: learn from the shop's own log."""

from __future__ import annotations

import typer

from llmrec.cli.train_all import train_all
from llmrec.cli.train_behaviour import behaviour
from llmrec.cli.train_fusion import fusion
from llmrec.cli.train_options import SinceCommand
from llmrec.cli.train_ranker import ranker
from llmrec.cli.train_reader import reader
from llmrec.cli.train_words import words

__all__ = ["app"]

app = typer.Typer(help="Learn from the shop's own event log.", no_args_is_help=True)
app.command("all", cls=SinceCommand)(train_all)
app.command("behaviour", cls=SinceCommand)(behaviour)
app.command("fusion", cls=SinceCommand)(fusion)
app.command("ranker", cls=SinceCommand)(ranker)
app.command("reader")(reader)
app.command("words")(words)
