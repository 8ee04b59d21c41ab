"""The transformers engine in each precision: memory, latency, speed, and the ranking it gives.

    python scripts/gpu/20_transformers_precisions.py --precisions fp32 bf16 int8 nf4

The first precision is the reference of the agreement. Memory is what torch allocated; the planner's
estimate stands beside it. A precision that this machine cannot run is reported with the reason.
"""

from __future__ import annotations

import gc
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from measures import agreement, latency, matmul_parameters, share_of_limit
from prompt_files import PromptFile, load, scored, tokens_of
from report import Report, limit, parser

from llmrec.config import EngineSettings
from llmrec.engines import Engine, load_engine
from llmrec.errors import LLMRecError
from llmrec.weights import locate


def main() -> None:
    options_of = parser(__doc__ or "")
    options_of.add_argument("--precisions", nargs="+", default=["fp32", "bf16", "int8", "nf4"])
    options_of.add_argument("--requests", type=int, default=200)
    options_of.add_argument("--candidates", type=int, default=20)
    options_of.add_argument("--new-tokens", type=int, default=64)
    options = options_of.parse_args()
    if options.smoke:
        options.requests, options.candidates, options.new_tokens = 3, 5, 4
    report = Report(__file__, options)
    prompts: PromptFile | None = None
    reference = None
    for precision in options.precisions:
        try:
            settings = EngineSettings(precision=precision, timeout_s=None)
            engine, memory = loaded(options.model, settings)
        except LLMRecError as error:
            report.add(precision, {"error": f"{error.message} {error.hint}"})
            continue
        if prompts is None:
            prompts = load(options.prompts, engine, options.requests, candidates=options.candidates)
            report.add("prompts", {**prompts.about, "number": len(prompts.prompts)})
        figures, scores = measured(engine, prompts, options.new_tokens)
        figures |= memory | {
            "peak_bytes": peak(),
            "planned_bytes": planned(options.model, settings),
        }
        tokens = figures["prompt_tokens"] / figures["batch_seconds"]
        parameters = matmul_parameters(Path(locate(options.model)))
        figures |= share_of_limit(parameters, tokens, 1.0, limit(options.out, precision))
        reference = scores if reference is None else reference
        figures["agreement_with_first"] = agreement(scores, reference)
        report.add(precision, figures)
        engine.close()
        del engine
        clear()
    report.finish()


def loaded(model: str, settings: EngineSettings) -> tuple[Engine, dict[str, Any]]:
    """The engine, and the bytes that loading it took on the card (``None`` on a CPU)."""
    clear()
    before, started = allocated(), perf_counter()
    engine = load_engine("transformers", model, settings)
    seconds = perf_counter() - started
    after = allocated()
    taken = None if before is None or after is None else after - before
    return engine, {"weights_bytes": taken, "load_seconds": round(seconds, 2)}


def measured(
    engine: Engine, prompts: PromptFile, new_tokens: int
) -> tuple[dict[str, Any], list[Any]]:
    """Latency one at a time, rate in one batch, speed of writing; and the scores."""
    rows = prompts.prompts
    texts = [row.texts[0] for row in rows]
    for row in rows[:3]:
        scored(engine, [row])
    alone = []
    for row in rows:
        started = perf_counter()
        scored(engine, [row])
        alone.append(perf_counter() - started)
    started = perf_counter()
    scores = scored(engine, rows)
    batch = perf_counter() - started
    figures: dict[str, Any] = latency(alone) | {
        "prompt_tokens": tokens_of(engine, rows),
        "batch_seconds": round(batch, 4),
        "recommendations_per_s": round(len(rows) / batch, 2),
    }
    for size in (1, min(16, len(rows))):
        started = perf_counter()
        written = engine.generate(texts[:size], max_tokens=new_tokens)
        made = sum(engine.count_tokens(text) for text in written)
        figures[f"generated_per_s_at_{size}"] = round(made / (perf_counter() - started), 2)
    return figures, [np.asarray(score) for score in scores]


def planned(model: str, settings: EngineSettings) -> dict[str, Any]:
    """The planner's estimate, by parts."""
    from llmrec.planner import plan_here

    try:
        memory = plan_here(model, settings, engine="transformers").memory
    except LLMRecError as error:
        return {"error": error.message}
    parts = ("weights", "kv", "activations", "adapters", "overhead", "total")
    return {part: int(getattr(memory, part)) for part in parts}


def allocated() -> int | None:
    """Bytes that tensors take on the card; ``None`` without one."""
    import torch

    return torch.cuda.memory_allocated() if torch.cuda.is_available() else None


def peak() -> int | None:
    """Most bytes that tensors took since :func:`clear`; ``None`` without a card."""
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def clear() -> None:
    """Give freed memory back to the card and begin a new peak."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


if __name__ == "__main__":
    main()
