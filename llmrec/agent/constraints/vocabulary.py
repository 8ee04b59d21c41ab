"""The catalogue's own names: brands, categories, attributes with their values, currencies.

A phrase is looked up by its beginning, longest first, so that reading a message costs the same in
a shop of fifty brands and in one of fifty thousand. Where no name begins with the first sign, and
no value has the first word, nothing is looked up at all.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from llmrec.agent.constraints.sizes import covers, is_size
from llmrec.agent.constraints.synonyms import (
    COMPOUNDED,
    KIND_WORDS,
    begins_same,
    holds,
    kind_of,
    same_words,
)
from llmrec.agent.constraints.things import Things
from llmrec.catalog.matching import fold
from llmrec.catalog.tokens import tokens

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore
    from llmrec.types import Item

__all__ = ["MOST_SIGNS", "FoundName", "FoundValues", "Vocabulary"]

MOST_SIGNS = 48
"""No longer phrase is looked up: it bounds what is tried from each word of a message."""

_REMEMBERED = 4_096
_CJK = re.compile(r"[\u3400-\u9fff]")
_EDGE = re.compile(r"(?<=[^\W_])(?![^\W_])|(?<=[\u3400-\u9fff])|(?<=[^\w\s])")
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_EMPTY_WORDS = """
a an and any are as at be by for from in is it not of on or than that the this to with you your
all one ones only size sizes colour color größe farbe aber alle als am an auch auf aus bei das dem
den der des die ein eine einen es für im in ist mit nicht nur oder und von zu zum zur 的 了 和 吗 要
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


@dataclass(frozen=True, slots=True)
class FoundName:
    """A name of the catalogue and where in the text it ends."""

    name: str
    end: int


@dataclass(frozen=True, slots=True)
class FoundValues:
    """The values of an attribute that a phrase means, and where the phrase ends."""

    attribute: str
    values: tuple[str, ...]
    said: str
    end: int


