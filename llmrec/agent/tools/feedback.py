"""The tool ``feedback``: what the shopper did with a product, in the log before the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Arguments, Tool, ToolResult
from llmrec.agent.tools.products import ProductName, find_product
from llmrec.errors import ToolError
from llmrec.types import Event, EventKind, HistoryEntry, Item

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["FEEDBACK", "FeedbackArguments", "FeedbackResult"]

# Clients try again within minutes; who says it again tomorrow means it anew.
_RETRIED_WITHIN = timedelta(minutes=10)


class FeedbackArguments(Arguments):
    """What was done."""

    product: ProductName
    kind: Literal["like", "dislike", "rating", "cart", "purchase"] = Field(
        description="dislike keeps the product away from now on"
    )
    value: float | None = Field(
        None, description="the rating, on the shop's own scale, or how many were bought"
    )


@dataclass(frozen=True)
class FeedbackResult(ToolResult):
    """What was noted.

    Attributes:
        item: of which product.
        entry: what the shopper's history now ends with.
        stored: whether the log has it.
        new: whether it was written now; what is said twice in a row is noted once.
    """

    item: Item
    kind: EventKind
    entry: HistoryEntry
    stored: bool
    new: bool

    def to_dict(self) -> dict[str, Any]:
        """The product's id and title, the kind, the value, and whether it is in the log."""
        return {
            "product": {"id": self.item.id, "title": self.item.title},
            "kind": self.kind.value,
            "value": self.entry.value,
            "stored": self.stored,
        }


def feedback(shop: Recommender, shopper: Shopper, arguments: FeedbackArguments) -> FeedbackResult:
    """Write the event at once, if the shopper is known; the next answer counts it.

    Where the log ends with the same already, as when a client asks again after an answer that it
    did not get, nothing is written.

    Raises:
        UnknownItem: the catalogue does not know the product.
        ToolError: a rating without a value, or a value that is none.
        LockedError: another process is writing to the log.
    """
    kind, value = EventKind(arguments.kind), _value(arguments)
    item = find_product(shop, arguments.product)
    last = _last(shop, shopper.user) if shopper.user else None
    if last is not None and _is_repeated(last, item, kind, value):
        entry = HistoryEntry(item=item.id, kind=kind, at=last.at, value=value)
        return FeedbackResult(item, kind, entry, stored=True, new=False)
    at = _after(last)
    if shopper.user:
        shop.store.write_events([Event(shopper.user, item.id, kind, at, value=value)])
    entry = HistoryEntry(item=item.id, kind=kind, at=at, value=value)
    stored = shopper.user is not None
    return FeedbackResult(item, kind, entry, stored=stored, new=stored)


def _value(arguments: FeedbackArguments) -> float | None:
    kind, value = arguments.kind, arguments.value
    if value is None and kind != "rating":
        return None
    if value is None:
        raise ToolError("a rating needs a value.", field="value", hint="Give it, such as 4.")
    if kind not in ("rating", "purchase"):
        raise ToolError(f"a {kind} has no value.", field="value", hint="Leave it out.")
    if kind == "purchase" and value < 1:
        raise ToolError(
            f"a purchase of {value:g} is none.", field="value", hint="Give 1 or more, or leave it."
        )
    if not math.isfinite(value) or value < 0:
        raise ToolError(f"{value} is no value.", field="value", hint="Give a number of 0 or more.")
    return value


def _last(shop: Recommender, user: str) -> Event | None:
    return next(iter(shop.store.history(user, limit=1)), None)


def _is_repeated(last: Event, item: Item, kind: EventKind, value: float | None) -> bool:
    """Whether the last event says this already; what is bought twice was bought twice."""
    same = (last.item, last.kind, last.value) == (item.id, kind, value)
    recent = last.at is not None and abs(datetime.now(timezone.utc) - last.at) < _RETRIED_WITHIN
    return same and recent and kind is not EventKind.PURCHASE


def _after(last: Event | None) -> datetime:
    """Now, or just after the shopper's last event where the log's clock is ahead of ours."""
    now = datetime.now(timezone.utc)
    at = None if last is None else last.at
    return now if at is None else max(now, at + timedelta(microseconds=1))


FEEDBACK = Tool(
    "feedback",
    "Note that the shopper likes, dislikes, rates, puts in the cart or buys a product.",
    FeedbackArguments,
    feedback,
    changes=True,
)
