"""The filterable columns of all items in memory: a filter becomes a mask in about a millisecond."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from llmrec.catalog.ids import one_form
from llmrec.catalog.matching import fold, in_language, is_content, values_by_name
from llmrec.catalog.postings import Postings, PostingsBuilder
from llmrec.catalog.schema import items
from llmrec.catalog.store import CatalogStore, Revision
from llmrec.catalog.things import is_name_in, is_sentence_case
from llmrec.catalog.times import known_us
from llmrec.catalog.tokens import tokens
from llmrec.types import BoolArray, Filters

__all__ = ["Snapshot"]

_BATCH = 5_000
_NO_PRICE = -1
_SAMPLE = 2_000
"""Titles by which the shop's way of writing them is told."""

_MOST_READ = 1_000
"""Titles with a word that are read for whether it is a name; of more, few are."""

_fold = lru_cache(maxsize=65_536)(fold)


class Snapshot:
    """A read-only picture of the catalogue at one revision; row ``i`` is item ``ids[i]``.

    Attributes:
        ids: item ids in ascending order, ``n_items`` of them.
        row: the row of each id.
        added_at: float64 ``[n_items]``, seconds since 1970 UTC, nan where unknown.
        titles: of each row.
        revision: what :meth:`CatalogStore.revision` said when it was taken.
    """

    def __init__(self, columns: _Columns, revision: Revision) -> None:
        self.ids = columns.ids
        self.row = {id: row for row, id in enumerate(self.ids)}
        self.added_at: NDArray[np.float64] = np.array(columns.added_us, dtype=np.float64) / 1e6
        self.revision = revision
        self._available: BoolArray = np.array(columns.available, dtype=bool)
        self._categories = columns.categories.build()
        self._brands = columns.brands.build()
        self._currencies = columns.currencies.build()
        self._languages = columns.languages.build()
        self._attributes = columns.attributes.build()
        self._further = columns.further.build()
        self._prices, self._price_rank = _ranked(columns.prices)
        self.titles: Sequence[str] = columns.titles

    @classmethod
    def load(cls, store: CatalogStore) -> Snapshot:
        """Read the filterable columns (no descriptions) from ``store``."""
        # Read before the items: if these change in between, the next look finds a newer revision.
        revision = store.revision()
        columns = _Columns()
        for rows in store.stream_rows(_QUERY, _BATCH):
            columns.extend(rows)
        return cls(columns, revision)

    def __len__(self) -> int:
        return len(self.ids)

    def allowed(self, filters: Filters, seen: Collection[str] = ()) -> BoolArray:
        """The items that pass, as a new bool array ``[n_items]``.

        The same as :func:`llmrec.catalog.matching.matches` for each item. Names that no item has
        match nothing.

        Args:
            filters: hard constraints.
            seen: ids of the shopper's history, left out unless ``filters.allow_seen``.
        """
        mask: BoolArray = np.ones(len(self), dtype=bool)
        self._require(mask, self._categories, filters.categories)
        self._require(mask, self._brands, filters.brands)
        self._exclude(mask, self._categories, filters.not_categories)
        self._exclude(mask, self._brands, filters.not_brands)
        if filters.languages:
            wanted = [fold(language) for language in filters.languages]
            tags = [
                tag
                for tag in self._languages
                if any(in_language(tag, language) for language in wanted)
            ]
            mask &= self._any(self._languages, tags)
        if filters.currency is not None:
            mask &= self._any(self._currencies, [fold(filters.currency)])
        if filters.in_stock:
            mask &= self._available
        for name, values in filters.attributes.items():
            if values:
                pairs = [(fold(name), fold(value)) for value in values]
                mask &= self._any(self._attributes, pairs)
        for name, unwanted in values_by_name(filters.not_attributes).items():
            mask &= ~self._unwanted(name, unwanted)
        for phrase in filters.not_words:
            mask &= ~self._titled(phrase)
        self._limit_price(mask, filters.min_price, filters.max_price)
        self._drop(mask, filters.not_items)
        if not filters.allow_seen:
            self._drop(mask, seen)
        return mask

    def priced(self) -> NDArray[np.int32]:
        """Each row's place among the prices of the shop's main currency, int32 ``[n_items]``.

        Equal prices have the same, the lowest 0; -1 where there is no price, or one in another
        currency than most items have. A price without a currency counts as one in the shop's own.
        """
        ranks = self._price_rank.copy()
        main = min(
            self._currencies,
            key=lambda currency: (-len(self._currencies.rows(currency)), currency),
            default=None,
        )
        for currency in self._currencies:
            if currency != main:
                ranks[self._currencies.rows(currency)] = _NO_PRICE
        return ranks

    def in_category(self, fits: Callable[[str], bool]) -> BoolArray:
        """The items that have a step in their category path whose folded name ``fits``."""
        return self._any(self._categories, [step for step in self._categories if fits(step)])

    @property
    def categories(self) -> Iterable[str]:
        """The folded names of all steps of category paths."""
        return self._categories

    def values(
        self, names: Callable[[str], bool]
    ) -> Iterator[tuple[tuple[str, str], NDArray[np.int32]]]:
        """Folded names and values of the attributes whose ``names`` fit, with their rows."""
        for pair in self._attributes:
            if names(pair[0]):
                yield pair, self._attributes.rows(pair)

    def in_language(self, language: str) -> BoolArray:
        """The items that are said to be in a language, such as ``en``."""
        tags = [tag for tag in self._languages if in_language(tag, language)]
        return self._any(self._languages, tags)

    def in_no_language(self) -> BoolArray:
        """The items of which nobody says what language they are in."""
        unsaid: BoolArray = ~self._any(self._languages, self._languages)
        return unsaid

    def titled(self, word: str) -> NDArray[np.int64]:
        """The rows whose titles hold a word as :func:`~llmrec.catalog.tokens.tokens` has it."""
        return np.asarray(self._words.rows(word), np.int64)

    def titled_thing(self, word: str) -> NDArray[np.int64]:
        """Of :meth:`titled`, the rows that have the word as a noun, where others have it as a name.

        A shop that writes "Tent lantern" means no lantern by "Chilli Lantern". One that writes all
        words with a capital, or has no title with the noun, does not say.
        """
        rows = self.titled(word)
        if len(rows) > _MOST_READ or not self._in_sentence_case:
            return rows
        named = np.array([is_name_in(self.titles[row], word) for row in rows.tolist()], bool)
        return rows if named.all() else rows[~named]

    @cached_property
    def _in_sentence_case(self) -> bool:
        return is_sentence_case(self.titles[:_SAMPLE])

    def filed(self, word: str) -> NDArray[np.int64]:
        """The rows that have a word in the names of their categories."""
        return np.asarray(self._category_words.rows(word), np.int64)

    @cached_property
    def _category_words(self) -> Postings[str]:
        rows: dict[str, set[int]] = {}
        for step in self._categories:
            for word in set(tokens(step)):
                rows.setdefault(word, set()).update(self._categories.rows(step).tolist())
        builder: PostingsBuilder[str] = PostingsBuilder()
        for row, word in sorted((row, word) for word, places in rows.items() for row in places):
            builder.add(row, (word,))
        return builder.build()

    def _unwanted(self, name: str, values: Collection[str]) -> BoolArray:
        """The items that have one of these values, or, of what they come in, no others."""
        if is_content(name):
            return self._any(self._attributes, [(name, value) for value in values])
        counts = np.zeros(len(self), dtype=np.int32)
        for value in values:
            counts[self._attributes.rows((name, value))] += 1
        counts -= np.bincount(self._further.rows(name), minlength=len(self)).astype(np.int32)
        unwanted: BoolArray = counts > 0
        return unwanted

    def _any(self, postings: Postings[Any], terms: Iterable[Any]) -> BoolArray:
        mask: BoolArray = np.zeros(len(self), dtype=bool)
        for term in terms:
            mask[postings.rows(term)] = True
        return mask

    def _require(self, mask: BoolArray, postings: Postings[str], names: Collection[str]) -> None:
        if names:
            mask &= self._any(postings, map(fold, names))

    def _exclude(self, mask: BoolArray, postings: Postings[str], names: Collection[str]) -> None:
        for name in names:
            mask[postings.rows(fold(name))] = False

    @cached_property
    def _words(self) -> Postings[str]:
        # Made when first asked for: most shoppers never say "no teapots".
        builder: PostingsBuilder[str] = PostingsBuilder()
        for row, title in enumerate(self.titles):
            builder.add(row, set(tokens(title)))
        return builder.build()

    def _titled(self, phrase: str) -> BoolArray:
        """The items whose titles hold all words of a phrase; none where it has no words."""
        words = set(tokens(phrase))
        mask: BoolArray = np.full(len(self), bool(words))
        for word in words:
            mask &= self._any(self._words, (word,))
        return mask

    def _limit_price(self, mask: BoolArray, low: Decimal | None, high: Decimal | None) -> None:
        if low is None and high is None:
            return
        first = 0 if low is None else bisect_left(self._prices, low)
        mask &= self._price_rank >= first  # no price is -1
        if high is not None:
            mask &= self._price_rank < bisect_right(self._prices, high)

    def _drop(self, mask: BoolArray, ids: Collection[str]) -> None:
        forms = (id if id in self.row else one_form(id) for id in ids)
        rows = [self.row[id] for id in forms if id in self.row]
        if rows:
            mask[rows] = False


