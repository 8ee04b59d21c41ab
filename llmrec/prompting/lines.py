"""One line for an item or a history entry, in a chosen amount of detail."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from llmrec.prompting.shop_text import one_line, shorten
from llmrec.types import EventKind, HistoryEntry, Item

__all__ = [
    "DETAILS",
    "Detail",
    "HistoryPair",
    "history_line",
    "item_line",
    "price_label",
    "price_text",
]

HistoryPair = tuple[HistoryEntry, Item | None]
"""A history entry with the catalogue's item, or ``None`` where it counts by its text."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of an item's text stands in a prompt; ``words`` limits the title."""

    words: int
    brand: bool = True
    category: bool = True
    price: bool = True


DETAILS = (
    Detail(20),
    Detail(14),
    Detail(14, price=False),
    Detail(10, price=False),
    Detail(10, price=False, category=False),
    Detail(8, price=False, category=False, brand=False),
    Detail(5, price=False, category=False, brand=False),
    Detail(3, price=False, category=False, brand=False),
)
"""From rich to bare: the price goes first, then category and brand; titles are shortened last."""

_DONE = {
    EventKind.VIEW: "viewed",
    EventKind.CART: "put in the cart",
    EventKind.PURCHASE: "bought",
    EventKind.RATING: "rated",
    EventKind.LIKE: "liked",
    EventKind.DISLIKE: "disliked",
}
_NAMED = "named"


def item_line(item: Item, detail: Detail) -> str:
    """Title, brand, the most specific category and the price, as far as ``detail`` lets them in.

    A brand that the title names already is not repeated.
    """
    title = shorten(one_line(item.title), detail.words) or one_line(item.id)
    parts = [title]
    if detail.brand and item.brand and item.brand.casefold() not in title.casefold():
        parts.append(shorten(one_line(item.brand), 4))
    if detail.category and item.category:
        parts.append(shorten(one_line(item.category[-1]), 5))
    if detail.price and item.price is not None:
        parts.append(price_text(item.price, item.currency))
    return ", ".join(part for part in parts if part)


def history_line(pair: HistoryPair, detail: Detail) -> str:
    """What the shopper did with which item; free text of the history stands as it is."""
    entry, item = pair
    if item is None:
        return shorten(one_line(entry.text or entry.item or ""), detail.words)
    rated = f" {entry.value:g}" if entry.kind is EventKind.RATING and entry.value else ""
    bare = Detail(detail.words, brand=detail.brand, category=False, price=False)
    done = _DONE[entry.kind] if entry.stated else _NAMED
    return f"{done}{rated}: {item_line(item, bare)}"


def price_label(price: Decimal | str, currency: str | None) -> str:
    """The price as the catalogue writes it, but never with half of the cents.

    >>> price_label(Decimal("2.1"), "GBP"), price_label("119.00", "EUR"), price_label("119", None)
    ('2.10 GBP', '119.00 EUR', '119')
    """
    amount = Decimal(price)
    text = f"{amount:.2f}" if amount.as_tuple().exponent == -1 else str(price)
    return f"{text} {currency or ''}".rstrip()


def price_text(price: Decimal, currency: str | None) -> str:
    """The price as the prompt and the sentences write it.

    >>> price_text(Decimal("24.9"), "EUR")
    '24.90 EUR'
    >>> price_text(Decimal("1.255"), "KWD"), price_text(Decimal("1.250"), "KWD")
    ('1.255 KWD', '1.25 KWD')
    """
    # Some currencies have a thousandth; a fourth place is an artefact of whoever divided.
    places = f"{price:.3f}"
    amount = places.removesuffix("0") if price != price.to_integral_value() else f"{price:.0f}"
    return f"{amount} {one_line(currency)}" if currency else amount
