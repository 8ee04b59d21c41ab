"""The tool ``reviews``: what reviewers say of a product, counted and quoted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Arguments, Tool, ToolResult
from llmrec.agent.tools.products import ProductName, find_product
from llmrec.requests import clean_query
from llmrec.reviews import Mention, Quote, ReviewSummary, review_summary_lines
from llmrec.types import Item, Language

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["REVIEWS", "ReviewsArguments", "ReviewsResult"]


class ReviewsArguments(Arguments):
    """Of which product, and what about it."""

    product: ProductName
    question: str = Field(
        "", max_length=2000, description="in the shopper's words; may name one thing: the handle"
    )


@dataclass(frozen=True)
class ReviewsResult(ToolResult):
    """``language`` is that of the lines; quotations are as they were written."""

    item: Item
    summary: ReviewSummary
    language: Language

    @property
    def products(self) -> tuple[Item, ...]:
        """The product."""
        return (self.item,)

    @property
    def lines(self) -> list[str]:
        """The answer in words."""
        return list(review_summary_lines(self.summary, self.item.title, self.language))

    def to_dict(self) -> dict[str, Any]:
        """Counts, average and quotations in plain values, and the same as text."""
        summary = self.summary
        asked = summary.asked
        return {
            "product": {"id": self.item.id, "title": self.item.title},
            "reviewers": summary.reviewers,
            "positive": summary.positive,
            "mixed": summary.mixed,
            "negative": summary.negative,
            "ratings": summary.ratings,
            "average": None if summary.average is None else round(summary.average, 2),
            "scale": list(summary.scale),
            "asked": None if asked is None else _mention(asked, self.language),
            "mentions": [_mention(mention, self.language) for mention in summary.mentions],
            "quotes": [_quote(quote) for quote in summary.quotes],
            "text": "\n".join(self.lines),
        }


def _mention(mention: Mention, language: Language) -> dict[str, Any]:
    return {
        "name": mention.aspect.names[language],
        "reviewers": mention.reviewers,
        "quotes": [_quote(quote) for quote in mention.quotes],
    }


def _quote(quote: Quote) -> dict[str, Any]:
    return {"text": quote.text, "sentiment": quote.sentiment, "stars": quote.stars}


def reviews(shop: Recommender, shopper: Shopper, arguments: ReviewsArguments) -> ReviewsResult:
    """Count what reviewers say, and quote some.

    Raises:
        UnknownItem: the catalogue does not know the product.
    """
    item = find_product(shop, arguments.product)
    language = shopper.language or "en"
    question = clean_query(arguments.question) or ""
    return ReviewsResult(item, shop.reviews_of(item.id, language, question), language)


REVIEWS = Tool(
    "reviews",
    "Say what reviewers wrote of one product: ratings averaged, words counted and quoted.",
    ReviewsArguments,
    reviews,
)
