"""One training run: its curves, and what it took and brought, as the scripts here report it."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from measures import matmul_parameters, share_of_limit
from prompt_files import PromptFile, tokens_of
from report import limit

from llmrec.finetune import EvaluationReport, LoraReport, LoraSettings, StepReport, train_lora
from llmrec.finetune.ranker.logs import TensorBoard
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.weights import locate

__all__ = [
    "Curves",
    "clear_peak",
    "evaluations_per_epoch",
    "mean_tokens",
    "outcome",
    "peak",
    "run",
]


@dataclass
class Curves:
    """Hears of a training: prints now and then, keeps TensorBoard's files and what a plot needs.

    Args:
        folder: of TensorBoard's files.
        loss: what the loss is, for the plot.
    """

    folder: Path
    loss: str = "loss over the list, nats"
    steps: list[StepReport] = field(default_factory=list)
    evaluations: list[EvaluationReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._board = TensorBoard(self.folder)

    def tell(self, report: StepReport | EvaluationReport) -> None:
        """Hear of a step or an evaluation."""
        self._board.tell(report)
        if isinstance(report, EvaluationReport):
            self.evaluations.append(report)
            name, value = quality(report)
            print(
                f"step {report.step}: validation {report.loss:.4f}, {name} {value:.4f}", flush=True
            )
            return
        self.steps.append(report)
        if report.step % 20 == 0 or report.step == report.steps:
            print(f"step {report.step} of {report.steps}: loss {report.loss:.4f}", flush=True)

    def close(self) -> None:
        """Write what is left."""
        self._board.close()

    def draw(self, path: Path, retriever: float | None = None) -> str:
        """Plot both losses, and the quality beside the retriever's; says what came."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            return "not drawn, matplotlib is not here"
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        losses, qualities = figure.subplots(1, 2)
        losses.plot(
            [step.step for step in self.steps], smoothed([step.loss for step in self.steps])
        )
        at = [evaluation.step for evaluation in self.evaluations]
        losses.plot(at, [evaluation.loss for evaluation in self.evaluations], "o-")
        losses.set(xlabel="step", ylabel=self.loss)
        losses.legend(["training, smoothed", "validation"])
        pairs = [quality(evaluation) for evaluation in self.evaluations]
        qualities.plot(at, [value for _, value in pairs], "o-", label="the model")
        if retriever is not None:
            # What is plotted of a ranker is the model and the retriever together.
            qualities.axhline(retriever, linestyle="--", color="grey", label="the retriever alone")
        qualities.set(xlabel="step", ylabel=f"{pairs[-1][0] if pairs else ''} on validation")
        qualities.legend()
        figure.savefig(path, dpi=110)
        return path.name


def quality(evaluation: EvaluationReport) -> tuple[str, float]:
    """What is plotted beside the loss: NDCG@10 where something is ranked, else the accuracy."""
    if evaluation.ndcg is None:
        return "accuracy", evaluation.accuracy
    return "NDCG@10", evaluation.ndcg


def smoothed(values: list[float], keep: float = 0.95) -> list[float]:
    """Exponential moving average, without the bias of its beginning.

    >>> smoothed([1.0, 1.0, 1.0])
    [1.0, 1.0, 1.0]
    """
    made, total, weight = [], 0.0, 0.0
    for value in values:
        total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        made.append(round(total / weight, 9))
    return made


def run(
    train: PromptFile,
    valid: PromptFile,
    model: str,
    out: Path,
    settings: LoraSettings,
    curves: Curves,
    *,
    seconds: float,
) -> LoraReport:
    """Train for at most so many seconds, tokenising and loading included.

    Raises:
        ValueError: the prompts were made for another chat template.
    """
    engine = prompt_maker(model)
    train.check_template(engine)
    valid.check_template(engine)
    try:
        return train_lora(
            train.examples(),
            model,
            out,
            settings,
            validation=valid.examples(),
            seconds=seconds,
            progress=curves.tell,
        )
    finally:
        curves.close()


def mean_tokens(train: PromptFile, model: str) -> float:
    """Tokens of a prompt; a sample says the length well enough."""
    prompts = train.prompts[:200]
    return tokens_of(prompt_maker(model), prompts) / len(prompts)


def outcome(
    done: LoraReport, mean: float, model: str, settings: LoraSettings, out: str
) -> dict[str, Any]:
    """What a run took and what came out.

    Args:
        done: the run.
        mean: tokens of an example.
        model: the base.
        settings: of the run.
        out: where the limits of the card lie.
    """
    tokens = round(mean * sum(step.examples for step in done.steps))
    # A pass forth and one back through frozen weights: twice the products of ranking.
    parameters = 2 * matmul_parameters(locate(model))
    evaluating = sum(evaluation.seconds for evaluation in done.evaluations)
    stepping = max(1e-9, done.seconds - evaluating)
    return {
        "timed_out": done.timed_out,
        "steps": [len(done.steps), done.steps[-1].steps],
        "best_step": done.best,
        "resumed_from": done.resumed_from,
        "trainable": done.trainable,
        "seconds": round(done.seconds, 2),
        "seconds_evaluating": round(evaluating, 2),
        "tokens_per_example": round(mean, 1),
        "examples_per_s": round(sum(step.examples for step in done.steps) / stepping, 1),
        "tokens_per_s": round(tokens / stepping, 1),
        **share_of_limit(parameters, tokens, stepping, limit(out, "bf16")),
        "llm_weight": done.llm_weight,
        "validation": {
            name: [round(x, 5) for x in (figure.mean, figure.low, figure.high) if x is not None]
            for name, figure in done.validation.items()
        },
        "evaluations": [
            [
                evaluation.step,
                round(evaluation.loss, 5),
                round(evaluation.accuracy, 5),
                None if evaluation.ndcg is None else round(evaluation.ndcg, 5),
            ]
            for evaluation in done.evaluations
        ],
        "warnings": list(done.warnings),
        "adapter_bytes": sum(path.stat().st_size for path in done.adapter.iterdir()),
        "peak_bytes": peak(),
        "settings": settings.model_dump(mode="json"),
    }


def evaluations_per_epoch(examples: int, settings: LoraSettings, times: int) -> int:
    """Steps between evaluations, for so many of them in an epoch."""
    return max(1, examples // (settings.batch * settings.accumulation) // times)


def clear_peak() -> float:
    """Forget the largest use of memory so far. Returns the clock."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    return perf_counter()


def peak() -> int | None:
    """Most bytes that torch held on the card, ``None`` without one."""
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
