"""The tool ``compare``: products side by side in the catalogue's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Arguments, Tool, ToolResult
from llmrec.agent.tools.fields import stated_fields
from llmrec.agent.tools.products import ProductName, find_product
from llmrec.catalog.matching import fold
from llmrec.errors import ToolError
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = [
    "COMPARE",
    "MOST_COMPARED",
    "CompareArguments",
    "CompareResult",
    "ComparedField",
    "side_by_side",
]

MOST_COMPARED = 5
"""A table of more columns cannot be read in a terminal or on a phone."""


class CompareArguments(Arguments):
    """What is compared."""

    products: tuple[ProductName, ...] = Field(
        min_length=2,
        max_length=MOST_COMPARED,
        description=f"ids or exact titles of 2 to {MOST_COMPARED} products",
    )


@dataclass(frozen=True)
class ComparedField:
    """One row of the table: a field's text for each product, ``None`` where none is given."""

    name: str
    values: tuple[str | None, ...]

    @property
    def differs(self) -> bool:
        """Whether the products do not all say the same (case and the order of values apart)."""
        return len({text and frozenset(fold(text).split(", ")) for text in self.values}) > 1


@dataclass(frozen=True)
class CompareResult(ToolResult):
    """The products as they were named, and the table's rows."""

    items: tuple[Item, ...]
    fields: tuple[ComparedField, ...]

    @property
    def products(self) -> tuple[Item, ...]:
        """The products compared, in the order they were named."""
        return self.items

    def to_dict(self) -> dict[str, Any]:
        """The products' ids and titles, and by field what each says; what differs comes first."""
        return {
            "products": [{"id": item.id, "title": item.title} for item in self.items],
            "differs": {field.name: list(field.values) for field in self.fields if field.differs},
            "same": {field.name: field.values[0] for field in self.fields if not field.differs},
        }


def compare(shop: Recommender, shopper: Shopper, arguments: CompareArguments) -> CompareResult:
    """Put the products' fields side by side; nothing is said that the catalogue does not hold.

    Raises:
        UnknownItem: the catalogue does not know one of the products.
        ToolError: one is named twice.
    """
    items = tuple(find_product(shop, name, "products") for name in arguments.products)
    ids = [item.id for item in items]
    if twice := next((id for id in ids if ids.count(id) > 1), None):
        raise ToolError(
            f"'{twice}' is named twice.", field="products", hint="Name 2 to 5 different products."
        )
    return side_by_side(items)


def side_by_side(items: tuple[Item, ...]) -> CompareResult:
    """The fields of some products, in a row for each field."""
    return CompareResult(items, _table([stated_fields(item) for item in items]))


def _table(products: list[dict[str, str]]) -> tuple[ComparedField, ...]:
    """A row for each field that any product has; ``Colour`` and ``colour`` are one field."""
    names: dict[str, str] = {}
    for fields in products:
        for name in fields:
            names.setdefault(fold(name), name)
    folded = [{fold(name): text for name, text in fields.items()} for fields in products]
    return tuple(
        ComparedField(name, tuple(fields.get(key) for fields in folded))
        for key, name in names.items()
    )


COMPARE = Tool(
    "compare",
    "Compare 2 to 5 products field by field, and see what differs.",
    CompareArguments,
    compare,
)