class Vocabulary:
    """Names as the catalogue spells them.

    Args:
        brands: names of brands.
        categories: every step of the category paths.
        attributes: for each name its values and how many items have each.
        currencies: ISO 4217 codes, the most common first.
        things: what the products are.
        words: tokens of the titles, as lexical search makes them.
    """

    def __init__(
        self,
        brands: Iterable[str] = (),
        categories: Iterable[str] = (),
        attributes: Mapping[str, Mapping[str, int]] | None = None,
        currencies: Sequence[str] = (),
        things: Things | None = None,
        words: Iterable[str] = (),
    ) -> None:
        self.things = things or Things()
        self._words = frozenset(words)
        self.brands = {fold(name): name for name in brands}
        self.categories = {fold(name): name for name in categories}
        self._brand_starts = _Starts(self.brands)
        self._category_starts = _Starts(self.categories, spare=1)
        self.currencies = tuple(currencies)
        self._attributes = {name: dict(values) for name, values in (attributes or {}).items()}
        self.attribute_names = {fold(name): name for name in self._attributes}
        self._attribute_starts = _Starts((*self.attribute_names, *KIND_WORDS))
        used = {name: sum(values.values()) for name, values in self._attributes.items()}
        self._most_used = sorted(used, key=lambda name: -used[name])
        self._of_kind: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted(self.attribute_names.values(), key=lambda name: -used[name]):
            self._of_kind[kind_of(fold(name))].append(name)
        self._by_word = {name: _index(values) for name, values in self._attributes.items()}
        self._by_ending = {name: _endings(index) for name, index in self._by_word.items()}
        self._by_pair = {name: _pairs(values) for name, values in self._attributes.items()}
        self._of_size: dict[tuple[str, str], tuple[str, ...]] = {}
        # A message names the same few phrases again and again, at worst thousands of times.
        self.values = lru_cache(_REMEMBERED)(self._values)
        """The values of an attribute that speak of what was said, as the catalogue has them."""

    @classmethod
    def of_store(cls, store: CatalogStore) -> Vocabulary:
        """Read the names of a catalogue."""
        return cls.of_items(item for items in store.iter_items() for item in items)

    @classmethod
    def of_items(cls, items: Iterable[Item]) -> Vocabulary:
        """Collect the names of some items."""
        brands: dict[str, None] = {}
        categories: dict[str, None] = {}
        attributes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        currencies: Counter[str] = Counter()
        titles: list[str] = []
        for item in items:
            titles.append(item.title)
            if item.brand:
                brands[item.brand] = None
            categories |= dict.fromkeys(item.category)
            for name, values in item.attributes.items():
                attributes[name].update(values)
            if item.price is not None and item.currency:
                currencies[item.currency] += 1
        codes = [code for code, _ in currencies.most_common()]
        words = {token for title in titles for token in tokens(title)}
        return cls(brands, categories, attributes, codes, Things.of((*titles, *categories)), words)

    def in_titles(self, phrase: str) -> bool:
        """Whether each word of a phrase stands in some title."""
        words = tokens(phrase)
        return bool(words) and self._words.issuperset(words)

    def brand_at(self, text: str, start: int) -> FoundName | None:
        """The longest brand that begins at ``start``, in any case of letters."""
        for end in self._brand_starts.ends(text, start):
            name = self.brands.get(fold(text[start:end]))
            if name is not None:
                return FoundName(name, end)
        return None

    def category_at(self, text: str, start: int) -> FoundName | None:
        """The longest category that begins at ``start``; an English plural is no difference."""
        for end in self._category_starts.ends(text, start):
            said = fold(text[start:end])
            for spelled in (said, f"{said}s", said.removesuffix("s")):
                if spelled in self.categories:
                    return FoundName(self.categories[spelled], end)
        return None

    def attribute_at(self, text: str, start: int) -> FoundName | None:
        """The attribute whose name, or one of its usual names, begins at ``start``."""
        for end in self._attribute_starts.ends(text, start):
            said = fold(text[start:end])
            if said in self.attribute_names:
                return FoundName(self.attribute_names[said], end)
            if kind_of(said) != said and (names := self.of_kind(kind_of(said))):
                return FoundName(names[0], end)
        return None

    def of_kind(self, kind: str) -> list[str]:
        """The catalogue's names for colours, sizes or materials, the most used first."""
        return list(self._of_kind.get(kind, ()))

    def most_used(self, count: int) -> list[str]:
        """Names of attributes, those that most items have first."""
        return self._most_used[:count]

    def values_at(self, text: str, start: int, attribute: str) -> FoundValues | None:
        """The values that the longest phrase at ``start`` means, of one attribute."""
        if not self._may_begin(text, start, attribute):
            return None
        for end in _ends(text, start, MOST_SIGNS):
            said = text[start:end]
            if values := self.values(attribute, said):
                return FoundValues(attribute, values, said, end)
        return None

    def _may_begin(self, text: str, start: int, attribute: str) -> bool:
        """Whether a value, or a word for one in any language, can begin at a place."""
        first = _WORD.search(fold(text[start : start + MOST_SIGNS]))
        if first is None:
            return False
        word = first[0]
        sized = kind_of(fold(attribute)) == "size" and is_size(word)
        return sized or word in self._by_word[attribute] or begins_same(word)

    def _values(self, attribute: str, said: str) -> tuple[str, ...]:
        folded = fold(said)
        words = _WORD.findall(folded)
        if not words or words[0] in _EMPTY or words[-1] in _EMPTY:
            return ()
        if folded.isdecimal() and kind_of(fold(attribute)) in ("colour", "material"):
            return ()  # "blue 77" is not what "77" means
        found: dict[str, None] = {}
        for word in same_words(folded):
            for value in self._candidates(attribute, word):
                if holds(fold(value), word):
                    found[value] = None
        if kind_of(fold(attribute)) == "size":
            found |= dict.fromkeys(self._sizes(attribute, folded))
        return tuple(sorted(found))

    def _sizes(self, attribute: str, said: str) -> tuple[str, ...]:
        """The values that offer a size; there are about a thousand sizes, each looked up once."""
        if not is_size(said):
            return ()
        key = (attribute, said)
        if key not in self._of_size:
            offered = self._attributes[attribute]
            self._of_size[key] = tuple(one for one in offered if covers(fold(one), said))
        return self._of_size[key]

    def _candidates(self, attribute: str, word: str) -> Iterable[str]:
        """The values that may hold a word: with the rarest of its words, or ending like it."""
        if word in COMPOUNDED:
            return self._by_ending[attribute].get(word, ())
        index = self._by_word[attribute]
        if len(word) > 1 and _CJK.search(word):  # stands in a value without a word of its own
            pairs = self._by_pair[attribute]
            held = [pairs.get(word[n : n + 2], {}) for n in range(len(word) - 1)]
        else:
            held = [index.get(one, {}) for one in _WORD.findall(word)]
        return min(held, key=len, default=())


def _index(values: Iterable[str]) -> dict[str, dict[str, None]]:
    index: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for value in values:
        for word in _WORD.findall(fold(value)):
            index[word][value] = None
    return dict(index)


def _pairs(values: Iterable[str]) -> dict[str, dict[str, None]]:
    """For each two signs in a row, the values with Chinese in them that have these."""
    pairs: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for value in values:
        folded = fold(value)
        if _CJK.search(folded):
            for n in range(len(folded) - 1):
                pairs[folded[n : n + 2]][value] = None
    return dict(pairs)


def _endings(index: Mapping[str, Mapping[str, None]]) -> dict[str, dict[str, None]]:
    """For each word that German compounds end with, the values that have such a word."""
    endings: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for ending in COMPOUNDED:
        for word, values in index.items():
            if word.endswith(ending):
                endings[ending] |= values
    return dict(endings)


class _Starts:
    """How names (folded) begin, and how long they are, so that most words need no look-up."""

    def __init__(self, names: Iterable[str], spare: int = 0) -> None:
        lengths = [0]
        first = set()
        for name in names:
            lengths.append(len(name))
            first.add(name[:1])
        self._first = frozenset(first)
        self._longest = min(max(lengths) + spare, MOST_SIGNS)

    def ends(self, text: str, start: int) -> Iterable[int]:
        """Where a name from ``start`` may end, the longest first; nowhere if none begins so."""
        if fold(text[start : start + 1])[:1] not in self._first:
            return ()
        return _ends(text, start, self._longest)


def _ends(text: str, start: int, most: int) -> Iterator[int]:
    """Where a phrase of so many signs from ``start`` may end, the longest first."""
    ends = [found.end() for found in _EDGE.finditer(text, start + 1, start + most + 1)]
    return reversed(ends)
