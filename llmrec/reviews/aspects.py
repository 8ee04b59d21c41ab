"""What reviews speak of: the handle, the price, the fit; counted by words.

Frequent nouns are what most reviews are about (Hu and Liu 2004, "Mining and Summarizing Customer
Reviews", doi 10.1145/1014052.1014073). Here a list names the aspects that many products have, in
three languages, and the product's own text names the others: a word of it that several reviewers
use ("the spout"). A count says how many mention a thing, never what they think of it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from llmrec.catalog.matching import fold
from llmrec.catalog.things import head_of
from llmrec.catalog.tokens import tokens
from llmrec.types import Item, Language

__all__ = ["Aspect", "aspects_of", "listed_aspects"]

_LEAST = 2
"""Reviewers that use a word of the product's text before it is an aspect of its own."""

_LETTERS = 4
"""A shorter word of English or German is hardly ever the name of a part."""

_WORD = re.compile(r"[^\W\d_]+")
_CJK = re.compile(r"[\u3400-\u9fff]")

# What stands before a noun, and before an adjective too: hence the words below, and the next sign.
_NOUN = re.compile(
    r"\b(?:the|its|my|no|every|der|die|das|den|dem|ein|eine|einen)\s+([^\W\d_]+)"
    r"(?=\s*(?:[.,;:!?)]|$|\s(?:is|are|was|has|of|on|in|at|and|or|to|that|which|for|from|with|all|"
    r"ist|sind|hat|und|auf|im|für|mit|nach|muss)\b))",
    re.IGNORECASE,
)
_NO_ASPECTS = frozenset(
    tokens(
        "one ones first second third last other others rest same thing things way time times day "
        "days week weeks month months year years hour hours minute minutes end side front bottom "
        "floor back inside outside good best most right left small large little full half kids "
        "house home town hand hands person people trick ersten zweite letzte andere mal tag woche "
        "monat jahr stunde minuten hand seite ende warm hot cold wet dry soft hard light dark"
    )
)


@dataclass(frozen=True)
class Aspect:
    """A thing that reviews may speak of.

    Attributes:
        names: by language as it stands behind "mention"; of a word of the product's, quoted.
        stems: a review with one of these tokens mentions it.
        signs: a review in which one of these Chinese words stands mentions it.
        needs: names of attributes, one of which a product must have for this to be said of it.
    """

    names: Mapping[Language, str]
    stems: frozenset[str]
    signs: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()

    def is_in(self, text: str) -> bool:
        """Whether a text mentions it."""
        return any(sign in text for sign in self.signs) or not self.stems.isdisjoint(tokens(text))

    def suits(self, item: Item) -> bool:
        """Whether it can be said of a product: "fit" means something else of a tent."""
        return not self.needs or any(fold(name) in self.needs for name in item.attributes)


@lru_cache(maxsize=1)
def listed_aspects() -> tuple[Aspect, ...]:
    """The aspects that many products have."""
    text = (files("llmrec.reviews") / "aspects.json").read_text(encoding="utf-8")
    return tuple(_listed(row) for row in json.loads(text))


def _listed(row: Mapping[str, Mapping[str, Sequence[str]]]) -> Aspect:
    names = {language: str(row[language]["name"]) for language in ("en", "de", "zh")}
    words = [word for language in ("en", "de") for word in row[language]["words"]]
    return Aspect(
        names,  # type: ignore[arg-type]  # the three languages
        frozenset(stem for word in words for stem in tokens(word)),
        tuple(row["zh"]["words"]),
        frozenset(map(fold, row.get("needs", ()))),
    )


def aspects_of(item: Item, texts: Sequence[str]) -> list[tuple[Aspect, int]]:
    """What several reviewers of a product mention, and how many; the most mentioned first.

    Args:
        item: the product; what it is itself ("kettle") is no aspect of it.
        texts: a review each.
    """
    called = set(tokens(head_of(item.title)))
    known = [
        aspect for aspect in listed_aspects() if aspect.suits(item) and not called & aspect.stems
    ]
    aspects = [*known, *_own(item, texts, called.union(*(aspect.stems for aspect in known)))]
    counted = [(aspect, sum(aspect.is_in(text) for text in texts)) for aspect in aspects]
    return sorted((pair for pair in counted if pair[1] >= _LEAST), key=lambda pair: -pair[1])


def _own(item: Item, texts: Sequence[str], known: set[str]) -> list[Aspect]:
    """The nouns of the product's text that several reviewers use and no list has."""
    values = [value for several in item.attributes.values() for value in several]
    own_text = " . ".join([item.title, item.description, *values])
    words = set(tokens(own_text)) - known - _NO_ASPECTS
    nouns = {
        stem for text in (own_text, *texts) for word in _NOUN.findall(text) for stem in tokens(word)
    }
    surfaces: dict[str, Counter[str]] = {}
    for text in texts:
        for word in set(_WORD.findall(text)):
            stems = tokens(word)
            if len(stems) == 1 and len(word) >= _LETTERS and not _CJK.search(word):
                surfaces.setdefault(stems[0], Counter())[word] += 1
    return [
        _quoted(surfaces[stem].most_common(1)[0][0], stem)
        for stem in sorted(words & nouns & surfaces.keys())
    ]


def _quoted(word: str, stem: str) -> Aspect:
    # German nouns keep their capital; at the beginning of an English sentence one is no name.
    names: dict[Language, str] = {"en": f"“{word}”", "de": f"„{word}“", "zh": f"“{word}”"}
    return Aspect(names, frozenset((stem,)))
