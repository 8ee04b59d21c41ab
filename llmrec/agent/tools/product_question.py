"""The tool ``product_question``: what the catalogue says of a product, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.asked_fields import Statement, find_statement
from llmrec.agent.tools.base import Arguments, Tool, ToolResult
from llmrec.agent.tools.products import ProductName, find_product
from llmrec.embedding.languages import multilingual_beside
from llmrec.requests import clean_query
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["PRODUCT_QUESTION", "ProductQuestionArguments", "ProductQuestionResult"]

_SILENT = "The catalogue does not say."


class ProductQuestionArguments(Arguments):
    """What is asked about which product."""

    product: ProductName
    question: str = Field(min_length=1, max_length=2000, description="in the shopper's words")


@dataclass(frozen=True)
class ProductQuestionResult(ToolResult):
    """``statement`` is ``None`` where the catalogue does not say."""

    item: Item
    question: str
    statement: Statement | None

    @property
    def products(self) -> tuple[Item, ...]:
        """The product."""
        return (self.item,)

    def to_dict(self) -> dict[str, Any]:
        """The field's text as it stands in the catalogue, and the field's name."""
        found = self.statement
        return {
            "product": {"id": self.item.id, "title": self.item.title},
            "question": self.question,
            "answer": found.text if found else _SILENT,
            "found": found is not None,
            "field": found.field if found else None,
        }


def product_question(
    shop: Recommender, shopper: Shopper, arguments: ProductQuestionArguments
) -> ProductQuestionResult:
    """Find the field, or the sentence of the description, that the question asks for.

    Raises:
        UnknownItem: the catalogue does not know the product.
        IndexMissing: nothing has been indexed yet.
    """
    item = find_product(shop, arguments.product)
    question = clean_query(arguments.question) or ""
    if not question:
        return ProductQuestionResult(item, question, None)
    beside = multilingual_beside(shop.retriever.encoder)
    statement = find_statement(
        item, question, shop.retriever.encode, None if beside is None else beside.encode
    )
    return ProductQuestionResult(item, question, statement)


PRODUCT_QUESTION = Tool(
    "product_question",
    "Answer a question about one product from its fields in the catalogue.",
    ProductQuestionArguments,
    product_question,
)
