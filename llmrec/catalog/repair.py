"""What older versions let into a database and nobody can use: found, and taken out in one go.

Times of no calendar become unknown, ids get their one form, NUL characters go out of texts. No item
and no event is lost: only where two spellings turn out to be the same does one of them stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import batched
from llmrec.catalog.codec import item_from_row, item_row
from llmrec.catalog.ids import readable_id
from llmrec.catalog.reviews import reviews, reviews_metadata
from llmrec.catalog.schema import UNKNOWN_TIME, events, items
from llmrec.catalog.store import bump
from llmrec.catalog.stored import Stored
from llmrec.catalog.times import allowed_us

__all__ = ["Damage", "Repair"]

_AT_ONCE = 2_000
_IDS_PER_QUERY = 500
_OURS = "llmrec_"
_TEXTS = ("title", "brand", "currency", "language", "description", "url", "image_url")
_Forms = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Damage:
    """How much is amiss, or was mended.

    Attributes:
        event_times: events before 1990 or in the future; they get no time.
        item_times: items that were added then; they get no time.
        item_ids: ids of items that are not in their one form, in catalogue and log.
        users: names of shoppers that are not.
        texts: items with a NUL character in a text; it goes.
        merged: items and events of which two spellings were one; the well spelled ones stay.
    """

    event_times: int = 0
    item_times: int = 0
    item_ids: int = 0
    users: int = 0
    texts: int = 0
    merged: int = 0

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    def in_words(self) -> str:
        """What there is of it.

        >>> Damage(event_times=2, users=1).in_words()
        '2 impossible times of events, 1 misspelled shopper'
        """
        names = {
            "event_times": "impossible time{} of events",
            "item_times": "impossible time{} of items",
            "item_ids": "misspelled item id{}",
            "users": "misspelled shopper{}",
            "texts": "text{} with a NUL character",
            "merged": "row{} that stood twice",
        }
        counts = asdict(self)
        return ", ".join(
            f"{counts[name]:,} {words.format('' if counts[name] == 1 else 's')}"
            for name, words in names.items()
            if counts[name]
        )


class Repair(Stored):
    """Looks through a database and mends it."""

    tables = reviews_metadata

    def look(self) -> Damage:
        """What is amiss; nothing is changed.

        Raises:
            CatalogError: the database cannot be read.
        """
        with self._database.read() as connection, self._database.errors():
            item_ids, users = _misspelled(connection)
            return Damage(
                event_times=_count(connection, events, _bad_time(events.c.at_us)),
                item_times=_count(connection, items, _bad_time(items.c.added_us)),
                item_ids=len(item_ids),
                users=len(users),
                texts=_count(connection, items, _has_nul(connection)),
            )

    def mend(self, *, remove_events: bool = False) -> Damage:
        """Mend it in one transaction; what was amiss then.

        Args:
            remove_events: whether events of impossible times go, instead of losing the time alone.

        Raises:
            LockedError: somebody else is writing; nothing was changed.
            DiskFull: no space left; nothing was changed.
        """
        with self._database.write() as connection, self._database.errors():
            item_ids, users = _misspelled(connection)
            damage = _mend_items(connection, item_ids)
            removed = _remove_events(connection) if remove_events else 0
            times, merged = _mend_events(connection, item_ids, users)
            _rename_users(connection, users)
            for counter in ("items", "events"):
                bump(connection, counter)
        return replace(
            damage,
            event_times=times + removed,
            item_ids=len(item_ids),
            users=len(users),
            merged=damage.merged + merged,
        )


def _misspelled(connection: Connection) -> tuple[_Forms, _Forms]:
    """The ids of items and the names of shoppers that are not in their one form, each with it."""
    names = [table.c.user_id for table in _tables_of_users(connection)]
    return (
        _forms(connection, [items.c.id, events.c.item_id]),
        _forms(connection, [events.c.user_id, *names]),
    )


def _forms(connection: Connection, columns: Iterable[sa.ColumnElement[str]]) -> dict[str, str]:
    forms: dict[str, str] = {}
    for column in columns:
        query = sa.select(column).where(_is_odd(connection, column)).distinct()
        for id in connection.execute(query).scalars():
            if (form := readable_id(id)) != id:
                forms[id] = form
    return forms


def _is_odd(connection: Connection, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a text has anything but visible ASCII: few have, and Python looks at those."""
    if connection.dialect.name == "postgresql":
        return sa.collate(column, "C").op("~")("[^!-~]")
    # GLOB reads up to a NUL, as length does; the bytes behind it tell.
    bytes_ = sa.func.length(sa.cast(column, sa.LargeBinary))
    return sa.or_(column.op("GLOB")("*[^!-~]*"), sa.func.length(column) != bytes_)


