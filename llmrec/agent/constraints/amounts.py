"""Sums of money and Chinese numerals in a message."""

from __future__ import annotations

import re
from decimal import Decimal

from llmrec.errors import DataError
from llmrec.ingest.prices import parse_price
from llmrec.linear import bounded

__all__ = ["AMOUNT", "MONEY", "amount", "chinese_number", "in_figures"]

_CODES = {
    "EUR": "euros? eur € 欧元 欧",
    "USD": "dollars? usd us\\$ \\$ bucks 美元 美金",
    "GBP": "pounds? pfund quid gbp £ 英镑",
    "CHF": "francs? franken chf",
    "CNY": "yuan rmb cny 人民币 块钱 块 元",
    "JPY": "yen jpy 日元 ¥",
}
_WORDS = [word for words in _CODES.values() for word in words.split()]
_CURRENCY = "|".join(sorted(_WORDS, key=len, reverse=True))
# Both bounded: a line of a thousand of them is read too, and no price has more digits.
_DIGITS = r"\d{1,3}(?:[.,']\d{3}){1,3}(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?"
_NUMERALS = "[一二两三四五六七八九十百千万]{1,9}"

# What makes a number something else than a price: "under 2 kg", "ab 3 Jahren", "40 cm".
_UNITS = (
    "kg g mg lbs? oz cm mm km m inch(?:es)? ft l ml cl litres? liters? liter w watts? kw v volt "
    "mah lm hours? h stunden? minutes? min minuten years? jahren? months? monaten? weeks? wochen "
    "days? tage?n? people persons? personen pieces? st(?:ü|ue)ck degrees? grad tog pages? seiten "
    "gb tb mb kb gigabytes? terabytes? megabytes? hz khz mhz ghz mp megapixels? mbps dpi rpm zoll "
    "yards? feet calories kcal"
)
_SIGNS = "% ° 克 千克 公斤 斤 升 毫升 厘米 毫米 米 岁 人 小时 分钟 瓦 个 件 款 号 码 度 页 天 种"
_NO_UNIT = (
    rf"(?!\s*(?:{'|'.join(_UNITS.split())})(?![a-zäöü]))(?!\s*(?:{'|'.join(_SIGNS.split())}))"
    # 4K, 3000K, 1k: a letter right behind it makes it anything but the number that stands there.
    r"(?![a-zäöüß])"
)
_END = r"(?![\d])(?![.,]\d)"

AMOUNT = (
    rf"(?:(?:{_CURRENCY})\s*)?(?:(?:{_DIGITS}){_END}|{_NUMERALS})(?:\s*(?:{_CURRENCY}))?{_NO_UNIT}"
)
"""A number that may be a price."""

MONEY = (
    rf"(?:(?:{_CURRENCY})\s*(?:{_DIGITS}){_END}"
    rf"|(?:(?:{_DIGITS}){_END}|{_NUMERALS})\s*(?:{_CURRENCY}))"
)
"""A number that names its currency."""

_SPLIT = re.compile(rf"({_DIGITS}|{_NUMERALS})")
_NAMED = {
    code: re.compile("|".join(words.split()), re.IGNORECASE) for code, words in _CODES.items()
}
_FIGURES = dict(zip("一二三四五六七八九", range(1, 10), strict=True)) | {"两": 2}
_POWERS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}


_SPOKEN = {
    10: "ten zehn",
    15: "fifteen fünfzehn",
    20: "twenty zwanzig",
    25: "twenty-five fünfundzwanzig",
    30: "thirty dreißig",
    40: "forty vierzig",
    50: "fifty fünfzig",
    60: "sixty sechzig",
    70: "seventy siebzig",
    80: "eighty achtzig",
    90: "ninety neunzig",
    100: "hundred hundert einhundert",
    200: "zweihundert",
    300: "dreihundert",
    500: "fünfhundert",
    1000: "thousand tausend",
}
_FIGURE_OF = {word: str(number) for number, words in _SPOKEN.items() for word in words.split()}
_SPOKEN_WORD = bounded(
    rf"\b(?:an?\s+|one\s+)?({'|'.join(sorted(_FIGURE_OF, key=len, reverse=True))})\b", re.IGNORECASE
)


_NOTES = {
    "fiver": "5 pounds",
    "tenner": "10 pounds",
    "zehner": "10 Euro",
    "zwanziger": "20 Euro",
    "fünfziger": "50 Euro",
    "hunderter": "100 Euro",
}
_NOTE = bounded(rf"\b(?:(?:an?|eine[nm]|ein)\s+)?({'|'.join(_NOTES)})\b", re.IGNORECASE)
_ONE = bounded(
    r"\b(under|below|than|most|over|above|least|about|around|to|only|unter|als|über|bis|um|etwa"
    r"|höchstens|mindestens)\s+(?:an?|one|eine[nm]?|ein)\s+"
    r"(?=(?:pound|euro|dollar|quid|buck|pfund|franken)\b)",
    re.IGNORECASE,
)


def in_figures(text: str) -> str:
    """Round numbers from ten on, spelled out in English or German, in figures; and "a pound".

    >>> in_figures("under fifty euros, not a hundred"), in_figures("unter dreißig")
    ('under 50 euros, not 100', 'unter 30')
    >>> in_figures("under a pound"), in_figures("unter einem Zwanziger")
    ('under 1 pound', 'unter 20 Euro')
    """
    text = _NOTE.sub(lambda found: _NOTES[found[1].lower()], text)
    text = _ONE.sub(r"\1 1 ", text)
    return _SPOKEN_WORD.sub(lambda found: _FIGURE_OF[found[1].lower()], text)


def amount(text: str) -> tuple[Decimal, str | None] | None:
    """The number and the currency that is said beside it; ``None`` where it is no number.

    >>> amount("1.299,00 Euro"), amount("四十块")
    ((Decimal('1299.00'), 'EUR'), (Decimal('40'), 'CNY'))
    """
    found = _SPLIT.search(text)
    if not found:
        return None
    beside = f"{text[: found.start()]} {text[found.end() :]}".strip()
    code = next((code for code, named in _NAMED.items() if named.search(beside)), None)
    if found[1][0] in _FIGURES or found[1][0] in _POWERS:
        return Decimal(chinese_number(found[1])), code
    try:
        number, _ = parse_price(found[1], code)
    except DataError:
        return None
    return None if number is None else (number, code)


def chinese_number(text: str) -> int:
    """A number below 100 million in Chinese numerals.

    >>> chinese_number("一百五十"), chinese_number("十二"), chinese_number("三")
    (150, 12, 3)
    """
    total = section = figure = 0
    for sign in text:
        if sign in _FIGURES:
            figure = _FIGURES[sign]
        elif sign == "万":
            total, section, figure = (total + section + figure) * _POWERS[sign], 0, 0
        else:
            section, figure = section + (figure or 1) * _POWERS[sign], 0
    return total + section + figure
