"""Products that retrieval found, with where each source put them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmrec.agent.tools.base import ToolResult
from llmrec.agent.tools.products import product_fields
from llmrec.types import Candidate, Item

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["Found", "FoundResult", "found_products"]


@dataclass(frozen=True)
class Found:
    """A product at 1-based ``rank``, and what retrieval says of it."""

    item: Item
    rank: int
    candidate: Candidate

    def to_dict(self) -> dict[str, Any]:
        """Plain values; ``sources`` has the rank that each source gave the product."""
        sources = {name: hit.rank for name, hit in self.candidate.sources.items()}
        return {"rank": self.rank, **product_fields(self.item), "sources": sources}


@dataclass(frozen=True)
class FoundResult(ToolResult):
    """``found`` best first; ``matching`` counts the products that pass the limits.

    ``notes`` say of an answer that no product may be in which limits are to blame.
    """

    found: tuple[Found, ...]
    matching: int
    notes: tuple[str, ...]

    @property
    def products(self) -> tuple[Item, ...]:
        """The products found."""
        return tuple(one.item for one in self.found)

    def to_dict(self) -> dict[str, Any]:
        """The products with the rank that each source gave them."""
        return {
            "products": [one.to_dict() for one in self.found],
            "matching": self.matching,
            "notes": list(self.notes),
        }


def found_products(shop: Recommender, candidates: Sequence[Candidate]) -> tuple[Found, ...]:
    """Look candidates up, in their order; one that was deleted meanwhile is dropped."""
    items = shop.store.items(candidate.item for candidate in candidates)
    known = [candidate for candidate in candidates if candidate.item in items]
    return tuple(Found(items[one.item], rank, one) for rank, one in enumerate(known, start=1))
