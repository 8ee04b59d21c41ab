"""``llmrec train reader``: a LoRA adapter that reads shoppers' messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from llmrec.cli.common import WorkspaceOption, console, notes, progress_bar
from llmrec.cli.train_shared import (
    DryRunOption,
    EpochsOption,
    JsonOption,
    PromoteOption,
    ResumeOption,
    SeedOption,
    SetOption,
    WandbOption,
    published_json,
    training_settings,
    watched,
)

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.finetune import LoraReport, LoraSettings
    from llmrec.finetune.card import PublishedAdapter
    from llmrec.finetune.ranker.estimate import RankerEstimate
    from llmrec.finetune.reader.session import ReaderSession
    from llmrec.finetune.reader.shop import ReaderData

__all__ = ["reader"]

_NAMED = 5
"""Messages that teach nothing and are named; the rest is counted."""


_Base = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The weights that learn to read; else reader.base."),
]
_Messages = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE.jsonl", help="The shop's own messages; repeatable."),
]
_OnlyMine = Annotated[
    bool, typer.Option("--only-mine", help="Leave the messages out that ship with llmrec.")
]
_Anew = Annotated[
    bool, typer.Option("--anew", help="Begin with the base, not with the reader that serves.")
]
_Variants = Annotated[
    float, typer.Option(min=0, help="Further messages with other words, for each.")
]
_MaxMessages = Annotated[
    int | None, typer.Option(min=1, help="Train on so many messages, drawn by the seed.")
]


def reader(
    workspace: WorkspaceOption = None,
    base: _Base = None,
    messages: _Messages = None,
    only_mine: _OnlyMine = False,
    anew: _Anew = False,
    variants: _Variants = 0.5,
    max_examples: _MaxMessages = None,
    epochs: EpochsOption = None,
    seed: SeedOption = 0,
    set_: SetOption = None,
    wandb: WandbOption = False,
    resume: ResumeOption = True,
    dry_run: DryRunOption = False,
    promote: PromoteOption = True,
    as_json: JsonOption = False,
) -> None:
    """Train a LoRA adapter that reads shoppers' messages: prices, brands, what must not be in it.

    It learns from the messages that ship with llmrec and from the shop's own, a JSON object a line,
    and from variants of them that name the catalogue's brands. It goes on from the reader that
    serves, the promoted one or the one that ships; with --anew it begins with the base. At the end
    it reads messages that were kept apart. It serves, from the next start on, if it reads no fewer
    price fields, brands and intents right than what serves now. Stopped at any moment, the same
    command goes on where it was.

    Examples: [bold]llmrec train reader -w shop --dry-run[/] ·
    [bold]llmrec train reader -w shop --messages ours.jsonl[/]
    """
    from llmrec.config import Workspace
    from llmrec.finetune import LoraSettings
    from llmrec.finetune.reader.messages import read_messages, written_sets
    from llmrec.finetune.reader.train import READING

    given = {"epochs": epochs, "seed": seed}
    settings = training_settings(LoraSettings, given, set_ or [], READING.model_dump())
    shop = Workspace.open(workspace)
    data = _data(shop, messages or (), only_mine, variants, max_examples, seed)
    session = _session(shop, data, settings, base, anew=anew)
    if not resume:
        session.restart()
    _say_left_out(data)
    test_files = written_sets(test=True)
    count = sum(1 for path in test_files for _ in read_messages(path))
    if dry_run:
        _show_size(session.estimate(), data, settings, count, as_json=as_json)
        return
    _say_data(data)
    report = _train(session, settings, wandb=wandb)
    with progress_bar() as bar:
        task = bar.add_task("Reading messages kept apart", total=count)
        session.measure(test_files, lambda done: bar.advance(task, done))
    _show(session.publish(promote=promote), report, as_json=as_json)


def _data(
    shop: Workspace,
    messages: Sequence[Path],
    only_mine: bool,
    variants: float,
    max_examples: int | None,
    seed: int,
) -> ReaderData:
    from llmrec.finetune.reader.shop import reader_data

    with progress_bar() as bar:
        bar.add_task("Making examples", total=None)
        return reader_data(
            shop,
            messages,
            only_mine=only_mine,
            variants=variants,
            max_examples=max_examples,
            seed=seed,
        )


def _session(
    shop: Workspace, data: ReaderData, settings: LoraSettings, base: str | None, *, anew: bool
) -> ReaderSession:
    """Its training, from the reader that serves unless it is to begin anew."""
    from llmrec.finetune.reader.publish import serving_reader
    from llmrec.finetune.reader.session import ReaderSession

    learning = base or shop.settings.reader.base
    start = None if anew else serving_reader(shop, learning)
    return ReaderSession(shop, data, settings, learning, start)


def _train(session: ReaderSession, settings: LoraSettings, *, wandb: bool) -> LoraReport | None:
    start = session.start
    begun = f"Goes on from {start.name}." if start else f"Begins with {session.base}."
    notes.print(begun, highlight=False)
    if session.adapter.exists():
        return None
    with watched(session.curves, settings, "llmrec reader" if wandb else None) as tell:
        return session.train(tell)


def _say_left_out(data: ReaderData) -> None:
    for reason in data.left_out[:_NAMED]:
        notes.print(f"[yellow]Left out:[/] {escape(reason)}.", highlight=False, soft_wrap=True)
    if len(data.left_out) > _NAMED:
        notes.print(f"… and {len(data.left_out) - _NAMED:,} more.", highlight=False)


def _say_data(data: ReaderData) -> None:
    notes.print(
        f"{data.messages:,} messages, {data.own:,} of them your own; {len(data.train):,} examples "
        f"to train on and {len(data.held):,} to validate with.",
        highlight=False,
    )


def _show_size(
    size: RankerEstimate, data: ReaderData, settings: LoraSettings, apart: int, *, as_json: bool
) -> None:
    if as_json:
        values = {
            "estimate": asdict(size),
            "messages": {"all": data.messages, "own": data.own, "left_out": len(data.left_out)},
            "settings": settings.model_dump(),
        }
        typer.echo(json.dumps(values))
        return
    _say_data(data)
    console.print(
        f"About {size.tokens:,} tokens an epoch, {size.longest:,} in the longest example.\n"
        f"{size.trainable:,} trainable parameters; {size.precision}; {size.steps:,} steps in at "
        f"most {settings.epochs} epoch(s), about {size.seconds / 60:,.1f} min on this machine; "
        f"about {size.bytes / 2**20:,.0f} MB.\nAt the end it reads {apart:,} messages that were "
        "kept apart.",
        highlight=False,
    )


def _show(published: PublishedAdapter, report: LoraReport | None, *, as_json: bool) -> None:
    card, name = published.artifact.card, published.artifact.name
    if as_json:
        values = published_json(published.artifact, published.promoted, published.reason)
        typer.echo(json.dumps(values, default=str))
        return
    steps = f"{len(report.steps)} steps, the best was {report.best}." if report else ""
    console.print(f"{name}: {steps}".strip(), highlight=False)
    for metric, figure in card.metrics.items():
        console.print(f"{metric} {figure} (n = {figure.n:,})", highlight=False)
    serves = f"{name} serves from the next start on." if published.promoted else ""
    sentence = serves or f"{name} does not serve. {published.reason}"
    console.print(escape(sentence), highlight=False, soft_wrap=True)
