"""The training of a behaviour encoder as it goes: its epochs, and the one that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmrec.cli.live_table import LiveTable

if TYPE_CHECKING:
    from rich.console import Console

    from llmrec.finetune.behaviour import EncoderStepReport, EpochReport

__all__ = ["TrainingView"]


class TrainingView(LiveTable):
    """A row for each epoch.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        columns = ("epoch", "loss", "recall@10", "ndcg@10", "seconds", "")
        super().__init__(console, columns, "Preparing")

    def tell(self, report: EpochReport | EncoderStepReport) -> None:
        """Hear of a step or an epoch."""
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
