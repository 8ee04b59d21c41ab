"""``llmrec experiment``: what came of the A/B of two rankers so far."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.errors import NotFound

if TYPE_CHECKING:
    from rich.table import Table

    from llmrec.experiment.outcomes import ExperimentResult
    from llmrec.experiment.proportions import Share

__all__ = ["experiment"]


def experiment(
    days: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=3650,
            help="For how long an event counts after its item was shown; else experiment.days.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say what the A/B of two rankers has brought so far: likes, carts and purchases.

    The section experiment of llmrec.toml starts one. Settle before how many shoppers it wants, and
    judge it once they are there: who looks every day will see a difference where none is.

    Example: [bold]llmrec experiment -w shop[/]
    """
    from llmrec.config import Workspace
    from llmrec.experiment import Experiment, Exposures
    from llmrec.experiment.outcomes import experiment_result

    shop = Workspace.open(workspace)
    running = Experiment.of(shop)
    if running is None:
        raise NotFound(
            "No experiment runs in this shop.",
            hint="Describe one in the section [experiment] of llmrec.toml.",
        )
    with Exposures.open(shop.database_url) as exposures, notes.status("Counting …"):
        result = experiment_result(running, exposures, days)
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=2))
        return
    console.print(_table(result))
    if result.both:
        notes.print(f"Shoppers left out, because they were in both arms: {result.both}.")
    console.print(result.sentence, highlight=False, markup=False)


def _table(result: ExperimentResult) -> Table:
    from rich.markup import escape
    from rich.table import Table

    title = f"{escape(result.name)}: of what was shown, within {result.days:g} days"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for arm in result.arms:
        table.add_column(arm.arm, justify="right")
    table.add_column("adjusted p", justify="right")
    table.add_row("ranks with", *(escape(arm.what) for arm in result.arms), "")
    table.add_row("shoppers", *(f"{arm.shoppers:,}" for arm in result.arms), "")
    table.add_row("lists", *(f"{arm.lists:,}" for arm in result.arms), "")
    for test in result.tests:
        shares = (_share(arm.outcomes[test.outcome]) for arm in result.arms)
        table.add_row(test.outcome, *shares, f"{test.adjusted_p:.3f}")
    return table


def _share(share: Share) -> str:
    if share.share is None:
        return "-"
    return f"{share.share:.1%} ({share.low:.1%} to {share.high:.1%})"
