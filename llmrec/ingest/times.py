"""Times as logs write them -> timezone-aware UTC."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from llmrec.catalog.times import EARLIEST, check_range
from llmrec.errors import DataError

__all__ = ["EARLIEST", "DateOrder", "order_evidence", "parse_time"]

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
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})"
    r"(?:,? (\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP])\.?M\.?)?)?",
    re.IGNORECASE,
)
# A time of day anywhere in the text; Apache's log puts a colon before it, Java a T.
_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2})[:h](\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?![\d:])(?:\s?([ap])\.?\s?m\b\.?)?"
    r"(?: ?uhr)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")
_DOT_NET = re.compile(r"\\?/Date\((\d+)(?:[+-]\d{4})?\)\\?/")
_YEAR_FIRST = re.compile(r"(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})\s?[日일.]?")
_DAY_MONTH = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|\.|º)?[ /.-]*(?:of |de |d')?([^\W\d_]{3,10})\.?,?[ /.,-]*(?:de )?"
    r"(\d{4}|\d{2})",
    re.IGNORECASE,
)
_YEAR_MONTH_DAY = re.compile(r"(\d{4})[ /.-]([^\W\d_]{3,10})\.?[ /.-](\d{1,2})")
_MONTH_DAY = re.compile(r"([^\W\d_]{3,10})\.? ?(\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", re.IGNORECASE)
_WEEKDAY = re.compile(r"[^\W\d_]{2,10}\.?,? +(?=\d|[^\W\d_]{3,10}\.? \d)")
# An offset and what repeats it in words; a place, as Java writes it; or a name alone.
_ZONE = re.compile(
    r"(?:UTC|GMT|Z)?\s?([+-]\d\d?(?::?\d\d)?)\s?(?:\(.*\)|\[[\w/+-]+\]|[A-Z]{2,5})?"
    r"|Z?\[([\w/+-]+)\]|([A-Za-z]+(?:/[\w+-]+)*)?"
)
_ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "mez": 60, "cest": 120,
    "mesz": 120, "eet": 120, "eest": 180, "msk": 180, "est": -300, "edt": -240, "cst": -360,
    "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "jst": 540, "kst": 540,
    "aest": 600, "aedt": 660,
}  # fmt: skip
"""Minutes east of Greenwich; the American ones as RFC 2822 defines them."""
_MONTH_NAMES = (
    "january januar janvier enero gennaio januari", "february februar fevrier febrero febbraio",
    "march marz maerz mars marzo maart mrt", "april avril abril aprile", "may mai mayo maggio mei",
    "june juni juin junio giugno", "july juli juillet julio luglio",
    "august aout agosto augustus", "september septembre septiembre settembre",
    "october oktober octobre octubre ottobre", "november novembre noviembre",
    "december dezember decembre diciembre dicembre desember",
)  # fmt: skip


def _months() -> dict[str, int]:
    """Names and what they are shortened to (three letters and more) -> 1 to 12."""
    names = [(name, i) for i, group in enumerate(_MONTH_NAMES, 1) for name in group.split()]
    shortened: dict[str, int] = {}
    for name, i in names:
        shortened |= {name[:n]: i for n in range(3, len(name) + 1) if name[:n] != "jui"}
    return shortened


_MONTHS = _months()


def parse_time(value: Any, latest: datetime, order: DateOrder | None = None) -> datetime:
    """Read a time; one without a zone is UTC, a date alone is its midnight.

    Args:
        value: a datetime or date; an epoch in seconds, milliseconds or microseconds, told apart by
            its size; ISO 8601; ``2024/3/5 8:05``, ``Tue, 05 Mar 2024 10:20:00 GMT``, ``5. März
            2024``, ``2024年3月5日``, ``July 9, 2014``; with ``order`` also ``12/1/2010 8:26`` and
            ``05.03.24``.
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
    # Eight digits are a date, 20110412: as seconds they would all lie in 1970. Twelve and fourteen
    # that begin like a year have the time of day too: as an epoch they would lie in 1976 and 2600.
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        return False
    return len(text) not in (4, 8) and not _COMPACT.fullmatch(text)


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
    if len(text) > 100:
        raise DataError("not a time")
    try:
        if match := _ISO.fullmatch(text):
            return _iso(match)
        if match := _SLASHED.fullmatch(text):
            return _slashed(match, order)
        if match := _COMPACT.fullmatch(text):
            year, month, day, hour, minute, second = (int(match[i] or 0) for i in range(1, 7))
            return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
        if match := _DOT_NET.fullmatch(text):
            return _from_epoch(int(match[1]))
        if re.fullmatch(r"\d+\.\d+(?:[eE][+]?\d+)?", text):
            return _from_epoch(float(text))
        return _worded(text, order)
    except (ValueError, OverflowError):
        pass
    raise DataError("not a time")


