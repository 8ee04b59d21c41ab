"""What the sources answered to validation cases: a sparse table to fit and judge fusions on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.learned import FEATURES, features
from llmrec.retrieval.sources.base import Hits

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["FusionCases", "fusion_cases"]


@dataclass(frozen=True, eq=False)
class FusionCases:
    """Candidates of all cases, case by case; ``n`` of them, ``c`` cases, ``s`` sources.

    Attributes:
        sources: names.
        table: float64 ``[n, s * 3]``: the features of the first source, of the second, …
        starts: int64 ``[c + 1]``: where each case's candidates begin.
        target: int64 ``[c]``: which candidate the shopper took, -1 if no source found it.
        ranks: int64 ``[c, s]``: where each source put it, from 1; 0 if it did not find it.
        depth: how many items each source gave at most.
        draw: float64 ``[n]``: drawn numbers that order candidates of equal scores, the same for all
            weights: those of ranks tie often, and counted against the target, any others would
            look better for breaking the ties alone.
    """

    sources: tuple[str, ...]
    table: csr_matrix
    starts: NDArray[np.int64]
    target: NDArray[np.int64]
    ranks: NDArray[np.int64]
    depth: int
    draw: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if len(self.draw) != self.starts[-1]:
            drawn = np.random.default_rng(0).random(int(self.starts[-1]))
            object.__setattr__(self, "draw", drawn)  # frozen for everybody else

    def __len__(self) -> int:
        return len(self.target)

    def part(self, chosen: NDArray[np.int64]) -> FusionCases:
        """The cases ``chosen``, in that order."""
        sizes = np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        shift = np.repeat(self.starts[chosen] - starts[:-1], sizes)
        rows = np.arange(starts[-1]) + shift
        moved = self.target[chosen] - self.starts[chosen] + starts[:-1]
        target = np.where(self.target[chosen] < 0, -1, moved)
        return FusionCases(
            self.sources,
            self.table[rows],
            starts,
            target,
            self.ranks[chosen],
            self.depth,
            self.draw[rows],
        )

    def places(self, weights: NDArray[np.float64]) -> NDArray[np.int64]:
        """The rank of each case's target by ``table @ weights``, ties as drawn; 0 if not found.

        Args:
            weights: ``[s * 3]``.

        Returns:
            ``[c]``.
        """
        scores = np.asarray(self.table @ weights)
        there = np.flatnonzero(self.target >= 0)
        case = np.repeat(np.arange(len(self)), np.diff(self.starts))
        bar, drawn = np.full(len(self), np.inf), np.zeros(len(self))
        bar[there], drawn[there] = scores[self.target[there]], self.draw[self.target[there]]
        above = (scores > bar[case]) | ((scores == bar[case]) & (self.draw >= drawn[case]))
        counts = np.bincount(case[above], minlength=len(self))
        return np.asarray(counts, np.int64)


def fusion_cases(
    answers: Iterable[tuple[Mapping[str, Hits], int]], sources: Sequence[str], depth: int
) -> FusionCases:
    """Make the table.

    Args:
        answers: for each case what each source found, and the catalogue row that was taken.
        sources: those that count.
        depth: how many items each source gives at most.
    """
    width = len(FEATURES)
    data, columns, lengths = [np.zeros(0)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    starts: list[int] = [0]
    target: list[int] = []
    ranks: list[NDArray[np.int64]] = []
    for hits, wanted in answers:
        rows = np.unique(np.concatenate([hits[name].rows for name in hits] or [np.zeros(0, int)]))
        dense = np.zeros((len(rows), len(sources) * width))
        counts = np.zeros(len(sources), np.int64)
        for place, name in enumerate(sources):
            if name in hits:
                source_hits = hits[name]
                at = np.searchsorted(rows, source_hits.rows)
                dense[at, place * width : (place + 1) * width] = features(source_hits, depth)
                places = np.flatnonzero(source_hits.rows == wanted)
                counts[place] = places[0] + 1 if len(places) else 0
        taken = np.flatnonzero(rows == wanted)
        target.append(starts[-1] + int(taken[0]) if len(taken) else -1)
        starts.append(starts[-1] + len(rows))
        ranks.append(counts)
        filled = dense != 0
        data.append(dense[filled])
        columns.append(np.nonzero(filled)[1])
        lengths.append(filled.sum(axis=1))
    return _made(sources, depth, data, columns, lengths, (starts, target, ranks))


def _made(
    sources: Sequence[str],
    depth: int,
    data: list[NDArray[np.float64]],
    columns: list[NDArray[np.int64]],
    lengths: list[NDArray[np.int64]],
    cases: tuple[list[int], list[int], list[NDArray[np.int64]]],
) -> FusionCases:
    from scipy.sparse import csr_matrix

    ends = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    shape = (len(ends) - 1, len(sources) * len(FEATURES))
    table = csr_matrix((np.concatenate(data), np.concatenate(columns), ends), shape=shape)
    starts, target, ranks = cases
    return FusionCases(
        tuple(sources),
        table,
        np.array(starts, np.int64),
        np.array(target, np.int64),
        np.array(ranks, np.int64).reshape(len(target), len(sources)),
        depth,
    )
