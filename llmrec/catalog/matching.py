"""What a filter means, item by item: the definition that the fast paths are tested against."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from llmrec.catalog.ids import one_form
from llmrec.catalog.tokens import tokens
from llmrec.linear import composed
from llmrec.types import Filters, Item

__all__ = ["fold", "in_language", "is_content", "matches", "values_by_name"]

_CONTENT_WORDS = """
material fabric textile composition content ingredient contain allergen filling lining
stoff gewebe zusammensetzung zutat enthält enthaelt bestandteil füllung futter
材质 材料 面料 布料 成分 配料 原料 过敏原 含有 填充
"""
_CONTENTS = tuple(_CONTENT_WORDS.split())
"""Parts of the names of attributes that say what is in a product; "stoff" is in "Inhaltsstoffe"."""


def fold(name: str) -> str:
    """The form in which names are compared: case and Unicode composition do not matter.

    >>> fold("Straße") == fold("STRASSE")
    True
    """
    if name.isascii():
        return name.lower()
    return composed(composed(name).casefold())


def is_content(name: str) -> bool:
    """Whether an attribute (its name folded) says what is in a product, all of it at once.

    Of others the values are what the product comes in, one or the other.

    >>> [is_content(name) for name in ("outer fabric", "allergene", "配料表", "size")]
    [True, True, True, False]
    """
    return any(part in name for part in _CONTENTS)


def values_by_name(attributes: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Names and values folded; names that are then the same have the values of both."""
    folded: dict[str, set[str]] = {}
    for name, values in attributes.items():
        folded.setdefault(fold(name), set()).update(map(fold, values))
    return folded


def in_language(tag: str, wanted: str) -> bool:
    """Whether a BCP 47 tag is the wanted one or a narrower one (both folded).

    >>> in_language("de-at", "de"), in_language("de", "de-at"), in_language("den", "de")
    (True, False, False)
    """
    return tag == wanted or tag.startswith(f"{wanted}-")


def matches(item: Item, filters: Filters, seen: Collection[str] = ()) -> bool:
    """Whether ``item`` passes ``filters`` and, unless these allow it, is not in ``seen``."""
    return (
        item.id not in filters.not_items
        and item.id not in map(one_form, filters.not_items)
        and (filters.allow_seen or item.id not in seen)
        and _names(item, filters)
        and _price(item.price, item.currency, filters)
        and not (filters.in_stock and item.stock is not None and item.stock <= 0)
        and _attributes(item, filters)
        and not _titled(item.title, filters.not_words)
    )


def _names(item: Item, filters: Filters) -> bool:
    steps = _folded(item.category)
    brand = _folded([item.brand] if item.brand is not None else [])
    language = None if item.language is None else fold(item.language)
    return (
        (not filters.categories or bool(steps & _folded(filters.categories)))
        and not steps & _folded(filters.not_categories)
        and (not filters.brands or bool(brand & _folded(filters.brands)))
        and not brand & _folded(filters.not_brands)
        and (
            not filters.languages
            or (
                language is not None
                and any(in_language(language, fold(tag)) for tag in filters.languages)
            )
        )
    )


def _price(price: Decimal | None, currency: str | None, filters: Filters) -> bool:
    low, high = filters.min_price, filters.max_price
    if filters.currency is not None and (
        currency is None or fold(currency) != fold(filters.currency)
    ):
        return False
    if price is None:
        return low is None and high is None
    return (low is None or price >= low) and (high is None or price <= high)


def _attributes(item: Item, filters: Filters) -> bool:
    if not filters.attributes and not filters.not_attributes:
        return True
    have = values_by_name(item.attributes)
    return all(
        have.get(fold(name), set()) & _folded(values)
        for name, values in filters.attributes.items()
        if values
    ) and not any(
        _unwanted(name, have.get(name, set()), values)
        for name, values in values_by_name(filters.not_attributes).items()
    )


def _unwanted(name: str, have: set[str], unwanted: set[str]) -> bool:
    """Whether nothing that the item comes in is left, or what is in it must not be."""
    return bool(have & unwanted) and (is_content(name) or have <= unwanted)


def _titled(title: str, phrases: Iterable[str]) -> bool:
    """Whether a title holds all the words of one of the phrases, as lexical search compares them.

    >>> _titled("Teapots of glass", ["teapot"]), _titled("Glass bowl", ["glass teapot"])
    (True, False)
    """
    wanted = [words for phrase in phrases if (words := set(tokens(phrase)))]
    titled = set(tokens(title)) if wanted else set()
    return any(words <= titled for words in wanted)


def _folded(names: Iterable[str]) -> set[str]:
    return {fold(name) for name in names}
