"""The catalogue store: items and events in a database, read and written in transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import Upsert, WriteCounts, batched
from llmrec.catalog.codec import event_from_row, event_row, item_from_row, with_one_key
from llmrec.catalog.forgetting import check_remembered, in_operation, mark_forgotten
from llmrec.catalog.ids import one_form
from llmrec.catalog.names import is_nobody, of_nobody, of_somebody, user_name
from llmrec.catalog.returns import Return, TakenBack, returns
from llmrec.catalog.reviews import (
    ReviewTexts,
    item_ratings_statement,
    item_reviews_statement,
    remove_texts,
    reviews,
    reviews_metadata,
    reviews_statement,
)
from llmrec.catalog.schema import event_order, events, items, meta
from llmrec.catalog.search import search_statement
from llmrec.catalog.stored import Stored
from llmrec.catalog.writing import ItemWriting
from llmrec.types import Event, EventKind, Item

__all__ = ["CatalogStore", "Revision", "WriteCounts"]

T = TypeVar("T")

_ITEM_BATCH = 2_000
_EVENT_BATCH = 50_000
_IDS_PER_QUERY = 500
_DAY_US = 86_400_000_000
_MOST_WORDS = 32
_WORD_SIGNS = 64


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
        """The items among ``ids`` that the catalogue knows, in the order of ``ids``.

        An id that is spelled otherwise (see :mod:`llmrec.catalog.ids`) names the same item.
        """
        forms = {id: one_form(id) for id in ids}
        rows = self._lookup(sa.select(items), {*forms, *forms.values()})
        stored = {row[0]: item_from_row(row) for row in rows}
        known = {id: stored.get(id) or stored.get(form) for id, form in forms.items()}
        return {id: item for id, item in known.items() if item is not None}

    def has_items(self, ids: Iterable[str]) -> set[str]:
        """Those of ``ids`` that the catalogue knows."""
        forms = {id: one_form(id) for id in ids}
        rows = self._lookup(sa.select(items.c.id), {*forms, *forms.values()})
        stored = {row[0] for row in rows}
        return {id for id, form in forms.items() if id in stored or form in stored}

    def iter_items(self, batch: int = 1000) -> Iterator[list[Item]]:
        """All items ordered by id, in lists of up to ``batch``; one state of the catalogue."""
        yield from self._stream(sa.select(items).order_by(items.c.id), item_from_row, batch)

    def search_items(self, text: str, limit: int = 20) -> list[Item]:
        """Items that hold every word of ``text`` in title, brand, category or description.

        Most words in the title first, then the shorter title. Words match inside of words. Of a
        long text the first 32 different words count, and of a word the first 64 signs: each is
        looked for in every item.
        """
        words = list(dict.fromkeys(word[:_WORD_SIGNS] for word in text.split()))[:_MOST_WORDS]
        if not words or limit < 1:
            return []
        return [item_from_row(row) for row in self._all(search_statement(words, limit))]

    def items_after(self, id: str, limit: int) -> list[Item]:
        """The next ``limit`` items by id; from the start with ``""``."""
        following = sa.select(items).where(items.c.id > id).order_by(items.c.id).limit(limit)
        return [item_from_row(row) for row in self._all(following)]

    def events_by_day(self, since: datetime, until: datetime) -> list[tuple[int, str, int]]:
        """How many events of each kind each day had: days since 1970 UTC, kind, count.

        Those from ``since`` on and before ``until``.
        """
        day = (events.c.at_us // _DAY_US).label("day")
        query = sa.select(day, events.c.kind, sa.func.count()).group_by(day, events.c.kind)
        first, end = (int(at.timestamp() * 1_000_000) for at in (since, until))
        recent = query.where(events.c.at_us >= first, events.c.at_us < end)
        return [(int(row[0]), row[1], int(row[2])) for row in self._all(recent)]

    def count_items(self) -> int:
        """Number of items."""
        return self._count(sa.select(sa.func.count()).select_from(items))

    def count_events(self) -> int:
        """Number of events."""
        return self._count(sa.select(sa.func.count()).select_from(events))

    def count_nobody(self) -> dict[str, int]:
        """Events of names that are nobody's, by name; an older llmrec kept them, none reads them.

        :meth:`forget_user` removes those of one name.
        """
        query = sa.select(events.c.user_id, sa.func.count()).where(of_nobody())
        rows = self._all(query.group_by(events.c.user_id).order_by(events.c.user_id))
        return {row[0]: int(row[1]) for row in rows}

    def count_below_one(self) -> int:
        """Purchases of a quantity below 1: returns that an older llmrec took for purchases.

        Ingesting their files again mends them.
        """
        bought = events.c.kind == EventKind.PURCHASE.value
        query = sa.select(sa.func.count()).select_from(events).where(bought, events.c.value < 1)
        return self._count(query)

    def count_users(self) -> int:
        """Number of shoppers that have events."""
        return self._count(
            sa.select(sa.func.count(events.c.user_id.distinct())).where(of_somebody())
        )

    def brands(self) -> list[str]:
        """The brand names of the catalogue, ordered."""
        query = sa.select(items.c.brand).where(items.c.brand.is_not(None)).distinct()
        return [row[0] for row in self._all(query.order_by(items.c.brand))]

    def currencies(self) -> list[str]:
        """The currencies that items are priced in, the most common first."""
        many = sa.func.count().desc()
        query = sa.select(items.c.currency).where(items.c.currency.is_not(None))
        query = query.group_by(items.c.currency).order_by(many, items.c.currency)
        return [row[0] for row in self._all(query)]

    def users(self, limit: int | None = None) -> list[str]:
        """Shoppers that have events, ordered by name."""
        query = sa.select(events.c.user_id).distinct().where(of_somebody())
        query = query.order_by(events.c.user_id).limit(limit)
        return [row[0] for row in self._all(query)]

    def history(self, user: str, limit: int | None = None) -> list[Event]:
        """The events of ``user``, oldest first; with ``limit`` the most recent ones only.

        Nobody (see :mod:`llmrec.catalog.names`) has none, whatever an older llmrec kept.
        """
        if is_nobody(user):
            return []
        newest_first = [column.desc() for column in event_order]
        query = sa.select(events).where(events.c.user_id.in_({user, one_form(user)}))
        rows = self._all(query.order_by(*newest_first).limit(limit))
        return [event_from_row(row) for row in reversed(rows)]

    def reviews(self, user: str, limit: int | None = None) -> list[Event]:
        """The events of ``user`` that have a text, with it, oldest first; ``limit``: the newest."""
        if is_nobody(user):
            return []
        rows = self._all(reviews_statement(user, limit))
        return [replace(event_from_row(row[:-1]), text=row[-1]) for row in reversed(rows)]

    def item_reviews(self, item: str, limit: int = 500) -> list[Event]:
        """What was written of a product, the newest first; of each shopper the last."""
        rows = self._all(item_reviews_statement(item, limit))
        written = [replace(event_from_row(row[:-1]), text=row[-1]) for row in rows]
        last: dict[str, Event] = {}
        for review in written:
            last.setdefault(review.user, review)
        return list(last.values())

    def item_ratings(self, item: str) -> list[float]:
        """The stars of a product, on the shop's own scale; of each shopper the last."""
        rows = self._all(item_ratings_statement(item))
        last: dict[str, float | None] = {}
        for user, value in rows:
            last.setdefault(user, value)
        return [float(value) for value in last.values() if value is not None]

    def iter_events(self, batch: int = 10_000) -> Iterator[list[Event]]:
        """All events in lists, by user, time, position and arrival; one state of the log.

        Those of nobody are left out.
        """
        query = sa.select(events).where(of_somebody()).order_by(*event_order)
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
                    bump(connection, "items")

    def write_events(
        self,
        values: Iterable[Event | Return],
        *,
        settled: Callable[[Sequence[Return]], None] | None = None,
    ) -> WriteCounts:
        """Add or update events in one transaction, holding one batch of them in memory.

        Two events are the same if user, time, position, item and kind are; the later wins. Where
        it has no text, not even an empty one, the text of the earlier stays. Events of one moment
        and position keep the order of ``values``; one that comes again keeps its first place.

        Returns take purchases back, those of ``values`` and earlier ones, in whatever order they
        come; see :mod:`llmrec.catalog.returns`.

        Args:
            values: what happened.
            settled: told the returns without a purchase before anything is committed; what it
                raises undoes all.

        Raises:
            LockedError: somebody else is writing.
            DiskFull: no space left; nothing was written.
            DataError: an event that cannot be stored, or is nobody's; nothing was written.
            NotFound: a shopper was forgotten since the operation began that this belongs to.
        """
        users: set[str] | None = set() if in_operation() else None
        with self._database.write() as connection:
            back = TakenBack(connection, self._database.errors)
            texts = ReviewTexts(connection, self._database.errors)
            with self._database.errors():
                before = _last_arrival(connection)
            numbers = count(before + 1)
            named = _named(values) if users is None else _noting(_named(values), users)
            rows = ((*row, next(numbers)) for row in texts.apart(back.apart(named)))
            counts = self._write_events(connection, rows)
            with self._database.errors():
                _set_last_arrival(connection, next(numbers) - 1)
            back.settle()
            if back.returned and not counts.changed:
                with self._database.errors():
                    bump(connection, "events")
            with self._database.errors():
                check_remembered(connection, users or ())
            if settled:
                settled(back.unmatched)
        return replace(
            counts,
            unchanged=counts.unchanged + back.unchanged,
            texts=texts.changed,
            returned=back.returned,
            unmatched=len(back.unmatched),
        )

    def delete_item(self, id: str) -> bool:
        """Remove an item; its events stay, as events of an unknown item.

        Returns:
            Whether it was there.
        """
        with self.writing_items() as writing:
            return writing.delete({id, one_form(id)}) > 0

    def delete_event(self, event: Event) -> bool:
        """Remove an event and its text; user, time, position, item and kind say which.

        Returns:
            Whether it was there.
        """
        row = event_row(event)
        keys = {row[:5], with_one_key(row)[:5]}
        this = sa.tuple_(*events.primary_key.columns).in_(keys)
        with self._database.write() as connection, self._database.errors():
            deleted = connection.execute(events.delete().where(this)).rowcount > 0
            remove_texts(connection, keys)
            if deleted:
                bump(connection, "events")
        return deleted

    def mark_forgotten(self, user: str) -> None:
        """Refuse what is under way for a shopper from now on; before anything is removed.

        See :mod:`llmrec.catalog.forgetting`.
        """
        with self._database.write() as connection, self._database.errors():
            mark_forgotten(connection, user)

    def forget_user(self, user: str) -> int:
        """Remove all events of a shopper and what they wrote; on SQLite the bytes, too.

        Returns:
            How many events there were.
        """
        with self._database.erase() as connection, self._database.errors():
            names = {user, one_form(user)}
            for table in (reviews, returns):
                connection.execute(table.delete().where(table.c.user_id.in_(names)))
            gone = events.delete().where(events.c.user_id.in_(names))
            deleted = connection.execute(gone).rowcount
            if deleted:
                bump(connection, "events")
        return int(deleted)

    def _write_events(self, connection: Connection, rows: Iterator[tuple[Any, ...]]) -> WriteCounts:
        counts = WriteCounts()
        upsert = Upsert(connection, events, "value", "arrival")
        for batch in batched(rows, _EVENT_BATCH):  # what the rows raise is not a database error
            with self._database.errors():
                counts += upsert.write(batch)
        if counts.changed:
            with self._database.errors():
                bump(connection, "events")
        return counts

    def _all(self, query: sa.Select[Any]) -> list[Any]:
        with self._database.read() as connection, self._database.errors():
            return list(connection.execute(query).all())

    def _count(self, query: sa.Select[Any]) -> int:
        with self._database.read() as connection, self._database.errors():
            return int(connection.execute(query).scalar_one())

    def _lookup(self, query: sa.Select[Any], ids: Collection[str]) -> Iterator[Any]:
        with self._database.read() as connection, self._database.errors():
            for batch in batched(ids, _IDS_PER_QUERY):
                yield from connection.execute(query.where(items.c.id.in_(batch)))

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


