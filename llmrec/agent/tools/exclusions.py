"""Why a product cannot come back at all: every constraint that it fails, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmrec.catalog.matching import fold, matches
from llmrec.prompting import price_text
from llmrec.requests import condense_history
from llmrec.retrieval.taste import disliked, seen
from llmrec.types import Filters, HistoryEntry, Item

__all__ = ["Exclusion", "exclusions", "single_limits"]

_MAPS = ("attributes", "not_attributes")


@dataclass(frozen=True)
class Exclusion:
    """One constraint that keeps a product away.

    Attributes:
        limit: the field of :class:`~llmrec.types.Filters` (``attributes.<name>`` for one of those),
            or ``disliked`` or ``already_had``.
        wanted: what the constraint says; for the last two what the shopper did.
        has: what the product's field says; ``None`` where the catalogue does not say.
    """

    limit: str
    wanted: str
    has: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"limit": self.limit, "wanted": self.wanted, "has": self.has}


def exclusions(
    item: Item, filters: Filters, history: tuple[HistoryEntry, ...]
) -> tuple[Exclusion, ...]:
    """Every constraint that keeps ``item`` away; empty exactly if it may come back.

    Each is tried alone by the definition of a filter, :func:`llmrec.catalog.matching.matches`.
    """
    found = [
        Exclusion(name, item.id if name == "not_items" else wanted, _has(item, name))
        for name, wanted, alone in single_limits(filters)
        if not matches(item, alone)
    ]
    if item.id in disliked(history):
        found.append(Exclusion("disliked", "dislike"))
    elif item.id in seen(history) and not filters.allow_seen:
        last = [one.kind.value for one in condense_history(history) if one.item == item.id]
        found.append(Exclusion("already_had", last[-1]))
    return tuple(found)


def single_limits(filters: Filters) -> Iterator[tuple[str, str, Filters]]:
    """Each constraint by itself: its name, what it says, and the filter of nothing else."""
    for name in filters.model_dump(exclude_defaults=True, exclude={"allow_seen"}):
        value = getattr(filters, name)
        if name in _MAPS:
            for key, values in value.items():
                yield f"{name}.{key}", ", ".join(values), Filters(**{name: {key: values}})
        else:
            wanted = ", ".join(value) if isinstance(value, tuple) else str(value)
            yield name, wanted, Filters(**{name: value})


def _has(item: Item, limit: str) -> str | None:
    name = limit.removeprefix("not_")
    if name.startswith("attributes."):
        wanted = fold(name.partition(".")[2])
        named = item.attributes.items()
        return ", ".join(v for own, values in named if fold(own) == wanted for v in values) or None
    return {
        "categories": " > ".join(item.category) or None,
        "brands": item.brand,
        "min_price": _price(item),
        "max_price": _price(item),
        "currency": item.currency,
        "in_stock": None if item.stock is None else str(item.stock),
        "languages": item.language,
        "words": item.title,
    }.get(name)


def _price(item: Item) -> str | None:
    return None if item.price is None else price_text(item.price, item.currency)
