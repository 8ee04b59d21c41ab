"""The event log: what shoppers did, stored before it is acknowledged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

from fastapi import APIRouter

from llmrec.catalog.returns import Return
from llmrec.errors import DataError
from llmrec.server.access import Caller, Shopper
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.events import EventRow, EventsBody, EventsOut
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices
from llmrec.types import Event

__all__ = ["router"]

router = APIRouter(tags=["events"], route_class=KeyFirst)


@router.post(
    "/v1/events", response_model_exclude_none=True, responses=failures(401, 403, 422, 429, 507)
)
async def post_events(body: EventsBody, caller: Shopper, services: TheServices) -> EventsOut:
    """Store events in one transaction, all or none; they count in the next answer."""
    now = datetime.now(timezone.utc)
    shop = services.shop.recommender
    below = shop.settings.ingest.disliked_below
    events = [_event(row, place, caller, now, below) for place, row in enumerate(body.events)]
    if caller.key:
        # By shopper, so that more keys of one shopper are no more events.
        who = f"user {caller.user}" if caller.user else f"key {caller.key}"
        await services.event_rates.count(caller.scope, who, len(events))
    store = shop.store

    def work() -> EventsOut:
        stored = [event for event in events if isinstance(event, Event)]
        known = store.has_items(one.item for one in stored)
        counts = store.write_events(events)
        unknown = sum(one.item not in known for one in stored)
        return EventsOut(
            added=counts.added,
            updated=counts.updated,
            unchanged=counts.unchanged,
            unknown_items=unknown,
            texts=counts.texts,
            returned=counts.returned if len(stored) < len(events) else None,
            unmatched=counts.unmatched if len(stored) < len(events) else None,
        )

    return await services.writes.run(work, caller.who)


def _event(
    row: EventRow, place: int, caller: Caller, now: datetime, disliked_below: float | None
) -> Event | Return:
    user = caller.shopper(row.user)
    if user is None:
        raise DataError(
            f"event {place + 1} names no user.", field="events.user", hint="Say whose it is."
        )
    try:
        event = row.event(user, now)
    except DataError as error:
        raise DataError(
            f"event {place + 1}: {error.reason}.",
            field=f"events.{error.field or 'text'}",
            hint=error.hint or "Send plain text, with a rating, a like or a dislike.",
        ) from None
    if isinstance(event, Return):
        return event
    return replace(event, kind=event.kind.judged(event.value, disliked_below))
