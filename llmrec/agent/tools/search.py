"""The tool ``search``: products that fit the words and the limits, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Tool
from llmrec.agent.tools.found import FoundResult, found_products
from llmrec.agent.tools.limits import FIRST, Limits, narrowed, without
from llmrec.agent.tools.nothing import why_nothing
from llmrec.answers import cut_to_fit
from llmrec.requests import clean_query
from llmrec.retrieval.fusion import BY_WORDS
from llmrec.retrieval.request import RetrievalRequest
from llmrec.retrieval.taste import disliked
from llmrec.types import Sort

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["SEARCH", "SearchArguments", "SearchResult"]


class SearchArguments(Limits):
    """What is looked for."""

    query: str = Field(min_length=1, max_length=2000, description="what to look for, in words")
    k: int = Field(5, ge=1, le=20, description="how many products at most")
    sort: Sort | None = Field(None, description=FIRST)


@dataclass(frozen=True)
class SearchResult(FoundResult):
    """What was found for ``query``; ``answering`` counts what answers it, unless it is sorted."""

    query: str
    unlike: str | None = None
    answering: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The words, and what was found."""
        return {"query": self.query, **super().to_dict()}


def search(shop: Recommender, shopper: Shopper, arguments: SearchArguments) -> SearchResult:
    """Search by meaning and by words. What the shopper has had may come; what they dislike not.

    With a sort only what the words are the name of comes, in that order.

    Raises:
        ToolError: the limits contradict the shopper's own.
        IndexMissing: nothing has been indexed yet.
    """
    query = clean_query(arguments.query) or ""
    filters = without(narrowed(shopper.filters, arguments), disliked(shopper.history))
    request = RetrievalRequest((), query or None, filters, shopper.subject, shopper.recipient)
    if arguments.sort is None:
        wanted = max(arguments.k, shop.settings.retrieval.candidates)
        result = shop.retriever.retrieve_from(BY_WORDS, request, wanted)
        passing = result.matching
    else:
        result = shop.retriever.retrieve_sorted(request, arguments.sort, arguments.k)
        passing = shop.retriever.matching(filters)
    fitting = result.candidates
    if shop.settings.retrieval.cut:
        fitting = tuple(cut_to_fit(fitting))
    found = found_products(shop, fitting[: arguments.k])
    notes = why_nothing(shop, filters, passing)
    answering = (
        None
        if arguments.sort
        else sum(candidate.fit == "answer" for candidate in result.candidates)
    )
    notes = (*result.notes, *notes)
    return SearchResult(found, result.matching, notes, query, result.unlike, answering)


SEARCH = Tool(
    "search",
    "Find products by words and limits, the same for every shopper.",
    SearchArguments,
    search,
)
