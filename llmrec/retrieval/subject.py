"""Which items are about a subject: near to its best match, by meaning or by words.

The floor is a share of the best in the whole catalogue, whatever the filters leave of it: an
encoder's likeness has no scale of its own, and where nothing of the kind passes the filters,
nothing of the kind is to come.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmrec.retrieval.sources.lexical import LexicalSource
from llmrec.retrieval.state import State
from llmrec.retrieval.wording import mended, mendings, reads
from llmrec.types import BoolArray, FloatArray

__all__ = ["BY_MEANING", "on_subject"]

BY_MEANING = 0.7
"""docs/design/021-conversation.md has figures of other shares."""

_BY_WORDS = 0.75
"""An item that has one of two words is seldom about both."""


def on_subject(
    state: State,
    subjects: Sequence[str],
    by_meaning: float = BY_MEANING,
    among: BoolArray | None = None,
) -> BoolArray | None:
    """The items that are about one of some subjects, bool ``[n_items]``.

    ``None``, for anything, without subjects and where nothing is like them. ``by_meaning`` is the
    share of the best likeness from which an item is about a subject; ``among``, bool ``[n_items]``,
    says which items may be, where not all may; where none of these is, no item is.
    """
    if not subjects:
        return None
    about = np.zeros(len(state.snapshot.ids), bool)
    among = ~about if among is None else among
    for subject in subjects:
        about |= _about(state, subject, by_meaning, among)
    return about if about.any() or not among.all() else None


def _about(state: State, subject: str, by_meaning: float, among: BoolArray) -> BoolArray:
    space = state.spaces.of(subject)
    about = np.zeros(len(state.snapshot.ids), bool)
    lexical = state.sources.get("lexical")
    by_words = False
    if isinstance(lexical, LexicalSource):
        subject = mended(subject, mendings(subject, lexical, space.texts))
        scores = lexical.scores(subject)
        by_words = bool(len(scores) and scores[among].any())
        if by_words:
            about |= _reaching(scores, _BY_WORDS, among)
    if {"text", "query"} & set(state.sources) and (reads(space.texts, subject) or not by_words):
        vector = space.texts.get([subject])[subject]
        about |= _reaching(space.search.scores(vector), by_meaning, among)
    return about


def _reaching(scores: FloatArray, share: float, among: BoolArray) -> BoolArray:
    """Those of ``among`` that reach a share of its best, if it reaches that of the best of all.

    So rain jackets are measured without the dog's, and without it a mug is still no raincoat.
    """
    best = float(scores[among].max(initial=0.0))
    if best <= 0 or best < share * float(scores.max()):
        return np.zeros(len(scores), bool)
    return among & (scores >= share * best)
