"""``llmrec train``: learn from the shop's own log."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.cli.train_fusion import fusion
from llmrec.cli.train_ranker import ranker
from llmrec.cli.train_settings import training_settings

if TYPE_CHECKING:
    from pathlib import Path

    from llmrec.config import Workspace
    from llmrec.finetune.behaviour import (
        BehaviourResult,
        BehaviourSettings,
        Estimate,
        Published,
        ShopData,
    )

__all__ = ["app"]

app = typer.Typer(help="Learn from the shop's own event log.", no_args_is_help=True)


@app.command()
def behaviour(
    workspace: WorkspaceOption = None,
    epochs: Annotated[int | None, typer.Option(help="At most; it stops by itself.")] = None,
    history: Annotated[int | None, typer.Option(help="Most recent events that are read.")] = None,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit/--no-refit",
            help="Once the number of epochs is found, train anew on everything, also on what "
            "validation held out.",
        ),
    ] = True,
    seed: Annotated[int, typer.Option(help="Of weights, batches and dropout.")] = 0,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it will cost, and train nothing.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Let it serve, unless it is worse.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Train the behaviour encoder, which retrieves what shoppers with such a history took next.

    Each shopper's last new item is held out to validate with. Stopped at any moment, the same
    command goes on where it was. The result serves at once, unless validation likes the one that
    serves better.

    Examples: [bold]llmrec train behaviour -w shop --dry-run[/] ·
    [bold]llmrec train behaviour -w shop --set dropout=0.4 --set layers=3[/]
    """
    from llmrec.config import Workspace
    from llmrec.finetune.behaviour import (
        BehaviourSettings,
        estimate,
        publish_behaviour,
        shop_data,
    )

    given = {"epochs": epochs, "history": history, "refit": refit, "seed": seed}
    settings = training_settings(BehaviourSettings, given, set_ or [])
    shop = Workspace.open(workspace)
    data = shop_data(shop)
    size = estimate(data.events, data.catalogue, settings)
    if dry_run or not as_json:
        _show_size(size, settings, as_json=as_json)
    if dry_run:
        return
    result = _train(shop, data, settings)
    published = publish_behaviour(shop, result, settings, data.events, promote=promote)
    _show(result, published, as_json=as_json)


def _train(shop: Workspace, data: ShopData, settings: BehaviourSettings) -> BehaviourResult:
    from llmrec.cli.train_view import TrainingView
    from llmrec.finetune.behaviour import train_behaviour

    folder = _folder(shop, data, settings)
    with TrainingView(notes) as view:
        result = train_behaviour(
            data.events, data.catalogue, settings, folder=folder, progress=view.tell
        )
    for warning in result.warnings:
        notes.print(f"[bold yellow]Warning:[/] {warning}", highlight=False)
    return result


def _folder(shop: Workspace, data: ShopData, settings: BehaviourSettings) -> Path:
    """Of the checkpoints: one for this log and these settings; those of others are of no use."""
    import shutil

    from llmrec.retrieval.cache import cache_key

    home = shop.cache_dir / "train-behaviour"
    folder = home / cache_key(data.state, settings.model_dump_json())
    for old in home.glob("*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _show_size(size: Estimate, settings: BehaviourSettings, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"estimate": asdict(size), "settings": settings.model_dump()}))
        return
    minutes = size.seconds_per_epoch * settings.epochs / 60
    console.print(
        f"{size.events:,} events of {size.users:,} users, {size.items:,} items with events and "
        f"{size.new_items:,} known by their text alone.\n"
        f"{size.parameters:,} parameters; loss over {size.loss} in {size.precision}; "
        f"{size.steps:,} steps an epoch, about {size.seconds_per_epoch:.0f} s; at most "
        f"{settings.epochs} epochs ({minutes:.0f} min)"
        f"{', then as many on everything' if settings.refit else ''}; about "
        f"{size.bytes / 2**20:,.0f} MB.",
        highlight=False,
    )


def _show(result: BehaviourResult, published: Published, *, as_json: bool) -> None:
    card, name = published.artifact.card, published.artifact.name
    if as_json:
        said = {
            "version": name,
            "promoted": published.promoted,
            "card": card.model_dump(mode="json"),
        }
        typer.echo(json.dumps(said, default=str))
        return
    figures = ", ".join(f"{metric} {figure}" for metric, figure in card.metrics.items())
    console.print(
        f"{name}: {len(result.reports)} epochs, the best was {result.best}; validation {figures}.",
        highlight=False,
    )
    if published.promoted:
        console.print(f"{name} serves now.", highlight=False)
    elif published.before is not None and published.before.card.main:
        metric, figure = published.before.card.main
        console.print(
            f"{published.before.name} goes on serving: its {metric} is {figure}.", highlight=False
        )
    else:
        console.print(f"{name} was published and does not serve.", highlight=False)


app.command()(fusion)
app.command()(ranker)
