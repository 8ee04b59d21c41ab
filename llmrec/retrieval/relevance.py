"""Which candidates answer a request in words, which are only near, and which only fill a list.

A fused order always has a next item: behind the one chew for dogs a throwing ring, then a soup
base. So each item gets a measure of its own: how near it is to the words, as a share of the nearest
in the catalogue, and what share of the words its title has. Whoever reaches :data:`ANSWERS` of the
best such sum in the whole catalogue answers. Filters do not move the measure: where all sleeping
bags are too dear, a dry bag is still none.

The form and the share were fitted on human judgements (docs/design/004-retrieval.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.things import head_of, is_called
from llmrec.catalog.tokens import tokens
from llmrec.retrieval.fusion import BY_WORDS, EXACT
from llmrec.retrieval.rarity import weighed
from llmrec.retrieval.sources.base import Context, Hits
from llmrec.retrieval.sources.lexical import LexicalSource
from llmrec.retrieval.state import State
from llmrec.types import BoolArray, Candidate, Fit

__all__ = ["ANSWERS", "NEAR", "with_fit"]

ANSWERS = 0.75
"""Share of the best sum from which an item answers."""

NEAR = 0.85
"""Share of the best likeness from which an item is near, where nothing answers."""

_ASIDE = 0.5
"""What a word counts in the name of a category that does not name the thing; and what one anywhere
in an item spares it of likeness."""

_BEST = 10
"""Of each source, the items among which the best sum is looked for."""

_MOST_COUNTED = 20
"""Words of a query that are looked for in titles."""

_MOST_READ = 300
"""Titles of a category that are read to see what it calls its things."""

_Numbers: TypeAlias = NDArray[np.float64]


def with_fit(
    candidates: Sequence[Candidate],
    context: Context,
    state: State,
    hits: Mapping[str, Hits],
    below: float | None,
    least: float,
) -> list[Candidate]:
    """The candidates with what they are to the words, those last that are nothing to them.

    Args:
        candidates: of a request with words, best first.
        context: of that request.
        state: of the catalogue.
        hits: what the sources answered to it.
        below: the likeness that an item needs which has none of the words; the more of them it
            has, the less. ``None`` where nothing answers at all; some may be near.
        least: the likeness that an item needs to be near.
    """
    if not candidates:
        return []
    row = state.snapshot.row
    rows = np.array([row[candidate.item] for candidate in candidates], np.int64)
    measure = _measured(context, state, hits)
    likeness = _likeness(rows, context)
    coverage = _held(rows, context, state, measure.nearest)
    shares = likeness / measure.nearest if measure.nearest > 0 else likeness
    near = (shares >= NEAR) & (likeness >= least) & ~context.back[rows]
    answers = np.zeros(len(rows), bool)
    if below is not None:
        answers = shares + coverage >= ANSWERS * measure.top
        answers &= shares + coverage > 0
        if measure.nearest > 0:
            said = np.maximum(coverage, _ASIDE * _said(rows, context, state))
            answers &= likeness >= below * (1 - said)
        if EXACT in hits:
            answers |= np.isin(rows, hits[EXACT].rows)
    behind = context.back[rows] & measure.sets_aside
    marked, score = [], float("inf")
    for place in np.lexsort((np.arange(len(rows)), behind, ~(answers | near))).tolist():
        score = min(score, candidates[place].score)  # a list's scores never rise
        fit: Fit = "answer" if answers[place] else "near" if near[place] else "none"
        marked.append(replace(candidates[place], fit=fit, score=score))
    return marked


@dataclass(frozen=True)
class _Measure:
    """What items are compared with.

    Attributes:
        nearest: the largest likeness in the catalogue.
        top: the largest sum of a share of it and of the words' weight.
        sets_aside: whether what is made for an animal or a baby stands behind and sets no measure.
            The one raincoat of that name may be a dog's: rain jackets, nearer to the word, are
            measured among themselves. But where a dog's chew is nearest, it is what was asked for.
    """

    nearest: float
    top: float
    sets_aside: bool


def _measured(context: Context, state: State, hits: Mapping[str, Hits]) -> _Measure:
    rows = _best_rows(context, state, hits)
    likeness = _likeness(rows, context)
    nearest = float(likeness.max(initial=0.0))
    coverage = _held(rows, context, state, nearest)
    everyone = ~context.back[rows]
    sets_aside = bool(everyone.any() and likeness[everyone].max() >= nearest)
    sums = (likeness / nearest if nearest > 0 else likeness) + coverage
    top = float(sums[everyone if sets_aside else slice(None)].max(initial=0.0))
    return _Measure(nearest, top, sets_aside)


def _best_rows(context: Context, state: State, hits: Mapping[str, Hits]) -> NDArray[np.int64]:
    """The rows that the words fit best, whatever filters and history leave of them."""
    if not context.allowed.all():
        whole = replace(context, allowed=~context.barred)
        hits = {
            name: state.sources[name].top(whole, _BEST)
            for name in BY_WORDS
            if name in state.sources
        }
    found = [hits[name].rows[:_BEST] for name in BY_WORDS if name in hits]
    return np.unique(np.concatenate([*found, np.empty(0, np.int64)])).astype(np.int64)


def _likeness(rows: NDArray[np.int64], context: Context) -> _Numbers:
    """Float64 ``[k]``, 0 or more; 0 where no encoder can tell."""
    if context.query is None:
        return np.zeros(len(rows))
    scores = context.query.search.scores_of(rows, context.query.vector)
    return np.maximum(scores.astype(np.float64), 0.0)


def _held(rows: NDArray[np.int64], context: Context, state: State, nearest: float) -> _Numbers:
    """What each row has of the words, float64 ``[k]`` from 0 to 1.

    Words outside titles count where no encoder can tell: there nothing else speaks for an item.
    """
    titled = _coverage(rows, context, state)
    return titled if nearest > 0 else np.maximum(titled, _ASIDE * _said(rows, context, state))


def _coverage(rows: NDArray[np.int64], context: Context, state: State) -> _Numbers:
    """What share of the words' weight each row's title has, float64 ``[k]`` from 0 to 1.

    A word weighs as much as it is rare, one that no title has most. In a category's name it counts
    half; there the noun that says what is asked for counts whole, unless it is the titles that call
    things so: what is filed under tents and called a tarp is no tent.
    """
    assert context.wording is not None
    snapshot, text = state.snapshot, context.wording.text
    held, whole = np.zeros(len(rows)), 0.0
    filed = _filed(rows, text, state)
    head = set(tokens(head_of(text)))
    read = tokens(text)[:_MOST_COUNTED]
    for word, titled, weight in weighed(read, snapshot.titled, len(snapshot)):
        whole += weight
        aside = filed if word in head else _ASIDE * _among(rows, snapshot.filed(word))
        called = snapshot.titled_thing(word) if word in head else titled
        held += weight * np.maximum(_among(rows, called), aside)
    return held / whole if whole else held


def _said(rows: NDArray[np.int64], context: Context, state: State) -> _Numbers:
    """What share of the words' weight each row has anywhere, float64 ``[k]`` from 0 to 1.

    What is blue by its colour answers "blue", though no title says so.
    """
    lexical = state.sources.get("lexical")
    held, whole = np.zeros(len(rows)), 0.0
    if not isinstance(lexical, LexicalSource) or context.wording is None:
        return held
    read = tokens(context.wording.text)[:_MOST_COUNTED]
    for _, holding, weight in weighed(read, lexical.rows, len(state.snapshot)):
        whole += weight
        held += weight * _among(rows, holding)
    return held / whole if whole else held


def _filed(rows: NDArray[np.int64], text: str, state: State) -> _Numbers:
    """What it counts that a row's category is called as the query is, float64 ``[k]``."""
    head, snapshot = head_of(text), state.snapshot
    filed = snapshot.in_category(lambda step: is_called(step, head)) if head else None
    if filed is None or not filed.any():
        return np.zeros(len(rows))
    some = np.flatnonzero(filed)[:_MOST_READ].tolist()
    called = sum(is_called(snapshot.titles[row], head) for row in some)
    return np.where(filed[rows], _ASIDE if 2 * called >= len(some) else 1.0, 0.0)


def _among(rows: NDArray[np.int64], ascending: NDArray[np.int64]) -> BoolArray:
    """Which rows are among others, bool ``[k]``; a word may stand in most titles of a shop."""
    if not len(ascending):
        return np.zeros(len(rows), bool)
    places = np.minimum(np.searchsorted(ascending, rows), len(ascending) - 1)
    return np.asarray(ascending[places] == rows)
