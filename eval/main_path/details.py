"""What a run of the main path says of its language model, for ``llm`` in ``run.json``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from llmrec.eval.data.splits import Case
from llmrec.eval.judging.asking import Answer, in_batches
from llmrec.eval.judging.outcome import Evaluation
from llmrec.eval.llm import lift, words_report
from llmrec.eval.main_path.recommenders import MainPath
from llmrec.types import Item, Recommendation, Recommendations, Trace

__all__ = ["as_recommendations", "llm_details"]

_WRITTEN_AT_ONCE = 4


def llm_details(
    path: MainPath,
    outcome: Evaluation,
    *,
    words: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Lift over the retriever, tokens, time, memory; more on request.

    Args:
        path: the main path that answered.
        outcome: its answers.
        words: for how many users the reasons are written and their claims checked.
        progress: told for how many of these users texts are written, and of how many.
    """
    settings = path.recommender.settings
    weight = settings.ranking.llm_weight or 0.0
    answers = [answer for answer in outcome.answers if answer.llm]
    details: dict[str, Any] = {
        "model": settings.models.llm,
        "prompt": next((answer.llm["prompt"] for answer in answers if answer.llm), ""),
        "candidates": settings.retrieval.candidates,
        "llm_weight": weight,
        "degraded": float(np.mean([_degraded(answer) for answer in answers])) if answers else 0.0,
        "prompt_tokens": _mean_tokens(answers),
        "peak_memory_mb": _peak_memory(),
        "gpu_memory_mb": _gpu_memory(),
    }
    if any(_was_ranked(answer) for answer in answers):
        details["lift"] = lift(
            [as_recommendations(answer) for answer in outcome.answers],
            [case.target_ids for case in outcome.cases],
            users=outcome.users,
            owners=[case.owner for case in outcome.cases],
            weight=weight,
            k=10 if 10 in outcome.ks else max(outcome.ks),
            seed=outcome.seed,
        ).to_dict()
    if words:
        cases = outcome.cases[:words]
        details["words"] = words_report(_written(path, cases, progress))
    return details


def _written(
    path: MainPath, cases: Sequence[Case], progress: Callable[[int, int], None] | None
) -> list[Recommendations]:
    written: list[Recommendations] = []
    for batch in in_batches(cases, _WRITTEN_AT_ONCE):
        histories = [list(case.history) for case in batch]
        written += path.recommender.recommend_many(histories, 5, explain=True, describe=1)
        if progress:
            progress(len(written), len(cases))
    return written


def as_recommendations(answer: Answer) -> Recommendations:
    """The scores of an answer that was written to disk, as the main path's own object.

    Items have only their ids; what the model did not rank has no score ``llm``.
    """
    llm = answer.llm or {}
    trace = Trace(
        model=llm.get("model", ""),
        engine=llm.get("engine", ""),
        prompt=llm.get("prompt", ""),
        seed=0,
        matching=0,
        candidates=len(llm.get("candidates", ())),
        candidates_by_source={},
        milliseconds=llm.get("stages", {}),
        prompt_tokens=llm.get("prompt_tokens", 0),
        degraded=llm.get("degraded"),
    )
    columns = (llm.get("candidates", ()), llm.get("retrieval", ()), llm.get("log_probs", ()))
    considered = tuple(
        _scored(id, rank, retrieval, log_prob)
        for rank, (id, retrieval, log_prob) in enumerate(zip(*columns, strict=True), start=1)
    )
    return Recommendations((), trace, answer.user, None, considered)


def _scored(id: str, rank: int, retrieval: float, log_prob: float | None) -> Recommendation:
    scores = {"retrieval": retrieval} | ({} if log_prob is None else {"llm": log_prob})
    return Recommendation(Item(id, id), rank, retrieval, scores)


def _was_ranked(answer: Answer) -> bool:
    return any(value is not None for value in (answer.llm or {}).get("log_probs", ()))


def _degraded(answer: Answer) -> bool:
    return bool(answer.llm and answer.llm["degraded"])


def _mean_tokens(answers: Sequence[Answer]) -> float:
    tokens = [answer.llm["prompt_tokens"] for answer in answers if answer.llm]
    return float(np.mean(tokens)) if tokens else 0.0


def _peak_memory() -> float | None:
    """Most resident memory of this process so far; not told on Windows."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _gpu_memory() -> float | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return float(torch.cuda.max_memory_allocated()) / 2**20
