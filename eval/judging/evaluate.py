"""Ask a recommender every case of a split; say how good the answers are, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from llmrec.errors import DataError
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.items import ItemTable
from llmrec.eval.data.leaks import check_split
from llmrec.eval.data.splits import Case, Part, Split
from llmrec.eval.judging.asking import (
    Answer,
    HistoryForm,
    ManyRecommender,
    ask,
    draw_cases,
    in_batches,
)
from llmrec.eval.judging.case_slices import catalogue_lists
from llmrec.eval.judging.outcome import Evaluation
from llmrec.eval.judging.sampled import sampled_items
from llmrec.eval.measures.arrays import Doubles, ItemIndex, numbered
from llmrec.eval.measures.beyond import coverage
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.eval.measures.metrics import find_hits, ranking_metrics

__all__ = ["JudgingSettings", "check_ks", "evaluate", "judge"]


@dataclass(frozen=True)
class JudgingSettings:
    """How answers are judged.

    Attributes:
        part: which part of the split was asked.
        ks: list lengths to report.
        seed: of the draw of users, and of the bootstrap.
        depth: length of the lists that were asked for; the largest k if ``None``.
        n_items: size of the catalogue, for coverage, where there is no table of items.
        negatives: targets were ranked among so many drawn items; ``None`` for full ranking.
        resamples: bootstrap draws.
    """

    part: Part = "test"
    ks: tuple[int, ...] = (5, 10)
    seed: int = 0
    depth: int | None = None
    n_items: int | None = None
    negatives: int | None = None
    resamples: int = 1000


def evaluate(
    recommender: ManyRecommender,
    split: Split | EvalData,
    ks: Sequence[int] = (5, 10),
    *,
    part: Part = "test",
    users: int | None = None,
    seed: int = 0,
    n_items: int | None = None,
    depth: int | None = None,
    negatives: int | None = None,
    batch: int = 64,
    resamples: int = 1000,
    history: HistoryForm = "ids",
    options: Mapping[str, Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Evaluate ``recommender`` on ``split`` with full ranking: it chooses from its whole catalogue.

    Args:
        recommender: anything with ``recommend_many(histories, k=…)``.
        split: from :func:`~llmrec.eval.leave_one_out` and the like, or whole data from
            :func:`~llmrec.eval.open_data`, whose catalogue gives coverage, diversity and more.
        ks: list lengths to report.
        part: ``test``, or ``valid`` while tuning.
        users: how many users to draw (by ``seed``, without replacement); all if ``None``.
        seed: of the draw of users and of the bootstrap.
        n_items: size of the catalogue, for coverage, where ``split`` does not bring it.
        depth: length of the lists to ask for, for a recall curve beyond the largest k.
        negatives: rank the targets among so many drawn items, not the whole catalogue; a
            different measure, see :mod:`llmrec.eval.judging.sampled`. Wants whole data.
        batch: histories per call.
        resamples: bootstrap draws.
        history: show item ids, or whole events with their kinds and times, which
            :class:`llmrec.Recommender` takes and other libraries may not.
        options: further keywords of ``recommend_many``; ``{"explain": False}`` spares
            :class:`llmrec.Recommender` the writing, which no metric here reads.
        progress: called with the number of users done since the last call.

    Raises:
        DataError: nothing to evaluate, the split leaks, an impossible k or number of users, an
            answer that is not a list of item ids for each history, or answers none of whose ids
            the catalogue knows.
    """
    split, items = (split.split, split.items) if isinstance(split, EvalData) else (split, None)
    depth = max(check_ks(ks), depth or 0)
    sampled = sampled_items(items, negatives, seed)
    asking = partial(ask, recommender, k=depth, history=history, options=options, sampled=sampled)
    check_split(split)
    cases = draw_cases(split, part, users, seed)
    answers = _answers(asking, in_batches(cases, batch), progress)
    settings = JudgingSettings(part, tuple(ks), seed, depth, n_items, negatives, resamples)
    return judge(split, cases, answers, settings, items=items)


