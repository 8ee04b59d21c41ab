"""What every command shares: the console, the workspace option, progress bars, exit by error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from llmrec.errors import LLMRecError

__all__ = ["WorkspaceOption", "console", "fail", "notes", "progress_bar"]

console = Console()
"""Standard output: results."""

notes = Console(stderr=True)
"""Standard error: progress, warnings and errors."""

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="The shop's folder; else LLMREC_WORKSPACE, else the nearest one above.",
        show_default=False,
    ),
]


def fail(error: LLMRecError) -> NoReturn:
    """Print what went wrong and what to do, and leave with the error's exit code."""
    notes.print(f"[bold red]Error:[/] {_escape(error.message)}", highlight=False, soft_wrap=True)
    if error.hint:
        notes.print(f"[bold]What to do:[/] {_escape(error.hint)}", highlight=False, soft_wrap=True)
    sys.exit(error.exit_code)


def progress_bar() -> Progress:
    """A progress bar on standard error, with a count, the time gone and the time left."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=notes,
        transient=not notes.is_terminal,
    )


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
