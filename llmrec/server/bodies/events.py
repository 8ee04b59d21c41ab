"""Events as shops send them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from llmrec.catalog.returns import Return
from llmrec.catalog.reviews import OPINIONS
from llmrec.errors import DataError
from llmrec.ingest.fields import parse_review
from llmrec.server.bodies.base import (
    MAX_EVENTS,
    Body,
    ItemId,
    Moment,
    Number,
    Out,
    UserId,
    Whole,
)
from llmrec.types import MAX_REVIEW_CHARS, Event, EventKind

__all__ = ["EventRow", "EventsBody", "EventsOut"]


class EventRow(Body):
    """One thing that a shopper did.

    A ``return`` takes back the shopper's latest purchase of the item that is large enough (its
    ``value`` is the quantity; left out: all of it), and is no event of its own.

    An event with the same user, time, position, item and kind as one that is known replaces it, so
    that a batch with times may be sent again without harm.
    """

    user: UserId | None = Field(None, description="a shopper's key speaks for its own, if left out")
    item: ItemId
    kind: EventKind | Literal["return"] = EventKind.VIEW
    at: Moment | None = Field(None, description="when it happened, from 1990 to now; left out: now")
    position: Whole = Field(0, ge=0, le=10**9, description="order among equal times")
    value: Annotated[Number, Field(allow_inf_nan=False)] | None = Field(
        None,
        description="of a rating, on the shop's own scale; or a quantity: 1 or more of what was "
        "bought or put into a cart",
    )
    text: Annotated[str, StringConstraints(max_length=MAX_REVIEW_CHARS)] | None = Field(
        None,
        description="the shopper's own words, with a rating, a like or a dislike; left out: "
        "those that are known of this event stay; empty: they are deleted",
    )

    def event(self, user: str, now: datetime) -> Event | Return:
        """The event, of this user; its text on one line, without markup. Or the return.

        Raises:
            DataError: a text that holds a NUL, or with an event that can have none; a quantity
                that is none. ``field`` says which.
        """
        if self.kind == "return":
            return self._back(user, now)
        if self.kind in _COUNTED and self.value is not None and self.value < 1:
            raise DataError(
                f"a {self.kind.value} of {self.value:g} is none",
                field="value",
                hint="Send a quantity of 1 or more, or none; what came back is of the kind "
                "'return', with how much in value.",
            )
        text = None if self.text is None else parse_review(self.text, MAX_REVIEW_CHARS)
        if text and self.kind not in OPINIONS:
            raise DataError(f"a {self.kind.value} has no text", field="text", hint=_PLAIN)
        return Event(user, self.item, self.kind, self.at or now, self.position, self.value, text)

    def _back(self, user: str, now: datetime) -> Return:
        if self.value is not None and self.value <= 0:
            raise DataError(
                f"a return of {self.value:g} is none",
                field="value",
                hint="Send how much came back, above 0, or nothing for all of it.",
            )
        if self.text:
            raise DataError("a return has no text", field="text", hint=_PLAIN)
        return Return(user, self.item, self.at or now, self.position, self.value)


_COUNTED = (EventKind.PURCHASE, EventKind.CART)
_PLAIN = "Send plain text, with a rating, a like or a dislike."


class EventsBody(Body):
    """Events to store, all or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {
                            "user": "S042",
                            "item": "KETTLE-01",
                            "kind": "purchase",
                            "at": "2026-11-25T10:00:00Z",
                        }
                    ]
                }
            ]
        }
    )

    events: tuple[EventRow, ...] = Field(min_length=1, max_length=MAX_EVENTS, fail_fast=True)


class EventsOut(Out):
    """What became of the events; the first three add up to their number, with the returns.

    ``unknown_items`` counts the events of items that the catalogue does not hold (yet): they are
    kept, and count from the day on which it does. ``texts`` counts those that are new, changed or
    deleted.
    """

    added: int
    updated: int
    unchanged: int
    unknown_items: int
    texts: int
    returned: int | None = Field(
        None, description="returns that took back a purchase or a part of one; with returns only"
    )
    unmatched: int | None = Field(
        None, description="returns without a purchase, which are not kept; with returns only"
    )
