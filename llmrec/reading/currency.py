"""Which currency a message names: by signs, codes and words beside a number.

A sign that several countries share means the shop's own where the shop is in one of them: "$30" is
Australian money in an Australian shop. Slang for sums ("a tenner", "bucks") names none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from llmrec.linear import bounded

__all__ = ["currency_beside", "currency_in"]

_DOLLARS = ("USD", "AUD", "CAD", "NZD", "SGD", "HKD", "TWD", "MXN")
_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "€": ("EUR",),
        "euro": ("EUR",),
        "euros": ("EUR",),
        "euronen": ("EUR",),
        "欧元": ("EUR",),
        "歐元": ("EUR",),
        "£": ("GBP",),
        "quid": ("GBP",),
        "pound": ("GBP", "EGP"),
        "pounds": ("GBP", "EGP"),
        "sterling": ("GBP",),
        "pfund": ("GBP",),
        "英镑": ("GBP",),
        "$": _DOLLARS,
        "us$": ("USD",),
        "a$": ("AUD",),
        "au$": ("AUD",),
        "c$": ("CAD",),
        "ca$": ("CAD",),
        "nz$": ("NZD",),
        "s$": ("SGD",),
        "hk$": ("HKD",),
        "nt$": ("TWD",),
        "r$": ("BRL",),
        "dollar": _DOLLARS,
        "dollars": _DOLLARS,
        "美元": ("USD",),
        "美金": ("USD",),
        "澳元": ("AUD",),
        "澳币": ("AUD",),
        "加元": ("CAD",),
        "港币": ("HKD",),
        "港幣": ("HKD",),
        "台币": ("TWD",),
        "台幣": ("TWD",),
        "新币": ("SGD",),
        "蚊": ("HKD",),
        "元": ("CNY", "TWD", "HKD"),
        "块": ("CNY", "TWD", "HKD"),
        "块钱": ("CNY", "TWD", "HKD"),
        "塊": ("TWD", "HKD", "CNY"),
        "人民币": ("CNY",),
        "人民幣": ("CNY",),
        "rmb": ("CNY",),
        "yuan": ("CNY",),
        "kuai": ("CNY",),
        "¥": ("CNY", "JPY"),
        "円": ("JPY",),
        "日元": ("JPY",),
        "yen": ("JPY",),
        "₹": ("INR",),
        "rs": ("INR", "PKR", "LKR"),
        "rupee": ("INR", "PKR", "LKR"),
        "rupees": ("INR", "PKR", "LKR"),
        "peso": ("PHP", "MXN", "ARS", "CLP", "COP"),
        "pesos": ("PHP", "MXN", "ARS", "CLP", "COP"),
        "₱": ("PHP",),
        "zł": ("PLN",),
        "zl": ("PLN",),
        "zloty": ("PLN",),
        "zlotys": ("PLN",),
        "kr": ("SEK", "NOK", "DKK", "ISK"),
        "kronor": ("SEK",),
        "kroner": ("NOK", "DKK"),
        "kronen": ("SEK", "NOK", "DKK"),
        "franken": ("CHF",),
        "stutz": ("CHF",),
        "fr": ("CHF",),
        "francs": ("CHF",),
        "sfr": ("CHF",),
        "₩": ("KRW",),
        "won": ("KRW",),
        "฿": ("THB",),
        "baht": ("THB",),
        "₺": ("TRY",),
        "lira": ("TRY",),
        "rand": ("ZAR",),
        "naira": ("NGN",),
        "ringgit": ("MYR",),
        "rm": ("MYR",),
        "dirham": ("AED", "MAD"),
        "dirhams": ("AED", "MAD"),
        "₽": ("RUB",),
        "rubles": ("RUB",),
        "lei": ("RON",),
        "reais": ("BRL",),
    }
)
_CODES = frozenset(code for codes in _NAMES.values() for code in codes) | {"CZK", "HUF", "KES"}
_COUNTERS = frozenset(("元", "块", "块钱", "塊", "蚊"))
"""They stand behind their sum; before one, 块 counts things: 要一块300以内的表."""

_SHORT = _COUNTERS | {"fr", "rs", "rm", "kr", "zl", "won", "rand", "lei", "sterling"}
"""Words that mean something else as often as not: they count right beside a figure alone."""

_SHOUTED = frozenset(("TRY", "MAD", "COP", "RON"))
"""Codes that are English words too ("let's try 30", "mad about Lego"): in capitals alone."""

_WORDS = sorted(_NAMES, key=len, reverse=True)
_ANY_CODE = [f"(?-i:{code})" if code in _SHOUTED else code for code in sorted(_CODES)]
# Chinese has no spaces: 预算港币300, 用港币付.
_BEGINS, _ENDS = "(?<![^\\W\\d_一-鿿])", "(?!'?[^\\W\\d_一-鿿])"
_AFTER = bounded(
    # 三百来块, 两百多块: about so much.
    r"\s*(?:[-,]|[来來多几幾])?\s*("
    + "|".join((*map(re.escape, _WORDS), *_ANY_CODE))
    + f"){_ENDS}",
    re.IGNORECASE,
)
_BEFORE = bounded(
    f"{_BEGINS}("
    + "|".join((*(re.escape(word) for word in _WORDS if word not in _COUNTERS), *_ANY_CODE))
    + r")\.?\s?$",
    re.IGNORECASE,
)
_ALONE = bounded(
    f"{_BEGINS}("
    + "|".join(re.escape(word) for word in _WORDS if word not in _SHORT)
    + f"){_ENDS}|[€£₹₱₩฿₺]",
    re.IGNORECASE,
)
_FAR_BACK = 16
_POUNDS = frozenset(("pound", "pounds", "pfund"))
"""Also a weight: beside a sum only."""


def currency_in(message: str, places: list[tuple[int, int]], shop: str | None) -> str | None:
    """The ISO code that a message names or signs, ``None`` for none.

    Args:
        message: plain text.
        places: start and end of the sums that are prices; the currency beside them counts first.
        shop: the shop's own currency.

    >>> currency_in("a lamp, <= 30€", [(11, 13)], "USD"), currency_in("30 bucks", [(0, 2)], "USD")
    ('EUR', None)
    >>> currency_in("over 200 pesos", [(5, 8)], "PHP"), currency_in("$30 max", [(1, 3)], "AUD")
    ('PHP', 'AUD')
    """
    for start, end in places:
        if named := currency_beside(message, start, end):
            return _code(named[1], shop)
    if not places:
        return None
    alone = (match[0] for match in _ALONE.finditer(message) if match[0].casefold() not in _POUNDS)
    return next((_code(word, shop) for word in alone), None)


def currency_beside(message: str, start: int, end: int) -> re.Match[str] | None:
    """The currency that stands behind a number, or before it; its word or sign is group 1."""
    behind = _AFTER.match(message, end)
    return behind or _BEFORE.search(message, max(0, start - _FAR_BACK), start)


def _code(word: str, shop: str | None) -> str:
    if word.upper() in _CODES:
        return word.upper()
    codes = _NAMES[word.casefold()]
    return shop if shop in codes else codes[0]