def _iso(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(match[i] or 0) for i in range(1, 7))
    micro = int((match[7] or "0").ljust(6, "0")[:6])
    leap = second == 60  # a leap second counts as the last one of its minute
    at = datetime(year, month, day, hour, minute, 59 if leap else second, micro, timezone.utc)
    return _in_utc(at.replace(tzinfo=_zone(match[8])))


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return timezone.utc
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _slashed(match: re.Match[str], order: DateOrder | None) -> datetime:
    year, month, day = _date_of(match, order)
    hour, minute, seconds = (int(match[i] or 0) for i in (5, 6, 7))
    return datetime(year, month, day, _hour(hour, match[8]), minute, seconds, tzinfo=timezone.utc)


def _date_of(match: re.Match[str], order: DateOrder | None) -> tuple[int, int, int]:
    """Year, month and day of a slashed date.

    Raises:
        DataError: either may be the month, and no order says which.
    """
    order = order or _proven(match)
    if order is None:
        raise DataError("an ambiguous date: month or day first? Give --date-order")
    first, second = int(match[1]), int(match[3])
    month, day = (first, second) if order == "mdy" else (second, first)
    return _full_year(int(match[4]), match[4]), month, day


def _proven(match: re.Match[str]) -> DateOrder | None:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if (first > 12) == (second > 12) or max(first, second) > 31:
        return None
    if second > 12:
        return "mdy"
    # 24.03.05 may begin with its year.
    return "dmy" if len(match[4]) == 4 or year > 31 else None


def _full_year(year: int, text: str) -> int:
    """Two digits are a year since the first that can be."""
    if len(text) == 4:
        return year
    return year + (1900 if year >= EARLIEST.year % 100 else 2000)


def _hour(hour: int, half: str | None) -> int:
    if not half or hour > 12:
        return hour
    return hour % 12 + (12 if half.upper() == "P" else 0)


def order_evidence(text: str) -> DateOrder | None:
    """What a slashed date proves of its column: a part above 12 is no month.

    >>> order_evidence("25/03/2024"), order_evidence("3/25/2024 8:26"), order_evidence("3/4/2024")
    ('dmy', 'mdy', None)
    """
    match = _SLASHED.match(text.strip())
    return _proven(match) if match else None


def _worded(text: str, order: DateOrder | None) -> datetime:
    """A date in words or with the year first, a time of day before or after it, a zone."""
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    clock = _CLOCK.search(text)
    hour = minute = second = micro = 0
    zone: tzinfo = timezone.utc
    if clock:
        hour, minute, second = (int(clock[i] or 0) for i in (1, 2, 3))
        hour, micro = _hour(hour, clock[5]), int((clock[4] or "0").ljust(6, "0")[:6])
        before, after = text[: clock.start()], text[clock.end() :].strip()
        # Unix: "Tue Mar 5 10:20:00 2024".
        if year := re.fullmatch(r"(?:(.*) )?(\d{4})", after):
            before, after = f"{before.strip()} {year[2]}", year[1] or ""
        zone = _zone_of(after)
        text = re.sub(r"(?:(?:\b(?:at|um|à)|T|[,:])\s*)+$", "", before.strip())
    year_, month, day = _date_in(text.strip(), order)
    return _in_utc(
        datetime(year_, month, day, hour, minute, 59 if second == 60 else second, micro, zone)
    )


def _date_in(text: str, order: DateOrder | None) -> tuple[int, int, int]:
    if match := _YEAR_FIRST.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _SLASHED.fullmatch(text):
        return _date_of(match, order)
    text = _WEEKDAY.sub("", text, count=1) if _weekday_first(text) else text
    if match := _DAY_MONTH.fullmatch(text):
        return _full_year(int(match[3]), match[3]), _month(match[2]), int(match[1])
    if match := _MONTH_DAY.fullmatch(text):
        return int(match[3]), _month(match[1]), int(match[2])
    if match := _YEAR_MONTH_DAY.fullmatch(text):
        return int(match[1]), _month(match[2]), int(match[3])
    if (match := _SLASHED.fullmatch(text)) or (match := _YEAR_FIRST.fullmatch(text)):
        return _date_in(text, order)
    raise DataError("not a time")


def _weekday_first(text: str) -> bool:
    match = _WEEKDAY.match(text)
    return match is not None and _plain(match[0].strip(" .,")) not in _MONTHS


def _month(word: str) -> int:
    month = _MONTHS.get(_plain(word))
    if month is None:
        raise DataError("not a time")
    return month


def _plain(word: str) -> str:
    """Small letters without accents."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _zone_of(text: str) -> tzinfo:
    """The zone after a time of day: an offset, one of RFC 2822's names, or a place."""
    match = _ZONE.fullmatch(text)
    if match is None:
        raise DataError("not a time")
    offset, place = match[1], match[2] or match[3]
    if offset:
        sign, digits = offset[0], offset[1:].replace(":", "")
        digits = digits.zfill(2) if len(digits) < 3 else digits
        return _zone(f"{sign}{digits}")
    if not place:
        return timezone.utc
    if place.lower() in _ZONES:
        return timezone(timedelta(minutes=_ZONES[place.lower()]))
    if "/" not in place:
        raise DataError("not a time")
    try:
        return ZoneInfo(place)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError("not a time") from None


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        return at.replace(tzinfo=timezone.utc)
    try:
        return at.astimezone(timezone.utc)
    except OverflowError:
        raise DataError("not a time") from None
