"""How good a ranker is on prepared questions with known targets, against the retriever's order.

    python scripts/gpu/50_quality_scale.py --prompts .gpu/data/SHOP-test.jsonl.xz

NDCG@10 and HR@10 with 95 % bootstrap intervals, for the retriever, the base model, each adapter,
and mixtures of both scores, one of them with the weight that the adapter's training has fitted;
and the paired difference to the retriever. Targets are among the candidates of every question:
multiply by ``retrieved_share`` for the whole path, where the other cases score 0.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prompt_files import PromptFile, load, scored
from report import Report, parser

from llmrec.artifacts import read_card
from llmrec.config import EngineSettings
from llmrec.engines import load_engine
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.eval.measures.metrics import hit_rate, hits_from_ranks, ndcg
from llmrec.ranking import fuse

WEIGHTS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


def main() -> None:
    options_of = parser(__doc__ or "")
    options_of.add_argument("--engine", default="transformers")
    options_of.add_argument("--precision", default="auto")
    options_of.add_argument("--adapters", type=Path, nargs="*", default=[])
    options_of.add_argument("--questions", type=int, default=2000)
    options = options_of.parse_args()
    if options.smoke:
        options.questions = 6
    name = ""
    if options.prompts:
        name = f"{options.prompts.name.partition('.')[0]}-{Path(options.model).name}"
    report = Report(__file__, options, about=name)
    settings = EngineSettings(
        precision=options.precision, timeout_s=None, max_adapters=max(1, len(options.adapters))
    )
    engine = load_engine(options.engine, options.model, settings)
    fitted: dict[str | None, float | None] = {None: None}
    for folder in options.adapters:
        engine.load_adapter(folder.name, folder)
        fitted[folder.name] = read_card(folder).extra.get("llm_weight")
    candidates = 5 if options.smoke else 20
    questions = load(options.prompts, engine, options.questions, candidates=candidates)
    if any(prompt.target < 0 or not prompt.retrieval for prompt in questions.prompts):
        raise SystemExit("these prompts have no targets or no retrieval order")
    counts = questions.about.get("counts", {})
    of_all = counts.get("retrieved", 0) + counts.get("missed", 0)
    share = round(counts["retrieved"] / of_all, 5) if of_all else None
    report.add(
        "questions", {**questions.about, "number": len(questions.prompts), "retrieved_share": share}
    )
    before = gains([np.asarray(prompt.retrieval) for prompt in questions.prompts], questions)
    report.add("retriever", told(before, before))
    for adapter, own_weight in fitted.items():
        started = perf_counter()
        scores = scored(engine, questions.prompts, adapter)
        seconds = perf_counter() - started
        figures: dict[str, Any] = {"seconds": round(seconds, 2)}
        if own_weight is not None:
            figures["fitted_weight"] = own_weight
        for weight in sorted({*WEIGHTS, *([] if own_weight is None else [own_weight])}):
            mixed = [
                np.asarray(fuse(list(question.retrieval), [float(x) for x in row], weight))
                for question, row in zip(questions.prompts, scores, strict=True)
            ]
            figures[f"weight {weight}"] = told(gains(mixed, questions), before)
        report.add(adapter or "base model", figures)
    engine.close()
    report.finish()


def gains(scores: list[NDArray[Any]], questions: PromptFile) -> NDArray[np.float64]:
    """NDCG@10 and HR@10 of each question, ``[questions, 2]``; ties count against the target."""
    ranks = np.array(
        [
            int((row >= row[question.target]).sum())
            for row, question in zip(scores, questions.prompts, strict=True)
        ]
    )
    hits, ones = hits_from_ranks(ranks, 10), np.ones(len(ranks), dtype=np.int64)
    return np.column_stack([ndcg(hits, ones, 10), hit_rate(hits, ones, 10)])


def told(values: NDArray[np.float64], before: NDArray[np.float64]) -> dict[str, Any]:
    """Means with intervals, and the paired difference to the retriever."""
    figures: dict[str, Any] = {}
    difference = values - before
    for column, name in enumerate(("ndcg10", "hr10")):
        for kind, table in ((name, values), (f"{name}_minus_retriever", difference)):
            low, high = bootstrap_intervals(table[:, [column]], seed=0)[0]
            mean = float(table[:, column].mean())
            figures[kind] = [round(mean, 5), round(float(low), 5), round(float(high), 5)]
    return figures


if __name__ == "__main__":
    main()
