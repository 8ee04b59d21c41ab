"""Prices as shops write them -> an exact decimal and an ISO 4217 currency."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal
from typing import Any

from llmrec.errors import DataError
from llmrec.ingest.cleaning import is_missing

__all__ = ["parse_currency", "parse_price"]

_MAX = Decimal(10) ** 12
_PLACES = Decimal("0.000001")

_CODES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN
    BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD
    FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD
    JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
    QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR
    ZMW ZWL
    """.split()  # noqa: SIM905
)
_SIGNS = {
    "us$": "USD", "ca$": "CAD", "c$": "CAD", "au$": "AUD", "a$": "AUD", "nz$": "NZD",
    "hk$": "HKD", "s$": "SGD", "nt$": "TWD", "mx$": "MXN", "r$": "BRL", "$": "USD",
    "€": "EUR", "£": "GBP", "¥": "JPY", "円": "JPY", "元": "CNY", "₹": "INR", "₩": "KRW",
    "₽": "RUB", "₺": "TRY", "₴": "UAH", "₫": "VND", "₪": "ILS", "฿": "THB", "₱": "PHP", "₦": "NGN",
    "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "kr": "SEK", "kr.": "DKK", "fr.": "CHF",
    "sfr.": "CHF", "rs.": "INR", "rs": "INR", "rp": "IDR", "euro": "EUR",
}  # fmt: skip
_SHARED = {
    "$": {"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP"},
    "¥": {"JPY", "CNY"},
    "kr": {"SEK", "NOK", "DKK", "ISK"},
    "kr.": {"SEK", "NOK", "DKK", "ISK"},
    "£": {"GBP", "EGP", "LBP"},
}
"""Signs of several currencies: the one that was configured decides, else the one of _SIGNS."""

_DOT_GROUPS = frozenset({"EUR", "DKK", "ISK", "TRY", "BRL", "VND", "IDR", "CLP", "COP", "ARS"})
"""Where ``1.299`` beside the currency means one thousand two hundred and ninety-nine."""

_PLAIN = re.compile(r"^\+?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$", re.ASCII)
_NUMBER = re.compile(r"^\D*?(\d[\d.,' ]*|(?<![A-Za-z])\.\d+)\D*$", re.ASCII)
_WHOLE = re.compile(r"^\d*$|^\d{1,3}(?:([.,])\d{2,3}(?:\1\d{2,3})*)$")  # 12,34,567 too
_SPACED = re.compile(r"^\d{1,3}(?: \d{3})+(?:[.,]\d+)?$")


def parse_price(value: Any, currency: str | None = None) -> tuple[Decimal | None, str | None]:
    """Read a price.

    The last of point and comma is the decimal sign where both occur. One comma before exactly three
    digits groups thousands; one point does so only beside a currency that is written like that
    (``€1.299``). Signs that several currencies share mean ``currency`` if it is one of them.

    Args:
        value: a number, or text such as ``€1.234,50``, ``12.99 USD``, ``1 299,00 kr``.
        currency: the currency of prices that name none.

    Returns:
        Price and currency; ``(None, None)`` for a cell that says nothing.

    Raises:
        DataError: words ("free"), a range, a negative or an absurd number, an unknown currency.

    >>> parse_price("€1.234,50"), parse_price("$12.99"), parse_price(12.5, "GBP")
    ((Decimal('1234.50'), 'EUR'), (Decimal('12.99'), 'USD'), (Decimal('12.5'), 'GBP'))
    """
    if is_missing(value):
        return None, None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise DataError("not a price")
    if isinstance(value, str):
        return _from_text(value, currency)
    if not math.isfinite(value):
        raise DataError("not a price")
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    return _checked(number), currency


def parse_currency(value: Any) -> str:
    """An ISO 4217 code, from the code or a sign.

    Raises:
        DataError: it is neither.
    """
    text = str(value).strip()
    code = text.upper() if text.upper() in _CODES else _SIGNS.get(text.lower())
    if code is None:
        raise DataError("an unknown currency")
    return code


def _from_text(value: str, default: str | None) -> tuple[Decimal, str | None]:
    if len(value) > 64:
        raise DataError("not a price")
    text = " ".join(unicodedata.normalize("NFKC", value).replace("’", "'").split())
    if _PLAIN.match(text):
        return _checked(Decimal(text)), default
    text = re.sub(r"(?<=\d)[.,] ?[-–—]{1,2}", "", text)  # 299,- and 299.--
    found = _NUMBER.match(text)
    if not found:
        raise DataError("not a price, or more than one")
    start, end = found.span(1)
    before, digits, after = text[:start].strip(), found[1].strip(), text[end:].strip()
    if before.endswith(("-", "−")) or before.startswith(("-", "−")):
        raise DataError("a negative price")
    trailing = digits.rstrip(".,'")
    code = _currency_beside(before, after, default)
    return _checked(_number(trailing, code if before or after else None)), code or default


def _currency_beside(before: str, after: str, default: str | None) -> str | None:
    words = [word for word in (before, after) if word]
    codes = {_named(word, default) for word in words}
    if len(codes) > 1:
        raise DataError("two currencies in one price")
    return codes.pop() if codes else None


def _named(word: str, default: str | None) -> str:
    sign = word.lower()
    if default and default in _SHARED.get(sign, ()):
        return default
    try:
        return parse_currency(word)
    except DataError:
        raise DataError("words beside the price that are not a currency") from None


def _number(digits: str, currency: str | None) -> Decimal:
    if " " in digits and not _SPACED.match(digits):
        raise DataError("not a price, or more than one")
    text = digits.replace(" ", "").replace("'", "")
    sign = max(text.rfind("."), text.rfind(","))
    whole, fraction = text, ""
    if sign >= 0 and not _groups(text[sign], text[:sign], text[sign + 1 :], currency):
        whole, fraction = text[:sign], text[sign + 1 :]
    if not _WHOLE.match(whole):
        raise DataError("not a price")
    return Decimal(f"{whole.replace('.', '').replace(',', '')}.{fraction}")


def _groups(mark: str, head: str, tail: str, currency: str | None) -> bool:
    """Whether ``mark`` before ``tail`` groups thousands rather than starting the decimals."""
    if mark in head:
        return True
    other = "," if mark == "." else "."
    if other in head or len(tail) != 3 or not 1 <= len(head) <= 3 or head == "0":
        return False
    return mark == "," or currency in _DOT_GROUPS


def _checked(number: Decimal) -> Decimal:
    if number < 0:
        raise DataError("a negative price")
    if number >= _MAX:
        raise DataError("an absurdly high price")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -6:
        number = number.quantize(_PLACES).normalize()
    return number
