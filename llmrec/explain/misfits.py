"""Whether an answer holds a product that has nothing of what was asked for.

A small shop has three slippers at most, and an answer of ten goes on with candles. Words that
praise the candle as if it had been asked for would mislead; that it is something else is said.
"""

from __future__ import annotations

import re

from llmrec.catalog.tokens import tokens
from llmrec.explain.choice import FactText, question_words, word_overlap
from llmrec.explain.facts import fold
from llmrec.explain.from_fields import item_language
from llmrec.explain.quotable import text_language
from llmrec.explain.requests import WordsRequest
from llmrec.types import Language

__all__ = ["MISFITS", "is_beside", "is_misfit"]

MISFITS: dict[Language, tuple[str, ...]] = {
    "en": (
        "Not quite what you asked for.",
        "Something else than you asked for.",
        "This is another thing.",
    ),
    "de": ("Nicht ganz das Gesuchte.", "Etwas anderes als gesucht.", "Das hier ist etwas anderes."),
    "zh": ("和你要找的不太一样。", "不是你要找的那种。", "这是另一类商品。"),
}
"""Sentences of ours, in the order in which one answer uses them."""

# Whether a thing is a good present stands in no field.
_PRESENT = re.compile(
    r"\b(?:present|gift|surprise|souvenir)s?\b|geschenk|mitbringsel|überrasch|礼物|送|推荐",
    re.IGNORECASE,
)
# A question that is open names no thing that a product could be another than.
_OPEN = re.compile(
    r"^\W*(?:what|how|why|where|which|who|can|could|should|do|does|is|are|my|was|wie|wo|warum|wer"
    r"|womit|kann|soll|something|anything|etwas|irgendwas|ideas?|help)\b|什么|怎么|哪",
    re.IGNORECASE,
)
_PART = 4
"""Letters of a word of the title that may be a part of a compound of the question."""

_COUNTS = frozenset({"zwei", "drei", "vier", "fünf", "funf", "acht", "zehn"})
"""As in "dreijährig", which asks for no three pieces."""

_FEWEST = 2
"""Words that a question must have: one alone may have a synonym that the shop uses instead."""


def is_misfit(request: WordsRequest, language: Language) -> bool:
    """Whether the question names a thing, and no word of it stands anywhere in the item.

    Never of an item whose text is in another language.
    """
    query = request.query or ""
    is_open = _PRESENT.search(query) or _OPEN.search(query)
    return not is_open and _has_nothing_asked(request, language)


def is_beside(request: WordsRequest, language: Language) -> bool:
    """Whether no word of an open question stands anywhere in the item.

    Then nothing in its text can be the answer, as far as words tell. Of a present that is never
    known.
    """
    query = request.query or ""
    if request.recipient or _PRESENT.search(query) or not _OPEN.search(query):
        return False
    return _has_nothing_asked(request, language)


def _has_nothing_asked(request: WordsRequest, language: Language) -> bool:
    query, item = request.query or "", request.item
    if item_language(item) != language:
        return False
    if not item.description or text_language(item) != language:
        return False
    if len(question_words(query)) < _FEWEST:
        return False
    fields = " ".join((item.title, item.brand or "", *item.category))
    facts = [FactText(fields), FactText(item.description)]
    facts += [FactText(" ".join((name, *some))) for name, some in item.attributes.items()]
    if any(word_overlap(query, fact) for fact in facts):
        return False
    # "Tee" has too few letters to be told in "Teekanne" everywhere; here it is enough.
    text = fold(" ".join((fields, item.description)))
    asked = question_words(query)
    parts = [part for part in tokens(fields) if len(part) >= _PART and part not in _COUNTS]
    return not any(word in text or any(part in word for part in parts) for word in asked)
