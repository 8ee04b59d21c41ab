"""Orders other than relevance: what is named, cheapest, dearest, best rated or newest first.

What is at the end of a list by relevance hardly matters; sorted by price it may come first. So the
items are narrowed to those that the words are the name of before they are put in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.things import has_name, head_of, is_called
from llmrec.catalog.tokens import tokens
from llmrec.retrieval.sources.base import Context
from llmrec.retrieval.sources.lexical import LexicalSource
from llmrec.retrieval.state import State
from llmrec.retrieval.subject import on_subject
from llmrec.types import BoolArray, Sort

__all__ = ["in_order", "named_by"]

_BY_MEANING = 0.85
"""Nearer to the best than what is found must be: with .7 a dry bag is about tents."""

_TRAILING = 5
"""How many titles have a name inside for each that ends with it, where patterns and colours stand
behind ("alarm clock bakelike green"): then those are so called, too. A sleeping bag has few liners.
"""

_MOST_COUNTED = 50
"""Words of a query that are looked for in items: reading is to cost what a request may."""


def named_by(context: Context, state: State) -> BoolArray | None:
    """The items that a request's words are the name of, bool ``[n_items]``.

    Whatever the filters leave, but of those alone that are not made for others than it is for.

    In this order, where there are some: what the words name by a code; what its title calls so (a
    tent, and no tent peg); what its title calls by the last word of the name; what is near to the
    words in a category called so; what is near to them. Of what a title calls so, that which has
    all the words somewhere or is near to them. ``None``, for anything, where nothing is like them.
    """
    wording, everyones = context.wording, ~context.barred
    if wording is None:
        return None
    if len(wording.exact):
        return _mask(state, wording.exact)
    near = on_subject(state, [wording.text], _BY_MEANING, everyones)
    head, lexical = head_of(wording.text), state.sources.get("lexical")
    if not tokens(head) or not isinstance(lexical, LexicalSource):
        return near
    fitting = _holding(state, lexical, wording.text)
    if near is not None:
        fitting |= near
    for rows in _called(state, lexical, head, wording.text):
        titled = fitting & _mask(state, rows) & everyones
        if titled.any():
            return titled
    filed = state.snapshot.in_category(lambda step: is_called(step, head))
    return near & filed if near is not None and (near & filed).any() else near


def in_order(
    state: State,
    sort: Sort,
    rows: NDArray[np.int64],
    relevance: Mapping[int, int],
    now: float,
) -> NDArray[np.int64]:
    """The rows as ``sort`` has them; equal ones by relevance, then by row.

    Args:
        state: of the catalogue.
        sort: what comes first.
        rows: ``[k]``, ascending.
        relevance: of rows their places, the best lowest; of others nothing is known.
        now: seconds since 1970 UTC; what was added later is not new.
    """
    keys = _keys(state, sort, rows, now)
    last = len(relevance)
    places = np.array([relevance.get(row, last) for row in rows.tolist()], np.int64)
    return rows[np.lexsort((rows, places, keys))]


def _keys(state: State, sort: Sort, rows: NDArray[np.int64], now: float) -> NDArray[np.float64]:
    """Float64 ``[k]``, what comes first lowest; infinite where it is not known."""
    if sort == "best_rated":
        means = state.ratings.means([state.snapshot.ids[row] for row in rows.tolist()])
        return np.where(np.isnan(means), np.inf, -means)
    if sort == "newest":
        added = state.snapshot.added_at[rows]
        return np.where(added <= now, -added, np.inf)  # an unknown date is not before now
    prices = state.snapshot.priced()[rows].astype(np.float64)
    return np.where(prices < 0, np.inf, prices if sort == "cheapest" else -prices)


def _mask(state: State, rows: Sequence[int] | NDArray[np.int64]) -> BoolArray:
    mask = np.zeros(len(state.snapshot), bool)
    mask[np.asarray(rows, np.int64)] = True
    return mask


def _holding(state: State, lexical: LexicalSource, text: str) -> BoolArray:
    """The items that hold all words that some item has; none where no item has any."""
    words = dict.fromkeys(tokens(text)[:_MOST_COUNTED])
    postings = [rows for rows in map(lexical.rows, words) if len(rows)]
    counts = np.zeros(len(state.snapshot), np.int64)
    for rows in postings:
        counts[rows] += 1
    return np.asarray((counts == len(postings)) & (counts > 0))


def _called(
    state: State, lexical: LexicalSource, head: str, name: str
) -> tuple[list[int], list[int]]:
    """The rows whose titles call them by a whole name, and those called by its head.

    Only titles that hold the head are looked at.
    """
    titles = state.snapshot.titles
    holding = lexical.rows(tokens(head)[0]).tolist()
    called = [row for row in holding if is_called(titles[row], head)]
    whole = [row for row in called if is_called(titles[row], name)]
    inside = [row for row in holding if has_name(titles[row], name)]
    return (inside if len(inside) > _TRAILING * len(whole) else whole), called
