"""One row -> one event, or what is wrong with it. The hot path of a log of millions of rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from llmrec.catalog.returns import Return
from llmrec.catalog.reviews import OPINIONS
from llmrec.errors import DataError
from llmrec.ingest.cleaning import clean_id, is_missing
from llmrec.ingest.fields import (
    parse_kind,
    parse_number,
    parse_review,
    says_cancelled,
    says_return,
    says_yes,
)
from llmrec.ingest.recognise import FilePlan
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.rows import Defaults
from llmrec.ingest.shapes import RATING_COLUMNS
from llmrec.ingest.times import parse_time
from llmrec.types import Event, EventKind

__all__ = ["EventBuilder", "is_rating_column"]

_MAX_POSITION = 2**53
_MAX_KINDS = 1000
_NOWHERE = -1
_CANCELLED, _NOT_POSITIVE = "a cancelled sale", "a quantity that is not positive"
_NOTHING_LEFT = "an order that was cancelled or refunded"
"""Why rows are rejected that take nothing back."""


class EventBuilder:
    """Makes events of rows that hold the columns ``plan.selected``, in that order.

    A row of a file that has neither times nor positions gets its row number as position, unless
    the rows are ``unordered``: sorted by item. A kind of
    the defaults goes over the file's own; one of the plan holds where the file says none. A text is
    read where the kind can have one and left out elsewhere: often one column serves all kinds.

    What came back is a :class:`Return`: a negative quantity, a kind such as ``refund``, an invoice
    of a cancelled sale. A quantity below 1 is no purchase.

    Attributes:
        ratings: the lowest and the highest so far, ``None`` before the first.
    """

    __slots__ = (
        "_again", "_at", "_counts", "_default", "_disliked_below", "_forced", "_invoice", "_item",
        "_kind", "_kinds", "_max_chars", "_names", "_now", "_order", "_ordered", "_position",
        "_returned", "_status", "_text", "_unordered", "_user", "_value", "ratings",
    )  # fmt: skip

    def __init__(self, plan: FilePlan, defaults: Defaults, *, unordered: bool = False) -> None:
        self._unordered, self._again = unordered, ("", "", 0)
        self._names = plan.selected
        index = {name: i for i, name in enumerate(plan.selected)}
        places = {ours: index[those[0]] for ours, those in plan.columns.items()}
        self._user, self._item = places["user"], places["item"]
        self._kind, self._at, self._position, self._value, self._text, self._invoice = (
            places.get(name, _NOWHERE)
            for name in ("kind", "at", "position", "value", "text", "invoice")
        )
        self._status, self._returned = (
            places.get(name, _NOWHERE) for name in ("status", "returned")
        )
        self._counts = not is_rating_column(plan.columns.get("value", ()))
        self._ordered = self._at != _NOWHERE or self._position != _NOWHERE
        self._now, self._order = defaults.now, plan.order
        self._forced = defaults.kind
        self._default = defaults.kind or plan.kind or EventKind.PURCHASE
        self._disliked_below, self._max_chars = defaults.disliked_below, defaults.max_chars
        self.ratings: tuple[float, float] | None = None
        self._kinds: dict[str, EventKind | None] = {}

    def __call__(self, row: int, values: Sequence[Any]) -> Event | Return:
        """The event or the return of a row.

        Raises:
            BadRow: the row cannot be used.
        """
        place = self._user
        try:
            user = clean_id(values[place])
            place = self._item
            item = clean_id(values[place])
            place = self._kind
            kind = self._default if place == _NOWHERE else self._kind_of(values[place])
            place = self._at
            at = None if place == _NOWHERE else self._time(values[place])
            place = self._position
            position = (
                _position(values[place]) if place != _NOWHERE else self._place_of(row, user, item)
            )
            place = self._value
            value = None if place == _NOWHERE else parse_number(values[place])
            text = None
            if self._text != _NOWHERE and kind in OPINIONS:
                place = self._text
                text = parse_review(values[place], self._max_chars)
            place = self._value  # what is wrong from here on is wrong with the number
            return self._made(row, values, user, item, kind, at, position, value, text)
        except DataError as error:
            known = place != _NOWHERE
            raise BadRow(
                error.reason,
                field=self._names[place] if known else None,
                value=values[place] if known else None,
            ) from None

    def _made(
        self,
        row: int,
        values: Sequence[Any],
        user: str,
        item: str,
        kind: EventKind | None,
        at: datetime | None,
        position: int,
        value: float | None,
        text: str | None,
    ) -> Event | Return:
        """What the fields of a row say was done; a kind of ``None`` is a return."""
        if kind is EventKind.RATING:
            kind = self._rated(value, text)
        if self._invoice != _NOWHERE:
            user = user.removesuffix(".0")  # spreadsheets make numbers of empty columns
            if str(values[self._invoice]).upper().startswith("C") and value:
                return Return(user, item, at, position, abs(value), False, row, _CANCELLED)
        if kind is None or kind is EventKind.PURCHASE or kind is EventKind.CART:
            if not self._counts and (kind is None or (value is not None and value < 1)):
                value = None  # a rating's column says nothing of a purchase
            if kind is None:
                return Return(user, item, at, position, _returned_quantity(value), False, row)
            if value is not None and value < 0 and kind is EventKind.PURCHASE:
                return Return(user, item, at, position, -value, False, row, _NOT_POSITIVE)
            if kind is EventKind.PURCHASE and self._says_nothing_bought(values):
                return Return(user, item, at, position, None, True, row, _NOTHING_LEFT)
            if value is not None and value < 1:
                raise DataError(f"a quantity below 1 is no {kind.value}")
        return Event(user, item, kind, at, position, value, text)

    def _says_nothing_bought(self, values: Sequence[Any]) -> bool:
        if self._status != _NOWHERE and says_cancelled(values[self._status]):
            return True
        if self._returned == _NOWHERE:
            return False
        mark = values[self._returned]
        return says_yes(mark) or says_cancelled(mark)

    def _rated(self, value: float | None, text: str | None) -> EventKind:
        if value is None:
            if text:
                return EventKind.RATING  # a review without stars
            raise DataError("a rating without a value")
        low, high = self.ratings or (value, value)
        self.ratings = min(low, value), max(high, value)
        return EventKind.RATING.judged(value, self._disliked_below)

    def _place_of(self, row: int, user: str, item: str) -> int:
        if self._ordered:
            return 0
        if not self._unordered:
            return row
        # The second purchase of a thing stands behind its first, and is another event.
        before_user, before_item, count = self._again
        count = count + 1 if (user, item) == (before_user, before_item) else 0
        self._again = user, item, count
        return count

    def _kind_of(self, value: Any) -> EventKind | None:
        """The kind that a cell says; ``None`` for a return."""
        if isinstance(value, str) and value in self._kinds:
            return self._kinds[value]
        kind: EventKind | None = self._default
        if says_return(value) and self._forced in (None, EventKind.PURCHASE):
            kind = None  # who says that all are purchases does not mean what came back
        elif self._forced is None and not is_missing(value):
            kind = parse_kind(value)
        if isinstance(value, str) and len(self._kinds) < _MAX_KINDS:
            self._kinds[value] = kind
        return kind

    def _time(self, value: Any) -> datetime | None:
        if not is_missing(value):
            return parse_time(value, self._now, self._order)
        if self._position == _NOWHERE:
            raise DataError("the time is missing")
        return None


def _position(value: Any) -> int:
    number = parse_number(value)
    if number is None or not number.is_integer() or not 0 <= number <= _MAX_POSITION:
        raise DataError("not a position: a whole number from 0 on")
    return int(number)


def _returned_quantity(value: float | None) -> float | None:
    if value == 0:
        raise DataError("a return of nothing")
    return None if value is None else abs(value)


def is_rating_column(names: Iterable[str]) -> bool:
    """Whether these columns are named as ratings are: their numbers are no quantities."""
    plain = {re.sub(r"[^a-z0-9]", "", name.casefold()) for name in names}
    return bool(plain & RATING_COLUMNS)
