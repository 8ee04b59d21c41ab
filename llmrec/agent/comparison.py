"""For whom which of the compared products is better: a sentence that stands on their fields alone.

Only where a number says it and all products have it in one unit: less to pay, less to carry, more
room. What is better of two colours is for the shopper to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal, TypeAlias

from llmrec.agent.language import Language
from llmrec.agent.tools.compare import CompareResult
from llmrec.catalog.matching import fold
from llmrec.explain.field_values import price_in, value_in
from llmrec.explain.numbers import numbers_in
from llmrec.types import Item

__all__ = ["comparison_sentence"]

_Better: TypeAlias = Literal["price", "weight", "capacity", "stock"]

_SMALL_UNITS = {"kg": ("g", 1000), "l": ("ml", 1000), "m": ("cm", 100)}

_FIELDS: dict[str, _Better] = {
    **dict.fromkeys(("weight", "gewicht", "重量"), "weight"),
    **dict.fromkeys(("capacity", "volume", "volumen", "fassungsvermögen", "容量"), "capacity"),
}
# Of two, then of more.
_WORDS: dict[_Better, dict[Language, tuple[str, str]]] = {
    "price": {
        "en": ("cheaper ({value})", "the cheapest ({value})"),
        "de": ("günstiger ({value})", "am günstigsten ({value})"),
        "zh": ("更便宜（{value}）", "最便宜（{value}）"),
    },
    "weight": {
        "en": ("lighter ({value})", "the lightest ({value})"),
        "de": ("leichter ({value})", "am leichtesten ({value})"),
        "zh": ("更轻（{value}）", "最轻（{value}）"),
    },
    "capacity": {
        "en": ("holds more ({value})", "holds most ({value})"),
        "de": ("fasst mehr ({value})", "fasst am meisten ({value})"),
        "zh": ("容量更大（{value}）", "容量最大（{value}）"),
    },
    "stock": {
        "en": ("in stock, the other is not", "in stock, the others are not"),
        "de": ("auf Lager, das andere nicht", "auf Lager, die anderen nicht"),
        "zh": ("有货，另一个没有", "有货，其他没有"),
    },
}


def comparison_sentence(result: CompareResult, language: Language) -> str:
    """What each product is better in, by its fields; empty where no number says so.

    Args:
        result: the products and their fields.
        language: that the shopper speaks.
    """
    items = result.items
    many = len(items) > 2
    strengths: list[list[str]] = [[] for _ in items]
    for better, place, value in _strengths(result, language):
        strengths[place].append(_WORDS[better][language][many].format(value=value))
    colon, comma, stop = ("：", "，", "。") if language == "zh" else (": ", ", ", ".")
    return ("" if language == "zh" else " ").join(
        f"{item.title}{colon}{comma.join(texts)}{stop}"
        for item, texts in zip(items, strengths, strict=True)
        if texts
    )


def _strengths(result: CompareResult, language: Language) -> Iterator[tuple[_Better, int, str]]:
    items = result.items
    if len({item.currency for item in items}) == 1:
        prices = [item.price for item in items]
        if (place := _least(prices)) is not None:
            yield "price", place, _price(items[place], language)
    for field in result.fields:
        name = fold(field.name.removeprefix("attributes."))
        better = _FIELDS.get(name)
        amounts = _of_one_unit(field.values)
        if better is None or amounts is None:
            continue
        place = _least(amounts if better == "weight" else [-amount for amount in amounts])
        if place is not None:
            yield better, place, value_in(field.values[place] or "", language)
    in_stock = [n for n, item in enumerate(items) if item.stock is not None and item.stock > 0]
    if len(in_stock) == 1 and all(item.stock is not None for item in items):
        yield "stock", in_stock[0], ""


def _price(item: Item, language: Language) -> str:
    assert item.price is not None
    return price_in(item.price, item.currency, language)


def _least(amounts: Sequence[Decimal | None]) -> int | None:
    """The place of the smallest; ``None`` where one is missing or two are the smallest."""
    present = [amount for amount in amounts if amount is not None]
    if len(present) < len(amounts) or present.count(min(present)) > 1:
        return None
    return present.index(min(present))


def _of_one_unit(values: Sequence[str | None]) -> list[Decimal] | None:
    """Each value's number in one unit; ``None`` where one has none, several or another unit.

    >>> _of_one_unit(["1.35 kg", "980 g"])
    [Decimal('1350.00'), Decimal('980')]
    """
    amounts, units = [], set()
    for value in values:
        numbers = numbers_in(value or "")
        if len(numbers) != 1 or len(numbers[0].readings) != 1:
            return None
        unit, scale = _SMALL_UNITS.get(numbers[0].unit or "", (numbers[0].unit, 1))
        # "2 people" and "5 people": the unit is no unit, but one word.
        units.add(unit or (value or "").split()[-1].casefold().rstrip("s"))
        amounts.append(next(iter(numbers[0].readings)) * scale)
    return amounts if len(units) == 1 else None
