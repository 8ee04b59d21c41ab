"""``llmrec repair``: take out of a shop's database what older versions should not have let in."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from llmrec.cli.common import WorkspaceOption, console, notes

__all__ = ["repair"]


def repair(
    workspace: WorkspaceOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    remove_events: Annotated[
        bool,
        typer.Option(
            "--remove-events",
            help="Remove the events of impossible times, instead of their times alone; evaluation "
            "by time and --since want a time of each.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Mend what llmrec doctor names: impossible times, misspelled ids, NUL characters.

    Says what it will change and asks. Times before 1990 or in the future become unknown; ids and
    shoppers lose the white space around them and get composed letters (NFC), and where two
    spellings become the same, the well spelled one stays. Everything in one transaction.

    Example: [bold]llmrec repair -w shop[/]
    """
    from llmrec.catalog.locks import write_lock
    from llmrec.catalog.repair import Damage, Repair
    from llmrec.config import Workspace

    shop = Workspace.open(workspace)
    with Repair.open(shop.database_url) as work, write_lock(shop):
        damage = work.look()
        if damage and not yes:
            notes.print(f"To be mended: {damage.in_words()}.", highlight=False)
            if remove_events and damage.event_times:
                notes.print("Events of impossible times will be removed.", highlight=False)
            typer.confirm("Change these rows?", abort=True, err=True)
        mended = work.mend(remove_events=remove_events) if damage else Damage()
    if as_json:
        typer.echo(json.dumps(asdict(mended)))
    elif not mended:
        console.print("Nothing to repair.")
    else:
        console.print(f"Mended: {mended.in_words()}.", highlight=False)
        notes.print(f"Bring the index up to date: llmrec index -w {shop.path}", highlight=False)