def _answers(
    asking: Callable[[Sequence[Case]], list[Answer]],
    batches: Iterable[Sequence[Case]],
    progress: Callable[[int], None] | None,
) -> list[Answer]:
    answers: list[Answer] = []
    for batch in batches:
        answers += asking(batch)
        if progress:
            progress(len(batch))
    return answers


def judge(
    split: Split,
    cases: Sequence[Case],
    answers: Sequence[Answer],
    settings: JudgingSettings | None = None,
    *,
    items: ItemTable | None = None,
) -> Evaluation:
    """What answers are worth that were given before: ``answers[i]`` to ``cases[i]``.

    Targets that ``items`` lack count as missed, also where a list has them.

    Raises:
        DataError: more different items were recommended than the catalogue has, or none of them is
            in it.
    """
    settings = settings or JudgingSettings()
    largest = max(settings.ks)
    _check_known(items, answers)
    lists = [answer.ids for answer in answers]
    if settings.n_items is not None:
        coverage(lists, largest, settings.n_items)  # a wrong size is said now, not when it is read
    per_user = _per_user(cases, catalogue_lists(lists, items), settings.ks)
    return Evaluation(
        part=settings.part,
        ks=settings.ks,
        seed=settings.seed,
        of_users=len(split.cases(settings.part)),
        users=tuple(case.user for case in cases),
        per_user=per_user,
        means={name: float(values.mean()) for name, values in per_user.items()},
        intervals=_intervals(per_user, cases, settings),
        short=sum(len(ids) < largest for ids in lists),
        seen=_count_seen(cases, lists),
        cases=tuple(cases),
        answers=tuple(answers),
        split=split,
        items=items,
        n_items=settings.n_items,
        depth=settings.depth or largest,
        negatives=settings.negatives,
        resamples=settings.resamples,
    )


def _check_known(items: ItemTable | None, answers: Sequence[Answer]) -> None:
    """Refuse lists of another catalogue: zeros would read as a bad model."""
    given = [id for answer in answers for id in answer.ids]
    if items is None or not given or any(id in items.row for id in given):
        return
    raise DataError(
        f"The catalogue knows none of the {len(given):,} recommended items, such as '{given[0]}'; "
        f"its ids look like '{next(iter(items.ids), '')}'.",
        field="ids",
        hint="Evaluate on the data that the recommender was made for, or map its ids to these.",
    )


def check_ks(ks: Sequence[int]) -> int:
    """The largest k.

    Raises:
        DataError: none, or one that is no whole number of at least 1.
    """
    if not ks or any(isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in ks):
        raise DataError(
            f"k must be whole numbers of at least 1, not {list(ks)!r}.", hint="Try ks=(5, 10)."
        )
    return max(ks)


def _per_user(
    cases: Sequence[Case], lists: Sequence[Sequence[str]], ks: Sequence[int]
) -> dict[str, Doubles]:
    targets = [case.target_ids for case in cases]
    index = ItemIndex(item for target in targets for item in target)
    relevant = index.sets(targets)
    hits = find_hits(index.lists(lists, max(ks)), relevant)
    return ranking_metrics(hits, relevant.counts, ks)


def _intervals(
    per_user: Mapping[str, Doubles], cases: Sequence[Case], settings: JudgingSettings
) -> dict[str, tuple[float, float]]:
    """Ends of each metric's 95 % bootstrap interval."""
    table = np.column_stack(list(per_user.values()))
    owners = numbered(case.owner for case in cases)
    ends = bootstrap_intervals(
        table, resamples=settings.resamples, seed=settings.seed, owners=owners
    )
    return {
        name: (float(low), float(high)) for name, (low, high) in zip(per_user, ends, strict=True)
    }


def _count_seen(cases: Sequence[Case], lists: Sequence[Sequence[str]]) -> int:
    """How many recommended items stood in the history."""
    return sum(
        len(set(ids) & set(case.history_ids)) for ids, case in zip(lists, cases, strict=True)
    )
