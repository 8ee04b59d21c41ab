"""The tool ``explain``: why a product is recommended, or what keeps it from being."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Tool, ToolResult
from llmrec.agent.tools.evidence import Evidence, evidence_of
from llmrec.agent.tools.exclusions import Exclusion, exclusions
from llmrec.agent.tools.limits import Limits, narrowed
from llmrec.agent.tools.products import ProductName, find_product
from llmrec.agent.tools.words import write_words
from llmrec.requests import clean_query
from llmrec.retrieval.request import RetrievalRequest
from llmrec.types import Candidate, Fit, Item, Recommendation, Recommendations, Words

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["EXPLAIN", "ExplainArguments", "ExplainResult", "Status", "explain_in"]

Status: TypeAlias = Literal["recommended", "lower", "excluded"]

_DEPTH = 500
"""How far down retrieval's order a product is looked for that was not ranked."""


class ExplainArguments(Limits):
    """Which product, and of which answer: limits, query and ``k`` are those of ``recommend``."""

    product: ProductName
    query: str | None = Field(None, max_length=2000, description="as it was asked for")
    k: int = Field(5, ge=1, le=20, description="how long the answer was")


@dataclass(frozen=True)
class ExplainResult(ToolResult):
    """Where a product stands for this shopper and why.

    Attributes:
        item: the product.
        status: among the first ``k``, further down, or kept away.
        rank: 1-based in the whole order; ``None`` if it is kept away, or nowhere near.
        ranked: how many the model has ranked; a rank beyond is retrieval's own.
        scores: ``final``, ``llm`` (log-probability) and ``retrieval``, as far as there are such.
        sources: the rank that each retrieval source gave the product.
        reason: why, if it was ranked and something says so to this shopper.
        evidence: what the reason stands on.
        exclusions: every constraint that keeps it away.
        above: of a product further down, the first ``k`` products.
        fit: what it is to the query; ``None`` without one, or where it is nowhere near.
    """

    item: Item
    status: Status
    rank: int | None = None
    ranked: int = 0
    scores: Mapping[str, float] | None = None
    sources: Mapping[str, int] | None = None
    reason: Words | None = None
    evidence: tuple[Evidence, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    above: tuple[Item, ...] = ()
    fit: Fit | None = None

    @property
    def products(self) -> tuple[Item, ...]:
        """The product."""
        return (self.item,)

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values."""
        return {
            "product": {"id": self.item.id, "title": self.item.title},
            "status": self.status,
            "rank": self.rank,
            "ranked": self.ranked,
            "scores": dict(self.scores or {}),
            "sources": dict(self.sources or {}),
            "reason": self.reason.text if self.reason else None,
            "evidence": [evidence.to_dict() for evidence in self.evidence],
            "excluded_by": [exclusion.to_dict() for exclusion in self.exclusions],
            "above": [{"id": item.id, "title": item.title} for item in self.above],
            "fit": self.fit,
        }


def explain(shop: Recommender, shopper: Shopper, arguments: ExplainArguments) -> ExplainResult:
    """Recommend once more and say where the product stands, and why.

    Raises:
        UnknownItem: the catalogue does not know the product.
        ToolError: the limits contradict the shopper's own.
        EngineError: the language model failed and no fallback is configured.
    """
    item = find_product(shop, arguments.product)
    shopper = replace(
        shopper,
        filters=narrowed(shopper.filters, arguments),
        query=clean_query(arguments.query) or shopper.query,
    )
    if kept_away := exclusions(item, shopper.filters, shopper.history):
        return ExplainResult(item, "excluded", exclusions=kept_away)
    answer = shop.recommend(
        shopper.history,
        arguments.k,
        shopper.query,
        shopper.filters,
        shopper.user,
        explain=False,
        seed=shopper.seed,
        shown=False,
        subject=shopper.subject,
        recipient=shopper.recipient,
        thing=shopper.thing,
        cut=shop.settings.retrieval.cut,
    )
    return explain_in(shop, shopper, item, answer)


def explain_in(
    shop: Recommender, shopper: Shopper, item: Item, answer: Recommendations
) -> ExplainResult:
    """Say where ``item``, which no constraint keeps away, stands in an ``answer`` and why.

    ``shopper`` has the history, limits and query that the answer was made for.
    """
    ranked, above = len(answer.considered), tuple(recommendation.item for recommendation in answer)
    match = next((candidate for candidate in answer.considered if candidate.id == item.id), None)
    if match is None:
        rank, candidate = _retrieved(shop, shopper, item)
        if candidate is None:
            return ExplainResult(item, "lower", None, ranked, above=above)
        return ExplainResult(
            item,
            "lower",
            max(rank, ranked + 1),
            ranked,
            {"retrieval": candidate.score},
            {name: hit.rank for name, hit in candidate.sources.items()},
            above=above,
            fit=candidate.fit,
        )
    reason, _ = write_words(shop, shopper, item, query=shopper.query, describe=False, fit=match.fit)
    recommended = match.rank <= len(answer)
    return ExplainResult(
        item,
        "recommended" if recommended else "lower",
        match.rank,
        ranked,
        _scores(match),
        _sources(match),
        reason,
        evidence_of(shop, shopper, item, reason),
        above=() if recommended else above,
        fit=match.fit,
    )


def _scores(recommendation: Recommendation) -> dict[str, float]:
    parts = {
        name: recommendation.scores[name]
        for name in ("llm", "retrieval")
        if name in recommendation.scores
    }
    return {"final": recommendation.score, **parts}


def _sources(recommendation: Recommendation) -> dict[str, int]:
    named = ((name.partition("source:")[2], rank) for name, rank in recommendation.scores.items())
    return {name: int(rank) for name, rank in named if name}


def _retrieved(shop: Recommender, shopper: Shopper, item: Item) -> tuple[int, Candidate | None]:
    """Rank and match in retrieval's order, of a product that the model has not ranked."""
    request = RetrievalRequest(
        shopper.history,
        shopper.query,
        shopper.filters,
        shopper.subject,
        shopper.recipient,
        shopper.thing,
    )
    candidates = shop.retriever.retrieve(request, _DEPTH).candidates
    ranked = enumerate(candidates, start=1)
    return next(((rank, match) for rank, match in ranked if match.item == item.id), (0, None))


EXPLAIN = Tool(
    "explain",
    "Say why a product is recommended to the shopper, or why it is not and what keeps it away.",
    ExplainArguments,
    explain,
)
