"""Hard constraints as a tool's arguments, and how they join those that the shopper has set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from pydantic import Field, FiniteFloat

from llmrec.agent.tools.base import Arguments
from llmrec.catalog.matching import fold
from llmrec.errors import ToolError
from llmrec.requests import as_filters
from llmrec.retrieval.taste import disliked, seen
from llmrec.types import Filters, HistoryEntry

__all__ = ["FIRST", "Limits", "known_things", "narrowed", "without"]

FIRST = (
    "what comes first, where the shopper asks for it; left out: what fits best. What has no price, "
    "no ratings or no date comes last"
)
"""What the argument ``sort`` says to a model."""

_OrNone = TypeVar("_OrNone", Decimal, str)


class Limits(Arguments):
    """Constraints that every product of the answer satisfies."""

    categories: tuple[str, ...] = Field((), description="only these; any step of the path")
    not_categories: tuple[str, ...] = Field((), description="none of these")
    brands: tuple[str, ...] = Field((), description="only these")
    not_brands: tuple[str, ...] = Field((), description="none of these")
    min_price: FiniteFloat | None = Field(None, ge=0, description="at least")
    max_price: FiniteFloat | None = Field(None, ge=0, description="at most")
    in_stock: bool = Field(False, description="only what can be delivered")
    attributes: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="by name the values that are fine: {'colour': ['blue']}"
    )
    not_attributes: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="by name the values that must not be: of sizes or colours, what comes in "
        "nothing else; of materials or allergens, what has one of them",
    )
    not_words: tuple[str, ...] = Field((), description="words that no title may hold")


def narrowed(filters: Filters, limits: Limits) -> Filters:
    """What satisfies both, so that no tool call can loosen what the shopper has set.

    Raises:
        ToolError: nothing can satisfy both; names the limit.
        HistoryError: a limit is impossible by itself.
    """
    fields = limits.model_dump(include=set(Limits.model_fields), exclude_defaults=True)
    for name in ("min_price", "max_price"):
        if name in fields:
            fields[name] = _decimal(fields[name])
    further = as_filters(fields)
    attributes, unwanted = dict(filters.attributes), dict(filters.not_attributes)
    for name, values in further.attributes.items():
        spelling = next((known for known in attributes if fold(known) == fold(name)), name)
        attributes[spelling] = _common(f"attributes.{name}", attributes.get(spelling, ()), values)
    for name, values in further.not_attributes.items():
        spelling = next((known for known in unwanted if fold(known) == fold(name)), name)
        unwanted[spelling] = (*unwanted.get(spelling, ()), *values)
    return as_filters(
        {
            **filters.model_dump(),
            "categories": _common("categories", filters.categories, further.categories),
            "not_categories": (*filters.not_categories, *further.not_categories),
            "brands": _common("brands", filters.brands, further.brands),
            "not_brands": (*filters.not_brands, *further.not_brands),
            "min_price": max(_given(filters.min_price, further.min_price), default=None),
            "max_price": min(_given(filters.max_price, further.max_price), default=None),
            "in_stock": filters.in_stock or further.in_stock,
            "attributes": attributes,
            "not_attributes": unwanted,
            "not_words": (*filters.not_words, *further.not_words),
        }
    )


def without(filters: Filters, ids: Sequence[str] | set[str]) -> Filters:
    """The same filters, and none of these items."""
    return filters.model_copy(update={"not_items": tuple({*filters.not_items, *ids})})


def known_things(filters: Filters, history: Sequence[HistoryEntry]) -> set[str]:
    """What the main path would leave out: seen things, unless these may come, and disliked ones."""
    return disliked(history) | (set() if filters.allow_seen else seen(history))


def _common(name: str, before: tuple[str, ...], further: tuple[str, ...]) -> tuple[str, ...]:
    if not before or not further:
        return before or further
    wanted = {fold(value) for value in further}
    both = tuple(value for value in before if fold(value) in wanted)
    if not both:
        raise ToolError(
            f"the shopper wants only {', '.join(before)}.",
            field=name,
            hint="Leave this limit out, or let the shopper drop theirs first.",
        )
    return both


def _decimal(number: float) -> Decimal:
    """As it was written: 40 is not 40.0."""
    return Decimal(int(number)) if number.is_integer() else Decimal(str(number))


def _given(*values: _OrNone | None) -> list[_OrNone]:
    return [value for value in values if value is not None]
