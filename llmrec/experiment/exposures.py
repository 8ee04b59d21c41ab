"""What an experiment has shown to whom: one row for each list, in the workspace's database."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import batched
from llmrec.catalog.forgetting import forgotten_meanwhile
from llmrec.catalog.schema import Key, events
from llmrec.catalog.stored import Stored
from llmrec.types import EventKind

__all__ = ["OUTCOMES", "Exposures", "Reached", "ShownList"]

OUTCOMES = (EventKind.LIKE, EventKind.CART, EventKind.PURCHASE)
"""What an experiment counts."""

_SHOPPERS_AT_ONCE = 500
_DAY_US = 86_400_000_000
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts up only this type
_tables = sa.MetaData()
_exposures = sa.Table(
    "llmrec_exposures",
    _tables,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("experiment", Key, nullable=False),
    sa.Column("user_id", Key, nullable=False, index=True),
    sa.Column("at_us", sa.BigInteger, nullable=False, comment="microseconds since 1970 UTC"),
    sa.Column("arm", sa.Text, nullable=False),
    sa.Column("items", sa.Text, nullable=False, comment="JSON list of ids, best first"),
)


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list that a shopper of an arm was shown."""

    user: str
    arm: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """An exposed shopper: the arms, how many lists, and which outcomes came of them."""

    user: str
    arms: frozenset[str]
    lists: int
    outcomes: frozenset[EventKind]


class Exposures(Stored):
    """The lists that experiments have shown; threads may share it."""

    tables = _tables

    def record(self, experiment: str, lists: Sequence[ShownList], at_us: int | None = None) -> None:
        """Keep what was shown, all lists in one transaction.

        Lists of shoppers who were forgotten since the operation began are left out.

        Args:
            experiment: its name.
            lists: what was shown.
            at_us: when, in microseconds since 1970 UTC; by default now.

        Raises:
            LockedError: another process is writing.
            CatalogError: the database cannot be written.
            DiskFull: no space left; nothing was written.
        """
        now = time.time_ns() // 1_000 if at_us is None else at_us
        rows = [
            {
                "experiment": experiment,
                "user_id": shown.user,
                "at_us": now,
                "arm": shown.arm,
                "items": json.dumps(shown.items),
            }
            for shown in lists
        ]
        if rows:
            with self._database.write() as connection, self._database.errors():
                gone = forgotten_meanwhile(connection, {shown.user for shown in lists})
                if kept := [row for row in rows if row["user_id"] not in gone]:
                    connection.execute(_exposures.insert(), kept)

    def forget(self, user: str) -> int:
        """Remove all that was shown to a shopper, its bytes too; how many lists there were."""
        with self._database.erase() as connection, self._database.errors():
            gone = connection.execute(_exposures.delete().where(_exposures.c.user_id == user))
        return int(gone.rowcount)

    def reached(self, experiment: str, days: float) -> Iterator[Reached]:
        """The shoppers of an experiment, ordered by name; one state of the database.

        An event counts if its item was in a list that the shopper was shown, at that moment or up
        to ``days`` later. Events without a time do not count.

        Raises:
            CatalogError: the database cannot be read.
        """
        this = _exposures.c.experiment == experiment
        users = sa.select(_exposures.c.user_id).where(this).distinct()
        with self._database.read() as connection, self._database.errors():
            names = connection.execute(users.order_by(_exposures.c.user_id)).scalars().all()
            for batch in batched(names, _SHOPPERS_AT_ONCE):
                yield from _reached(connection, experiment, batch, round(days * _DAY_US))


def _reached(
    connection: Connection, experiment: str, users: Sequence[str], window: int
) -> Iterator[Reached]:
    these = _exposures.c.experiment == experiment, _exposures.c.user_id.in_(users)
    arms: dict[str, dict[str, int]] = {user: {} for user in users}
    each = _exposures.c.user_id, _exposures.c.arm
    lists = sa.select(*each, sa.func.count()).where(*these).group_by(*each)
    for user, arm, count in connection.execute(lists):
        arms[user][arm] = count
    counted = _acts(connection.dialect.name, window).where(*these)
    acts = {user: did for user, *did in connection.execute(counted)}
    for user in users:
        outcomes = compress(OUTCOMES, acts.get(user, ()))
        yield Reached(user, frozenset(arms[user]), sum(arms[user].values()), frozenset(outcomes))


def _acts(dialect: str, window: int) -> sa.Select[Any]:
    """A shopper in each row: 1 or 0 for each of ``OUTCOMES``; who did none of them has no row.

    The database joins events and lists: otherwise each event and list would be fetched as a row.
    """
    user, shown_us = _exposures.c.user_id, _exposures.c.at_us
    did = (sa.func.max(sa.case((events.c.kind == kind.value, 1), else_=0)) for kind in OUTCOMES)
    query = sa.select(user, *did).join_from(_exposures, events, user == events.c.user_id)
    return query.where(
        events.c.kind.in_([kind.value for kind in OUTCOMES]),
        events.c.at_us.between(shown_us, shown_us + window),
        _holds(dialect, _exposures.c["items"], events.c.item_id),
    ).group_by(user)


def _holds(
    dialect: str, items: sa.ColumnElement[str], id: sa.ColumnElement[str]
) -> sa.ColumnElement[bool]:
    """Whether a JSON list of ids contains an id; databases differ in the function for it."""
    if dialect == "postgresql":
        contained: sa.ColumnElement[bool] = sa.cast(items, JSONB).has_key(id)
        return contained
    entry = sa.func.json_each(items).table_valued("value")
    read = sa.exists().select_from(entry).where(entry.c.value == id)
    # A fast text search first: most lists do not contain the id's text, and are not parsed then.
    # json.dumps escapes non-ASCII ids, which the text search would miss: those lists are parsed.
    there = sa.func.instr(items, sa.func.json_quote(id)) > 0
    escaped = sa.func.length(id) != sa.func.length(sa.cast(id, sa.LargeBinary))
    return sa.and_(there | escaped, read)
