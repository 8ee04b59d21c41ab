"""Items and events to and from rows: plain tuples in the order of the tables' columns."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from llmrec.catalog.schema import UNKNOWN_TIME
from llmrec.errors import DataError
from llmrec.types import Event, EventKind, Item

__all__ = ["EventRow", "ItemRow", "event_from_row", "event_row", "item_from_row", "item_row"]

ItemRow = tuple[Any, ...]
EventRow = tuple[str, int, int, str, str, float | None]
"""All columns of ``events`` but ``arrival``, which the store gives."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_KINDS = {kind.value: kind for kind in EventKind}
_NAMES = {kind.value: str(kind.value) for kind in EventKind}  # an EventKind is its name, as a key
_TEXTS = ("id", "title", "brand", "currency", "language", "description", "url", "image_url")
_NEEDED = ("id", "title", "description")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def item_row(item: Item) -> ItemRow:
    """The row of ``items`` that holds ``item``.

    Raises:
        DataError: no id, a field of another type than its own, a price that is not finite, a time
            without a zone.
    """
    _check(item)
    head = (
        item.id,
        item.title,
        item.brand,
        _encode(item.category),
        None if item.price is None else str(item.price),
        item.currency,
        item.language,
        item.stock,
        _encode({str(name): [*map(str, values)] for name, values in item.attributes.items()}),
        item.url,
        item.image_url,
        None if item.added_at is None else _microseconds(item.added_at),
    )
    text = _encode([*head, item.description]).encode("utf-8", "surrogatepass")
    return (*head, blake2b(text, digest_size=16).hexdigest(), item.description)


def item_from_row(row: Any) -> Item:
    """The item that a row of ``items`` holds."""
    return Item(
        id=row[0],
        title=row[1],
        brand=row[2],
        category=_path(row[3]),
        price=None if row[4] is None else Decimal(row[4]),
        currency=row[5],
        language=row[6],
        stock=row[7],
        attributes=json.loads(row[8]),
        url=row[9],
        image_url=row[10],
        added_at=None if row[11] is None else _EPOCH + timedelta(microseconds=row[11]),
        description=row[13],
    )


def event_row(event: Event) -> EventRow:
    """The row of ``events`` that holds ``event``; a value that is not a number is none.

    Raises:
        DataError: no user or item, an unknown kind, a time without a zone.
    """
    if not event.user or not event.item:
        raise DataError("An event has an empty user or item.", hint="Leave such events out.")
    kind, value = _NAMES.get(event.kind), event.value
    if kind is None:
        raise DataError(
            f"'{event.kind}' is not a kind of event.", hint=f"Known are {', '.join(_NAMES)}."
        )
    return (
        event.user,
        UNKNOWN_TIME if event.at is None else _microseconds(event.at),
        event.position,
        event.item,
        kind,
        None if value is None or math.isnan(value) else float(value),
    )


def event_from_row(row: Any) -> Event:
    """The event that a row of ``events`` holds."""
    user, at_us, position, item, kind, value = row[:6]
    at = None if at_us == UNKNOWN_TIME else _EPOCH + timedelta(microseconds=at_us)
    return Event(user, item, _KINDS[kind], at, position, value)


def _check(item: Item) -> None:
    for name in _TEXTS:
        value = getattr(item, name)
        if not isinstance(value, str) and (value is not None or name in _NEEDED):
            raise _wrong(item, name, "text")
    if not item.id:
        raise DataError("An item has an empty id.", hint="Give every item an id of its own.")
    price, stock = item.price, item.stock
    if price is not None and not (isinstance(price, Decimal) and price.is_finite()):
        raise _wrong(item, "price", "a finite Decimal")
    if stock is not None and not isinstance(stock, int):
        raise _wrong(item, "stock", "a whole number")
    if isinstance(item.category, str):  # its letters would become the steps
        raise _wrong(item, "category", "a tuple of texts")


def _wrong(item: Item, name: str, wanted: str) -> DataError:
    value = repr(getattr(item, name))[:80]
    return DataError(
        f"Item {item.id!r}: {value} is not {wanted}.", field=name, hint=f"Make it {wanted}."
    )


@lru_cache(maxsize=4096)
def _path(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _microseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise DataError(
            f"The time {at} has no time zone.", hint="Make it timezone-aware; UTC is best."
        )
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