def _bad_time(column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    first, last = allowed_us()
    return sa.and_(column != UNKNOWN_TIME, sa.or_(column < first, column > last))


def _has_nul(connection: Connection) -> sa.ColumnElement[bool]:
    if connection.dialect.name == "postgresql":  # which never took one
        return sa.false()
    texts = (sa.cast(items.c[name], sa.LargeBinary) for name in _TEXTS)
    return sa.or_(*(sa.func.instr(text, b"\0") > 0 for text in texts))


def _count(connection: Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(where)
    return int(connection.execute(query).scalar_one())


def _mend_items(connection: Connection, forms: _Forms) -> Damage:
    damage = Damage()
    first, last = allowed_us()
    amiss = sa.or_(_bad_time(items.c.added_us), _has_nul(connection))
    for where in (amiss, *_in_parts(items.c.id, forms)):
        rows = connection.execute(sa.select(items).where(where)).all()
        for row in rows:
            item = item_from_row(row)
            texts = {name: getattr(item, name) for name in _TEXTS}
            clean = {name: text.replace("\0", "") for name, text in texts.items() if text}
            late = row.added_us is not None and not first <= row.added_us <= last
            mended = replace(
                item,
                id=forms.get(item.id, item.id),
                added_at=None if late else item.added_at,
                **clean,
            )
            is_same = _replace_item(connection, item.id, item_row(mended))
            damage = replace(
                damage,
                item_times=damage.item_times + (late and row.added_us != UNKNOWN_TIME),
                texts=damage.texts + any(clean[name] != texts[name] for name in clean),
                merged=damage.merged + is_same,
            )
    return damage


def _replace_item(connection: Connection, old_id: str, row: tuple[Any, ...]) -> bool:
    """Put a row in the place of an old one; whether another item had its id, which then stays."""
    connection.execute(items.delete().where(items.c.id == old_id))
    if connection.execute(sa.select(items.c.id).where(items.c.id == row[0])).first():
        return True
    connection.execute(items.insert().values(row))
    return False


def _remove_events(connection: Connection) -> int:
    connection.execute(reviews.delete().where(_bad_time(reviews.c.at_us)))
    return int(connection.execute(events.delete().where(_bad_time(events.c.at_us))).rowcount)


def _mend_events(connection: Connection, item_ids: _Forms, users: _Forms) -> tuple[int, int]:
    times = merged = 0
    first, last = allowed_us()
    parts = [
        _bad_time(events.c.at_us),
        *_in_parts(events.c.user_id, users),
        *_in_parts(events.c.item_id, item_ids),
    ]
    for where in parts:
        # What is mended no longer fits, so that each round begins with the next ones.
        while rows := connection.execute(sa.select(events).where(where).limit(_AT_ONCE)).all():
            for user, at_us, position, item, kind, *rest in rows:
                late = at_us != UNKNOWN_TIME and not first <= at_us <= last
                at = UNKNOWN_TIME if late else at_us
                key = (users.get(user, user), at, position, item_ids.get(item, item), kind)
                old = (user, at_us, position, item, kind)
                merged += _move_event(connection, old, key, rest, is_other=late)
                times += late
    return times, merged


def _move_event(
    connection: Connection,
    old: tuple[Any, ...],
    key: tuple[Any, ...],
    rest: Sequence[Any],
    *,
    is_other: bool,
) -> bool:
    """Give an event another key, and its text with it; whether it was there under that key.

    Args:
        connection: of the transaction.
        old: the key it has.
        key: the key it gets.
        rest: what the event has beside its key: its value, and when it came.
        is_other: whether an event of that key is another: two lost their times.
    """
    taken = connection.execute(sa.select(events.c.value).where(_this(events, key))).first()
    if taken and is_other:
        user, at_us, _, item, kind = key
        twins = sa.select(sa.func.max(events.c.position)).where(
            events.c.user_id == user,
            events.c.at_us == at_us,
            events.c.item_id == item,
            events.c.kind == kind,
        )
        key, taken = (user, at_us, connection.execute(twins).scalar_one() + 1, item, kind), None
    text = connection.execute(sa.select(reviews.c.text).where(_this(reviews, old))).scalar()
    for table in (events, reviews):
        connection.execute(table.delete().where(_this(table, old)))
    if not taken:
        connection.execute(events.insert().values((*key, *rest)))
    if (
        text
        and not connection.execute(sa.select(reviews.c.text).where(_this(reviews, key))).first()
    ):
        connection.execute(reviews.insert().values((*key, text)))
    return bool(taken)


def _this(table: sa.Table, key: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    pairs = zip(table.primary_key.columns, key, strict=True)
    return sa.and_(*(column == value for column, value in pairs))


def _in_parts(column: sa.ColumnElement[str], forms: _Forms) -> list[sa.ColumnElement[bool]]:
    return [column.in_(part) for part in batched(forms, _IDS_PER_QUERY)]


def _tables_of_users(connection: Connection) -> list[sa.Table]:
    """The other tables that name shoppers: conversations, profiles, keys, what was shown."""
    inspector = sa.inspect(connection)
    ours = [name for name in inspector.get_table_names() if name.startswith(_OURS)]
    tables = [
        sa.Table(name, sa.MetaData(), autoload_with=connection)
        for name in sorted(set(ours) - {events.name, reviews.name})
    ]
    return [table for table in tables if "user_id" in table.c]


def _rename_users(connection: Connection, forms: _Forms) -> None:
    for table in _tables_of_users(connection) if forms else ():
        for user, form in forms.items():
            these = table.c.user_id == user
            for column in set(table.primary_key.columns) - {table.c.user_id}:
                if "user_id" in table.primary_key.columns:  # what stands under the form stays
                    twins = sa.select(column).where(table.c.user_id == form)
                    connection.execute(table.delete().where(these, column.in_(twins)))
            if "conversation" in table.c:
                _rename_in_conversations(connection, table, user, form)
            connection.execute(table.update().where(these).values(user_id=form))


def _rename_in_conversations(connection: Connection, table: sa.Table, user: str, form: str) -> None:
    rows = sa.select(table.c.id, table.c.conversation).where(table.c.user_id == user)
    for id, text in connection.execute(rows).all():
        renamed = json.dumps({**json.loads(text), "user": form}, ensure_ascii=False)
        connection.execute(table.update().where(table.c.id == id).values(conversation=renamed))
