"""Times as logs write them -> timezone-aware UTC."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

from llmrec.catalog.times import EARLIEST, check_range
from llmrec.errors import DataError

__all__ = ["EARLIEST", "DateOrder", "parse_time"]

DateOrder = Literal["mdy", "dmy"]
"""What comes first in ``3/4/2021``: the month or the day."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECONDS_PER = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))
"""An epoch below the bound counts in units of so many microseconds: seconds, ms, µs."""

_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r" ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)
_SLASHED = re.compile(
    r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP]M))?)?",
    re.IGNORECASE,
)
_WORDED = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def parse_time(value: Any, latest: datetime, order: DateOrder | None = None) -> datetime:
    """Read a time; one without a zone is UTC, a date alone is its midnight.

    Args:
        value: a datetime or date; an epoch in seconds, milliseconds or microseconds, told apart by
            its size; ISO 8601; ``July 9, 2014``; with ``order`` also ``12/1/2010 8:26``.
        latest: times later than a day after this are refused; usually now.
        order: whether the month or the day comes first in slashed dates.

    Raises:
        DataError: none of these, ambiguous, or out of range.

    >>> now = datetime(2024, 1, 1, tzinfo=timezone.utc)
    >>> str(parse_time("1577836800", now)), str(parse_time("2020-01-01T02:30+01:00", now))
    ('2020-01-01 00:00:00+00:00', '2020-01-01 01:30:00+00:00')
    """
    if isinstance(value, str):
        text = value.strip()
        at = _from_epoch(int(text)) if _is_epoch(text) else _from_text(text, order)
    elif isinstance(value, datetime):
        at = _in_utc(value)
    elif isinstance(value, date):
        at = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        at = _from_epoch(value)
    else:
        raise DataError("not a time")
    check_range(at, latest)
    return at


def _is_epoch(text: str) -> bool:
    # Eight digits are a date, 20110412: as seconds they would all lie in 1970.
    return text.isascii() and text.isdigit() and len(text) not in (4, 8) and len(text) <= 20


def _from_epoch(number: float) -> datetime:
    if not math.isfinite(number) or number < 0:
        raise DataError("not a time")
    for bound, unit in _MICROSECONDS_PER:
        if number < bound:
            micros = number * unit
            break
    else:
        micros = number // 1_000
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise DataError("the time is in the future") from None


def _from_text(text: str, order: DateOrder | None) -> datetime:
    if len(text) > 64:
        raise DataError("not a time")
    try:
        if found := _ISO.fullmatch(text):
            return _iso(found)
        if found := _SLASHED.fullmatch(text):
            return _slashed(found, order)
        if found := _WORDED.fullmatch(text):
            month = _MONTHS.index(found[1][:3].lower()) + 1
            return datetime(int(found[3]), month, int(found[2]), tzinfo=timezone.utc)
        if re.fullmatch(r"\d+\.\d+(?:[eE][+]?\d+)?", text):
            return _from_epoch(float(text))
    except (ValueError, OverflowError):
        pass
    raise DataError("not a time")


def _iso(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(found[i] or 0) for i in range(1, 7))
    micro = int((found[7] or "0").ljust(6, "0")[:6])
    leap = second == 60  # a leap second counts as the last one of its minute
    at = datetime(year, month, day, hour, minute, 59 if leap else second, micro, timezone.utc)
    return _in_utc(at.replace(tzinfo=_zone(found[8])))


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return timezone.utc
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _slashed(found: re.Match[str], order: DateOrder | None) -> datetime:
    if order is None:
        raise DataError("an ambiguous date: month or day first? Give --date-order")
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    month, day = (first, second) if order == "mdy" else (second, first)
    hour, minute, seconds = (int(found[i] or 0) for i in (4, 5, 6))
    if found[7]:
        hour = hour % 12 + (12 if found[7].upper() == "PM" else 0)
    return datetime(year, month, day, hour, minute, seconds, tzinfo=timezone.utc)


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        return at.replace(tzinfo=timezone.utc)
    try:
        return at.astimezone(timezone.utc)
    except OverflowError:
        raise DataError("not a time") from None
