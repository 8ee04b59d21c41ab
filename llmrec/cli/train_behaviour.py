"""``llmrec train behaviour``: an encoder of histories, from the shop's log."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.cli.live_table import LiveTable
from llmrec.cli.train_shared import (
    DryRunOption,
    EpochsOption,
    JsonOption,
    Made,
    PromoteOption,
    SeedOption,
    SetOption,
    SinceOption,
    Size,
    moment,
    run_stage,
    say_warnings,
    training_settings,
)

if TYPE_CHECKING:
    from rich.console import Console

    from llmrec.config import Workspace
    from llmrec.finetune.behaviour import (
        BehaviourResult,
        EncoderStepReport,
        EpochReport,
        PublishedEncoder,
        ShopData,
    )
    from llmrec.finetune.behaviour.continuing import Origin
    from llmrec.finetune.since import Moment, Since
    from llmrec.types import Event

__all__ = [
    "BehaviourStage",
    "TrainingView",
    "behaviour",
]


class TrainingView(LiveTable):
    """A row for each epoch.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        columns = ("epoch", "loss", "recall@10", "ndcg@10", "seconds", "")
        super().__init__(console, columns, "Preparing")

    def tell(self, report: EpochReport | EncoderStepReport) -> None:
        """Show a step or an epoch."""
        from llmrec.finetune.behaviour import EncoderStepReport

        if isinstance(report, EncoderStepReport):
            self.step(f"Epoch {report.epoch}", report.step, report.steps)
        else:
            self.row(_cells(report))


def _cells(report: EpochReport) -> list[str]:
    figures = (
        ["refit", ""] if report.ndcg is None else [f"{report.recall:.4f}", f"{report.ndcg:.4f}"]
    )
    best = "best" if report.best and report.ndcg is not None else ""
    return [str(report.epoch), f"{report.loss:.4f}", *figures, f"{report.seconds:.1f}", best]


def behaviour(
    workspace: WorkspaceOption = None,
    since: SinceOption = None,
    epochs: EpochsOption = None,
    history: Annotated[int | None, typer.Option(help="Most recent events that are read.")] = None,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit/--no-refit",
            help="Once the number of epochs is found, train anew on everything, also on what "
            "validation held out.",
        ),
    ] = True,
    seed: SeedOption = 0,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
    promote: PromoteOption = True,
    as_json: JsonOption = False,
) -> None:
    """Train the behaviour encoder, which retrieves what shoppers with such a history took next.

    Each shopper's last new item is held out to validate with. Stopped at any moment, the same
    command goes on where it was. The result serves at once, unless validation likes the one that
    serves better.

    Examples: [bold]llmrec train behaviour -w shop --dry-run[/] ·
    [bold]llmrec train behaviour -w shop --set dropout=0.4 --set layers=3[/] ·
    [bold]llmrec train behaviour -w shop --since[/]
    """
    from llmrec.config import Workspace

    given = {"epochs": epochs, "history": history, "refit": refit, "seed": seed}
    stage = BehaviourStage(
        Workspace.open(workspace), given, set_ or [], since=moment(since), promote=promote
    )
    run_stage(stage, dry_run=dry_run, as_json=as_json)


