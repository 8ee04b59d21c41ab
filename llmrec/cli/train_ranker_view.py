"""The training of an adapter as it goes: a table of its evaluations, and a bar for its steps."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from typing_extensions import Self

if TYPE_CHECKING:
    from llmrec.finetune import EvaluationReport, StepReport

__all__ = ["RankerView"]

_SHOWN = 12


class RankerView:
    """Shows evaluations while they come; where there is no terminal, a line for each.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._reports: list[EvaluationReport] = []
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("Loading the base", total=None)
        self._live = Live(self._picture(), console=console)

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

    def tell(self, report: StepReport | EvaluationReport) -> None:
        """Hear of a step or an evaluation."""
        from llmrec.finetune import StepReport

        if isinstance(report, StepReport):
            text = f"Epoch {report.epoch}, loss {report.loss:.4f}"
            self._bar.update(
                self._task, description=text, completed=report.step, total=report.steps
            )
        else:
            self._reports.append(report)
            if not self._console.is_terminal:
                self._console.print("  ".join(_cells(report)), highlight=False)
        if self._console.is_terminal:
            self._live.update(self._picture())

    def _picture(self) -> Group:
        table = Table(box=None, pad_edge=False)
        for column in ("step", "validation loss", "accuracy", "ndcg@10", "seconds", ""):
            table.add_column(column, justify="right")
        for report in self._reports[-_SHOWN:]:
            table.add_row(*_cells(report))
        return Group(table, self._bar)


def _cells(report: EvaluationReport) -> list[str]:
    figures = [f"{one:.4f}" for one in (report.loss, report.accuracy, report.ndcg)]
    return [str(report.step), *figures, f"{report.seconds:.1f}", "best" if report.best else ""]
