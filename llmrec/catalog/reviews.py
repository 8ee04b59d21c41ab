"""What shoppers wrote with their ratings: a table beside the event log, of the same key.

Most events have no text, and whoever reads the log wants none. So texts lie apart: the log stays as
small and as fast as it is, and a database of an older llmrec gets the table when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import Upsert
from llmrec.catalog.codec import EventRow, event_row, with_one_key
from llmrec.catalog.ids import one_form
from llmrec.catalog.names import of_somebody
from llmrec.catalog.schema import Key, event_order, events
from llmrec.errors import DataError
from llmrec.types import MAX_REVIEW_CHARS, Event, EventKind

__all__ = [
    "OPINIONS",
    "ReviewTexts",
    "item_ratings_statement",
    "item_reviews_statement",
    "reviews",
    "reviews_metadata",
    "reviews_statement",
]

OPINIONS = frozenset({EventKind.RATING, EventKind.LIKE, EventKind.DISLIKE})
"""The kinds of events that may have a text."""

_TEXTS_BATCH = 2_000
_EventKey = tuple[str, int, int, str, str]

reviews_metadata = sa.MetaData()

# With a rowid, unlike the log: rows with long texts would make a tree of keys deep.
reviews = sa.Table(
    "llmrec_reviews",
    reviews_metadata,
    sa.Column("user_id", Key, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("item_id", Key, nullable=False),
    sa.Column("kind", Key, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("user_id", "at_us", "position", "item_id", "kind"),
    sa.Index("llmrec_reviews_item", "item_id"),
)


def reviews_statement(user: str, limit: int | None) -> sa.Select[tuple[object, ...]]:
    """The events of a shopper that have a text, each with it, the newest first."""
    pairs = [events.c[column.name] == column for column in reviews.primary_key.columns]
    query = sa.select(events, reviews.c.text).join(reviews, sa.and_(*pairs))
    newest_first = [column.desc() for column in event_order]
    names = {user, one_form(user)}
    return query.where(events.c.user_id.in_(names)).order_by(*newest_first).limit(limit)


def item_reviews_statement(item: str, limit: int) -> sa.Select[tuple[object, ...]]:
    """The events of a product that have a text, each with it, the newest first."""
    pairs = [events.c[column.name] == column for column in reviews.primary_key.columns]
    query = sa.select(events, reviews.c.text).join(reviews, sa.and_(*pairs))
    newest_first = [events.c.at_us.desc(), *(column.desc() for column in event_order)]
    of_item = reviews.c.item_id.in_({item, one_form(item)})
    return query.where(of_item, of_somebody()).order_by(*newest_first).limit(limit)


def item_ratings_statement(item: str) -> sa.Select[tuple[str, float]]:
    """Shopper and value of each rating of a product, the newest first."""
    query = sa.select(events.c.user_id, events.c.value)
    # The kind stands in the statement itself: only so SQLite sees that the index of ratings holds.
    rated = events.c.kind == sa.literal_column(f"'{EventKind.RATING.value}'")
    query = query.where(rated, events.c.item_id.in_({item, one_form(item)}), of_somebody())
    return query.order_by(events.c.at_us.desc(), events.c.position.desc(), events.c.arrival.desc())


class ReviewTexts:
    """Takes the texts out of events on their way into the log, within its transaction.

    Args:
        connection: of the transaction.
        errors: maps database errors raised inside.

    Attributes:
        changed: how many texts were added, replaced or removed so far.
    """

    def __init__(
        self, connection: Connection, errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._connection, self._errors = connection, errors
        self._upsert = Upsert(connection, reviews, "text")
        self._waiting: dict[_EventKey, str] = {}
        self.changed = 0

    def apart(self, values: Iterable[Event]) -> Iterator[EventRow]:
        """The rows of events, whose texts are written on the way.

        Raises:
            DataError: an event that cannot be stored; what its text is at fault for, too.
        """
        for event in values:
            row = with_one_key(event_row(event))
            if event.text is not None:
                self._waiting[row[:5]] = _checked(event)
                if len(self._waiting) >= _TEXTS_BATCH:
                    self._write()
            yield row
        self._write()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, {}
        with self._errors():
            if texts := [(*key, text) for key, text in waiting.items() if text]:
                self.changed += self._upsert.write(texts).changed
            if gone := [key for key, text in waiting.items() if not text]:
                self.changed += remove_texts(self._connection, gone)


def remove_texts(connection: Connection, keys: Iterable[_EventKey]) -> int:
    """Remove the texts of events, the log's keys given; how many there were."""
    names = [column.name for column in reviews.primary_key.columns]
    same = [reviews.c[name] == sa.bindparam(f"old_{name}") for name in names]
    statement = reviews.delete().where(*same)
    old = [f"old_{name}" for name in names]
    rows = [dict(zip(old, key, strict=True)) for key in keys]
    return int(connection.execute(statement, rows).rowcount) if rows else 0


def _checked(event: Event) -> str:
    text = event.text
    if not isinstance(text, str):
        raise DataError("A review is not text.", field="text", hint="Give text, or nothing.")
    if len(text) > MAX_REVIEW_CHARS:
        raise DataError(
            f"A review of {len(text):,} characters is longer than {MAX_REVIEW_CHARS:,}.",
            field="text",
            hint="Cut it before.",
        )
    if text and event.kind not in OPINIONS:
        raise DataError(
            f"A {EventKind(event.kind).value} has no review.",
            field="text",
            hint="Only a rating, a like or a dislike has a text.",
        )
    return text.strip()
