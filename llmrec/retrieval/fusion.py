"""Weighted reciprocal rank fusion: one list out of the sources' lists.

Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
Learning Methods" (SIGIR 2009), with a weight per source::

    score(item) = sum over sources of  weight / (k + rank)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmrec.retrieval.sources.base import Hits
from llmrec.types import Candidate, SourceHit

__all__ = ["fuse"]


def fuse(
    hits: Mapping[str, Hits], weights: Mapping[str, float], ids: Sequence[str], *, k: int, n: int
) -> list[Candidate]:
    """The ``n`` best of all that any source found, best first; ties in order of the item's row.

    Args:
        hits: each source's answer.
        weights: each source's weight; at least those in ``hits``.
        ids: item id of each catalogue row.
        k: dampens the difference between first ranks.
        n: how many come back, fewer where fewer were found.
    """
    scores: dict[int, float] = {}
    found: dict[int, dict[str, SourceHit]] = {}
    for name, one in hits.items():
        pairs = zip(one.rows.tolist(), one.scores.tolist(), strict=True)
        for rank, (row, score) in enumerate(pairs, start=1):
            scores[row] = scores.get(row, 0.0) + weights[name] / (k + rank)
            found.setdefault(row, {})[name] = SourceHit(rank, score)
    order = sorted(scores, key=lambda row: (-scores[row], row))[:n]
    return [Candidate(ids[row], scores[row], found[row]) for row in order]
