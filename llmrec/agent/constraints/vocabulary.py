"""The catalogue's own names: brands, categories, attributes with their values, currencies.

A phrase is looked up by its beginning, longest first, so that reading a message costs the same in
a shop of fifty brands and in one of fifty thousand.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmrec.agent.constraints.sizes import covers
from llmrec.agent.constraints.synonyms import holds, kind_of, same_words
from llmrec.agent.constraints.things import Things
from llmrec.catalog.matching import fold
from llmrec.catalog.tokens import tokens

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore
    from llmrec.types import Item

__all__ = ["FoundName", "FoundValues", "Vocabulary"]

_MOST = 48
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
        self.currencies = tuple(currencies)
        self._attributes = {name: dict(values) for name, values in (attributes or {}).items()}
        self.attribute_names = {fold(name): name for name in self._attributes}
        self._by_word = {name: _index(values) for name, values in self._attributes.items()}

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
        return _longest(self.brands, text, start)

    def category_at(self, text: str, start: int) -> FoundName | None:
        """The longest category that begins at ``start``; an English plural is no difference."""
        for end in _ends(text, start):
            said = fold(text[start:end])
            for spelled in (said, f"{said}s", said.removesuffix("s")):
                if spelled in self.categories:
                    return FoundName(self.categories[spelled], end)
        return None

    def attribute_at(self, text: str, start: int) -> FoundName | None:
        """The attribute whose name, or one of its usual names, begins at ``start``."""
        for end in _ends(text, start):
            said = fold(text[start:end])
            if said in self.attribute_names:
                return FoundName(self.attribute_names[said], end)
            if kind_of(said) != said and (names := self.of_kind(kind_of(said))):
                return FoundName(names[0], end)
        return None

    def of_kind(self, kind: str) -> list[str]:
        """The catalogue's names for colours, sizes or materials, the most used first."""
        names = [name for folded, name in self.attribute_names.items() if kind_of(folded) == kind]
        return sorted(names, key=lambda name: -sum(self._attributes[name].values()))

    def most_used(self, count: int) -> list[str]:
        """Names of attributes, those that most items have first."""
        used = {name: sum(values.values()) for name, values in self._attributes.items()}
        return sorted(used, key=lambda name: -used[name])[:count]

    def values_at(self, text: str, start: int, attribute: str) -> FoundValues | None:
        """The values that the longest phrase at ``start`` means, of one attribute."""
        for end in _ends(text, start):
            said = text[start:end]
            if values := self.values(attribute, said):
                return FoundValues(attribute, values, said, end)
        return None

    def values(self, attribute: str, said: str) -> tuple[str, ...]:
        """The values of an attribute that speak of what was said, as the catalogue has them."""
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
            offered = self._attributes[attribute]
            found |= dict.fromkeys(one for one in offered if covers(fold(one), folded))
        return tuple(sorted(found))

    def _candidates(self, attribute: str, word: str) -> Iterable[str]:
        """The values that may hold a word: those with its first word, or ending like it."""
        first = _WORD.search(word)
        index = self._by_word[attribute]
        if first is None:
            return ()
        exact = index.get(first[0], {})
        if " " in word or len(first[0]) == 1:
            return exact
        compounds = [values for key, values in index.items() if key.endswith(first[0])]
        return [value for values in compounds for value in values]


def _index(values: Iterable[str]) -> dict[str, dict[str, None]]:
    index: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for value in values:
        for word in _WORD.findall(fold(value)):
            index[word][value] = None
    return dict(index)


def _longest(names: Mapping[str, str], text: str, start: int) -> FoundName | None:
    for end in _ends(text, start):
        name = names.get(fold(text[start:end]))
        if name is not None:
            return FoundName(name, end)
    return None


def _ends(text: str, start: int) -> Iterator[int]:
    """Where a phrase from ``start`` may end, the longest first."""
    ends = [found.end() for found in _EDGE.finditer(text, start + 1, start + _MOST + 1)]
    return reversed(ends)
