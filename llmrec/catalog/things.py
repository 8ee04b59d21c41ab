"""What the products of a catalogue are, in one word: the noun at the head of a title.

English says it last ("glass teapot with basket" is a teapot), German in its first or last word,
Chinese in its last characters. A word that is no head says how a thing is, not which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from llmrec.catalog.matching import fold
from llmrec.catalog.tokens import tokens
from llmrec.linear import bounded

__all__ = ["Things", "has_name", "head_of", "is_called", "is_name_in", "is_sentence_case"]

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")  # between them stand hexagrams: no words
_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")
# A noun phrase ends where what it has, is for, or does begins; not within "clip-on", "pour-over".
_BEHIND = bounded(
    r"\s*(?:[,;:|(\[/–—.!?]|\s-\s|(?<![\w-])(?:with|without|for|from|of|in|on|by|to|at|as|and|or"
    r"|that|which|who|under|over|you|i|is|are|has|have|can|could|mit|ohne|für|aus|von|im|zum|zur"
    r"|und|oder|der|die|das|als|unter|über)(?![\w-]))",
    re.IGNORECASE,
)
_MEASURE = bounded(r"(?:\s+\d[^\s]*(?:\s+[^\W\d]{1,3})?)+\s*$")
_FRAME = bounded(
    r"^(?:(?:the|an?|some|any|another|other|more|my|ein(?:e[nrms]?)?|noch|andere[nrs]?)\s+)+",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![^\W_])[^\W\d_]+\d\w*")
# A name behind the noun: in "Soy candle Cedar Cupboard" the noun is small and the name is not.
_NAMED = re.compile(r"(?:^|\s)[a-zß-öø-ÿ][\w'-]*(?=\s+[A-Z])")
_SHORT = 4
_LONGEST = 200
"""Signs of a title in which its name is looked for; the patterns take the square of a blank run."""

_REMEMBERED = 65_536
"""Titles; what they are names of is asked for each word that many titles hold."""


def head_of(phrase: str) -> str:
    """The word that says what a phrase is the name of; ``""`` where it has none.

    >>> head_of("Glass teapots with steel basket 1 l"), head_of("Skerry 2 two-person tent")
    ('teapot', 'tent')
    >>> head_of("Clip-on safety light"), head_of("Over-ear headphones for the office")
    ('light', 'headphone')
    >>> head_of("竹制茶盘"), head_of("for two")
    ('茶盘', '')
    """
    if chinese := _CHINESE.search(phrase):
        return chinese[0][-2:]
    words = _WORD.findall(_main(phrase))
    return _singular(fold(words[-1])) if words else ""


def _main(phrase: str) -> str:
    phrase = phrase.strip()
    frame = _FRAME.match(phrase)
    phrase = phrase[frame.end() :] if frame else phrase
    behind = _BEHIND.search(phrase)
    return _MEASURE.sub("", phrase[: behind.start()] if behind else phrase)


def _singular(word: str) -> str:
    return word if word.endswith("ss") or len(word) < _SHORT else word.removesuffix("s")


def is_called(title: str, name: str) -> bool:
    """Whether a title is of a thing that is called so, and not only for it or with it.

    The heads are the same, and the title has all words that stand before the name's.

    >>> [is_called(title, "tent") for title in ("Tunnel tents", "Tent pegs", "Pegs for tents")]
    [True, False, False]
    >>> is_called("Roll-top dry bag", "sleeping bag"), is_called("Dry bag 20 l", "dry bags")
    (False, True)
    >>> is_called("Lined notebook A5", "notebook"), is_called("Soy candle Wet Hay", "candle")
    (True, True)
    """
    title, (head, words) = title[:_LONGEST], _parts(name[:_LONGEST])
    return bool(head) and head in _called(title) and {*head, *tokens(title)}.issuperset(words)


@lru_cache(_REMEMBERED)
def _parts(phrase: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tokens of a phrase's head, and those of what it is the name of."""
    return tuple(tokens(head_of(phrase))), tuple(tokens(_main(phrase)))


@lru_cache(_REMEMBERED)
def _called(title: str) -> frozenset[tuple[str, ...]]:
    """The tokens of each head that a title may have."""
    title = _CODE.sub("", title)
    named = _NAMED.search(title)
    heads = [*_heads(title), *([head_of(title[: named.end()])] if named else [])]
    return frozenset(tuple(tokens(head)) for head in heads)


def has_name(title: str, name: str) -> bool:
    """Whether a title has a name of two words or more, side by side, whatever stands behind it.

    >>> has_name("LUNCH BAG RED RETROSPOT", "lunch bags"), has_name("Bag for lunch", "lunch bag")
    (True, False)
    >>> has_name("Tent pegs", "tent")
    False
    """
    wanted = _parts(name[:_LONGEST])[1]
    size = len(wanted)
    if size < 2:
        return False
    words = _parts(title[:_LONGEST])[1]
    places = range(len(words) - size + 1)
    return any(words[place : place + size] == wanted for place in places)


def is_name_in(title: str, word: str) -> bool:
    """Whether a title has a word only with a capital inside, where its nouns are spelt small.

    It is a name there: of a tomato, say. For titles in sentence case, and no German ones.

    >>> [is_name_in(text, "lantern") for text in ("Chilli Lantern, hot", "Tent lantern", "Lantern")]
    [True, False, False]
    """
    wanted = tokens(word)
    inside = _WORD.findall(title[:_LONGEST])[1:]
    spelt = [text for text in inside if tokens(text) == wanted]
    return bool(spelt) and all(text[0].isupper() for text in spelt)


def is_sentence_case(titles: Iterable[str]) -> bool:
    """Whether most words inside titles are spelt small.

    >>> is_sentence_case(["Tent lantern with dimmer"]), is_sentence_case(["Tent Lantern, Dimmed"])
    (True, False)
    """
    inside = [word for title in titles for word in _WORD.findall(title[:_LONGEST])[1:]]
    long = [word for word in inside if len(word) >= _SHORT]
    return bool(2 * sum(word[0].islower() for word in long) > len(long))


class Things:
    """The heads of a catalogue's titles and categories.

    >>> things = Things.of(["Chef's knife 20 cm", "Teekanne Porzellan"])
    >>> "knives" in things, "knife" in things, "Teekanne" in things, "steel" in things
    (False, True, True, False)
    """

    def __init__(self, heads: Iterable[str] = ()) -> None:
        self._heads = frozenset(heads)

    @classmethod
    def of(cls, titles: Iterable[str]) -> Things:
        """The heads of these titles."""
        return cls(head for title in titles for head in _heads(title) if head)

    def __contains__(self, phrase: str) -> bool:
        """Whether the phrase's head is one of them."""
        return head_of(phrase) in self._heads


def _heads(title: str) -> Iterator[str]:
    yield head_of(title)
    words = _WORD.findall(_main(title))
    if len(words) == 2 and words[0][0].isupper() and words[1][0].isupper():
        yield fold(words[0])  # nouns are capitalised: "Teekanne Porzellan"
