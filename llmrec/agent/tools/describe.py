"""The tool ``describe``: a checked description of one product for this shopper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Arguments, Tool, ToolResult
from llmrec.agent.tools.products import ProductName, find_product, product_fields
from llmrec.agent.tools.words import write_words
from llmrec.types import Item, Words

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["DESCRIBE", "DescribeArguments", "DescribeResult"]


class DescribeArguments(Arguments):
    """What is described."""

    product: ProductName


@dataclass(frozen=True)
class DescribeResult(ToolResult):
    """``description`` says by its ``origin`` how it was made."""

    item: Item
    description: Words

    @property
    def products(self) -> tuple[Item, ...]:
        """The product."""
        return (self.item,)

    def to_dict(self) -> dict[str, Any]:
        """The product's fields, the shop's own text, and the description with its origin."""
        return {
            "product": product_fields(self.item),
            "description": self.description.text,
            "origin": self.description.origin,
            "shop_text": self.item.description,
        }


def describe(shop: Recommender, shopper: Shopper, arguments: DescribeArguments) -> DescribeResult:
    """Describe a product in the shop's own sentences, or as the settings say.

    Raises:
        UnknownItem: the catalogue does not know the product.
        EngineError: the language model failed and no fallback is configured.
    """
    item = find_product(shop, arguments.product)
    _, text = write_words(shop, shopper, item, query=shopper.query, describe=True)
    assert text is not None  # it was asked for
    return DescribeResult(item, text)


DESCRIBE = Tool(
    "describe",
    "Describe one product for this shopper in a few sentences that hold in the catalogue.",
    DescribeArguments,
    describe,
)
