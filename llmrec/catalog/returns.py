"""What was sent back: a return takes a purchase out of the log, and is remembered.

A purchase that was taken back is no purchase, for whoever reads the log. The file that brought it
may be ingested again, so a table of its own keeps which purchases lost how much, and to which
return: a purchase that comes again stays taken back, and a return that comes again takes nothing
more. Returns that match no purchase are counted and kept nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import batched
from llmrec.catalog.codec import event_row
from llmrec.catalog.reviews import reviews_metadata
from llmrec.catalog.schema import UNKNOWN_TIME, Key, events
from llmrec.types import Event, EventKind

__all__ = ["Return", "TakenBack", "returns"]

_BATCH = 5_000
_USERS_PER_QUERY = 500
_Purchase = tuple[str, int, int, str]  # user, at_us, position, item

# In the same set as the reviews: what every store has beside the log of its schema.
returns = sa.Table(
    "llmrec_returns",
    reviews_metadata,
    sa.Column("user_id", Key, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("item_id", Key, nullable=False),
    sa.Column("bought_us", sa.BigInteger, nullable=False),
    sa.Column("bought_position", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.Float(53), comment="null: all of it"),
    sa.PrimaryKeyConstraint(
        "user_id", "at_us", "position", "item_id", "bought_us", "bought_position"
    ),
)


@dataclass(frozen=True, slots=True)
class Return:
    """Something that was bought before and came back.

    ``quantity`` is positive, ``None`` for all that was bought. ``whole_order`` says that the row
    is the purchase itself, cancelled or refunded: it takes back that one or none. ``row`` and
    ``reason`` are for the report of a file, if no purchase matches.
    """

    user: str
    item: str
    at: datetime | None = None
    position: int = 0
    quantity: float | None = None
    whole_order: bool = False
    row: int = 0
    reason: str = "a return without a purchase"


class TakenBack:
    """Settles returns with purchases on their way into the log, within its transaction.

    Args:
        connection: of the transaction.
        errors: maps database errors raised inside.

    Attributes:
        returned: returns that took a purchase back, or a part of one.
        unmatched: returns without a purchase, in no order.
        unchanged: rows that changed nothing, having been settled before.
    """

    def __init__(
        self, connection: Connection, errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._connection, self._errors = connection, errors
        self._waiting: list[Return] = []
        self.returned = self.unchanged = 0
        self.unmatched: list[Return] = []
        with errors():
            any_row = sa.select(returns.c.user_id).limit(1)
            self._any = connection.execute(any_row).first() is not None

    def apart(self, values: Iterable[Event | Return]) -> Iterator[Event]:
        """The events that are to be written; returns wait until all of them are."""
        bought = self._events(values)
        if not self._any:
            yield from bought
            return
        for batch in batched(bought, _BATCH):
            yield from self._lessened(batch)

    def settle(self) -> None:
        """Match the returns that came with the purchases of the log, the earliest first."""
        # By shopper and item, so that one look at the log serves all of its returns.
        waiting = sorted(self._waiting, key=_place)
        self._waiting = []
        with self._errors():
            for (user, item), group in groupby(waiting, key=lambda entry: (entry.user, entry.item)):
                self._settle(user, item, list(group))

    def _events(self, values: Iterable[Event | Return]) -> Iterator[Event]:
        for value in values:
            if isinstance(value, Return):
                self._waiting.append(value)
            else:
                yield value

    def _lessened(self, batch: Sequence[Event]) -> Iterator[Event]:
        taken = self._taken({event.user for event in batch if event.kind is EventKind.PURCHASE})
        for event in batch:
            amount = None
            if event.kind is EventKind.PURCHASE and taken:
                amount = taken.get(event_row(event)[:4])
            if amount is None:
                yield event
                continue
            left = _quantity(event.value) - amount
            if left >= 1:
                yield replace(event, value=left)
            else:
                self.unchanged += 1

    def _taken(self, users: set[str]) -> dict[_Purchase, float]:
        """What of each purchase of these shoppers was taken back before."""
        taken: dict[_Purchase, float] = {}
        for names in batched(sorted(users), _USERS_PER_QUERY):
            query = sa.select(returns).where(returns.c.user_id.in_(names))
            with self._errors():
                rows = self._connection.execute(query).all()
            for row in rows:
                key = (row.user_id, row.bought_us, row.bought_position, row.item_id)
                amount = math.inf if row.amount is None else row.amount
                taken[key] = taken.get(key, 0.0) + amount
        return taken

    def _settle(self, user: str, item: str, waiting: Sequence[Return]) -> None:
        mine = (returns.c.user_id == user, returns.c.item_id == item)
        before = sa.select(returns.c.at_us, returns.c.position).where(*mine)
        settled = {(row.at_us, row.position) for row in self._connection.execute(before)}
        purchases, no_purchases = self._purchases(user, item)
        for entry in waiting:
            key = _key(entry)
            if key in no_purchases:  # an older llmrec took this very return for a purchase
                self._connection.execute(events.delete().where(*_same(user, item, *key)))
            if key in settled:
                self.unchanged += 1
                continue
            takes = _match(entry, purchases)
            if not takes:
                self.unmatched.append(entry)
                continue
            settled.add(key)
            self.returned += 1
            for purchase, amount in takes:
                self._take(user, item, key, purchase, amount)

    def _purchases(self, user: str, item: str) -> tuple[list[_Bought], set[tuple[int, int]]]:
        """What of an item a shopper still has, the latest first; and what is below 1."""
        query = sa.select(events.c.at_us, events.c.position, events.c.value).where(
            events.c.user_id == user,
            events.c.item_id == item,
            events.c.kind == EventKind.PURCHASE.value,
        )
        latest = query.order_by(
            events.c.at_us.desc(), events.c.position.desc(), events.c.arrival.desc()
        )
        rows = self._connection.execute(latest).all()
        bought = [_Bought(row.at_us, row.position, _quantity(row.value)) for row in rows]
        below = {(purchase.at_us, purchase.position) for purchase in bought if purchase.left < 1}
        return [purchase for purchase in bought if purchase.left >= 1], below

    def _take(
        self, user: str, item: str, key: tuple[int, int], purchase: _Bought, amount: float
    ) -> None:
        this = _same(user, item, purchase.at_us, purchase.position)
        purchase.left -= amount
        change: Any = events.delete().where(*this)
        if purchase.left >= 1:
            change = events.update().where(*this).values(value=purchase.left)
        self._connection.execute(change)
        row = (user, key[0], key[1], item, purchase.at_us, purchase.position)
        amount_kept = None if math.isinf(amount) else amount
        self._connection.execute(returns.insert().values((*row, amount_kept)))


@dataclass(slots=True)
class _Bought:
    """A purchase of the log; ``left`` is how much of it the shopper still has."""

    at_us: int
    position: int
    left: float

    def before(self, at_us: int) -> bool:
        return UNKNOWN_TIME in (self.at_us, at_us) or self.at_us <= at_us


def _match(entry: Return, purchases: Sequence[_Bought]) -> list[tuple[_Bought, float]]:
    """The purchases that a return takes back, with how much of each.

    The latest one that is large enough; if none is, the latest ones, until all is back.
    """
    at_us, position = _key(entry)
    left_over = [bought for bought in purchases if bought.left >= 1 and bought.before(at_us)]
    if entry.whole_order:
        left_over = [
            bought for bought in left_over if (bought.at_us, bought.position) == (at_us, position)
        ]
    if not left_over:
        return []
    if entry.quantity is None or entry.whole_order:
        return [(left_over[0], math.inf)]
    whole = next((bought for bought in left_over if bought.left >= entry.quantity), None)
    if whole is not None:
        return [(whole, entry.quantity)]
    takes, open_quantity = [], entry.quantity
    for bought in left_over:
        if open_quantity <= 0:
            break
        takes.append((bought, min(bought.left, open_quantity)))
        open_quantity -= bought.left
    return takes


def _quantity(value: float | None) -> float:
    return 1.0 if value is None else value  # who says no quantity bought one


def _same(user: str, item: str, at_us: int, position: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions for the purchase of that key."""
    return (
        events.c.user_id == user,
        events.c.at_us == at_us,
        events.c.position == position,
        events.c.item_id == item,
        events.c.kind == EventKind.PURCHASE.value,
    )


def _key(entry: Return) -> tuple[int, int]:
    row = event_row(Event(entry.user, entry.item, EventKind.PURCHASE, entry.at, entry.position))
    return row[1], row[2]


def _place(entry: Return) -> tuple[str, str, int, int]:
    return (entry.user, entry.item, *_key(entry))
