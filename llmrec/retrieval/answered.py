"""Whether anything that may come answers a query, by a code, by words or by meaning.

The threshold was fitted on human judgements (docs/design/004-retrieval.md says which, and how often
it errs). Where nothing answers, what is nearest fills the list all the same, unless it is cut
(:mod:`llmrec.retrieval.relevance`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from llmrec.catalog.tokens import tokens, words
from llmrec.linear import bounded
from llmrec.retrieval.fusion import EXACT
from llmrec.retrieval.rarity import RowsOf, weighed
from llmrec.retrieval.sources.base import Context, Hits
from llmrec.retrieval.sources.lexical import LexicalSource
from llmrec.types import BoolArray

if TYPE_CHECKING:
    from llmrec.retrieval.state import State
    from llmrec.retrieval.wording import Wording

__all__ = ["is_answered", "is_understood", "likeness_wanted", "nearest_wanted", "threshold_of"]

_ENOUGH = 0.5
"""Share of the words' weight that an item must have to answer by its words alone."""

_ASIDE = 0.5
"""What a word counts outside a title."""

_MOST_COUNTED = 50
"""Tokens of a query that are looked for in items: reading is to cost what a request may."""

_BELOW = {"minilm-l6-v2": 0.425}
"""By encoder; an inner product has no scale of its own."""

_ELSE = 0.4
_NAMES = 0.25
"""For words of another language and the names' vectors: a translation is less like a word than the
word is like itself."""

_NEAREST = 0.7
"""Share of the threshold below which what is nearest is nothing like a query: of a name that the
shop lacks (docs/design/021-conversation.md has the table)."""

_DESCRIBED = 2 / 3
"""Share of the threshold for a request that describes a want ("help me sleep better"). It is less
like any product's text than a name is, and no thing is named that the shop could lack."""

_LONG = 4
"""Words from which a query describes, sizes aside; a product's name has mostly three at most."""

_DESCRIBES = bounded(
    r"(?<![\w-])(?:an?|the|for|to|with|without|my|me|i|is|in|on|at|that|which|who|something|anything"
    r"|help|need|want|ein(?:e[nrms]?)?|der|die|das|für|mit|ohne|zum|zur|mein(?:e[nrms]?)?|mich|mir"
    r"|ich|etwas)(?![\w-])"
    r"|[我给想要帮送用]",
)


def threshold_of(encoder: str, chosen: float | None, *, by_names: bool) -> float:
    """The similarity below which the nearest item is hardly like a query.

    Args:
        encoder: name of the shop's encoder.
        chosen: the shop's own threshold for that encoder, if it has set one.
        by_names: whether the query is compared with the vectors of names instead; a threshold that
            the shop has chosen counts in proportion there.
    """
    fitted = _BELOW.get(encoder, _ELSE)
    below = fitted if chosen is None else chosen
    return below * _NAMES / fitted if by_names else below


def likeness_wanted(query: str, unlike_below: float) -> float:
    """The similarity below which an item is hardly like a query.

    Args:
        query: the words.
        unlike_below: that for the name of a thing; two thirds of it where a want is described.
    """
    return unlike_below * (_DESCRIBED if _describes(query) else 1.0)


def nearest_wanted(below: float, *, by_names: bool) -> float:
    """The similarity that an item needs to be shown as the nearest, where nothing answers.

    Args:
        below: what :func:`likeness_wanted` says for the query.
        by_names: whether it is compared with the vectors of names, where little is alike at all.
    """
    return below if by_names else _NEAREST * below


def is_answered(context: Context, hits: Mapping[str, Hits], state: State, below: float) -> bool:
    """Whether something that may come answers the query.

    Args:
        context: of a request with a query.
        hits: the sources' answers to it.
        state: of the catalogue.
        below: what :func:`likeness_wanted` says for the query.
    """
    if EXACT in hits:
        return True
    wording = context.wording
    near = hits.get("query")
    if wording is None or not wording.readable:
        near = None  # what is near to noise is no answer
    if near is not None and len(near.scores) and float(near.scores[0]) >= below:
        return True
    lexical = state.sources.get("lexical")
    if not isinstance(lexical, LexicalSource) or wording is None:
        return near is None  # nobody can tell
    share = _coverage(wording.text, lexical.rows, state.snapshot.titled, context.wanted)
    return share >= _ENOUGH


def is_understood(wording: Wording, lexical: object, *, by_names: bool) -> bool:
    """Whether words or encoder know some word of a query, so that they can tell what is not here.

    Who looks for a "Schlafsack" among English titles by an English encoder is not told that there
    is no sleeping bag: nobody here has understood what was asked for. The multilingual encoder
    understands words that it has in pieces only, such as most of the German ones.
    """
    if not wording.readable:
        return False
    if by_names:
        return True
    texts = wording.space.texts
    spelt = [word for word in words(wording.text) if word.isalpha()]
    known = (texts.knows(word) for word in spelt)
    if isinstance(lexical, LexicalSource):
        return any(known) or any(map(lexical.knows, tokens(wording.text)))
    return any(known) or not spelt


def _describes(query: str) -> bool:
    """Whether words describe a want rather than name a thing.

    >>> [_describes(text) for text in ("help me sleep better", "clip-on lamp", "a tent")]
    [True, False, True]
    """
    spelt = [word for word in words(query) if word.isalpha()]
    return len(spelt) >= _LONG or bool(_DESCRIBES.search(query.lower()))


def _coverage(query: str, anywhere: RowsOf, titled: RowsOf, wanted: BoolArray) -> float:
    """The largest share of a query's weight of words that one wanted item holds, from 0 to 1.

    A word weighs as much as it is rare. One that no item has weighs most, for it may be the very
    thing that is not here ("goldfish" of "goldfish food"), unless it is a size or part of a code.
    Elsewhere than in a title a word counts half: a puncture kit speaks of tyres.
    """
    coverage = np.zeros(len(wanted))
    whole = 0.0
    for token, rows, weight in weighed(tokens(query)[:_MOST_COUNTED], anywhere, len(wanted)):
        if not len(rows) and not token.isalpha():
            continue
        whole += weight
        coverage[rows] += weight * _ASIDE
        coverage[titled(token)] += weight * (1 - _ASIDE)
    return float(coverage[wanted].max(initial=0.0)) / whole if whole else 0.0
