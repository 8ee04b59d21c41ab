"""``llmrec doctor``: what this machine has, what is missing, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmrec.cli.common import WorkspaceOption, console
from llmrec.errors import WorkspaceError

if TYPE_CHECKING:
    from llmrec.cli.checks import Finding

__all__ = ["doctor"]

_MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "problem": "[bold red]problem[/]"}


def doctor(
    workspace: WorkspaceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Check the machine, the versions, the weights and a workspace; say what to do.

    Leaves with 1 if something that is needed is missing.

    Examples: [bold]llmrec doctor[/] · [bold]llmrec doctor -w shop --json[/]
    """
    findings = list(_findings(workspace))
    problems = [one for one in findings if one.state == "problem"]
    if as_json:
        typer.echo(
            json.dumps(
                {"ok": not problems, "findings": [asdict(one) for one in findings]}, indent=2
            )
        )
    else:
        _print(findings)
    if problems:
        raise typer.Exit(1)


def _findings(workspace: Path | None) -> Iterator[Finding]:
    from llmrec.cli import checks
    from llmrec.config import Settings, Workspace

    shop: Workspace | None = None
    absent: WorkspaceError | None = None
    try:
        shop = Workspace.open(workspace)
    except WorkspaceError as error:
        absent = error
    yield from checks.machine()
    yield from checks.packages()
    yield from checks.weights(shop.settings if shop else Settings())
    if shop:
        yield from checks.workspace_contents(shop)
    elif absent:
        # Only a workspace that was named has to be there.
        state: checks.State = "problem" if workspace else "note"
        yield checks.Finding("workspace", "folder", absent.message, state, absent.hint)


def _print(findings: list[Finding]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("", "", "", ""):
        table.add_column(column, overflow="fold")
    area = ""
    for one in findings:
        table.add_row(
            f"[bold]{one.area}[/]" if one.area != area else "",
            one.name,
            escape(one.value),
            _MARKS[one.state],
        )
        area = one.area
    console.print(table, highlight=False)
    hints = [one for one in findings if one.hint]
    if not hints:
        console.print("Everything that is needed is here.")
    for one in hints:
        console.print(
            f"[bold]{one.area} {one.name}:[/] {escape(one.hint)}", highlight=False, soft_wrap=True
        )
