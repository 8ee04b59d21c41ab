"""Events as shops send them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from llmrec.catalog.reviews import OPINIONS
from llmrec.errors import DataError
from llmrec.ingest.fields import parse_review
from llmrec.server.bodies.base import MAX_EVENTS, Body, Id, Moment, Out
from llmrec.types import MAX_REVIEW_CHARS, Event, EventKind

__all__ = ["EventRow", "EventsBody", "EventsOut"]


class EventRow(Body):
    """One thing that a shopper did.

    An event with the same user, time, position, item and kind as one that is known replaces it, so
    that a batch with times may be sent again without harm.
    """

    user: Id | None = Field(None, description="a shopper's key speaks for its own, if left out")
    item: Id
    kind: EventKind = EventKind.VIEW
    at: Moment | None = Field(None, description="when it happened, from 1990 to now; left out: now")
    position: int = Field(0, ge=0, le=10**9, description="order among equal times")
    value: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="of a rating, on the shop's own scale; or a quantity"
    )
    text: Annotated[str, StringConstraints(max_length=MAX_REVIEW_CHARS)] | None = Field(
        None,
        description="the shopper's own words, with a rating, a like or a dislike; left out: "
        "those that are known of this event stay; empty: they are deleted",
    )

    def event(self, user: str, now: datetime) -> Event:
        """The event, of this user; its text on one line, without markup.

        Raises:
            DataError: a text that holds a NUL, or with an event that can have none.
        """
        text = None if self.text is None else parse_review(self.text, MAX_REVIEW_CHARS)
        if text and self.kind not in OPINIONS:
            raise DataError(f"a {self.kind.value} has no text")
        return Event(user, self.item, self.kind, self.at or now, self.position, self.value, text)


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

    events: tuple[EventRow, ...] = Field(min_length=1, max_length=MAX_EVENTS)


class EventsOut(Out):
    """What became of the events; the first three add up to their number.

    ``unknown_items`` counts the events of items that the catalogue does not hold (yet): they are
    kept, and count from the day on which it does. ``texts`` counts those that are new, changed or
    deleted.
    """

    added: int
    updated: int
    unchanged: int
    unknown_items: int
    texts: int
