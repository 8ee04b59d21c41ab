"""What a time may be: one rule for files, HTTP and Python, and what the database can hold.

Whatever comes in must lie between 1990 and a day from now: no web shop is older than the web, and a
clock may be ahead of ours, but not by more. The database holds more than that, because clocks are
set right and older versions did not look. What is no time at all (the year 1, the year 9999, a
number that no calendar reaches) is read as unknown, so that one bad row never keeps a shop from
opening; ``llmrec repair`` takes it out.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from llmrec.catalog.schema import UNKNOWN_TIME
from llmrec.errors import DataError

__all__ = [
    "EARLIEST",
    "LAST_US",
    "allowed_us",
    "check_range",
    "check_time",
    "known_us",
    "microseconds",
    "time_of",
]

EARLIEST = datetime(1990, 1, 1, tzinfo=timezone.utc)
"""No web shop is older than the web; a date before it is a zero, or a wrong unit."""

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND_US = 1_000_000
# The first microsecond that is none: beyond the year 9000 a time zone or an addition leads out of
# what a datetime can be.
LAST_US = int(datetime(9000, 1, 1, tzinfo=timezone.utc).timestamp()) * _SECOND_US


def check_time(at: datetime, field: str | None = None) -> datetime:
    """A time as it may come in, in UTC.

    Args:
        at: with a time zone.
        field: where it came from, for the error.

    Raises:
        DataError: it has no zone, lies before 1990 or more than a day from now.

    >>> check_time(datetime(2020, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))).isoformat()
    '2020-01-01T00:00:00+00:00'
    """
    try:
        if at.tzinfo is None:
            raise DataError("the time has no zone")
        try:
            utc = at.astimezone(timezone.utc)
        except OverflowError:
            raise DataError("not a time") from None
        check_range(utc, datetime.now(timezone.utc))
    except DataError as error:
        raise DataError(
            error.reason,
            field=field,
            hint="Send a time with its zone, such as 2026-11-25T10:00:00Z, from 1990 to now.",
        ) from None
    return utc


def check_range(at: datetime, latest: datetime) -> None:
    """Refuse a time of the wrong century.

    Raises:
        DataError: before 1990, or more than a day after ``latest``.
    """
    if at < EARLIEST:
        raise DataError(f"the time is before {EARLIEST.year}")
    if at > latest + _DAY:
        raise DataError("the time is in the future")


def microseconds(at: datetime, field: str) -> int:
    """Microseconds since 1970 UTC, as the database holds a time.

    Raises:
        DataError: the time has no zone, or could not be read again.
    """
    if at.tzinfo is None:
        raise DataError(
            f"The time {at} has no time zone.",
            field=field,
            hint="Make it timezone-aware; UTC is best.",
        )
    since = at - _EPOCH
    us = (since.days * 86_400 + since.seconds) * _SECOND_US + since.microseconds
    if not known_us(us):
        raise DataError(
            f"The time {at} is none that a shop has.",
            field=field,
            hint="Leave it out where it is not known.",
        )
    return us


def known_us(us: int) -> bool:
    """Whether these microseconds are a time; ``UNKNOWN_TIME`` and what no calendar has are none."""
    return UNKNOWN_TIME < us < LAST_US


def time_of(us: int | None) -> datetime | None:
    """The time of so many microseconds; ``None`` where they are none.

    >>> time_of(1_000_000), time_of(-62135596800000000), time_of(None)
    (datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.timezone.utc), None, None)
    """
    return _EPOCH + timedelta(microseconds=us) if us is not None and known_us(us) else None


def allowed_us() -> tuple[int, int]:
    """The first and the last microsecond that may come in now."""
    latest = time.time_ns() // 1_000 + int(_DAY.total_seconds()) * _SECOND_US
    return int(EARLIEST.timestamp()) * _SECOND_US, latest
