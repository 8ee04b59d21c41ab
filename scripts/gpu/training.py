"""One training run of a ranker on prepared prompts, as the scripts that compare runs report it."""

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

__all__ = ["Curves", "clear_peak", "evaluations_per_epoch", "outcome", "peak", "run"]


@dataclass
class Curves:
    """Hears of a training: prints now and then, keeps TensorBoard's files and what a plot needs.

    Args:
        folder: of TensorBoard's files.
    """

    folder: Path
    steps: list[StepReport] = field(default_factory=list)
    evaluations: list[EvaluationReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._board = TensorBoard(self.folder)

    def tell(self, report: StepReport | EvaluationReport) -> None:
        """Hear of a step or an evaluation."""
        self._board.tell(report)
        if isinstance(report, EvaluationReport):
            self.evaluations.append(report)
            print(
                f"step {report.step}: validation {report.loss:.4f}, NDCG@10 {report.ndcg:.4f}",
                flush=True,
            )
            return
        self.steps.append(report)
        if report.step % 20 == 0 or report.step == report.steps:
            print(f"step {report.step} of {report.steps}: loss {report.loss:.4f}", flush=True)

    def close(self) -> None:
        """Write what is left."""
        self._board.close()

    def draw(self, path: Path, retriever: float | None) -> str:
        """Plot both losses, and NDCG@10 with the model beside the retriever's; says what came."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            return "not drawn, matplotlib is not here"
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        losses, ranks = figure.subplots(1, 2)
        losses.plot(
            [step.step for step in self.steps], smoothed([step.loss for step in self.steps])
        )
        at = [evaluation.step for evaluation in self.evaluations]
        losses.plot(at, [evaluation.loss for evaluation in self.evaluations], "o-")
        losses.set(xlabel="step", ylabel="loss over the list, nats")
        losses.legend(["training, smoothed", "validation"])
        ranks.plot(
            at,
            [evaluation.ndcg for evaluation in self.evaluations],
            "o-",
            label="model and retriever",
        )
        if retriever is not None:
            ranks.axhline(retriever, linestyle="--", color="grey", label="the retriever")
        ranks.set(xlabel="step", ylabel="NDCG@10 on validation")
        ranks.legend()
        figure.savefig(path, dpi=110)
        return path.name


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


def outcome(
    done: LoraReport, train: PromptFile, model: str, settings: LoraSettings, out: str
) -> dict[str, Any]:
    """What a run took and what came out; ``out`` is where the limits of the card lie."""
    prompts = train.prompts[:200]
    mean = tokens_of(prompt_maker(model), prompts) / len(prompts)
    # A sample says the length well enough, and a step's examples are counted.
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
        "tokens_per_list": round(mean, 1),
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
                round(evaluation.ndcg, 5),
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
