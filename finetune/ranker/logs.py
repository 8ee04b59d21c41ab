"""Curves of a training for TensorBoard and Weights & Biases."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmrec.errors import MissingExtra
from llmrec.finetune.ranker.reports import EvaluationReport, StepReport

__all__ = ["TensorBoard", "WandB", "curves"]


def curves(report: StepReport | EvaluationReport) -> dict[str, float]:
    """The numbers of a report by the names of their curves.

    >>> curves(StepReport(1, 9, 1, 8, loss=2.5, accuracy=0.25, learning_rate=1e-4))
    {'train/loss': 2.5, 'train/accuracy': 0.25, 'train/learning_rate': 0.0001}
    """
    names = (
        ("loss", "accuracy", "learning_rate")
        if isinstance(report, StepReport)
        else ("loss", "accuracy", "ndcg")
    )
    part = "train" if isinstance(report, StepReport) else "validation"
    values = ((name, getattr(report, name)) for name in names)
    return {f"{part}/{name}": float(value) for name, value in values if value is not None}


class TensorBoard:
    """Writes event files. Look at them with ``tensorboard --logdir FOLDER``.

    Args:
        folder: of the files; a run that is resumed goes on in it.

    Raises:
        MissingExtra: tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtra("tensorboard", extra="train") from error
        self._writer: Any = SummaryWriter(str(folder))

    def tell(self, report: StepReport | EvaluationReport) -> None:
        """Hear of a step or an evaluation."""
        for name, value in curves(report).items():
            self._writer.add_scalar(name, value, report.step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


class WandB:
    """Sends the curves to Weights & Biases, as its own environment variables say.

    Args:
        name: of the project.
        settings: of the run, shown beside the curves.

    Raises:
        MissingExtra: wandb is not installed.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        try:
            import wandb
        except ImportError as error:
            raise MissingExtra("wandb", extra="track") from error
        logging.getLogger("wandb").setLevel(logging.WARNING)
        self._run: Any = wandb.init(project=name, config=dict(settings))

    def tell(self, report: StepReport | EvaluationReport) -> None:
        """Hear of a step or an evaluation."""
        self._run.log(curves(report), step=report.step)

    def close(self) -> None:
        """Send what is left."""
        self._run.finish()
