"""The catalogue store: items and events in a database, read and written in transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import Upsert, WriteCounts, batched
from llmrec.catalog.codec import event_from_row, event_row, item_from_row
from llmrec.catalog.reviews import (
    ReviewTexts,
    remove_texts,
    reviews,
    reviews_metadata,
    reviews_statement,
)
from llmrec.catalog.schema import event_order, events, items, meta
from llmrec.catalog.search import search_statement
from llmrec.catalog.stored import Stored
from llmrec.catalog.writing import ItemWriting
from llmrec.types import Event, Item

__all__ = ["CatalogStore", "Revision", "WriteCounts"]

T = TypeVar("T")

_ITEM_BATCH = 2_000
_EVENT_BATCH = 50_000
_IDS_PER_QUERY = 500
_DAY_US = 86_400_000_000


class Revision(NamedTuple):
    """Two numbers that only ever grow; equal revisions mean equal content.

    A change moves a number to the clock's milliseconds, or by one where the clock is behind. So a
    database that was made anew, or restored from a backup and then changed, never comes back to a
    revision that something was cached for.
    """

    items: int
    events: int


class CatalogStore(Stored):
    """Items and events of one shop. Open one with :meth:`open`; it is safe to share by threads.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with CatalogStore.open(f"sqlite:///{folder.name}/catalog.db") as store:
    ...     counts = store.write_items([Item("a", "Kettle")])
    ...     counts.added, store.item("a").title
    (1, 'Kettle')
    >>> folder.cleanup()
    """

    tables = reviews_metadata

    def item(self, id: str) -> Item | None:
        """One item, or ``None`` where the catalogue does not know ``id``."""
        return self.items([id]).get(id)

    def items(self, ids: Iterable[str]) -> dict[str, Item]:
        """The items among ``ids`` that the catalogue knows, in the order of ``ids``."""
        wanted = list(dict.fromkeys(ids))
        rows = self._lookup(sa.select(items), wanted)
        found = {row[0]: item_from_row(row) for row in rows}
        return {id: found[id] for id in wanted if id in found}

    def has_items(self, ids: Iterable[str]) -> set[str]:
        """Those of ``ids`` that the catalogue knows."""
        return {row[0] for row in self._lookup(sa.select(items.c.id), list(set(ids)))}

    def iter_items(self, batch: int = 1000) -> Iterator[list[Item]]:
        """All items ordered by id, in lists of up to ``batch``; one state of the catalogue."""
        yield from self._stream(sa.select(items).order_by(items.c.id), item_from_row, batch)

    def search_items(self, text: str, limit: int = 20) -> list[Item]:
        """Items that hold every word of ``text`` in title, brand, category or description.

        Most words in the title first, then the shorter title. Words match inside of words.
        """
        words = text.split()
        if not words or limit < 1:
            return []
        return [item_from_row(row) for row in self._all(search_statement(words, limit))]

    def items_after(self, id: str, limit: int) -> list[Item]:
        """The next ``limit`` items by id; from the start with ``""``."""
        following = sa.select(items).where(items.c.id > id).order_by(items.c.id).limit(limit)
        return [item_from_row(row) for row in self._all(following)]

    def events_by_day(self, since: datetime) -> list[tuple[int, str, int]]:
        """How many events of each kind each day had: days since 1970 UTC, kind, count."""
        day = (events.c.at_us // _DAY_US).label("day")
        query = sa.select(day, events.c.kind, sa.func.count()).group_by(day, events.c.kind)
        recent = query.where(events.c.at_us >= int(since.timestamp() * 1_000_000))
        return [(int(row[0]), row[1], int(row[2])) for row in self._all(recent)]

    def count_items(self) -> int:
        """Number of items."""
        return self._count(sa.select(sa.func.count()).select_from(items))

    def count_events(self) -> int:
        """Number of events."""
        return self._count(sa.select(sa.func.count()).select_from(events))

    def count_users(self) -> int:
        """Number of shoppers that have events."""
        return self._count(sa.select(sa.func.count(events.c.user_id.distinct())))

    def brands(self) -> list[str]:
        """The brand names of the catalogue, ordered."""
        query = sa.select(items.c.brand).where(items.c.brand.is_not(None)).distinct()
        return [row[0] for row in self._all(query.order_by(items.c.brand))]

    def users(self, limit: int | None = None) -> list[str]:
        """Shoppers that have events, ordered by name."""
        query = sa.select(events.c.user_id).distinct().order_by(events.c.user_id).limit(limit)
        return [row[0] for row in self._all(query)]

    def history(self, user: str, limit: int | None = None) -> list[Event]:
        """The events of ``user``, oldest first; with ``limit`` the most recent ones only."""
        newest_first = [column.desc() for column in event_order]
        query = sa.select(events).where(events.c.user_id == user)
        rows = self._all(query.order_by(*newest_first).limit(limit))
        return [event_from_row(row) for row in reversed(rows)]

    def reviews(self, user: str, limit: int | None = None) -> list[Event]:
        """The events of ``user`` that have a text, with it, oldest first; ``limit``: the newest."""
        rows = self._all(reviews_statement(user, limit))
        return [replace(event_from_row(row[:-1]), text=row[-1]) for row in reversed(rows)]

    def iter_events(self, batch: int = 10_000) -> Iterator[list[Event]]:
        """All events in lists, by user, time, position and arrival; one state of the log."""
        query = sa.select(events).order_by(*event_order)
        yield from self._stream(query, event_from_row, batch)

    def revision(self) -> Revision:
        """Two counters that every real change of items or events moves on."""
        with self._database.read() as connection, self._database.errors():
            return read_revision(connection)

    def write_items(self, values: Iterable[Item]) -> WriteCounts:
        """Add or update items in one transaction, holding one batch of them in memory.

        The same id twice: the later wins. What ``values`` raises is passed on, and nothing is
        written then.

        Raises:
            LockedError: somebody else is writing.
            DiskFull: no space left; nothing was written.
            DataError: an item that cannot be stored; nothing was written.
        """
        counts = WriteCounts()
        with self.writing_items() as writing:
            for batch in batched(values, _ITEM_BATCH):  # what the values raise is no database error
                counts += writing.write(batch)
        return counts

    @contextmanager
    def writing_items(self) -> Iterator[ItemWriting]:
        """A transaction for several writes and looks at items; what is raised inside undoes it.

        Raises:
            LockedError: somebody else is writing.
            DiskFull: no space left; nothing was written.
        """
        with self._database.write() as connection:
            writing = ItemWriting(connection, self._database.errors)
            yield writing
            if writing.changed:
                with self._database.errors():
                    _bump(connection, "items")

    def write_events(self, values: Iterable[Event]) -> WriteCounts:
        """Add or update events in one transaction, holding one batch of them in memory.

        Two events are the same if user, time, position, item and kind are; the later wins. Where
        it has no text, not even an empty one, the text of the earlier stays. Events of one moment
        and position keep the order of ``values``; one that comes again keeps its first place.

        Raises:
            LockedError: somebody else is writing.
            DiskFull: no space left; nothing was written.
            DataError: an event that cannot be stored; nothing was written.
        """
        with self._database.write() as connection:
            texts = ReviewTexts(connection, self._database.errors)
            with self._database.errors():
                before = _last_arrival(connection)
            numbers = count(before + 1)
            rows = ((*row, next(numbers)) for row in texts.apart(values))
            counts = self._write_events(connection, rows)
            with self._database.errors():
                _set_last_arrival(connection, next(numbers) - 1)
        return replace(counts, texts=texts.changed)

    def delete_item(self, id: str) -> bool:
        """Remove an item; its events stay, as events of an unknown item.

        Returns:
            Whether it was there.
        """
        with self.writing_items() as writing:
            return writing.delete([id]) > 0

    def delete_event(self, event: Event) -> bool:
        """Remove an event and its text; user, time, position, item and kind say which.

        Returns:
            Whether it was there.
        """
        row = event_row(event)
        key = dict(zip(events.columns.keys(), row, strict=False))  # without its arrival
        same = [column == key[column.name] for column in events.primary_key.columns]
        with self._database.write() as connection, self._database.errors():
            deleted = connection.execute(events.delete().where(*same)).rowcount > 0
            remove_texts(connection, [row[:5]])
            if deleted:
                _bump(connection, "events")
        return deleted

    def forget_user(self, user: str) -> int:
        """Remove all events of a shopper and what they wrote; on SQLite the bytes, too.

        Returns:
            How many events there were.
        """
        with self._database.erase() as connection, self._database.errors():
            connection.execute(reviews.delete().where(reviews.c.user_id == user))
            deleted = connection.execute(events.delete().where(events.c.user_id == user)).rowcount
            if deleted:
                _bump(connection, "events")
        return int(deleted)

    def _write_events(self, connection: Connection, rows: Iterator[tuple[Any, ...]]) -> WriteCounts:
        counts = WriteCounts()
        upsert = Upsert(connection, events, "value", "arrival")
        for batch in batched(rows, _EVENT_BATCH):  # what the rows raise is not a database error
            with self._database.errors():
                counts += upsert.write(batch)
        if counts.changed:
            with self._database.errors():
                _bump(connection, "events")
        return counts

    def _all(self, query: sa.Select[Any]) -> list[Any]:
        with self._database.read() as connection, self._database.errors():
            return list(connection.execute(query).all())

    def _count(self, query: sa.Select[Any]) -> int:
        with self._database.read() as connection, self._database.errors():
            return int(connection.execute(query).scalar_one())

    def _lookup(self, query: sa.Select[Any], ids: Collection[str]) -> Iterator[Any]:
        with self._database.read() as connection, self._database.errors():
            for some in batched(ids, _IDS_PER_QUERY):
                yield from connection.execute(query.where(items.c.id.in_(some)))

    def _stream(
        self, query: sa.Select[Any], decode: Callable[[Any], T], batch: int
    ) -> Iterator[list[T]]:
        for rows in self.stream_rows(query, batch):
            yield [decode(row) for row in rows]

    def stream_rows(self, query: sa.Select[Any], batch: int) -> Iterator[list[Any]]:
        """Rows of a query of your own over the tables of ``schema``, in lists of ``batch``."""
        with self._database.read() as connection:
            with self._database.errors():
                streaming = connection.execution_options(yield_per=batch)
                parts = streaming.execute(query).partitions()
            while True:
                with self._database.errors():
                    rows = next(parts, None)
                if rows is None:
                    return
                yield list(rows)


def read_revision(connection: Connection) -> Revision:
    """The revision that a transaction sees."""
    rows = connection.execute(sa.select(meta.c.key, meta.c.value))
    counters: dict[str, int] = {row[0]: row[1] for row in rows}
    return Revision(counters["items"], counters["events"])


def _last_arrival(connection: Connection) -> int:
    query = sa.select(meta.c.value).where(meta.c.key == "arrival")
    return int(connection.execute(query).scalar_one())


def _set_last_arrival(connection: Connection, number: int) -> None:
    connection.execute(meta.update().where(meta.c.key == "arrival").values(value=number))


def _bump(connection: Connection, counter: str) -> None:
    now = time.time_ns() // 1_000_000
    following = sa.case((meta.c.value < now, now), else_=meta.c.value + 1)
    connection.execute(meta.update().where(meta.c.key == counter).values(value=following))
