"""The sources titled and named: titles that have the whole of a name, and things called so.

A text encoder finds a groundsheet nearest to "tent" and a dry bag nearest to "sleeping bag"; BM25
adds up words and prefers a title that says one of them twice. A shopper who types the name of a
thing means the titles that have the whole of it, and of these the ones that are of the thing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.snapshot import Snapshot
from llmrec.catalog.things import head_of, is_called
from llmrec.catalog.tokens import tokens
from llmrec.retrieval.rarity import weighed
from llmrec.retrieval.sources.base import Context, Hits, QueryVector

__all__ = ["NamedSource", "TitledSource"]

_MOST_WORDS = 20
"""A name is shorter; a pasted text is not looked up word by word."""

_SHARE = 0.7
"""Of the words' weight that a title must have: "tea" is not most of "jasmine tea pot".

Chosen on half of the queries of two shops (docs/design/004-retrieval.md): with less, or with
everything that has some of the words, one of the two loses.
"""

_UNKNOWN = 0.5
"""Weight of a word that no title has, as a share of the rarest: it may be the thing itself ("toy"
of "wooden toy", which is no glue), or a word that says little of it."""

_MOST_READ = 300
"""Titles whose nouns are looked for; nearer to the query come first, so the others are far down."""


class TitledSource:
    """Items whose titles have most of a query's words, all that any title has of them.

    Words weigh as much as they are rare (``log(1 + n_items / titles)``); of the titles with the
    largest weight those come first that are nearer to the query, then the shorter. All have the
    same score: the share of the query's weight.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def top(self, context: Context, depth: int) -> Hits:
        """The allowed items; nothing where no title has most of the query's words."""
        if context.wording is None:
            return Hits.none()
        rows, share = self._holding(tokens(context.wording.text)[:_MOST_WORDS])
        rows = self._nearest(rows[context.allowed[rows]], context.query)[:depth]
        return Hits(rows, np.full(len(rows), share, np.float32))

    def _holding(self, words: Sequence[str]) -> tuple[NDArray[np.int64], float]:
        """The rows with the most of the words' weight in their titles, and its share of all."""
        weights = np.zeros(len(self._snapshot))
        whole = 0.0
        for _, rows, weight in weighed(words, self._snapshot.titled, len(weights)):
            whole += weight if len(rows) else _UNKNOWN * weight
            weights[rows] += weight
        most = float(weights.max(initial=0.0))
        if not most or most < _SHARE * whole:
            return np.empty(0, np.int64), 0.0
        return np.flatnonzero(weights >= most * (1 - 1e-9)), most / whole

    def _nearest(self, rows: NDArray[np.int64], query: QueryVector | None) -> NDArray[np.int64]:
        """The rows, nearest to the query first; where nobody can tell, shorter titles first."""
        lengths = np.array([len(self._snapshot.titles[row]) for row in rows.tolist()])
        if query is None:
            return rows[np.lexsort((rows, lengths))]
        return rows[np.lexsort((rows, lengths, -query.search.scores_of(rows, query.vector)))]


class NamedSource:
    """Of what :class:`TitledSource` finds, the things that the query is the name of.

    That is what their titles call them (:func:`~llmrec.catalog.things.is_called`): of all titles
    with "tent" the tents, and no groundsheet for tents.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._titled = TitledSource(snapshot)

    def top(self, context: Context, depth: int) -> Hits:
        """The allowed items, nearest to the query first; nothing where the query has no noun."""
        head = head_of(context.wording.text) if context.wording is not None else ""
        if not head:
            return Hits.none()
        hits = self._titled.top(context, max(depth, _MOST_READ))
        titles = self._snapshot.titles
        called = np.array([is_called(titles[row], head) for row in hits.rows.tolist()], bool)
        for word in tokens(head):
            called &= np.isin(hits.rows, self._snapshot.titled_thing(word))
        kept = np.flatnonzero(called)[:depth]
        return Hits(hits.rows[kept], hits.scores[kept])