class BehaviourStage:
    """Training the behaviour encoder of one shop.

    Args:
        shop: whose log.
        given: options that were given.
        pairs: ``NAME=VALUE``.
        since: go on from what serves, on what is new since then.
        promote: whether the result may serve.
    """

    name = "behaviour"

    def __init__(
        self,
        shop: Workspace,
        given: Mapping[str, Any],
        pairs: Sequence[str],
        *,
        since: Moment | None = None,
        promote: bool = True,
    ) -> None:
        from llmrec.finetune.behaviour import BehaviourSettings
        from llmrec.finetune.behaviour.continuing import check_shape, continuing_start
        from llmrec.finetune.since import going_on

        self._shop, self._promote = shop, promote
        self._since: Since | None = going_on(shop, self.name, since) if since else None
        parent = self._since.parent if self._since else None
        start = continuing_start(parent) if parent else {}
        self._settings = training_settings(BehaviourSettings, given, pairs, start)
        if parent:
            check_shape(parent, self._settings)

    def idle(self) -> str:
        """See :class:`~llmrec.cli.train_shared.Stage`."""
        from llmrec.finetune.behaviour.continuing import new_targets
        from llmrec.finetune.behaviour.sequences import in_order

        if self._since is None:
            return ""
        targets = new_targets(in_order(self._data.events), self._new)
        return self._since.idle(len(self._new), sum(map(len, targets.values())))

    def size(self) -> Size:
        """See :class:`~llmrec.cli.train_shared.Stage`."""
        from llmrec.finetune.behaviour import estimate

        settings = self._settings
        size = estimate(self._data.events, self._data.catalogue, settings, self._origin)
        minutes = size.seconds_per_epoch * settings.epochs / 60
        refit = ""
        if settings.refit:
            refit = ", then as many on everything" + (" that is new" if self._since else "")
        words = (
            f"{size.events:,} events of {size.users:,} users, {size.items:,} items with events and "
            f"{size.new_items:,} known by their text alone.\n"
            f"{size.parameters:,} parameters; loss over {size.loss} in {size.precision}; "
            f"{size.steps:,} steps an epoch, about {size.seconds_per_epoch:.0f} s; at most "
            f"{settings.epochs} epochs ({minutes:.0f} min){refit}; about "
            f"{size.bytes / 2**20:,.0f} MB."
        )
        return Size({"estimate": asdict(size), "settings": settings.model_dump()}, words)

    def learn(self) -> Made:
        """See :class:`~llmrec.cli.train_shared.Stage`."""
        from llmrec.finetune.behaviour import publish_behaviour

        result = self._train()
        published = publish_behaviour(
            self._shop,
            result,
            self._settings,
            self._data.events,
            parent=self._since.parent if self._since else None,
            promote=self._promote,
        )
        return _made(result, published)

    @cached_property
    def _data(self) -> ShopData:
        from llmrec.finetune.behaviour import shop_data

        return shop_data(self._shop)

    @cached_property
    def _origin(self) -> Origin | None:
        from llmrec.embedding.behaviour import load_behaviour
        from llmrec.finetune.behaviour.continuing import Origin

        if self._since is None:
            return None
        parent = self._since.parent
        return Origin(parent.name, load_behaviour(parent.folder), self._new)

    @cached_property
    def _new(self) -> frozenset[Event]:
        from llmrec.finetune.behaviour.sequences import in_order

        known = in_order(self._data.events)
        return self._since.new(known) if self._since else frozenset()

    def _train(self) -> BehaviourResult:
        from llmrec.finetune.behaviour import continue_behaviour, train_behaviour

        data, origin, settings = self._data, self._origin, self._settings
        folder = self._folder()
        with TrainingView(notes) as view:
            if origin is None:
                result = train_behaviour(
                    data.events, data.catalogue, settings, folder=folder, progress=view.tell
                )
            else:
                result = continue_behaviour(
                    data.events, data.catalogue, settings, origin, folder=folder, progress=view.tell
                )
        say_warnings(result.warnings)
        return result

    def _folder(self) -> Path:
        """The folder of the checkpoints, named by log, settings and the version gone on from."""
        from llmrec.finetune.seen import log_key
        from llmrec.retrieval.cache import cache_key

        home = self._shop.cache_dir / "train-behaviour"
        parts = [self._data.state, self._settings.model_dump_json()]
        if self._origin is not None:
            parts += [self._origin.name, log_key(self._origin.new)]
        folder = home / cache_key(*parts)
        for old in home.glob("*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
        return folder


def _made(result: BehaviourResult, published: PublishedEncoder) -> Made:
    card = published.artifact.card
    name, after = next(iter(card.metrics.items()))
    before = card.metrics.get(f"before {name}")
    if before is None and published.before is not None:
        before = published.before.card.metrics.get(name)
    return Made(
        published.artifact,
        published.promoted,
        published.reason,
        name,
        before.mean if before else None,
        after.mean,
        lambda: _show(result, published),
    )


def _show(result: BehaviourResult, published: PublishedEncoder) -> None:
    from llmrec.finetune.gained import GAINED

    name, metrics = published.artifact.name, published.artifact.card.metrics
    figures = ", ".join(f"{metric} {figure}" for metric, figure in metrics.items())
    console.print(
        f"{name}: {len(result.reports)} epochs, the best was {result.best}; validation {figures}.",
        highlight=False,
    )
    if GAINED in metrics:
        targets = next(iter(metrics.values())).n
        console.print(
            f"On {targets:,} held-out new items it gained {metrics[GAINED]} NDCG@10 over what it "
            "went on from.",
            highlight=False,
        )
    serves = "serves now." if published.promoted else "does not serve."
    console.print(f"{name} {serves} {published.reason}".strip(), highlight=False)
