"""Whether a sentence says no more than the title, which the shopper sees anyway."""

from __future__ import annotations

import re
from functools import lru_cache

from llmrec.catalog.tokens import tokens
from llmrec.explain.choice import stands_among

__all__ = ["repeats_title"]

# Words that add nothing to the name of a thing: "This set contains 2 original pens by Acme."
_CARRYING_WORDS = """
a an and are as at be by can comes consists contains each for from has have in includes included
including is it item made new of on one or original our per product set size sized the their
these this those to total type we with works work you your genuine brand branded pack packs piece
pieces pcs count ct
aus bei das dem den der des die dies diese dieser dieses ein eine einem einen einer enthalten
enthält er es für hat im in inklusive ist mit neu neue neuer neues original produkt sie sind stück
und von zu zum zur
"""
_CARRYING = frozenset(tokens(_CARRYING_WORDS))
_CARRYING_CHINESE = re.compile(
    "这一?[是款个只件套把]|本品|产品|商品|一[款个只件套把张]|名称|容量|规格|颜色|尺寸|材质|原装|全新"
    "|[是的为了和与及用于有]"
)
_CHINESE = re.compile("[\u4e00-\u9fff]")
# Behind such a verb stands what the title does not say: "Acme gel pens are refillable."
_PREDICATE = re.compile(
    r"\b(?:is|are|was|were|can(?:not)?|will|won[’']t|not?|never|without|makes?|keeps?|lets?|holds?"
    r"|stays?|gives?|needs?|runs?|lasts?|resists?|protects?|prevents?|withstands?|non-?\w+"
    r"|ist|sind|kann|können|nicht|kein\w{0,2}|ohne|hält|bleibt|braucht|macht|passt)\b",
    re.IGNORECASE,
)
_FEWEST_SHARED = 4
_MOST_NEW = 0.25
"""Of a sentence's words, that may be new where it has no predicate of its own."""


def repeats_title(text: str, title: str) -> bool:
    """Whether ``text`` is ``title`` again, or nearly so.

    A text of which every word that means something stands in the title is a repetition; one without
    a predicate is, too, where it has four such words and at most a quarter of its words are new.

    >>> repeats_title("Acme Gel Pens, 0.7 mm, Blue, Pack of 12.", "Acme gel pen 0.7 mm blue, 12 ct")
    True
    >>> repeats_title("Acme gel pens are refillable.", "Acme gel pen 0.7 mm blue, 12 ct")
    False
    """
    if _CHINESE.search(text):
        return _repeats_in_chinese(text, title)
    words = [word for word in tokens(text) if word not in _CARRYING]
    title_words = _title_words(title)
    new = [word for word in words if not stands_among(word, title_words)]
    if not new:
        return True
    few = len(new) <= _MOST_NEW * len(words) and len(words) - len(new) >= _FEWEST_SHARED
    return few and not _PREDICATE.search(text)


@lru_cache(maxsize=2_048)
def _title_words(title: str) -> frozenset[str]:
    return frozenset(tokens(title))


def _repeats_in_chinese(text: str, title: str) -> bool:
    """By single signs, since pairs of them run over the ends of words."""
    rest = _CARRYING_CHINESE.sub("", text)
    words = [*_CHINESE.findall(rest), *re.findall(r"[a-z0-9]+", rest.casefold())]
    return set(words) <= {*_CHINESE.findall(title), *re.findall(r"[a-z0-9]+", title.casefold())}
