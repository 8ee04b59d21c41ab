"""What an experiment has shown to whom: one row for each list, in the workspace's database."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import batched
from llmrec.catalog.schema import Key, events
from llmrec.catalog.stored import Stored
from llmrec.types import EventKind

__all__ = ["OUTCOMES", "Exposures", "Reached", "Shown"]

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
class Shown:
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

    def record(self, experiment: str, lists: Sequence[Shown], at_us: int | None = None) -> None:
        """Keep what was shown, all lists in one transaction.

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
                "user_id": one.user,
                "at_us": now,
                "arm": one.arm,
                "items": json.dumps(one.items),
            }
            for one in lists
        ]
        if rows:
            with self._database.write() as connection, self._database.errors():
                connection.execute(_exposures.insert(), rows)

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
            for some in batched(names, _SHOPPERS_AT_ONCE):
                yield from _reached(connection, experiment, some, round(days * _DAY_US))


def _reached(
    connection: Connection, experiment: str, users: Sequence[str], window: int
) -> Iterator[Reached]:
    counted = events.c.kind.in_([kind.value for kind in OUTCOMES]), events.c.user_id.in_(users)
    did: dict[str, list[tuple[str, int, EventKind]]] = {}
    acts = sa.select(events.c.user_id, events.c.item_id, events.c.at_us, events.c.kind)
    for user, item, at, kind in connection.execute(acts.where(*counted)):
        did.setdefault(user, []).append((item, at, EventKind(kind)))
    arms: dict[str, list[str]] = {user: [] for user in users}
    outcomes: dict[str, set[EventKind]] = {user: set() for user in users}
    own = _exposures.c.experiment == experiment, _exposures.c.user_id.in_(users)
    lists = sa.select(*(_exposures.c[name] for name in ("user_id", "at_us", "arm", "items")))
    for user, when, arm, items in connection.execute(lists.where(*own)):
        arms[user].append(arm)
        in_time = [one for one in did.get(user, ()) if 0 <= one[1] - when <= window]
        shown = json.loads(items) if in_time else ()
        outcomes[user].update(kind for item, _, kind in in_time if item in shown)
    for user in users:
        yield Reached(user, frozenset(arms[user]), len(arms[user]), frozenset(outcomes[user]))
