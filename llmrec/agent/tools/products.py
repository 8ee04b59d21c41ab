"""A product as a tool is told it, looked up; and as a tool answers it, in plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from llmrec.catalog.matching import fold
from llmrec.catalog.nearest import nearest_ids
from llmrec.errors import UnknownItem
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["ProductName", "find_product", "product_fields"]

ProductName = Annotated[
    str, Field(min_length=1, max_length=500, description="a product's id, or its exact title")
]

_TITLES = 20


def find_product(shop: Recommender, name: str, field: str = "product") -> Item:
    """The product of this id, else the only one of this title (in any case of letters).

    Raises:
        UnknownItem: there is none; the hint names the nearest ids and titles.
    """
    name = name.strip()
    if item := shop.store.item(name):
        return item
    near = nearest_ids(shop.store, name)
    if len(near) == 1 and fold(near[0]) == fold(name) and (item := shop.store.item(near[0])):
        return item
    titled = shop.store.search_items(name, _TITLES)
    same = [one for one in titled if fold(one.title) == fold(name)]
    if len(same) == 1:
        return same[0]
    close = [*shop.store.items(near).values(), *(same or titled)]
    raise UnknownItem(f"The shop has no product '{name:.80}'.", field=field, hint=_hint(close))


def product_fields(item: Item) -> dict[str, Any]:
    """What a reader needs to tell products apart; what the catalogue does not say is left out."""
    fields = {
        "id": item.id,
        "title": item.title,
        "brand": item.brand,
        "category": list(item.category),
        "price": None if item.price is None else str(item.price),
        "currency": item.currency,
        "in_stock": None if item.stock is None else item.stock > 0,
        "attributes": {name: list(values) for name, values in item.attributes.items()},
        "url": item.url,
        "image_url": item.image_url,
    }
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def _hint(close: list[Item]) -> str:
    if not close:
        return "Find products with the tool search; it gives their ids."
    named = dict.fromkeys(f"{one.id} ({one.title})" for one in close)
    return f"Nearest: {'; '.join(list(named)[:3])}. The tool search finds others."
