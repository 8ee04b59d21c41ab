"""Prices as shops write them -> an exact decimal and an ISO 4217 currency."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from llmrec.errors import DataError
from llmrec.ingest.cleaning import is_missing
from llmrec.ingest.currencies import (
    DecimalSign,
    currencies_named,
    decimal_sign_of,
    minor_digits,
    parse_currency,
)

__all__ = [
    "PLAIN_NUMBERS",
    "NumberStyle",
    "PriceReader",
    "PriceUnit",
    "clean_number",
    "decimal_evidence",
    "parse_currency",
    "parse_price",
    "reads_two_ways",
]

PriceUnit = Literal["whole", "cents"]
"""Whether 1195 is 1195 euros or 1195 cents."""

_Meant: TypeAlias = "tuple[str | None, ...]"
"""Currencies that a sign can mean, see ``currencies_named``; empty where there is no sign."""
_MAX = Decimal(10) ** 12
_PLACES = Decimal("0.000001")

_PLAIN = re.compile(r"\+?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
# Groups of three after a space make one number; anything else after a space is a second one.
_NUMBER = re.compile(
    r"\d{1,3}(?: \d{3})+(?![\d'])(?:[.,]\d+)?|\d[\d.,']*\d|\d|(?<![A-Za-z\d.])\.\d+", re.ASCII
)
_WHOLE = re.compile(r"\d*|\d{1,3}([.,])(?:\d{2,3}\1)*\d{3}")  # 12,34,567 too
# One sign before exactly three digits: thousands to some, decimals to others. "0.299" is no doubt.
_TWO_WAYS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}", re.ASCII)
# 299,- and 299.-- and 299:- and 299/-: a point or comma before the dash is the decimal sign.
_ROUND = re.compile(r"(?<![\d.,'])(\d[\d.,']*)(?<=\d)([.,:/]) ?[-–—=]{1,2}(?!\d)")
_INSIDE = re.compile(r"(?<=\d)(€|eur|chf|fr|£|\$)(?=\d\d(?!\d))", re.IGNORECASE)  # 12€50
_CENTS = re.compile(r"[.,]\d\d$")
_RANGE = re.compile(r"^(?:[-–—~/]|to|bis|à|a|até|hasta|do|t/m|through|→|…|\.\.\.?)$")
_DIGITS = {ord(sign): str(i % 10) for i, sign in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")} | {
    ord("٫"): ".", ord("٬"): ",", ord("’"): "'", ord("´"): "'", ord("`"): "'", ord("−"): "-",
}  # fmt: skip
_FREE = frozenset("free gratis kostenlos umsonst gratuit gratuito grátis 免费 免費 無料".split())  # noqa: SIM905
# Words that say of which prices this is the lowest, or only that it is one.
_LOWEST = frozenset(
    """
    from ab von starting start starts at as low od dès des desde da vanaf fra från fr.o.m. partir
    de à 起 min min. a-partir-de
    """.split()  # noqa: SIM905
)
_NOISE = frozenset(
    """
    st st. unit units pair paar set pack
    only nur now jetzt price preis prix precio prezzo sale each ea ea. pro per stück stk stk. pc
    pcs piece incl incl. inkl inkl. vat mwst mwst. tax ust ust. ttc ht tva iva moms brutto netto
    excl excl. exkl exkl. zzgl zzgl. plus ca ca. approx approx. about uvp rrp msrp
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column are written, where single ones can be read two ways.

    Attributes:
        decimals: currency -> decimal sign of its prices; ``None`` -> that of all prices.
        fine: the column has prices of three and more decimals, so that one more is no surprise.
        unit: what a price without decimals counts.
    """

    decimals: Mapping[str | None, DecimalSign] = field(default_factory=dict)
    fine: bool = False
    unit: PriceUnit = "whole"


PLAIN_NUMBERS = NumberStyle()


class PriceReader:
    """Reads the prices of one file and keeps count of what it could not be sure of.

    Attributes:
        doubts: what was read although it could mean something else -> how often.
        examples: the first text and what it was read as, for each of them.
    """

    def __init__(self, style: NumberStyle | None = None) -> None:
        self._style = style or PLAIN_NUMBERS
        self.doubts: Counter[str] = Counter()
        self.examples: dict[str, tuple[str, str]] = {}

    def __call__(self, value: Any, currency: str | None) -> tuple[Decimal | None, str | None]:
        """See :func:`parse_price`."""
        if is_missing(value):
            return None, None
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
            raise DataError("not a price")
        if isinstance(value, str):
            number, code = self._from_text(value, currency)
        elif math.isfinite(value):
            number = value if isinstance(value, Decimal) else Decimal(repr(value))
            code = currency
        else:
            raise DataError("not a price")
        if self._style.unit == "cents":
            number = _from_cents(number, code)
        return _checked(number), code

    def _from_text(self, value: str, default: str | None) -> tuple[Decimal, str | None]:
        if len(value) > 64:
            raise DataError("not a price")
        text = clean_number(value)
        if _PLAIN.fullmatch(text) and not _TWO_WAYS.fullmatch(text):
            return Decimal(text), default
        if text.casefold() in _FREE:
            return Decimal(0), default
        text = _ROUND.sub(_whole, text)
        if sign := _INSIDE.search(text):
            text = f"{sign[1]} {text[: sign.start()]}.{text[sign.end() :]}"
        numbers = list(_NUMBER.finditer(text))
        if not 1 <= len(numbers) <= 2:
            raise DataError("not a price, or more than one")
        first, last = numbers[0], numbers[-1]
        before, after = text[: first.start()].strip(), text[last.end() :].strip()
        if before.endswith("-") or before.startswith("-"):
            raise DataError("a negative price")
        between = text[first.end() : last.start()].strip() if last is not first else ""
        if last is not first:
            between = _parted(between)
        meant = _meant((before, between, after))
        if meant[:1] == ("JPY",) and len(meant) > 1 and _CENTS.search(first[0]):
            meant = meant[1:]  # ¥ 99.00: a yen has no hundredths
        code = self._currency(meant, default, value)
        if any(_sign_in(part)[1] for part in (before, after)):
            self._doubt("lowest", value, "")
        code = code if meant else default
        low = self._number(first[0], code, meant, value)
        if last is not first:
            if self._number(last[0], code, meant, value) < low:
                raise DataError("not a price, or more than one")
            self._doubt("lowest", value, str(low))
        return low, code

    def _currency(self, meant: _Meant, default: str | None, text: str) -> str | None:
        if len(meant) <= 1:
            return meant[0] if meant else None
        if default is not None and default in meant:
            return default
        if meant[0] != "GBP":  # where pounds are Egyptian or Lebanese nobody writes £
            self._doubt("unnamed" if meant[0] is None else "sign", text, meant[0] or "")
        return meant[0]

    def _number(self, digits: str, code: str | None, meant: _Meant, text: str) -> Decimal:
        plain = digits.replace(" ", "").replace("'", "")
        if (ways := _TWO_WAYS.fullmatch(plain)) and "'" not in digits:
            return self._of_two(plain, ways[1], code, meant, text)
        sign = max(plain.rfind("."), plain.rfind(","))
        whole, fraction = plain, ""
        if sign >= 0 and plain[sign] not in plain[:sign]:
            whole, fraction = plain[:sign], plain[sign + 1 :]
        if not _WHOLE.fullmatch(whole):
            raise DataError("not a price")
        return Decimal(f"{whole.replace('.', '').replace(',', '') or '0'}.{fraction}")

    def _of_two(self, plain: str, mark: str, code: str | None, meant: _Meant, text: str) -> Decimal:
        """``1.299`` by its column, else by its currency, else only a comma groups."""
        decimals = self._style.decimals
        proven = decimals.get(code) or decimals.get(None)
        # All currencies that "kr" may mean are written with a decimal comma.
        usual = {decimal_sign_of(unit) for unit in ((code,) if code else meant) if unit}
        if proven:
            groups = mark != proven
            sure = groups or self._style.fine or minor_digits(code) == 3
        elif len(usual) == 1:
            # Both signs group where there are no decimals; a comma groups beside euros too, since
            # many shops write English prices in euros.
            groups = mark not in usual or minor_digits(code) == 0 or (mark == "," and code != "TND")
            sure = mark not in usual or minor_digits(code) != 2
        else:
            groups, sure = mark == ",", False
        number = Decimal(plain.replace(mark, "" if groups else "."))
        if not sure:
            self._doubt("two ways", text, str(number))
        return number

    def _doubt(self, name: str, text: str, read: str) -> None:
        self.doubts[name] += 1
        self.examples.setdefault(name, (text.strip(), read))


def parse_price(value: Any, currency: str | None = None) -> tuple[Decimal | None, str | None]:
    """Read a single price, of which no column tells how its numbers are written.

    The last of point and comma is the decimal sign where both occur. One sign before exactly three
    digits is what the currency's people mean by it (``€1.299``); without a currency a comma groups.
    Signs that several currencies share mean ``currency`` if it is one of them. Of a range the
    lowest counts.

    Args:
        value: a number, or text such as ``€1.234,50``, ``12.99 USD``, ``1 299,00 zł``, ``ab 5 €``.
        currency: the currency of prices that name none.

    Returns:
        Price and currency; ``(None, None)`` for a cell that says nothing.

    Raises:
        DataError: words, a negative or an absurd number, an unknown currency.

    >>> parse_price("€1.234,50"), parse_price("$12.99"), parse_price(12.5, "GBP")
    ((Decimal('1234.50'), 'EUR'), (Decimal('12.99'), 'USD'), (Decimal('12.5'), 'GBP'))
    """
    return PriceReader()(value, currency)


def clean_number(text: str) -> str:
    """Text with ASCII digits and signs and single spaces, however it was typed."""
    if text.isascii():
        return " ".join(text.split())
    return " ".join(unicodedata.normalize("NFKC", text).translate(_DIGITS).split())


def _whole(match: re.Match[str]) -> str:
    """``1.299,-`` as 1299: the other sign groups."""
    return re.sub("[.,]", "", match[1]) if match[2] in ".," else match[1]


def decimal_evidence(text: str) -> tuple[DecimalSign | None, int]:
    """What a number in a cell proves of its column: its decimal sign, and how many decimals.

    ``None`` for one that proves nothing: whole, or readable two ways.

    >>> decimal_evidence("2.450,00"), decimal_evidence("1.000.000"), decimal_evidence("1.299")
    ((',', 2), (',', 0), (None, 0))
    """
    match = _NUMBER.search(_ROUND.sub(_whole, clean_number(text)))
    plain = match[0].replace(" ", "").replace("'", "") if match else ""
    sign = max(plain.rfind("."), plain.rfind(","))
    if sign < 0 or _TWO_WAYS.fullmatch(plain):
        return None, 0
    mark: DecimalSign = "." if plain[sign] == "." else ","
    if mark in plain[:sign]:
        return ("," if mark == "." else "."), 0
    return mark, len(plain) - sign - 1


def reads_two_ways(text: str) -> bool:
    """Whether the number of a cell has one sign before exactly three digits.

    >>> reads_two_ways("1.299 EUR"), reads_two_ways("1.29")
    (True, False)
    """
    match = _NUMBER.search(_ROUND.sub(_whole, text))
    return match is not None and _TWO_WAYS.fullmatch(match[0]) is not None


def _meant(beside: tuple[str, ...]) -> _Meant:
    """The currencies that all signs and words beside a price can mean: of "$12 CAD" only CAD."""
    meant: _Meant = ()
    for part in beside:
        word, _ = _sign_in(part)
        if not word:
            continue
        named = currencies_named(word)
        if not named:
            raise DataError("words beside the price that are not a currency")
        if meant in ((), named):
            meant = named
            continue
        both = tuple(code for code in meant if code is not None and code in named)
        if not both:
            raise DataError("two currencies in one price")
        meant = both if len(both) == 1 else (None, *both)
    return meant


def _parted(between: str) -> str:
    """What stands between the two numbers of a range, less the word that parts them."""
    words = between.casefold().split()
    if not any(_RANGE.match(word) for word in words):
        if between[:1] in "-–—~" and between:
            return between[1:].strip()
        raise DataError("not a price, or more than one")
    return " ".join(word for word in words if not _RANGE.match(word))


def _sign_in(part: str) -> tuple[str, bool]:
    """What may be a currency in the words before or after a price; whether they say "from"."""
    part = part.strip(" :*()[]|~≈+").casefold()
    if not part or currencies_named(part):
        return part, False
    words = [word.strip(":*()[]") for word in part.replace("/", " ").split()]
    lowest = any(word in _LOWEST for word in words)
    left = [word for word in words if word not in _LOWEST and word not in _NOISE]
    return " ".join(word for word in left if word), lowest


def _from_cents(number: Decimal, code: str | None) -> Decimal:
    if number != number.to_integral_value():
        raise DataError("a price in cents that is not whole")
    return number.scaleb(-minor_digits(code))


def _checked(number: Decimal) -> Decimal:
    if number < 0:
        raise DataError("a negative price")
    if number >= _MAX:
        raise DataError("an absurdly high price")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -6:
        number = number.quantize(_PLACES).normalize()
    return number
