"""Ask a recommender every case of a split; say how good the answers are, and how surely."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import DataError
from llmrec.eval.baselines import popularity
from llmrec.eval.beyond import coverage, novelty
from llmrec.eval.bootstrap import bootstrap_intervals
from llmrec.eval.metrics import METRICS, hit_matrix
from llmrec.eval.splits import Case, Part, Split

__all__ = ["Evaluation", "ManyRecommender", "evaluate"]


class ManyRecommender(Protocol):
    """Whatever answers many histories at once: ours, a baseline, another library's."""

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> Sequence[Any]:
        """Answer each history (item ids, oldest first) with ids, best first, or with ``.ids``."""


@dataclass(frozen=True)
class Evaluation:
    """The outcome, user by user and in the mean.

    Keys are ``<metric>@<k>``. ``per_user`` holds float64 ``[len(users)]``, in the order of
    ``users``; ``intervals`` are 95 % bootstrap intervals of ``means``; ``beyond`` has novelty in
    bits and, where the size of the catalogue was given, coverage. ``short`` counts answers with
    fewer than the largest k items; ``seen`` counts recommended items that stood in the history.
    """

    part: Part
    ks: tuple[int, ...]
    seed: int
    of_users: int
    users: tuple[str, ...]
    per_user: Mapping[str, NDArray[np.float64]] = field(repr=False)
    means: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    beyond: Mapping[str, float]
    short: int
    seen: int

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


def evaluate(
    recommender: ManyRecommender,
    split: Split,
    ks: Sequence[int] = (5, 10),
    *,
    part: Part = "test",
    users: int | None = None,
    seed: int = 0,
    n_items: int | None = None,
    batch: int = 64,
    resamples: int = 1000,
    history: Literal["ids", "events"] = "ids",
    options: Mapping[str, Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Evaluate ``recommender`` on ``split`` with full ranking: it chooses from its whole catalogue.

    Args:
        recommender: anything with ``recommend_many(histories, k=…)``.
        split: from :func:`~llmrec.eval.leave_one_out` and the like.
        ks: list lengths to report.
        part: ``test``, or ``valid`` while tuning.
        users: how many users to draw (by ``seed``, without replacement); all if ``None``.
        seed: of the draw of users and of the bootstrap.
        n_items: size of the catalogue, for coverage.
        batch: histories per call.
        resamples: bootstrap draws.
        history: show item ids, or whole events with their kinds and times, which
            :class:`llmrec.Recommender` takes and other libraries may not.
        options: further keywords of ``recommend_many``; ``{"explain": False}`` spares
            :class:`llmrec.Recommender` the writing, which no metric here reads.
        progress: called with the number of users done since the last call.

    Raises:
        DataError: nothing to evaluate, an impossible k or number of users, or an answer that is not
            a list of item ids for each history.
    """
    depth = _checked_ks(ks)
    cases = _sample(split.cases(part), users, seed)
    if not cases:
        raise DataError(f"The split has no {part} cases.", hint="Choose another split or part.")
    lists = _answers(
        recommender, cases, depth, max(1, batch), history, options or {}, progress or _silent
    )
    return _evaluation(split, part, ks, seed, cases, lists, n_items, resamples)


def _answers(
    recommender: ManyRecommender,
    cases: list[Case],
    k: int,
    batch: int,
    history: str,
    options: Mapping[str, Any],
    progress: Callable[[int], None],
) -> list[tuple[str, ...]]:
    lists: list[tuple[str, ...]] = []
    for start in range(0, len(cases), batch):
        asked = cases[start : start + batch]
        shown: list[list[Any]] = [
            list(case.history_ids if history == "ids" else case.history) for case in asked
        ]
        lists.extend(_lists(recommender.recommend_many(shown, k=k, **options), asked, k))
        progress(len(asked))
    return lists


def _silent(done: int) -> None:
    pass


def _evaluation(
    split: Split,
    part: Part,
    ks: Sequence[int],
    seed: int,
    cases: list[Case],
    lists: list[tuple[str, ...]],
    n_items: int | None,
    resamples: int,
) -> Evaluation:
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
        beyond=_beyond(split, part, lists, ks, n_items),
        short=sum(len(one) < max(ks) for one in lists),
        seen=sum(
            len(set(one) & set(case.history_ids)) for one, case in zip(lists, cases, strict=True)
        ),
    )


def _checked_ks(ks: Sequence[int]) -> int:
    if not ks or any(isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in ks):
        raise DataError(
            f"k must be whole numbers of at least 1, not {list(ks)!r}.", hint="Try ks=(5, 10)."
        )
    return max(ks)


def _sample(cases: tuple[Case, ...], users: int | None, seed: int) -> list[Case]:
    if users is None or users >= len(cases):
        return list(cases)
    if users < 1:
        raise DataError(f"{users} users cannot be evaluated.", hint="Draw one user or more.")
    chosen = random.Random(seed).sample(range(len(cases)), users)
    return [cases[index] for index in sorted(chosen)]


def _lists(answers: Sequence[Any], cases: list[Case], k: int) -> list[tuple[str, ...]]:
    if len(answers) != len(cases):
        raise DataError(
            f"recommend_many answered {len(answers)} of {len(cases)} histories.",
            hint="It must return one list for each history, in the same order.",
        )
    return [_ids(answer, case.user)[:k] for answer, case in zip(answers, cases, strict=True)]


def _ids(answer: Any, user: str) -> tuple[str, ...]:
    ids = getattr(answer, "ids", answer)
    if isinstance(ids, str) or not hasattr(ids, "__iter__"):
        raise DataError(
            f"The answer for user '{user}' is {type(answer).__name__}, not a list of item ids.",
            hint="Return lists of item ids, or objects whose 'ids' is one.",
        )
    listed = tuple(ids)
    for one in listed:
        if not isinstance(one, str):
            # An int that never equals a string id would quietly score 0 for everybody.
            raise DataError(
                f"The answer for user '{user}' holds {one!r} ({type(one).__name__}), not an id.",
                hint="Item ids are strings, as in the split.",
            )
    return listed


def _per_user(
    cases: list[Case], lists: list[tuple[str, ...]], ks: Sequence[int]
) -> dict[str, NDArray[np.float64]]:
    targets = [case.target_ids for case in cases]
    hits = hit_matrix(lists, targets, max(ks))
    relevant = np.array([len(one) for one in targets], dtype=np.int64)
    return {
        f"{name}@{k}": metric(hits, relevant, k) for name, metric in METRICS.items() for k in ks
    }


def _beyond(
    split: Split, part: Part, lists: list[tuple[str, ...]], ks: Sequence[int], n_items: int | None
) -> dict[str, float]:
    known = split.known(part)
    counts, n_users = popularity(known), len({event.user for event in known})
    found: dict[str, float] = {}
    for k in ks:
        if n_items is not None:
            found[f"coverage@{k}"] = coverage(lists, k, n_items)
        bits = novelty(lists, k, counts, max(n_users, 1))
        if not np.isnan(bits).all():
            found[f"novelty@{k}"] = float(np.nanmean(bits))
    return found
