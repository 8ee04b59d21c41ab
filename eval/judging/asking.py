"""Ask a recommender cases, a batch at a time, and hold what came back to what was promised."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from llmrec.errors import DataError
from llmrec.eval.data.splits import Case, Part, Split
from llmrec.eval.judging.sampled import SampledItems
from llmrec.types import Recommendations

__all__ = [
    "Answer",
    "HistoryForm",
    "ManyRecommender",
    "ask",
    "draw_cases",
    "in_batches",
    "sample_cases",
]

HistoryForm: TypeAlias = Literal["ids", "events"]
"""Whether a recommender is shown item ids, or whole events with their kinds and times."""


class ManyRecommender(Protocol):
    """Whatever answers many histories at once: ours, a baseline, another library's."""

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> Sequence[Any]:
        """Answer each history (item ids, oldest first) with ids, best first, or with ``.ids``."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one user got.

    ``ms`` is the user's share of the batch's wall time, ``None`` where it says nothing (a cache
    answered). ``llm`` is what :class:`llmrec.Recommendations` tell of the model, see :func:`ask`.
    """

    user: str
    ids: tuple[str, ...]
    ms: float | None = None
    llm: Mapping[str, Any] | None = None


def sample_cases(cases: Sequence[Case], users: int | None, seed: int) -> list[Case]:
    """``users`` cases drawn without replacement, in their order; all of them for ``None``.

    Raises:
        DataError: fewer than one is asked for.
    """
    if users is None or users >= len(cases):
        return list(cases)
    if users < 1:
        raise DataError(f"{users} users cannot be evaluated.", hint="Draw one user or more.")
    chosen = random.Random(seed).sample(range(len(cases)), users)
    return [cases[index] for index in sorted(chosen)]


def draw_cases(split: Split, part: Part, users: int | None, seed: int) -> list[Case]:
    """:func:`sample_cases` of a part of a split.

    Raises:
        DataError: the part has no cases, or fewer than one is asked for.
    """
    cases = sample_cases(split.cases(part), users, seed)
    if not cases:
        raise DataError(f"The split has no {part} cases.", hint="Choose another split or part.")
    return cases


def in_batches(cases: Sequence[Case], size: int) -> Iterator[list[Case]]:
    """The cases in lists of ``size``; the last may be shorter."""
    for start in range(0, len(cases), max(1, size)):
        yield list(cases[start : start + max(1, size)])


def ask(
    recommender: ManyRecommender,
    cases: Sequence[Case],
    k: int,
    *,
    history: HistoryForm = "ids",
    options: Mapping[str, Any] | None = None,
    sampled: SampledItems | None = None,
) -> list[Answer]:
    """One call of ``recommend_many`` for all of ``cases``; lists are cut at ``k``.

    With ``sampled`` the whole catalogue is asked for, and only sampled items stay in a list.

    For :class:`llmrec.Recommendations` an answer's ``llm`` has ``candidates`` (ids in retrieval
    order), their ``retrieval`` scores and the model's ``log_probs`` (``None`` behind the ranked
    ones), ``prompt_tokens``, ``model``, ``engine``, ``prompt``, ``degraded`` and ``stages``
    (milliseconds).

    Raises:
        DataError: an answer is not a list of item ids for each history.
    """
    shown: list[list[Any]] = [
        list(case.history_ids if history == "ids" else case.history) for case in cases
    ]
    started = time.perf_counter()
    depth = len(sampled.ids) if sampled else k
    answers = recommender.recommend_many(shown, k=depth, **(options or {}))
    if len(answers) != len(cases):
        raise DataError(
            f"recommend_many answered {len(answers)} of {len(cases)} histories.",
            hint="It must return one list for each history, in the same order.",
        )
    share = (time.perf_counter() - started) * 1000 / max(1, len(cases))
    made = []
    for case, answer in zip(cases, answers, strict=True):
        ids = _ids(answer, case.user)[:depth]
        kept = tuple(sampled.keep(ids, case)[:k]) if sampled else ids
        made.append(Answer(case.user, kept, share, _of_the_model(answer)))
    return made


def _ids(answer: Any, user: str) -> tuple[str, ...]:
    ids = getattr(answer, "ids", answer)
    if isinstance(ids, str) or not hasattr(ids, "__iter__"):
        raise DataError(
            f"The answer for user '{user}' is {type(answer).__name__}, not a list of item ids.",
            hint="Return lists of item ids, or objects whose 'ids' is one.",
        )
    listed = tuple(ids)
    for item in listed:
        if not isinstance(item, str):
            # An int that never equals a string id would quietly score 0 for everybody.
            raise DataError(
                f"The answer for user '{user}' holds {item!r} ({type(item).__name__}), not an id.",
                hint="Item ids are strings, as in the split.",
            )
    return listed


def _of_the_model(answer: Any) -> dict[str, Any] | None:
    if not isinstance(answer, Recommendations):
        return None
    trace = answer.trace
    retrieved = sorted(answer.considered, key=lambda item: (-item.scores["retrieval"], item.id))
    return {
        "candidates": [item.id for item in retrieved],
        "retrieval": [item.scores["retrieval"] for item in retrieved],
        "log_probs": [item.scores.get("llm") for item in retrieved],
        "prompt_tokens": trace.prompt_tokens,
        "model": trace.model,
        "engine": trace.engine,
        "prompt": trace.prompt,
        "degraded": trace.degraded,
        "stages": dict(trace.milliseconds),
    }
