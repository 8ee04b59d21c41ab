"""Ask a recommender every case of a split; say how good the answers are, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import DataError
from llmrec.eval.arrays import Doubles, ItemIndex
from llmrec.eval.asking import Answer, HistoryForm, ManyRecommender, ask, in_batches, sample_cases
from llmrec.eval.beyond import ItemFacts, beyond_accuracy, coverage
from llmrec.eval.bias import exposure
from llmrec.eval.bootstrap import bootstrap_intervals
from llmrec.eval.data import EvalData
from llmrec.eval.items import ItemTable
from llmrec.eval.leaks import check_split
from llmrec.eval.metrics import find_hits, ranking_metrics
from llmrec.eval.popularity import PopularityBaseline
from llmrec.eval.slices import Group, slice_cases
from llmrec.eval.splits import Case, Part, Split

__all__ = ["Evaluation", "ManyRecommender", "check_ks", "evaluate", "judge"]

CURVE = (1, 2, 5, 10, 20, 50, 100)
"""Where the recall curve is read, as far as the lists go."""

_SCATTER_AT = 10
_SCATTER_POINTS = 2_000
_SLICED = ("hit", "recall", "ndcg")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The outcome, user by user and in the mean.

    Keys are ``<metric>@<k>``. ``per_user`` holds float64 ``[len(users)]``, in the order of
    ``users``; ``intervals`` are 95 % bootstrap intervals of ``means``. ``short`` counts answers
    with fewer than the largest k items; ``seen`` counts recommended items of the history. The
    rest is worked out when it is first read.
    """

    part: Part
    ks: tuple[int, ...]
    seed: int
    of_users: int
    users: tuple[str, ...]
    per_user: Mapping[str, NDArray[np.float64]] = field(repr=False)
    means: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    short: int
    seen: int
    cases: tuple[Case, ...] = field(repr=False)
    answers: tuple[Answer, ...] = field(repr=False)
    split: Split = field(repr=False)
    items: ItemTable | None = field(default=None, repr=False)
    n_items: int | None = None
    depth: int = 0
    resamples: int = 1000

    @cached_property
    def beyond(self) -> dict[str, float]:
        """Coverage, novelty, diversity, … at each k; what needs the catalogue only with it."""
        figures, _ = beyond_accuracy(
            self._numbers,
            self.ks,
            self._facts,
            relevant=self._index.sets(case.target_ids for case in self.cases),
            histories=self._index.ragged(case.history_ids for case in self.cases),
            expected=self._expected(),
        )
        if self.items is None:  # of the catalogue only what was touched or recommended is known
            figures = {
                name: value
                for name, value in figures.items()
                if name.partition("@")[0] not in ("coverage", "gini")
            }
            for k in self.ks if self.n_items is not None else ():
                figures[f"coverage@{k}"] = coverage(self._lists, k, self.n_items or 0)
        return figures

    @cached_property
    def slices(self) -> dict[str, tuple[Group, ...]]:
        """Hit, recall and NDCG by history length, target popularity, warm and cold."""
        return slice_cases(
            self.cases,
            self._lists,
            self.split.known(self.part),
            self.ks,
            names=_SLICED,
            resamples=self.resamples,
            seed=self.seed,
        )

    @cached_property
    def recall_curve(self) -> dict[str, list[Any]]:
        """``k`` and mean ``recall`` at each, as deep as lists were asked for."""
        ks = [k for k in CURVE if k <= max(self.depth, *self.ks)]
        relevant = self._index.sets(case.target_ids for case in self.cases)
        found = find_hits(self._numbers, relevant)
        by_k = ranking_metrics(found, relevant.counts, ks, ["recall"])
        return {"k": ks, "recall": [float(values.mean()) for values in by_k.values()]}

    @cached_property
    def latency(self) -> dict[str, Any] | None:
        """``per_user_ms`` (p50, p95), mean milliseconds by ``stages``, and of how many ``users``.

        A user's milliseconds are the share of the batch: several users are answered at once.
        ``None`` if nothing was measured.
        """
        measured = [one for one in self.answers if one.ms is not None]
        if not measured:
            return None
        stages: dict[str, float] = {}
        for one in measured:
            for stage, spent in ((one.llm or {}).get("stages") or {}).items():
                stages[stage] = stages.get(stage, 0.0) + spent / len(measured)
        p50, p95 = np.percentile([one.ms or 0.0 for one in measured], [50, 95])
        times = {"p50": float(p50), "p95": float(p95)}
        return {"per_user_ms": times, "stages": stages, "users": len(measured)}

    @cached_property
    def popularity_scatter(self) -> list[list[int]]:
        """Training users of an item against how often it is in a top 10; at most 2,000 points.

        The most recommended items are all there, the others drawn by the seed.
        """
        shown = exposure(self._numbers, min(_SCATTER_AT, max(self.ks)), len(self._index))
        known = self._facts.popularity
        order = np.lexsort((known, -shown))
        head, rest = order[: _SCATTER_POINTS // 2], order[_SCATTER_POINTS // 2 :]
        draw = np.random.default_rng(self.seed)
        size = min(len(rest), _SCATTER_POINTS - len(head))
        chosen = np.concatenate([head, draw.choice(rest, size, replace=False)])
        return [[int(known[row]), int(shown[row])] for row in chosen]

    def __str__(self) -> str:
        lines = [f"{len(self.users):,} of {self.of_users:,} users of {self.part}, mean [95 %]"]
        for name, mean in self.means.items():
            low, high = self.intervals[name]
            lines.append(f"{name:<14} {mean:.4f}  [{low:.4f}, {high:.4f}]")
        lines += [f"{name:<14} {value:.4f}" for name, value in self.beyond.items()]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without the values per user."""
        return {
            "part": self.part,
            "ks": list(self.ks),
            "seed": self.seed,
            "users": len(self.users),
            "of_users": self.of_users,
            "means": dict(self.means),
            "intervals": {name: list(ends) for name, ends in self.intervals.items()},
            "beyond": dict(self.beyond),
            "short": self.short,
            "seen": self.seen,
        }

    @cached_property
    def _lists(self) -> list[tuple[str, ...]]:
        return [one.ids for one in self.answers]

    @cached_property
    def _index(self) -> ItemIndex:
        if self.items is not None:
            return ItemIndex(self.items.ids)
        known = [event.item for event in self.split.known(self.part)]
        asked = [item for case in self.cases for item in sorted(case.target_ids)]
        return ItemIndex([*known, *asked, *(item for one in self._lists for item in one)])

    @cached_property
    def _numbers(self) -> NDArray[np.int32]:
        depth = max(max(self.ks), max((len(one) for one in self._lists), default=0))
        return self._index.lists(self._lists, depth)

    @cached_property
    def _facts(self) -> ItemFacts:
        categories = None
        if self.items is not None and any(self.items.categories):
            categories = dict(zip(self.items.ids, self.items.categories, strict=True))
        return ItemFacts.of(self._index, self.split.known(self.part), categories=categories)

    def _expected(self) -> NDArray[np.int32]:
        """What the most popular items outside each history would have been."""
        baseline = PopularityBaseline(self.split.known(self.part))
        histories = [case.history_ids for case in self.cases]
        return self._index.lists(baseline.recommend_many(histories, k=max(self.ks)), max(self.ks))


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
        batch: histories per call.
        resamples: bootstrap draws.
        history: show item ids, or whole events with their kinds and times, which
            :class:`llmrec.Recommender` takes and other libraries may not.
        options: further keywords of ``recommend_many``; ``{"explain": False}`` spares
            :class:`llmrec.Recommender` the writing, which no metric here reads.
        progress: called with the number of users done since the last call.

    Raises:
        DataError: nothing to evaluate, the split leaks, an impossible k or number of users, or an
            answer that is not a list of item ids for each history.
    """
    items = split.items if isinstance(split, EvalData) else None
    split = split.split if isinstance(split, EvalData) else split
    depth = max(check_ks(ks), depth or 0)
    check_split(split)
    cases = sample_cases(split.cases(part), users, seed)
    if not cases:
        raise DataError(f"The split has no {part} cases.", hint="Choose another split or part.")
    answers: list[Answer] = []
    for asked in in_batches(cases, batch):
        answers += ask(recommender, asked, depth, history=history, options=options)
        if progress:
            progress(len(asked))
    return judge(
        split,
        part,
        ks,
        cases,
        answers,
        seed=seed,
        items=items,
        n_items=n_items,
        depth=depth,
        resamples=resamples,
    )


def judge(
    split: Split,
    part: Part,
    ks: Sequence[int],
    cases: Sequence[Case],
    answers: Sequence[Answer],
    *,
    seed: int = 0,
    items: ItemTable | None = None,
    n_items: int | None = None,
    depth: int | None = None,
    resamples: int = 1000,
) -> Evaluation:
    """What answers are worth that were given before: ``answers[i]`` to ``cases[i]``.

    Raises:
        DataError: more different items were recommended than the catalogue has.
    """
    largest = max(ks)
    lists = [one.ids for one in answers]
    if n_items is not None:
        coverage(lists, largest, n_items)  # a wrong size is said now, not when it is first read
    per_user = _per_user(cases, lists, ks)
    ends = bootstrap_intervals(
        np.column_stack(list(per_user.values())), resamples=resamples, seed=seed
    )
    return Evaluation(
        part=part,
        ks=tuple(ks),
        seed=seed,
        of_users=len(split.cases(part)),
        users=tuple(case.user for case in cases),
        per_user=per_user,
        means={name: float(values.mean()) for name, values in per_user.items()},
        intervals={n: (float(a), float(b)) for n, (a, b) in zip(per_user, ends, strict=True)},
        short=sum(len(one) < largest for one in lists),
        seen=sum(
            len(set(one) & set(case.history_ids)) for one, case in zip(lists, cases, strict=True)
        ),
        cases=tuple(cases),
        answers=tuple(answers),
        split=split,
        items=items,
        n_items=n_items,
        depth=depth or largest,
        resamples=resamples,
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
    index = ItemIndex(item for one in targets for item in one)
    relevant = index.sets(targets)
    hits = find_hits(index.lists(lists, max(ks)), relevant)
    return ranking_metrics(hits, relevant.counts, ks)