def _named(values: Iterable[Event | Return]) -> Iterator[Event | Return]:
    last = ""
    for value in values:
        if value.user != last:  # a log's rows often stand by user
            last = value.user
            if is_nobody(last):
                user_name(last)
        yield value


def read_revision(connection: Connection) -> Revision:
    """The revision that a transaction sees."""
    rows = connection.execute(sa.select(meta.c.key, meta.c.value))
    counters: dict[str, int] = {row[0]: row[1] for row in rows}
    return Revision(counters["items"], counters["events"])


def _noting(values: Iterable[Event | Return], users: set[str]) -> Iterator[Event | Return]:
    for event in values:
        users.add(event.user)
        yield event


def _last_arrival(connection: Connection) -> int:
    query = sa.select(meta.c.value).where(meta.c.key == "arrival")
    return int(connection.execute(query).scalar_one())


def _set_last_arrival(connection: Connection, number: int) -> None:
    connection.execute(meta.update().where(meta.c.key == "arrival").values(value=number))


def bump(connection: Connection, counter: str) -> None:
    """Move a counter of the revision on, within the transaction that changed something."""
    now = time.time_ns() // 1_000_000
    following = sa.case((meta.c.value < now, now), else_=meta.c.value + 1)
    connection.execute(meta.update().where(meta.c.key == counter).values(value=following))
