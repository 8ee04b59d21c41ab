"""Which of a shop's brands a sentence names, at the cost of the sentence and not of the shop.

A shop has a hundred thousand brands, a sentence twenty words: brands are looked up by their first
word, or in writing without spaces and with accents by their first two signs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from llmrec.explain.facts import fold

__all__ = ["spoken_brands", "stands"]

_WORD = re.compile(r"[^\W_][\w'-]*")
_RUN = re.compile(r"[^\W_]+")


def spoken_brands(folded: str, names: Collection[str]) -> list[tuple[str, str]]:
    """The known brands that a folded text names, each with its folded form, in order.

    >>> spoken_brands("a lamp by acme home", ["Brio", "Acme Home", "Acme"])
    [('Acme', 'acme'), ('Acme Home', 'acme home')]
    """
    index = _index_of(names if isinstance(names, frozenset) else frozenset(names))
    matches = {pair for word in _words(folded) for pair in index.words.get(word, ())}
    runs = {form for run in _RUN.findall(folded) for form in (run, run.removesuffix("s"))}
    pairs = {folded[n : n + 2] for n in range(len(folded))}
    for keys, brands in ((runs, index.phrases), (pairs | {*folded}, index.others)):
        near = (pair for key in keys for pair in brands.get(key, ()))
        matches |= {(brand, bare) for brand, bare in near if stands(bare, folded)}
    return sorted(matches)


def stands(name: str, text: str) -> bool:
    """Whether a name (folded) stands in a folded text: as words of its own, if it is ASCII."""
    if not name.isascii():
        return name in text
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?:'?s)?(?![^\W_])", text) is not None


_Names = Mapping[str, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class _Index:
    """Brands and their folded forms, by how these begin."""

    words: _Names
    phrases: _Names
    others: _Names


# A shop's brands are one frozen set for as long as the shop is open, and its hash is kept.
@lru_cache(maxsize=4)
def _index_of(names: frozenset[str]) -> _Index:
    words, phrases, others = (defaultdict[str, list[tuple[str, str]]](list) for _ in range(3))
    for brand in names:
        bare = fold(brand)
        if not bare.isascii():
            others[bare[:2]].append((brand, bare))
        elif " " not in bare:
            words[bare].append((brand, bare))
        elif run := _RUN.search(bare):
            phrases[run[0]].append((brand, bare))
    return _Index(words, phrases, others)


def _words(folded: str) -> set[str]:
    return set(_WORD.findall(folded))
