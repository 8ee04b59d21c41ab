"""A product's fields as name and text: what tools may say of it, and nothing else."""

from __future__ import annotations

from llmrec.prompting import price_text
from llmrec.types import Item

__all__ = ["stated_fields"]


def stated_fields(item: Item) -> dict[str, str]:
    """The short fields that the catalogue holds; attributes stand under ``attributes.<name>``.

    >>> stated_fields(Item("1", "Kettle", stock=0, attributes={"volume": "1.7 l"}))
    {'stock': '0', 'attributes.volume': '1.7 l'}
    """
    fields = {
        "brand": item.brand,
        "category": " > ".join(item.category) or None,
        "price": None if item.price is None else price_text(item.price, item.currency),
        "stock": None if item.stock is None else str(max(item.stock, 0)),
        "language": item.language,
        **{f"attributes.{name}": ", ".join(values) for name, values in item.attributes.items()},
    }
    return {name: text for name, text in fields.items() if text}
