"""The training of an adapter as it goes: its evaluations, and the steps between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmrec.cli.live_table import LiveTable

if TYPE_CHECKING:
    from rich.console import Console

    from llmrec.finetune import EvaluationReport, StepReport

__all__ = ["RankerView"]


class RankerView(LiveTable):
    """A row for each evaluation.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        columns = ("step", "validation loss", "accuracy", "ndcg@10", "seconds", "")
        super().__init__(console, columns, "Loading the base")

    def tell(self, report: StepReport | EvaluationReport) -> None:
        """Hear of a step or an evaluation."""
        from llmrec.finetune import StepReport

        if isinstance(report, StepReport):
            doing = f"Epoch {report.epoch}, loss {report.loss:.4f}"
            self.step(doing, report.step, report.steps)
        else:
            self.row(_cells(report))


def _cells(report: EvaluationReport) -> list[str]:
    known = (report.loss, report.accuracy, report.ndcg)
    figures = ["" if one is None else f"{one:.4f}" for one in known]
    return [str(report.step), *figures, f"{report.seconds:.1f}", "best" if report.best else ""]
