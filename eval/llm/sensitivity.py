"""How much the model's order depends on what should not matter: the order and the labels shown.

A listwise prompt shows the candidates in some order under some labels. A model that ranked by what
they are would not care; real ones do ("position bias": Hou et al. 2024,
https://arxiv.org/abs/2305.08845).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from llmrec.errors import DataError
from llmrec.ranking import Ranking, RankRequest

if TYPE_CHECKING:
    from llmrec.ranking import Ranker

__all__ = ["Sensitivity", "kendall_tau", "label_sensitivity", "order_sensitivity"]

_BATCH = 16


@dataclass(frozen=True)
class Sensitivity:
    """Agreement between rankings of the same candidates that were shown differently.

    Attributes:
        requests: how many lists were ranked.
        shown: how many times each.
        tau: mean Kendall tau-b between any two of them; 1 is perfect, 0 is chance.
        tau_low: fifth percentile over the requests.
        same_first: share of pairs whose first item is the same.
        chance_first: that share if the order were random.
        first_place_share: how often the item shown first is ranked first.
    """

    requests: int
    shown: int
    tau: float
    tau_low: float
    same_first: float
    chance_first: float
    first_place_share: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def order_sensitivity(
    ranker: Ranker,
    requests: Sequence[RankRequest],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    batch: int = _BATCH,
    progress: Callable[[int], None] | None = None,
) -> Sensitivity:
    """Rank the same candidates in several shuffles; only the model's own score is compared.

    Args:
        ranker: the ranker.
        requests: what to rank; those with fewer than two candidates are left out.
        seeds: one shuffle each, at least two.
        batch: lists ranked in one call, whose time is limited.
        progress: told how many rankings more are done.

    Raises:
        DataError: fewer than two seeds, or nothing to rank.
    """
    if len(set(seeds)) < 2:
        raise DataError("One shuffle cannot be compared.", hint="Give at least two seeds.")
    asked = _rankable(requests)
    shuffles = [[replace(one, seed=seed) for one in asked] for seed in seeds]
    return _sensitivity([_rank(ranker, some, batch, progress) for some in shuffles])


def label_sensitivity(
    ranker: Ranker,
    requests: Sequence[RankRequest],
    *,
    batch: int = _BATCH,
    progress: Callable[[int], None] | None = None,
) -> Sensitivity:
    """Rank the same candidates in the same order, with the labels given out from the other end.

    Args:
        ranker: the ranker.
        requests: what to rank; those with fewer than two candidates are left out.
        batch: lists ranked in one call, whose time is limited.
        progress: told how many rankings more are done.

    Raises:
        DataError: nothing to rank.
    """
    asked = _rankable(requests)
    turned = [replace(one, reverse_labels=True) for one in asked]
    return _sensitivity([_rank(ranker, some, batch, progress) for some in (asked, turned)])


def kendall_tau(one: Sequence[float], other: Sequence[float]) -> float:
    """Kendall's tau-b of two score lists; 0 where one of them ties everything.

    >>> kendall_tau([1, 2, 3], [1, 3, 2]).__round__(3)
    0.333
    """
    from scipy.stats import kendalltau

    tau = float(kendalltau(one, other).statistic)
    return 0.0 if np.isnan(tau) else tau


def _rank(
    ranker: Ranker,
    requests: Sequence[RankRequest],
    batch: int,
    progress: Callable[[int], None] | None,
) -> list[Ranking]:
    found: list[Ranking] = []
    for start in range(0, len(requests), batch):
        found += ranker.rank_many(requests[start : start + batch])
        if progress:
            progress(len(found) - start)
    return found


def _rankable(requests: Sequence[RankRequest]) -> list[RankRequest]:
    asked = [one for one in requests if len(one.candidates) > 1]
    if not asked:
        raise DataError(
            "There is nothing to rank: no request has two candidates.",
            hint="Ask for users whose candidates can be retrieved.",
        )
    return asked


def _sensitivity(runs: Sequence[Sequence[Ranking]]) -> Sensitivity:
    taus: list[float] = []
    same: list[float] = []
    for rankings in zip(*runs, strict=True):
        scores = [{r.item.id: r.log_prob for r in one.order} for one in rankings]
        pairs = list(combinations(scores, 2))
        taus.append(float(np.mean([_tau(a, b) for a, b in pairs])))
        same.append(float(np.mean([_first(a) == _first(b) for a, b in pairs])))
    sizes = [len(one.order) for one in runs[0]]
    firsts = [one.shown[0] == _first_item(one) for run in runs for one in run]
    return Sensitivity(
        requests=len(runs[0]),
        shown=len(runs),
        tau=float(np.mean(taus)),
        tau_low=float(np.percentile(taus, 5)),
        same_first=float(np.mean(same)),
        chance_first=float(np.mean([1 / size for size in sizes])),
        first_place_share=float(np.mean(firsts)),
    )


def _tau(one: dict[str, float], other: dict[str, float]) -> float:
    ids = sorted(one)
    return kendall_tau([one[item] for item in ids], [other[item] for item in ids])


def _first(scores: dict[str, float]) -> str:
    return min(scores, key=lambda item: (-scores[item], item))


def _first_item(ranking: Ranking) -> str:
    return _first({one.item.id: one.log_prob for one in ranking.order})
