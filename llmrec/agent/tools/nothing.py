"""Why an answer is empty: limits that no product passes, and those without which some would."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from llmrec.agent.tools.exclusions import single_limits
from llmrec.types import Filters

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["why_nothing"]


def why_nothing(shop: Recommender, filters: Filters, matching: int) -> tuple[str, ...]:
    """A sentence for each limit that helps to know; none where something matches.

    Counts are of the catalogue, whatever the shopper has had of it.
    """
    if matching:
        return ()
    limits = [limit for limit in single_limits(filters) if limit[0] != "not_items"]
    notes = []
    for name, wanted, alone in limits:
        if not shop.retriever.matching(alone):
            notes.append(f"no product passes {name} ({wanted})")
            continue
        rest = shop.retriever.matching(_together(one for other, _, one in limits if other != name))
        if rest and len(limits) > 1:
            notes.append(f"without {name} ({wanted}) {rest} would pass")
    return tuple(notes)


def _together(parts: Iterable[Filters]) -> Filters:
    """One filter of several that hold a constraint each."""
    fields: dict[str, Any] = {}
    for part in parts:
        for name in part.model_fields_set:
            value = getattr(part, name)
            fields[name] = {**fields.get(name, {}), **value} if isinstance(value, dict) else value
    return Filters(**fields)
