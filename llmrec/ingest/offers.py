"""What the variants of a product offer, as one price and one stock; variants within a row too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from llmrec.errors import DataError
from llmrec.ingest.cleaning import is_missing
from llmrec.ingest.fields import parse_attributes, parse_availability, parse_stock
from llmrec.ingest.literals import printed_value
from llmrec.ingest.shapes import ITEM_NAMES, OPTION_COLUMNS
from llmrec.types import Item

__all__ = [
    "Attributes",
    "Offer",
    "amount_of",
    "gathered",
    "listed_variants",
    "offered",
    "read_offer",
]

Attributes = Mapping[str, tuple[str, ...]]
Price = tuple["Decimal | None", "str | None"]

_MAX_CHARS = 1000
_AMOUNTS = ("amount", "value", "price")
_CODES = ("currency", "currency_code", "currencyCode")
_OPTION_LISTS = ("options", "attributes", "selectedOptions", "selected_options", "variant_options",
                 "option_values")  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """One variant: its price, and how many of it are left.

    Attributes:
        price, currency: what it costs.
        stock: how many; ``None`` where it is not counted, or not told.
        counted: whether the shop says anything of its stock.
        sold_out: nobody can buy it.
        attributes: what it is a variant by.
    """

    price: Decimal | None
    currency: str | None
    stock: int | None
    counted: bool
    sold_out: bool
    attributes: Attributes


def offered(item: Item, offers: Sequence[Offer]) -> Item:
    """The product with the lowest price of what can be bought, and the stock of all.

    Its own price and stock say nothing where its variants have theirs.
    """
    priced = [offer for offer in offers if offer.price is not None]
    for_sale = [offer for offer in priced if not offer.sold_out] or priced
    if for_sale:
        # Prices in several currencies have no lowest: the first one's count.
        same = [offer for offer in for_sale if offer.currency == for_sale[0].currency]
        cheapest = min(same, key=lambda offer: offer.price or Decimal(0))
        item = replace(item, price=cheapest.price, currency=cheapest.currency)
    counts = [offer.stock for offer in offers if offer.counted]
    if counts:
        # One variant whose stock is not kept can always be bought.
        left = [count for count in counts if count is not None]
        item = replace(item, stock=sum(left) if len(left) == len(counts) else None)
    return item


def gathered(all_attributes: Iterable[Attributes]) -> dict[str, tuple[str, ...]]:
    """Each attribute's values over all variants, each once, in the order of the file."""
    values: dict[str, dict[str, None]] = {}
    for attributes in all_attributes:
        for name, texts in attributes.items():
            values.setdefault(name, {}).update(dict.fromkeys(texts))
    return {name: tuple(texts) for name, texts in values.items()}


def listed_variants(cell: Any) -> list[Mapping[str, Any]]:
    """The variants that a cell lists, as objects or as the text of them; others are no variants."""
    values = printed_value(cell, "[") if isinstance(cell, str) else cell
    if not isinstance(values, (list, tuple)):
        return []
    return [value for value in values if isinstance(value, Mapping)]


def read_offer(
    variant: Mapping[str, Any],
    read_price: Callable[[Any, str | None], Price],
    option_names: Sequence[str] = (),
) -> Offer:
    """What one listed variant offers.

    Args:
        variant: its fields, by the names that columns go by.
        read_price: reads a price whose currency may be named beside it.
        option_names: what ``option1``, ``option2``, … mean.

    Raises:
        DataError: a field that cannot be read.
    """
    cells = {"".join(filter(str.isalnum, str(name))).lower(): v for name, v in variant.items()}
    price: Price = (None, None)
    for field in ("sale_price", "price"):
        value, code = amount_of(_cell(cells, field), _cell(cells, "currency"))
        price = read_price(value, code)
        if price[0]:
            break
    count = _cell(cells, "stock")
    if count is None:
        count = cells.get("quantity")  # beside a product it may be how much a pack holds
    available = _cell(cells, "availability")
    stock = parse_stock(count)
    if not is_missing(available):
        says = parse_availability(available)
        stock = 0 if says == 0 else (says if stock in (None, 0) else stock)
    counted = not is_missing(count) or not is_missing(available)
    return Offer(
        *price, stock, counted, counted and stock == 0, _options(variant, cells, option_names)
    )


def _cell(cells: Mapping[str, Any], field: str) -> Any:
    return next((cells[n] for n in ITEM_NAMES[field] if not is_missing(cells.get(n))), None)


def amount_of(value: Any, code: Any = None) -> tuple[Any, str | None]:
    """A price and its currency where one object, or its text, has both.

    >>> amount_of({"amount": 5, "currency": "EUR"}), amount_of("5.00")
    ((5, 'EUR'), ('5.00', None))
    """
    if isinstance(value, str) and value[:1] == "{":
        value = printed_value(value) or value
    if isinstance(value, Mapping):
        code = next((value[name] for name in _CODES if name in value), code)
        value = next((value[name] for name in _AMOUNTS if name in value), None)
    return value, code if isinstance(code, str) else None


def _options(
    variant: Mapping[str, Any], cells: Mapping[str, Any], names: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    pairs: dict[str, Any] = {
        str(name): value
        for name, value in variant.items()
        if str(name).lower() in OPTION_COLUMNS and isinstance(value, (str, int, float))
    }
    pairs |= {name: cells.get(f"option{i}") for i, name in enumerate(names, start=1)}
    attributes: dict[str, tuple[str, ...]] = {
        name: (str(value).strip(),) for name, value in pairs.items() if not is_missing(value)
    }
    for name in _OPTION_LISTS:
        if isinstance(variant.get(name), (list, tuple, Mapping)):
            try:
                attributes |= parse_attributes(variant[name], _MAX_CHARS)
            except DataError:
                continue  # plain values without names say nothing of what they are
    return attributes
