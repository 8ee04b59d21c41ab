"""The tools ``similar`` and ``bought_together``: what stands near one product."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Tool
from llmrec.agent.tools.found import FoundResult, found_products
from llmrec.agent.tools.limits import Limits, known_things, narrowed, without
from llmrec.agent.tools.nothing import why_nothing
from llmrec.agent.tools.products import ProductName, find_product
from llmrec.retrieval.request import RetrievalRequest
from llmrec.types import EventKind, HistoryEntry, Item

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["BOUGHT_TOGETHER", "SIMILAR", "RelatedArguments", "RelatedResult"]


class RelatedArguments(Limits):
    """The product in the middle, and how many around it."""

    product: ProductName
    k: int = Field(5, ge=1, le=20, description="how many products at most")


@dataclass(frozen=True)
class RelatedResult(FoundResult):
    """What was found around ``item``.

    Fewer than asked for come back where nothing speaks for more: popular products do not fill in.
    """

    item: Item

    def to_dict(self) -> dict[str, Any]:
        """The product's id and title, and what was found."""
        product = {"id": self.item.id, "title": self.item.title}
        return {"product": product, **super().to_dict()}


def similar(shop: Recommender, shopper: Shopper, arguments: RelatedArguments) -> RelatedResult:
    """Products whose texts mean nearly the same, without those that the shopper knows.

    Raises:
        UnknownItem: the catalogue does not know the product.
        ToolError: the limits contradict the shopper's own.
    """
    return _around(shop, shopper, arguments, {"text"})


def bought_together(
    shop: Recommender, shopper: Shopper, arguments: RelatedArguments
) -> RelatedResult:
    """Products of the same shoppers' histories, without those that this shopper knows.

    Raises:
        UnknownItem: the catalogue does not know the product.
        ToolError: the limits contradict the shopper's own.
    """
    return _around(shop, shopper, arguments, {"together"})


def _around(
    shop: Recommender, shopper: Shopper, arguments: RelatedArguments, sources: Collection[str]
) -> RelatedResult:
    """Ask ``sources`` as if the product were all that the shopper has ever liked."""
    item = find_product(shop, arguments.product)
    filters = narrowed(shopper.filters, arguments)
    away = known_things(filters, shopper.history) | {item.id}
    liked = (HistoryEntry(item=item.id, kind=EventKind.LIKE),)
    request = RetrievalRequest(liked, filters=without(filters, away))
    result = shop.retriever.retrieve_from(sources, request, arguments.k)
    found = found_products(shop, result.candidates)
    notes = why_nothing(shop, filters, result.matching)
    return RelatedResult(found, result.matching, notes, item)


SIMILAR = Tool(
    "similar", "Find products that are much like a given one.", RelatedArguments, similar
)
BOUGHT_TOGETHER = Tool(
    "bought_together",
    "Find products that the same shoppers chose together with a given one.",
    RelatedArguments,
    bought_together,
)
