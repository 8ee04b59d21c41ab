"""Nobody has more than one place: shoppers whose voice alone would change a list too much.

Trimmed scores bound what a shopper does to one item, not to how many: the items around the tenth
place stand close together, and a little for each of them is a list of somebody's choice. So for
each request those shoppers who say most are left out in turn (the jackknife, Quenouille 1956), and
who makes a difference of more than one place in the first ten is not heard for this request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.evidence import Evidence
from llmrec.retrieval.fusion import Blend
from llmrec.retrieval.sources.base import Context, Hits
from llmrec.types import BoolArray

__all__ = ["Voiced", "unswayed"]

_PLACES = 10
_MOST_CHANGED = 1
_NEAR = 3 * _PLACES
"""Whoever changes the first places speaks for one of so many candidates."""

_ASKED = 16
"""Shoppers that are left out in turn, those who say most; each costs a tenth of a millisecond."""


@runtime_checkable
class Voiced(Protocol):
    """A source that knows who speaks for what it finds."""

    def evidence(self, context: Context, depth: int) -> Evidence:
        """What each shopper says of the candidates."""


def unswayed(
    hits: Mapping[str, Hits],
    voices: Mapping[str, Evidence],
    blend: Blend,
    wanted: BoolArray,
    depth: int,
) -> dict[str, Hits]:
    """The answers of the sources without the shoppers who change too much of the list.

    Args:
        hits: what each source answers.
        voices: what stands behind those answers that have voices.
        blend: joins them.
        wanted: bool ``[n_items]``: what may be in the list.
        depth: how much each source answers.
    """
    table = _Table(hits, blend, wanted)
    near = table.first(_NEAR)
    before = set(near[:_PLACES].tolist())
    overbearing = {
        shopper
        for shopper in _asked(voices, near)
        if _changed(before, table, voices, blend, depth, shopper) > _MOST_CHANGED
    }
    if not overbearing:
        return dict(hits)
    return {**hits, **{name: one.hits(depth, overbearing) for name, one in voices.items()}}


def _asked(voices: Mapping[str, Evidence], near: NDArray[np.int64]) -> set[int]:
    return {shopper for one in voices.values() for shopper in one.loudest(near, _ASKED)}


def _changed(
    before: set[int],
    table: _Table,
    voices: Mapping[str, Evidence],
    blend: Blend,
    depth: int,
    shopper: int,
) -> int:
    """How many of the first places are others without a shopper."""
    answers = {name: one.hits_without(shopper, depth) for name, one in voices.items()}
    less = {name: one for name, one in answers.items() if one is not None}
    return len(before - set(table.without(less, blend).tolist()))


class _Table:
    """The fused scores of all rows, where a source's part can be taken out and put back."""

    def __init__(self, hits: Mapping[str, Hits], blend: Blend, wanted: BoolArray) -> None:
        self._wanted = wanted
        self._scores = np.zeros(len(wanted))
        self._parts = {name: (one.rows, blend.parts(name, one)) for name, one in hits.items()}
        for rows, parts in self._parts.values():
            self._scores[rows] += parts

    def first(self, count: int) -> NDArray[np.int64]:
        """The first ``count`` rows of the list."""
        return _first(self._scores, self._wanted, count)

    def without(self, others: Mapping[str, Hits], blend: Blend) -> NDArray[np.int64]:
        """The first places if some sources had answered otherwise."""
        scores = self._scores.copy()
        for name, one in others.items():
            rows, parts = self._parts[name]
            scores[rows] -= parts
            scores[one.rows] += blend.parts(name, one)
        return _first(scores, self._wanted, _PLACES)


def _first(scores: NDArray[np.float64], wanted: BoolArray, count: int) -> NDArray[np.int64]:
    # What rounding leaves of a part that was taken out is no score.
    rows = np.flatnonzero(wanted & (scores > 1e-12))
    return rows[np.lexsort((rows, -scores[rows]))[:count]]
