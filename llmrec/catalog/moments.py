"""Events of one moment: which of them came first is not known, and nothing may learn it.

Logs often give days alone, or one time for a basket. What then orders the rows (an item's id, the
``ORDER BY`` of an export) says nothing of the shopper; whoever learns or measures by that order
learns the ids. A moment is one user, one time and one position. Its events are put in an order
that a hash of user and item draws: the same for every file, machine and run, and without relation
to ids or rows. For shoppers themselves events stand as they came (``schema.event_order``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from hashlib import blake2b
from itertools import groupby
from typing import TypeVar

from llmrec.types import Event

__all__ = ["by_moment", "drawn_order", "is_sorted", "moment_of", "moments_of"]

T = TypeVar("T")

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)
_SEED = b"llmrec moment 1"
"""Another seed would draw another order, and with it other cases of the same log."""


def moment_of(event: Event) -> tuple[datetime, int]:
    """Time and position: equal for two events of a user whose order is not known.

    Events without a time come before all others.
    """
    return event.at or _LONG_AGO, event.position


def by_moment(events: Iterable[Event]) -> list[Event]:
    """Events by user, time and position; those of one moment in the drawn order.

    Several events of one item stay together within their moment, in the order they came in.
    """

    def place(event: Event) -> tuple[str, datetime, int]:
        return event.user, event.at or _LONG_AGO, event.position

    ordered = sorted(events, key=place)
    drawn: list[Event] = []
    for _, moment in groupby(ordered, key=place):
        drawn += drawn_order(list(moment), _names)
    return drawn


def drawn_order(moment: list[T], names: Callable[[T], tuple[str, str]]) -> list[T]:
    """What happened at one moment, in an order that says nothing.

    Args:
        moment: rows or events.
        names: the user and the item of each.
    """
    return moment if len(moment) == 1 else sorted(moment, key=lambda member: _draw(*names(member)))


def moments_of(events: Sequence[Event]) -> Iterator[int]:
    """For each event the running number of its moment.

    Args:
        events: ordered, such as from :func:`by_moment`; of one user or of many.
    """
    number, last = -1, None
    for event in events:
        place = event.user, event.at, event.position
        if place != last:
            number, last = number + 1, place
        yield number


def is_sorted(rows: Iterable[tuple[str, str]]) -> bool:
    """Whether the rows of each user stand by item, as a query sorts them and no shopper acts.

    Where a log has neither times nor positions its rows are the order, but for these.

    Args:
        rows: user and item of each, in the order of the log.

    >>> is_sorted((f"u{n // 5}", f"i{n % 5}") for n in range(100))
    True
    >>> is_sorted((f"u{n // 5}", f"i{n * 7 % 5}") for n in range(100))
    False
    """
    last: dict[str, str] = {}
    orders = list(_ORDERS)
    steps = 0
    for user, item in rows:
        before = last.get(user, item)
        last[user] = item
        if before == item:
            continue
        steps += 1
        orders = [inside for inside in orders if inside(before, item)]
        if not orders:
            return False
    return steps >= _FEWEST_STEPS


def _number(text: str) -> tuple[int, str]:
    return (int(text), text) if text.isdecimal() and len(text) < 20 else (-1, text)


_ORDERS: tuple[Callable[[str, str], bool], ...] = (
    lambda before, item: before < item,
    lambda before, item: before > item,
    lambda before, item: _number(before) < _number(item),
    lambda before, item: _number(before) > _number(item),
)

_FEWEST_STEPS = 30
"""Steps from item to item that all go up: by chance less than once in 2**30 logs."""


def _names(event: Event) -> tuple[str, str]:
    return event.user, event.item


def _draw(user: str, item: str) -> bytes:
    # Keyed by the user too: one order of all items would again be an order to learn.
    name = f"{user}\x1f{item}".encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=8, key=_SEED).digest()
