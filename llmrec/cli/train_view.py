"""A training as it goes: a table of its epochs, and a bar for the one that runs."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from typing_extensions import Self

if TYPE_CHECKING:
    from llmrec.finetune.behaviour import EpochReport, StepReport

__all__ = ["TrainingView"]

_SHOWN = 12


class TrainingView:
    """Shows epochs while they come; where there is no terminal, a line for each.

    Args:
        console: where.
        epochs: most epochs.
    """

    def __init__(self, console: Console, epochs: int) -> None:
        self._console, self._epochs = console, epochs
        self._reports: list[EpochReport] = []
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("Preparing", total=None)
        self._live = Live(self._picture(), console=console, transient=not console.is_terminal)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def tell(self, report: EpochReport | StepReport) -> None:
        """Hear of a step or an epoch."""
        from llmrec.finetune.behaviour import StepReport

        if isinstance(report, StepReport):
            name = f"Epoch {report.epoch}"
            self._bar.update(
                self._task, description=name, completed=report.step, total=report.steps
            )
        else:
            self._reports.append(report)
            if not self._console.is_terminal:
                self._console.print("  ".join(_cells(report)), highlight=False)
        if self._console.is_terminal:
            self._live.update(self._picture())

    def _picture(self) -> Group:
        table = Table(box=None, pad_edge=False)
        for column in ("epoch", "loss", "recall@10", "ndcg@10", "seconds", ""):
            table.add_column(column, justify="right")
        for report in self._reports[-_SHOWN:]:
            table.add_row(*_cells(report))
        return Group(table, self._bar)


def _cells(report: EpochReport) -> list[str]:
    figures = (
        ["refit", ""] if report.ndcg is None else [f"{report.recall:.4f}", f"{report.ndcg:.4f}"]
    )
    best = "best" if report.best and report.ndcg is not None else ""
    return [str(report.epoch), f"{report.loss:.4f}", *figures, f"{report.seconds:.1f}", best]
