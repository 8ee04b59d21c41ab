"""The tool ``recommend``: the main path for this shopper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Tool, ToolResult
from llmrec.agent.tools.limits import FIRST, Limits, narrowed
from llmrec.agent.tools.nothing import why_nothing
from llmrec.agent.tools.products import product_fields
from llmrec.answer_events import AnswerEvent, AnswerRanked
from llmrec.types import Filters, Item, Recommendation, Recommendations, Sort

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["RECOMMEND", "RecommendArguments", "RecommendResult", "begin_recommend"]


class RecommendArguments(Limits):
    """What is wanted."""

    query: str | None = Field(
        None, max_length=2000, description="what the shopper looks for now, in words"
    )
    k: int = Field(5, ge=1, le=20, description="how many products at most")
    reasons: bool = Field(True, description="say why of each product")
    sort: Sort | None = Field(None, description=FIRST)
    describe: int = Field(0, ge=0, le=20, description="write descriptions of so many of the first")


@dataclass(frozen=True)
class RecommendResult(ToolResult):
    """``answer`` is what :meth:`llmrec.Recommender.recommend` has answered.

    ``notes`` say of an empty answer which limits are to blame; ``pending`` are the ranks of those
    whose words the model has still to write.
    """

    answer: Recommendations
    notes: tuple[str, ...] = ()
    pending: tuple[int, ...] = ()

    @property
    def products(self) -> tuple[Item, ...]:
        """The recommended products, best first."""
        return tuple(one.item for one in self.answer)

    def to_dict(self) -> dict[str, Any]:
        """Products with reasons, how many pass the limits, and what a reader should know."""
        trace = self.answer.trace
        return {
            "query": self.answer.query,
            "products": [_plain(one) for one in self.answer],
            "matching": trace.matching,
            "notes": [*trace.notes, *self.notes, *([trace.degraded] if trace.degraded else [])],
        }


def recommend(
    shop: Recommender, shopper: Shopper, arguments: RecommendArguments
) -> RecommendResult:
    """Recommend for the shopper's history, within their limits.

    Raises:
        ToolError: the limits contradict the shopper's own.
        HistoryError: the history or the query cannot be served.
        EngineError: the language model failed and no fallback is configured.
    """
    filters = narrowed(shopper.filters, arguments)
    answer = shop.recommend(**_options(shop, shopper, arguments, filters))
    return RecommendResult(answer, _notes(shop, answer, arguments, filters))


def begin_recommend(
    shop: Recommender, shopper: Shopper, arguments: RecommendArguments
) -> tuple[RecommendResult, Iterator[AnswerEvent]]:
    """As :func:`recommend`: what can be shown at once, and the events that come behind it.

    Raises:
        ToolError: the limits contradict the shopper's own.
        HistoryError: the history or the query cannot be served.
        EngineError: the language model failed to rank and no fallback is configured.
    """
    filters = narrowed(shopper.filters, arguments)
    events = shop.recommend_stream(**_options(shop, shopper, arguments, filters))
    ranked = next(events)
    assert isinstance(ranked, AnswerRanked)
    notes = _notes(shop, ranked.answer, arguments, filters)
    return RecommendResult(ranked.answer, notes, ranked.pending), events


def _options(
    shop: Recommender, shopper: Shopper, arguments: RecommendArguments, filters: Filters
) -> dict[str, Any]:
    """What the recommender is asked with."""
    return {
        "history": shopper.history,
        "k": arguments.k,
        "query": arguments.query or shopper.query,
        "filters": filters,
        "user": shopper.user,
        "describe": arguments.describe,
        "explain": arguments.reasons,
        "seed": shopper.seed,
        "language": shopper.language,
        "recipient": shopper.recipient,
        "subject": shopper.subject,
        "thing": shopper.thing if arguments.query in (None, shopper.query) else None,
        "sort": arguments.sort,
        "cut": shop.settings.retrieval.cut,
    }


def _notes(
    shop: Recommender, answer: Recommendations, arguments: RecommendArguments, filters: Filters
) -> tuple[str, ...]:
    passing = answer.trace.matching
    if arguments.sort is not None and not passing:
        passing = shop.retriever.matching(filters)  # the words may be to blame, not the limits
    return why_nothing(shop, filters, passing)


def _plain(one: Recommendation) -> dict[str, Any]:
    plain: dict[str, Any] = {"rank": one.rank, **product_fields(one.item)}
    if one.reason:
        plain["reason"] = one.reason.text
    if one.description:
        plain["description"] = one.description.text
    return plain


RECOMMEND = Tool(
    "recommend",
    "Recommend products for this shopper's taste and history, with a reason for each.",
    RecommendArguments,
    recommend,
)
