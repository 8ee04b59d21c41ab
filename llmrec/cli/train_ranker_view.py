"""The training of an adapter as it goes: its evaluations, and the steps between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.cli.common import notes
from llmrec.cli.live_table import LiveTable

if TYPE_CHECKING:
    from rich.console import Console

    from llmrec.finetune import EvaluationReport, LoraSettings, StepReport

__all__ = ["RankerView", "watched"]


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


@contextmanager
def watched(
    curves: Path, settings: LoraSettings, project: str | None
) -> Iterator[Callable[[StepReport | EvaluationReport], None]]:
    """What a training tells of itself, on the terminal and as curves.

    Args:
        curves: the folder for TensorBoard.
        settings: of the training, for Weights & Biases.
        project: its name there; ``None`` sends nothing.
    """
    from llmrec.finetune.ranker.logs import TensorBoard, WandB

    listeners: list[Any] = []

    def tell(told: StepReport | EvaluationReport) -> None:
        for one in listeners:
            one.tell(told)

    with ExitStack() as held:
        listeners.append(TensorBoard(curves))
        if project:
            listeners.append(WandB(project, settings.model_dump(mode="json")))
        for one in listeners:
            held.callback(one.close)
        listeners.append(held.enter_context(RankerView(notes)))
        yield tell


def _cells(report: EvaluationReport) -> list[str]:
    known = (report.loss, report.accuracy, report.ndcg)
    figures = ["" if one is None else f"{one:.4f}" for one in known]
    return [str(report.step), *figures, f"{report.seconds:.1f}", "best" if report.best else ""]
