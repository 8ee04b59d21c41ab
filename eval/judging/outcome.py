"""What answers were worth: metrics by user with their intervals, and what is read on demand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmrec.eval.data.items import ItemTable
from llmrec.eval.data.splits import Case, Part, Split
from llmrec.eval.judging.asking import Answer
from llmrec.eval.judging.case_slices import catalogue_lists, slice_cases
from llmrec.eval.judging.popularity import PopularityBaseline
from llmrec.eval.measures.arrays import ItemIndex
from llmrec.eval.measures.beyond import ItemFacts, beyond_accuracy, coverage
from llmrec.eval.measures.bias import exposure
from llmrec.eval.measures.metrics import find_hits, ranking_metrics
from llmrec.eval.measures.slices import Group

__all__ = ["Evaluation"]

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
    with fewer than the largest k items; ``seen`` counts recommended items of the history.
    ``negatives`` is set where targets were ranked among so many drawn items only; such figures
    cannot stand beside those of full ranking. The rest is worked out when it is first read.
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
    negatives: int | None = None
    resamples: int = 1000

    @cached_property
    def beyond(self) -> dict[str, float]:
        """Coverage, novelty, diversity, … at each k; what needs the catalogue only with it.

        Empty for sampled ranking, whose lists are not what anybody would be shown.
        """
        if self.negatives:
            return {}
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
            catalogue_lists(self._lists, self.items),
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
        hits = find_hits(self._numbers, relevant)
        by_k = ranking_metrics(hits, relevant.counts, ks, ["recall"])
        return {"k": ks, "recall": [float(values.mean()) for values in by_k.values()]}

    @cached_property
    def latency(self) -> dict[str, Any] | None:
        """``per_user_ms`` (p50, p95), mean milliseconds by ``stages``, and of how many ``users``.

        A user's milliseconds are the share of the batch: several users are answered at once.
        ``None`` if nothing was measured.
        """
        measured = [answer for answer in self.answers if answer.ms is not None]
        if not measured:
            return None
        stages: dict[str, float] = {}
        for answer in measured:
            for stage, spent in ((answer.llm or {}).get("stages") or {}).items():
                stages[stage] = stages.get(stage, 0.0) + spent / len(measured)
        p50, p95 = np.percentile([answer.ms or 0.0 for answer in measured], [50, 95])
        times = {"p50": float(p50), "p95": float(p95)}
        return {"per_user_ms": times, "stages": stages, "users": len(measured)}

    @cached_property
    def popularity_scatter(self) -> list[list[int]]:
        """Training users of an item against how often it is in a top 10; at most 2,000 points.

        The most recommended items are all there, the others drawn by the seed. Empty for sampled
        ranking.
        """
        if self.negatives:
            return []
        shown = exposure(self._numbers, min(_SCATTER_AT, max(self.ks)), len(self._index))
        known = self._facts.popularity
        order = np.lexsort((known, -shown))
        head, others = order[: _SCATTER_POINTS // 2], order[_SCATTER_POINTS // 2 :]
        draw = np.random.default_rng(self.seed)
        size = min(len(others), _SCATTER_POINTS - len(head))
        chosen = np.concatenate([head, draw.choice(others, size, replace=False)])
        return [[int(known[row]), int(shown[row])] for row in chosen]

    @cached_property
    def ties(self) -> int:
        """Cases whose target shares its time with another item; see :meth:`Split.tied`."""
        tied = self.split.tied(self.part)
        return sum(user in tied for user in self.users)

    @property
    def ties_note(self) -> str:
        """What a reader is told of :attr:`ties`; empty where there are none."""
        if not self.ties:
            return ""
        return (
            f"Cases with ties of time: {self.ties:,} of {len(self.users):,}. Which item of that "
            "moment came last is not known."
        )

    @cached_property
    def unknown(self) -> int:
        """Recommended ids that the catalogue (without one: the split) does not know."""
        known: Collection[str] = self.items.row if self.items is not None else self.split.item_ids
        return sum(id not in known for ids in self._lists for id in ids)

    @property
    def unknown_note(self) -> str:
        """What a reader is told of :attr:`unknown`; empty where there are none."""
        if not self.unknown:
            return ""
        where = "in the catalogue" if self.items is not None else "of the split"
        given = sum(map(len, self._lists))
        return f"{self.unknown:,} of {given:,} recommended items are not {where}."

    def __str__(self) -> str:
        lines = [f"{len(self.users):,} of {self.of_users:,} users of {self.part}, mean [95 %]"]
        lines += [note for note in (self.ties_note, self.unknown_note) if note]
        if self.negatives:
            lines.append(f"SAMPLED: ranked among the targets and {self.negatives:,} drawn items")
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
            "negatives": self.negatives,
            "means": dict(self.means),
            "intervals": {name: list(ends) for name, ends in self.intervals.items()},
            "beyond": dict(self.beyond),
            "short": self.short,
            "seen": self.seen,
            "ties": self.ties,
            "unknown": self.unknown,
        }

    @cached_property
    def _lists(self) -> list[tuple[str, ...]]:
        return [answer.ids for answer in self.answers]

    @cached_property
    def _index(self) -> ItemIndex:
        if self.items is not None:
            return ItemIndex(self.items.ids)
        known = [event.item for event in self.split.known(self.part)]
        targets = [item for case in self.cases for item in sorted(case.target_ids)]
        return ItemIndex([*known, *targets, *(item for ids in self._lists for item in ids)])

    @cached_property
    def _numbers(self) -> NDArray[np.int32]:
        depth = max(max(self.ks), max((len(ids) for ids in self._lists), default=0))
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
