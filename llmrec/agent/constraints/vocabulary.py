"""The catalogue's own names: brands, attributes with their values, currencies, words of titles.

A value is looked up by its words, so that reading a message costs the same in a shop of fifty
values and in one of fifty thousand.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from llmrec.agent.constraints.sizes import covers, is_size
from llmrec.agent.constraints.synonyms import (
    COMPOUNDED,
    holds,
    kind_of,
    same_words,
)
from llmrec.agent.constraints.translation import Translator
from llmrec.catalog.matching import fold
from llmrec.catalog.things import Things, head_of
from llmrec.catalog.tokens import tokens

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore
    from llmrec.embedding.protocol import TextEncoder
    from llmrec.types import Item

__all__ = ["Vocabulary"]

_REMEMBERED = 4_096
_FEW = 3
"""Items of a name from which it counts that none of them has a field."""
_MOST_TRANSLATED = 4_000
"""Names of a catalogue that are looked at in other languages; the first time costs a second."""
_LONGEST_VALUE = 30
_LETTERS = re.compile(r"[^\W\d_\u3400-\u9fff]{3,}|[\u3400-\u9fff]{2,}")
_CJK = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_EMPTY_WORDS = """
a an and any are as at be by for from in is it not of on or than that the this to with you your
all one ones only size sizes colour color größe farbe aber alle als am an auch auf aus bei das dem
den der des die ein eine einen es für im in ist mit nicht nur oder und von zu zum zur 的 了 和 吗 要
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


class Vocabulary:
    """Names as the catalogue spells them.

    Args:
        brands: names of brands.
        categories: every step of the category paths.
        attributes: for each name its values and how many items have each.
        currencies: ISO 4217 codes, the most common first.
        things: what the products are.
        words: tokens of the titles, as lexical search makes them.
        translator: of what shoppers say in other languages than the catalogue's.
        fields: for the head of titles and categories, the kinds of fields that such items have
            (:func:`kind_of`).
    """

    def __init__(
        self,
        brands: Iterable[str] = (),
        categories: Iterable[str] = (),
        attributes: Mapping[str, Mapping[str, int]] | None = None,
        currencies: Sequence[str] = (),
        things: Things | None = None,
        words: Iterable[str] = (),
        translator: Translator | None = None,
        fields: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._fields = fields or {}
        self.translator = translator
        self.things = things or Things()
        self._words = frozenset(words)
        self.brands = {fold(name): name for name in brands}
        self.categories = {fold(name): name for name in categories}
        self.currencies = tuple(currencies)
        self._attributes = {name: dict(values) for name, values in (attributes or {}).items()}
        self.attribute_names = {fold(name): name for name in self._attributes}
        used = {name: sum(values.values()) for name, values in self._attributes.items()}
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
    def of_store(
        cls, store: CatalogStore, encoder: Callable[[], TextEncoder | None] | None = None
    ) -> Vocabulary:
        """Read the names of a catalogue; with an encoder that reads several languages, if any."""
        return cls.of_items((item for items in store.iter_items() for item in items), encoder)

    @classmethod
    def of_items(
        cls, items: Iterable[Item], encoder: Callable[[], TextEncoder | None] | None = None
    ) -> Vocabulary:
        """Collect the names of some items; ``encoder`` as in :meth:`of_store`."""
        brands: dict[str, None] = {}
        categories: dict[str, None] = {}
        attributes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        currencies: Counter[str] = Counter()
        titles: list[str] = []
        fields: defaultdict[str, set[str]] = defaultdict(set)
        counts: Counter[str] = Counter()
        for item in items:
            titles.append(item.title)
            heads = {head_of(name) for name in (item.title, *item.category[-1:])}
            counts.update(heads)
            for head in heads:
                fields[head].update(kind_of(fold(name)) for name in item.attributes)
            if item.brand:
                brands[item.brand] = None
            categories |= dict.fromkeys(item.category)
            for name, values in item.attributes.items():
                attributes[name].update(values)
            if item.price is not None and item.currency:
                currencies[item.currency] += 1
        codes = [code for code, _ in currencies.most_common()]
        words = {token for title in titles for token in tokens(title)}
        things = Things.of((*titles, *categories))
        names = _translatable(titles, categories, attributes) if encoder else ()
        translator = Translator(names, encoder) if encoder else None
        known = {head: kinds for head, kinds in fields.items() if counts[head] >= _FEW}
        return cls(brands, categories, attributes, codes, things, words, translator, known)

    def may_have(self, thing: str, kind: str) -> bool:
        """Whether things of this name may have a colour, a size or a material.

        Where none of several has one, "black tea" names a tea, and no colour.
        """
        fields = self._fields.get(head_of(thing))
        return fields is None or kind in fields

    def in_titles(self, phrase: str) -> bool:
        """Whether each word of a phrase stands in some title."""
        words = tokens(phrase)
        return bool(words) and self._words.issuperset(words)

    def brand(self, said: str) -> str | None:
        """The brand of this name as the catalogue spells it; ``None`` where there is none."""
        folded = fold(said)
        for name in (folded, folded.removesuffix("'s"), folded.removesuffix("s")):
            if name in self.brands:
                return self.brands[name]
        return None

    def of_kind(self, kind: str) -> list[str]:
        """The catalogue's names for colours, sizes or materials, the most used first."""
        return list(self._of_kind.get(kind, ()))

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


def _translatable(
    titles: Iterable[str],
    categories: Iterable[str],
    attributes: Mapping[str, Mapping[str, int]],
) -> tuple[str, ...]:
    """The names that something can be refused by, the commonest first."""
    counts = Counter(word for title in titles for word in _LETTERS.findall(fold(title)))
    counts.update(fold(name) for name in categories)
    for values in attributes.values():
        counts.update(fold(value) for value in values if _is_name(value))
    return tuple(name for name, _ in counts.most_common(_MOST_TRANSLATED))


def _is_name(value: str) -> bool:
    return len(value) <= _LONGEST_VALUE and not any(sign.isdigit() for sign in value)


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
