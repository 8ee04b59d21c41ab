"""``llmrec train fusion``: learn from the shop's log how much each retrieval source counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrec.cli.common import WorkspaceOption, console, notes, progress_bar

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.finetune.fusion import FusionResult, FusionSettings, PublishedFusion, Validation

__all__ = ["fusion"]


def fusion(
    workspace: WorkspaceOption = None,
    cases: Annotated[
        int, typer.Option(min=10, help="Most shoppers whose last new item is asked for.")
    ] = 10_000,
    l2: Annotated[float, typer.Option(min=0, help="Penalty of large weights.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Of the shoppers drawn and the folds.")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it will cost, and learn nothing.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Let it serve, unless it is worse.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Learn how much each retrieval source counts in this shop.

    Each shopper's last new item is held out, and sources that do not know it are asked for it; a
    behaviour encoder is trained anew for that if the one that serves has seen it. The weights are
    held against those set by hand on shoppers they were not fitted on, and serve if they are
    better. Weights set in llmrec.toml (retrieval.weights) go over them.

    Examples: [bold]llmrec train fusion -w shop --dry-run[/] · [bold]llmrec train fusion -w shop[/]
    """
    from llmrec.config import Workspace
    from llmrec.finetune.earlier import close_earlier
    from llmrec.finetune.fusion import (
        PART,
        FusionSettings,
        hold_out_shop,
        publish_fusion,
    )

    shop = Workspace.open(workspace)
    settings = FusionSettings(cases=cases, l2=l2, seed=seed)
    asked = hold_out_shop(shop)
    if dry_run or not as_json:
        _show_cost(_cost(shop, asked, settings), as_json=as_json)
    if dry_run:
        return
    result = _train(shop, asked, settings)
    published = publish_fusion(shop, result, asked, settings, promote=promote)
    close_earlier(shop, PART)
    if as_json:
        typer.echo(json.dumps(_plain(result, published)))
    else:
        _show(shop, result, published)


def _cost(shop: Workspace, asked: Validation, settings: FusionSettings) -> dict[str, Any]:
    """What will be done; the seconds of an epoch are measured on a few steps."""
    from llmrec.finetune.behaviour import estimate
    from llmrec.finetune.earlier import encoder_wanted

    said: dict[str, Any] = {
        "events": len(asked.train),
        "cases": min(len(asked.cases), settings.cases),
        "encoder": "none serves",
    }
    wanted = encoder_wanted(shop, asked.train, asked.data.catalogue)
    if wanted is not None and wanted.ready:
        said["encoder"] = "the one that serves has not seen them"
    elif wanted is not None:
        size = estimate(asked.train, asked.data.catalogue, wanted.settings)
        said["encoder"] = "trained anew"
        said["epochs"] = wanted.settings.epochs
        said["seconds_per_epoch"] = size.seconds_per_epoch
    return said


def _show_cost(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"estimate": said}))
        return
    words = {
        "none serves": "No behaviour encoder serves, so none is fused.",
        "trained anew": f"The behaviour encoder has seen them: one that has not is trained first, "
        f"{said.get('epochs')} epochs of {said.get('seconds_per_epoch', 0):.1f} s.",
    }
    console.print(
        f"The last new items of {said['cases']:,} shoppers are asked for; the sources know the "
        f"other {said['events']:,} events.\n"
        + words.get(said["encoder"], "The behaviour encoder that serves has not seen them."),
        highlight=False,
    )


def _train(shop: Workspace, asked: Validation, settings: FusionSettings) -> FusionResult:
    from llmrec.finetune.behaviour import EpochReport, StepReport
    from llmrec.finetune.fusion import train_fusion

    with progress_bar() as bar:
        asking = bar.add_task("Asking sources", total=None)

        def epoch(report: EpochReport | StepReport) -> None:
            if isinstance(report, EpochReport):
                bar.console.print(f"epoch {report.epoch}: loss {report.loss:.4f}")

        return train_fusion(
            shop,
            asked,
            settings,
            tell=lambda text: bar.console.print(text, highlight=False),
            progress=lambda done, of: bar.update(asking, completed=done, total=of),
            epochs=epoch,
        )


def _plain(result: FusionResult, published: PublishedFusion) -> dict[str, Any]:
    from dataclasses import asdict

    from llmrec.finetune.fusion import source_rows

    return {
        "version": published.artifact.name,
        "promoted": published.promoted,
        "why_not": published.why_not,
        "winner": result.choice.winner,
        "sources": [asdict(row) for row in source_rows(result.choice)],
        "card": published.artifact.card.model_dump(mode="json"),
    }


def _show(shop: Workspace, result: FusionResult, published: PublishedFusion) -> None:
    from rich.table import Table

    from llmrec.finetune.fusion import source_rows
    from llmrec.finetune.fusion.table import KS

    table = Table(box=None, pad_edge=False)
    for column in ("Source", *(f"recall@{k}" for k in KS), "Found alone", "Weight"):
        table.add_column(column, justify="left" if column == "Source" else "right")
    for row in source_rows(result.choice):
        recall = [f"{row.recall[k]:.4f}" for k in KS]
        table.add_row(row.source, *recall, f"{row.alone:,}", f"{row.weight:.3f}")
    console.print(table)
    console.print(_figures(result))
    name = published.artifact.name
    why = f": {published.why_not}." if published.why_not else "."
    console.print(
        f"{name} serves now." if published.promoted else f"{name} does not serve{why}",
        highlight=False,
    )
    if published.promoted and shop.settings.retrieval.weights_by_hand:
        notes.print(
            "[bold yellow]Warning:[/] retrieval.weights is set and goes over it; take it out of "
            "llmrec.toml, or out of LLMREC_RETRIEVAL__WEIGHTS, to let what was learned serve.",
            highlight=False,
        )


def _figures(result: FusionResult) -> Any:
    """Each rival's figures with their intervals, the present one first."""
    from rich.table import Table

    from llmrec.finetune.fusion import fused_figures

    choice = result.choice
    table = Table(box=None, pad_edge=False)
    table.add_column("Fused")
    for name in fused_figures(choice, choice.winner):
        table.add_column(name, justify="right")
    for rival in choice.places:
        mark = " (best)" if rival == choice.winner else ""
        table.add_row(rival + mark, *map(str, fused_figures(choice, rival).values()))
    return table