class _Columns:
    """What :meth:`Snapshot.load` collects, row by row."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.titles: list[str] = []
        self.prices: list[Decimal | None] = []
        self.available: list[bool] = []
        self.added_us: list[float] = []
        self.categories: PostingsBuilder[str] = PostingsBuilder()
        self.brands: PostingsBuilder[str] = PostingsBuilder()
        self.currencies: PostingsBuilder[str] = PostingsBuilder()
        self.languages: PostingsBuilder[str] = PostingsBuilder()
        self.attributes: PostingsBuilder[tuple[str, str]] = PostingsBuilder()
        # A name once for each value beyond the first: what is not among the unwanted ones shows.
        self.further: PostingsBuilder[str] = PostingsBuilder()

    def extend(self, rows: Iterable[Any]) -> None:
        for row, values in enumerate(rows, start=len(self.ids)):
            id, title, brand, category, price, currency, language, stock, pairs, added_us = values
            self.ids.append(id)
            self.titles.append(title)
            self.prices.append(_price(price))
            self.available.append(stock is None or stock > 0)
            known = added_us is not None and known_us(added_us)
            self.added_us.append(added_us if known else float("nan"))
            self.categories.add(row, _steps(category))
            self.brands.add(row, () if brand is None else (_fold(brand),))
            self.currencies.add(row, () if currency is None else (_fold(currency),))
            self.languages.add(row, () if language is None else (_fold(language),))
            if pairs != "{}":
                self._name(row, json.loads(pairs))

    def _name(self, row: int, attributes: dict[str, list[str] | str]) -> None:
        # A text: from a server of an older llmrec that still runs, and writes as it did.
        listed = (
            (_fold(name), (values,) if isinstance(values, str) else values)
            for name, values in attributes.items()
        )
        terms = {(name, _fold(value)) for name, values in listed for value in values}
        self.attributes.add(row, terms)
        if len(terms) > 1:
            names = [name for name, _ in terms]
            for name in set(names) if len(set(names)) < len(names) else ():
                self.further.add(row, (name,) * (names.count(name) - 1))


_QUERY = sa.select(
    items.c.id,
    items.c.title,
    items.c.brand,
    items.c.category,
    items.c.price,
    items.c.currency,
    items.c.language,
    items.c.stock,
    items.c.attributes,
    items.c.added_us,
).order_by(items.c.id)


@lru_cache(maxsize=65_536)
def _price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@lru_cache(maxsize=65_536)
def _steps(category: str) -> frozenset[str]:
    return frozenset(fold(step) for step in json.loads(category))


def _ranked(prices: list[Decimal | None]) -> tuple[list[Decimal], NDArray[np.int32]]:
    """Distinct prices ascending, and each item's rank among them: exact, unlike floats."""
    distinct = sorted({price for price in prices if price is not None})
    rank: dict[Decimal | None, int] = {price: rank for rank, price in enumerate(distinct)}
    ranks = (rank.get(price, _NO_PRICE) for price in prices)
    return distinct, np.fromiter(ranks, dtype=np.int32, count=len(prices))
