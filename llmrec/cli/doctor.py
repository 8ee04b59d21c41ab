"""``llmrec doctor``: what this machine has, how a model runs on it, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrec.cli.common import WorkspaceOption, console
from llmrec.errors import WorkspaceError

if TYPE_CHECKING:
    from llmrec.cli.checks import Finding
    from llmrec.config import Settings, Workspace

__all__ = ["doctor"]

_MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "problem": "[bold red]problem[/]"}


def doctor(
    workspace: WorkspaceOption = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Plan for this model instead, e.g. Qwen/Qwen3-8B.",
            show_default=False,
        ),
    ] = None,
    card: Annotated[
        list[str] | None,
        typer.Option(
            help="Only plan, as if this machine had a card of so many GB, or 'none'; repeatable.",
            show_default=False,
        ),
    ] = None,
    compute_capability: Annotated[
        str | None,
        typer.Option(help="Of that card; else of a usual card of that size.", show_default=False),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Check the machine, the versions, the weights and a workspace; say how the model will run.

    Leaves with 1 if something that is needed is missing. A card that is only imagined has
    everything installed, and the model need not be on this machine if it is a well-known one.

    Examples: [bold]llmrec doctor[/] · [bold]llmrec doctor -w shop --json[/] ·
    [bold]llmrec doctor --card 8 --card none --model Qwen/Qwen3-4B[/]
    """
    shop, absent = _workspace(workspace)
    plans: list[dict[str, Any]] = []
    findings: list[Finding] = []
    if card:
        findings += _imagined(_settings(shop), model, card, compute_capability, plans)
    else:
        findings += _here(shop, absent, bool(workspace), model, plans)
    problems = [finding for finding in findings if finding.state == "problem"]
    if as_json:
        report = {
            "ok": not problems,
            "findings": [asdict(finding) for finding in findings],
            "plans": plans,
        }
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(findings, imagined=bool(card))
    if problems:
        raise typer.Exit(1)


def _workspace(named: Path | None) -> tuple[Workspace | None, WorkspaceError | None]:
    from llmrec.config import Workspace

    try:
        return Workspace.open(named), None
    except WorkspaceError as error:
        return None, error


def _settings(shop: Workspace | None) -> Settings:
    from llmrec.config import Settings

    return shop.settings if shop else Settings()


def _here(
    shop: Workspace | None,
    absent: WorkspaceError | None,
    was_named: bool,
    model: str | None,
    plans: list[dict[str, Any]],
) -> Iterator[Finding]:
    from llmrec.cli import checks
    from llmrec.cli.checks import Finding
    from llmrec.cli.plan_view import plan_as_json, plan_findings, plan_or_error, without_plan
    from llmrec.planner import this_machine

    settings, machine = _settings(shop), this_machine()
    yield from checks.machine(machine)
    yield from checks.packages()
    yield from checks.weights(settings)
    engine = settings.models.engine
    if unplanned := without_plan(engine):
        yield Finding("plan", "engine", unplanned)
    else:
        plan = plan_or_error(machine, model or settings.models.llm, settings.engine, engine)
        plans.append(plan_as_json(machine, plan))
        yield from plan_findings(machine, plan, settings)
    if shop:
        yield from checks.workspace_contents(shop)
    elif absent:
        # Only a workspace that was named has to be there.
        yield Finding(
            "workspace", "folder", absent.message, "problem" if was_named else "note", absent.hint
        )


def _imagined(
    settings: Settings,
    model: str | None,
    cards: list[str],
    capability: str | None,
    plans: list[dict[str, Any]],
) -> Iterator[Finding]:
    from llmrec.cli.plan_view import (
        imagined_machines,
        plan_as_json,
        plan_findings,
        plan_or_error,
        without_plan,
    )
    from llmrec.planner import this_machine

    engine = "auto" if without_plan(settings.models.engine) else settings.models.engine
    name = model or settings.models.llm
    for heading, machine in imagined_machines(cards, capability, this_machine()):
        plan = plan_or_error(machine, name, settings.engine, engine)
        plans.append(plan_as_json(machine, plan, heading))
        yield from plan_findings(machine, plan, settings, area=heading)


def _print(findings: list[Finding], *, imagined: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("", "", "", ""):
        table.add_column(column, overflow="fold")
    area = ""
    for finding in findings:
        table.add_row(
            f"[bold]{finding.area}[/]" if finding.area != area else "",
            finding.name,
            escape(finding.value),
            _MARKS[finding.state],
        )
        area = finding.area
    console.print(table, highlight=False)
    hints = [finding for finding in findings if finding.hint]
    if not hints and not imagined:
        console.print("Everything that is needed is here.")
    for finding in hints:
        console.print(
            f"[bold]{finding.area} {finding.name}:[/] {escape(finding.hint)}",
            highlight=False,
            soft_wrap=True,
        )
