"""What Chroma knows of an item beside its vector: filterable fields, and what was encoded."""

from __future__ import annotations

from typing import TypeAlias

from llmrec.catalog.item_text import name_hash, text_hash
from llmrec.types import Item

__all__ = ["TEXT_HASH", "Metadata", "change", "item_metadata", "name_metadata"]

Metadata: TypeAlias = "dict[str, str | int | float | None]"

TEXT_HASH = "text_hash"


def item_metadata(item: Item) -> Metadata:
    """The metadata stored with an item's vector; unknown fields are left out.

    >>> item_metadata(Item("1", "Kettle", category=("Home", "Tea"), stock=3))["category"]
    'Home > Tea'
    """
    fields: Metadata = {
        TEXT_HASH: text_hash(item),
        "brand": item.brand,
        "category": " > ".join(item.category) or None,
        "price": None if item.price is None else float(item.price),
        "currency": item.currency,
        "language": item.language,
        "stock": item.stock,
    }
    return {name: value for name, value in fields.items() if value is not None}


def name_metadata(item: Item) -> Metadata:
    """The metadata stored with the vector of an item's name: nothing is filtered by it."""
    return {TEXT_HASH: name_hash(item)}


def change(stored: Metadata, wanted: Metadata) -> Metadata:
    """What an update must write: Chroma merges, so fields that are gone are set to ``None``.

    >>> change({"brand": "Acme", "stock": 1}, {"stock": 2})
    {'stock': 2, 'brand': None}
    """
    return {**wanted, **{name: None for name in stored if name not in wanted}}
