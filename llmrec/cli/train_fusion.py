"""``llmrec train fusion``: learn from the shop's log how much each retrieval source counts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrec.cli.common import WorkspaceOption, console, notes, progress_bar
from llmrec.cli.train_shared import (
    DryRunOption,
    JsonOption,
    Made,
    PromoteOption,
    SeedOption,
    SinceOption,
    Size,
    moment,
    run_stage,
)

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.finetune.fusion import CutLog, FusionResult, FusionSettings, PublishedFusion
    from llmrec.finetune.since import Moment, Since

__all__ = ["FusionStage", "fusion"]

_FEWEST = 10
"""The fewest shoppers to learn from: two in each of five folds."""


def fusion(
    workspace: WorkspaceOption = None,
    since: SinceOption = None,
    cases: Annotated[
        int, typer.Option(min=10, help="Most shoppers whose last new item is asked for.")
    ] = 10_000,
    l2: Annotated[float, typer.Option(min=0, help="Penalty of large weights.")] = 1e-3,
    seed: SeedOption = 0,
    dry_run: DryRunOption = False,
    promote: PromoteOption = True,
    as_json: JsonOption = False,
) -> None:
    """Learn how much each retrieval source counts in this shop.

    Each shopper's last new item is held out, and sources that do not know it are asked for it; a
    behaviour encoder is trained anew for that if the one that serves has seen it. The weights are
    held against those set by hand on shoppers they were not fitted on, and serve if they are
    better. Weights set in llmrec.toml (retrieval.weights) go over them.

    Examples: [bold]llmrec train fusion -w shop --dry-run[/] · [bold]llmrec train fusion -w shop[/]
    · [bold]llmrec train fusion -w shop --since[/]
    """
    from llmrec.config import Workspace
    from llmrec.finetune.fusion import FusionSettings

    settings = FusionSettings(cases=cases, l2=l2, seed=seed)
    stage = FusionStage(Workspace.open(workspace), settings, since=moment(since), promote=promote)
    run_stage(stage, dry_run=dry_run, as_json=as_json)


class FusionStage:
    """Learning the sources' weights of one shop.

    Args:
        shop: whose log.
        settings: of the fitting.
        since: go on from what serves, on what is new since then.
        promote: whether the result may serve.
    """

    name = "fusion"

    def __init__(
        self,
        shop: Workspace,
        settings: FusionSettings,
        *,
        since: Moment | None = None,
        promote: bool = True,
    ) -> None:
        from llmrec.finetune.since import going_on

        self._shop, self._settings, self._promote = shop, settings, promote
        self._since: Since | None = going_on(shop, self.name, since) if since else None

    def idle(self) -> str:
        """See :class:`~llmrec.cli.train_shared.Stage`."""
        if self._since is None:
            return ""
        return self._since.idle(self._cut.new, len(self._cut.cases), fewest=_FEWEST)

    def size(self) -> Size:
        """See :class:`~llmrec.cli.train_shared.Stage`; an epoch is measured on a few steps."""
        cost = self._cost()
        encoder = {
            "none serves": "No behaviour encoder serves, so none is fused.",
            "trained anew": f"The behaviour encoder has seen them: one that has not is trained "
            f"first, {cost.get('epochs')} epochs of {cost.get('seconds_per_epoch', 0):.1f} s.",
        }
        words = (
            f"The last new items of {cost['cases']:,} shoppers are asked for; the sources know the "
            f"other {cost['events']:,} events.\n"
        )
        ready = f"The behaviour encoder {cost['encoder']} has not seen them."
        return Size({"estimate": cost}, words + encoder.get(cost["encoder"], ready))

    def learn(self) -> Made:
        """See :class:`~llmrec.cli.train_shared.Stage`."""
        from llmrec.finetune.earlier import close_earlier
        from llmrec.finetune.fusion import PART, publish_fusion

        result = self._train()
        published = publish_fusion(
            self._shop, result, self._cut, self._settings, promote=self._promote
        )
        close_earlier(self._shop, PART)
        return _made(self._shop, result, published)

    @cached_property
    def _cut(self) -> CutLog:
        from llmrec.finetune.fusion import hold_out_shop

        return hold_out_shop(self._shop, self._since)

    def _cost(self) -> dict[str, Any]:
        from llmrec.finetune.behaviour import estimate
        from llmrec.finetune.earlier import encoder_wanted

        cut = self._cut
        cost: dict[str, Any] = {
            "events": len(cut.train),
            "cases": min(len(cut.cases), self._settings.cases),
            "encoder": "none serves",
        }
        older = self._since is not None
        wanted = encoder_wanted(self._shop, cut.train, cut.data.catalogue, older=older)
        if wanted is not None and wanted.ready:
            cost["encoder"] = wanted.ready.name
        elif wanted is not None:
            size = estimate(cut.train, cut.data.catalogue, wanted.settings)
            cost["encoder"] = "trained anew"
            cost["epochs"] = wanted.settings.epochs
            cost["seconds_per_epoch"] = size.seconds_per_epoch
        return cost

    def _train(self) -> FusionResult:
        from llmrec.finetune.behaviour import EncoderStepReport, EpochReport
        from llmrec.finetune.fusion import train_fusion

        with progress_bar() as bar:
            asking = bar.add_task("Asking sources", total=None)

            def epoch(report: EpochReport | EncoderStepReport) -> None:
                if isinstance(report, EpochReport):
                    bar.console.print(f"epoch {report.epoch}: loss {report.loss:.4f}")

            return train_fusion(
                self._shop,
                self._cut,
                self._settings,
                tell=lambda text: bar.console.print(text, highlight=False),
                progress=lambda done, of: bar.update(asking, completed=done, total=of),
                epochs=epoch,
            )


def _made(shop: Workspace, result: FusionResult, published: PublishedFusion) -> Made:
    from dataclasses import asdict

    from llmrec.finetune.fusion import BEFORE, BY_HAND, source_rows

    choice, metrics = result.choice, published.artifact.card.metrics
    rival = BEFORE if BEFORE in choice.places else BY_HAND
    return Made(
        published.artifact,
        published.promoted,
        published.reason,
        "ndcg@10",
        metrics[f"{rival} ndcg@10"].mean,
        metrics["ndcg@10"].mean,
        lambda: _show(shop, result, published),
        {"winner": choice.winner, "sources": [asdict(row) for row in source_rows(choice)]},
    )


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
    serves = f"{name} serves now." if published.promoted else f"{name} does not serve."
    console.print(" ".join((serves, published.reason)).strip(), highlight=False)
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
