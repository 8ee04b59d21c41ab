"""One list out of the sources' lists: each source adds to the score of what it found.

How much, a :class:`Blend` says: :class:`ReciprocalRanks` by weights set by hand, or
:class:`~llmrec.retrieval.learned.LearnedBlend` by weights fitted on a shop's log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.sources.base import Hits
from llmrec.types import Candidate, SourceHit

__all__ = ["BY_WORDS", "EXACT", "OF_HISTORY", "Blend", "NamedFirst", "ReciprocalRanks", "fuse"]

EXACT = "exact"
"""Not a source with a weight: items that the words name by a code stand before all others."""

OF_HISTORY = frozenset({"text", "together", "next", "behaviour"})
"""The sources that answer a history whether or not there are words."""

BY_WORDS = ("query", "lexical", "titled", "named")
"""The sources that answer what a shopper says in words."""


class Blend(Protocol):
    """What a source's answer adds to the scores of the items in it."""

    def uses(self, source: str) -> bool:
        """Whether ``source`` can add anything, so that it is worth asking."""

    def parts(self, source: str, hits: Hits) -> NDArray[np.float64]:
        """Float64 ``[k]``, 0 or more, for the ``k`` items in ``hits``."""


@dataclass(frozen=True)
class ReciprocalRanks:
    """Weighted reciprocal rank fusion: ``weight / (k + rank)``.

    Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
    Learning Methods" (SIGIR 2009), with a weight per source.

    Attributes:
        weights: each source's weight; one that is not there has 0.
        k: dampens the difference between first ranks.
    """

    weights: Mapping[str, float]
    k: int

    def beside_words(self, share: float) -> ReciprocalRanks:
        """The same where a shopper asks in words: their history counts ``share`` as much."""
        pairs = self.weights.items()
        weights = {name: share * weight if name in OF_HISTORY else weight for name, weight in pairs}
        return replace(self, weights=weights)

    def uses(self, source: str) -> bool:
        """Whether its weight is above 0."""
        return self.weights.get(source, 0.0) > 0

    def parts(self, source: str, hits: Hits) -> NDArray[np.float64]:
        """See :class:`Blend`."""
        ranks = np.arange(1, len(hits.rows) + 1, dtype=np.float64)
        return np.asarray(self.weights.get(source, 0.0) / (self.k + ranks), np.float64)


@dataclass(frozen=True)
class NamedFirst:
    """Another blend, with what the query names by a code before everything else.

    Attributes:
        others: the blend of the sources.
    """

    others: Blend

    def uses(self, source: str) -> bool:
        """See :class:`Blend`."""
        return source == EXACT or self.others.uses(source)

    def parts(self, source: str, hits: Hits) -> NDArray[np.float64]:
        """Above 1 for each item named: more than fused ranks ever add up to."""
        if source != EXACT:
            return self.others.parts(source, hits)
        return np.asarray(1 + 1 / np.arange(1, len(hits.rows) + 1, dtype=np.float64))


def fuse(hits: Mapping[str, Hits], blend: Blend, ids: Sequence[str], *, n: int) -> list[Candidate]:
    """The ``n`` best of all that any source found, best first; ties in order of the item's row.

    Args:
        hits: each source's answer.
        blend: says what an answer adds; an item's score is the sum.
        ids: item id of each catalogue row.
        n: how many come back, fewer where fewer were found.
    """
    scores: dict[int, float] = {}
    sources: dict[int, dict[str, SourceHit]] = {}
    for name, source_hits in hits.items():
        parts = blend.parts(name, source_hits).tolist()
        triples = zip(source_hits.rows.tolist(), source_hits.scores.tolist(), parts, strict=True)
        for rank, (row, score, part) in enumerate(triples, start=1):
            scores[row] = scores.get(row, 0.0) + part
            sources.setdefault(row, {})[name] = SourceHit(rank, score)
    order = sorted(scores, key=lambda row: (-scores[row], row))[:n]
    return [Candidate(ids[row], scores[row], sources[row]) for row in order]
