"""``llmrec train words``: a LoRA adapter that writes reasons and descriptions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from llmrec.cli.common import WorkspaceOption, console, notes, progress_bar
from llmrec.cli.train_shared import (
    DryRunOption,
    EpochsOption,
    JsonOption,
    PromoteOption,
    QuantizationOption,
    ResumeOption,
    SeedOption,
    SetOption,
    WandbOption,
    published_json,
    training_settings,
    watched,
)

if TYPE_CHECKING:
    from llmrec.finetune import LoraReport, LoraSettings
    from llmrec.finetune.card import PublishedAdapter
    from llmrec.finetune.ranker.estimate import RankerEstimate
    from llmrec.finetune.words.session import WordsSession
    from llmrec.finetune.words.shop import WordsData

__all__ = ["words"]


def words(
    workspace: WorkspaceOption = None,
    max_examples: Annotated[
        int | None, typer.Option(min=1, help="Train on so many sentences, drawn by the seed.")
    ] = None,
    epochs: EpochsOption = None,
    quantization: QuantizationOption = None,
    seed: SeedOption = 0,
    set_: SetOption = None,
    wandb: WandbOption = False,
    resume: ResumeOption = True,
    dry_run: DryRunOption = False,
    promote: PromoteOption = True,
    as_json: JsonOption = False,
) -> None:
    """Train a LoRA adapter that writes reasons and descriptions from the catalogue's fields.

    It learns from sentences that are put together from descriptions and attributes and that pass
    the checker. At the end, texts about items that it has not seen are written with it and without
    it. It serves at once if more of them pass at the first try than without it, and no fewer than
    with the one that serves. Stopped at any moment, the same command goes on where it was.

    Examples: [bold]llmrec train words -w shop --dry-run[/] ·
    [bold]llmrec train words -w shop --max-examples 1000[/]
    """
    from llmrec.config import Workspace
    from llmrec.finetune import LoraSettings
    from llmrec.finetune.words.session import WordsSession
    from llmrec.finetune.words.train import WRITING

    given = {"epochs": epochs, "quantization": quantization, "seed": seed}
    settings = training_settings(LoraSettings, given, set_ or [], WRITING.model_dump())
    session = WordsSession(Workspace.open(workspace), settings, max_examples)
    if not resume:
        session.restart()
    data = _data(session)
    if dry_run:
        _show_size(session.estimate(data), settings, as_json=as_json)
        return
    _say_data(data)
    report = _train(session, data, settings, wandb=wandb)
    with progress_bar() as bar:
        task = bar.add_task("Writing about held-out items", total=2 * len(data.asked))
        session.measure(data, lambda done: bar.advance(task, done))
    _show(session.publish(promote=promote), report, as_json=as_json)


def _data(session: WordsSession) -> WordsData:
    with progress_bar() as bar:
        task = bar.add_task("Making sentences", total=None)
        return session.data(lambda done, all: bar.update(task, completed=done, total=all))


def _train(
    session: WordsSession, data: WordsData, settings: LoraSettings, *, wandb: bool
) -> LoraReport | None:
    if session.adapter.exists():
        return None
    with watched(session.curves, settings, "llmrec words" if wandb else None) as tell:
        return session.train(data, tell)


def _say_data(data: WordsData) -> None:
    train, counts = data.train, data.train.counts
    notes.print(
        f"{len(train.examples):,} sentences about {counts.items - counts.silent:,} items to train "
        f"on; {counts.silent:,} items have no field that a sentence can be made of. "
        f"{len(data.validation.examples):,} to validate with; {len(data.asked):,} items were held "
        "out." + ("" if data.reasons else " No shopper has a history: descriptions only."),
        highlight=False,
    )


def _show_size(size: RankerEstimate, settings: LoraSettings, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"estimate": asdict(size), "settings": settings.model_dump()}))
        return
    console.print(
        f"{size.examples:,} sentences to train on and {size.validation:,} to validate with; about "
        f"{size.tokens:,} tokens an epoch, {size.longest:,} in the longest example.\n"
        f"{size.trainable:,} trainable parameters; {size.precision}; {size.steps:,} steps in at "
        f"most {settings.epochs} epoch(s), about {size.seconds / 60:,.1f} min on this machine; "
        f"about {size.bytes / 2**20:,.0f} MB.\nAt the end it writes about the held-out items.",
        highlight=False,
    )


def _show(published: PublishedAdapter, report: LoraReport | None, *, as_json: bool) -> None:
    card, name = published.artifact.card, published.artifact.name
    if as_json:
        values = published_json(published.artifact, published.promoted, published.reason)
        typer.echo(json.dumps(values, default=str))
        return
    figures = ", ".join(f"{metric} {figure}" for metric, figure in card.metrics.items())
    steps = f"{len(report.steps)} steps, the best was {report.best}; " if report else ""
    console.print(f"{name}: {steps}{figures}.", highlight=False)
    for who, kinds in card.extra["words"].items():
        for kind, measured in kinds.items():
            console.print(
                f"{who}, {kind}: {measured['by_model']:.0%} its own, distinct-2 "
                f"{measured['distinct_2']:.3f}, {measured['skeletons']:.0%} different sentences, "
                f"{measured['words']:.1f} words.",
                highlight=False,
            )
    serves = f"{name} serves now." if published.promoted else f"{name} does not serve."
    console.print(" ".join((serves, published.reason)).strip(), highlight=False)
    console.print(f"The texts: {published.artifact.folder / 'samples.jsonl'}", highlight=False)
