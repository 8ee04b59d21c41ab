"""Numbers in a sentence: their value, their unit, and whether they are a price.

A decimal mark is ambiguous between languages ("1.200" is one thousand two hundred in German), so a
number has a set of readings, and two numbers agree when they share one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Number", "numbers_in"]

_UNITS = {
    "l": "l litre litres liter liters ltr 升",
    "ml": "ml millilitre millilitres milliliter milliliters 毫升",
    "kg": "kg kilo kilos kilogram kilograms kilogramm 公斤 千克",
    "g": "g gram grams gramm 克",
    "oz": "oz ounce ounces unze unzen 盎司",
    "lb": "lb lbs pound-weight 磅",
    "mm": "mm millimetre millimetres millimeter 毫米",
    "cm": "cm centimetre centimetres centimeter centimeters zentimeter 厘米",
    "m": "m metre metres meter meters 米",
    "km": "km kilometre kilometres kilometer 公里",
    "in": 'inch inches zoll " 英寸',
    "w": "w watt watts 瓦",
    "v": "v volt volts 伏",
    "mah": "mah",
    "wh": "wh",
    "hz": "hz",
    "lm": "lm lumen lumens 流明",
    "gb": "gb",
    "tb": "tb",
    "°c": "°c ℃ celsius 摄氏度 度",
    "%": "% percent prozent per-cent",
    "h": "h hour hours stunde stunden 小时",
    "min": "min minute minutes minuten 分钟",
    "day": "day days tag tage tagen 天",
    "month": "month months monat monate monaten 个月",
    "year": "year years jahr jahre jahren 年",
}
_UNIT_OF = {alias: unit for unit, aliases in _UNITS.items() for alias in aliases.split()}

_CURRENCIES = {
    "EUR": "€ eur euro euros 欧元",
    "USD": "$ usd dollar dollars us$ 美元",
    "GBP": "£ gbp pound pounds 英镑",
    "CNY": "¥ cny rmb yuan 元 块 人民币",
    "CHF": "chf franken",
    "JPY": "jpy yen 日元",
}
_CURRENCY_OF = {alias: code for code, aliases in _CURRENCIES.items() for alias in aliases.split()}

_WORDS = {
    word: Decimal(value)
    for value, words in {
        2: "two zwei double twin",
        3: "three drei triple",
        4: "four vier",
        5: "five fünf",
        6: "six sechs",
        7: "seven sieben",
        8: "eight acht",
        9: "nine neun",
        10: "ten zehn",
        11: "eleven elf",
        12: "twelve zwölf dozen dutzend",
        20: "twenty zwanzig",
        100: "hundred hundert",
        1000: "thousand tausend",
    }.items()
    for word in words.split()
}
_TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_TENS_GERMAN = [
    "zwanzig",
    "dreißig",
    "vierzig",
    "fünfzig",
    "sechzig",
    "siebzig",
    "achtzig",
    "neunzig",
]
_UNITS_ENGLISH = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_UNITS_GERMAN = ["ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"]
_WORDS |= {word: Decimal(13 + place) for place, word in enumerate(_TEENS)}
for _words in (_TENS, _TENS_GERMAN):
    _WORDS |= {word: Decimal(20 + 10 * place) for place, word in enumerate(_words)}
_COMPOSED = {
    f"{unit}und{ten.replace('ß', 'ss')}": _WORDS[ten] + 1 + place
    for ten in _TENS_GERMAN
    for place, unit in enumerate(_UNITS_GERMAN)
}
# Folding writes "ss" for "ß".
_WORDS |= {"dreissig": Decimal(30)} | _COMPOSED
_CHINESE = {sign: number for number, sign in enumerate("一二三四五六七八九", start=1)} | {"两": 2}

_DIGITS = re.compile(
    r"(?P<before>[€$£¥]\s?|\b(?:eur|usd|gbp|chf|cny)\s)?"
    r"(?<![\d.,⁄])(?P<number>(?:\d{1,3}\s)?(?:1[/⁄][2348]|[23][/⁄][34])(?![\d/⁄])"
    r"|\d+(?:[.,'\u202f\u00a0]\d+)*)"
    r"(?:[\s-]?(?P<after>[€$£¥%℃\"]|°\s?c|[^\W\d_]+(?:-[^\W\d_]+)?))?",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"(?:(\d{1,3})\s)?(\d{1,3})[/⁄](\d{1,3})")
_SPELLED = re.compile(
    rf"(?<![^\W_])(?:(?P<tens>{'|'.join(_TENS)})[ -](?P<unit>{'|'.join(_UNITS_ENGLISH)})"
    rf"|(?P<word>{'|'.join(_WORDS)}))(?![^\W_])(?:[ -](?P<after>[^\W\d_]{{3,20}}))?"
)
_COUNTED = re.compile(
    r"(?<![一二两三四五六七八九十百])(?!一[^十百])([一二两三四五六七八九十百]{1,5})"
    r"(?=[件套个只条双层杯人片块支本盒包瓶步档位名])"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands in a text.

    ``readings`` are its possible values; ``unit`` is normalised (``l``, ``kg``, ``%``), or ``None``
    for a bare count; ``currency`` is set for a price; ``start`` is its place in the text.
    """

    text: str
    readings: frozenset[Decimal]
    unit: str | None = None
    currency: str | None = None
    start: int = 0

    def agrees_with(self, fact: Number) -> bool:
        """Whether ``fact`` says this number: same value, same unit."""
        return bool(self.readings & fact.readings) and self.unit == fact.unit


def numbers_in(text: str) -> list[Number]:
    """All numbers of a folded text (:func:`llmrec.explain.facts.fold`).

    >>> [(reading.text, reading.unit) for reading in numbers_in("a 1.7-litre kettle for two, 20 %")]
    [('1.7-litre', 'l'), ('20 %', '%'), ('two', None)]
    """
    digits = [_number(match) for match in _DIGITS.finditer(text)]
    spelled = [_spelled_number(match) for match in _SPELLED.finditer(text)]
    counted = [
        Number(match[1], frozenset({_chinese(match[1])}), start=match.start())
        for match in _COUNTED.finditer(text)
    ]
    return digits + spelled + counted


def _spelled_number(match: re.Match[str]) -> Number:
    unit, currency, _ = _after(match["after"] or "")
    # A word that is no unit, and the sign before it, are not of the number.
    has_other = match["after"] is not None and not (unit or currency)
    end = match.start("after") - 1 if has_other else match.end()
    return Number(
        match.string[match.start() : end],
        frozenset({_spelled(match)}),
        unit,
        currency,
        match.start(),
    )


def _spelled(match: re.Match[str]) -> Decimal:
    if match["tens"]:
        return _WORDS[match["tens"]] + 1 + _UNITS_ENGLISH.index(match["unit"])
    return _WORDS[match["word"]]


def _chinese(text: str) -> Decimal:
    """A number below a thousand.

    >>> [int(_chinese(text)) for text in ("两", "十", "十二", "二十四", "一百二十")]
    [2, 10, 12, 24, 120]
    """
    hundreds, mark, rest = text.rpartition("百")
    tens, ten, units = rest.rpartition("十")
    value = 100 * _CHINESE.get(hundreds, 1) if mark else 0
    value += 10 * _CHINESE.get(tens, 1) if ten else 0
    return Decimal(value + _CHINESE.get(units, 0))


def _number(match: re.Match[str]) -> Number:
    before = (match["before"] or "").strip().casefold()
    after = match["after"] or ""
    unit, currency, length = _after(after)
    end = match.end() - len(after) + length if unit or currency else match.end("number")
    currency = _CURRENCY_OF.get(before) or currency
    return Number(
        text=match.string[match.start() : end].strip(),
        readings=_readings(match["number"]),
        unit=None if currency else unit,
        currency=currency,
        start=match.start(),
    )


def _after(word: str) -> tuple[str | None, str | None, int]:
    """The unit or the currency that a number is followed by, and its length in ``word``.

    Chinese writes on without a space.
    """
    folded = word.casefold()
    # "5-in-1" and "2-person" are counts: only a part before a hyphen can be a unit.
    heads = (folded, folded.split("-")[0], folded[:3], folded[:2], folded[:1])
    for head in heads[: 2 if folded.isascii() or folded.startswith("°") else 5]:
        name = head.replace("° c", "°c")
        if name in _CURRENCY_OF:
            return None, _CURRENCY_OF[name], len(head)
        if name in _UNIT_OF and name != "in":
            return _UNIT_OF[name], None, len(head)
    return None, None, 0


def _readings(text: str) -> frozenset[Decimal]:
    if fraction := _FRACTION.fullmatch(text):
        whole, above, below = (Decimal(part or 0) for part in fraction.groups())
        return frozenset({round(whole + above / below, 3).normalize()})
    plain = re.sub(r"['\u202f\u00a0]", "", text)
    readings = {plain.replace(",", ""), plain.replace(".", "").replace(",", ".")}
    if re.fullmatch(r"\d+,\d+", plain):
        readings.add(plain.replace(",", "."))
    if re.fullmatch(r"\d+[.,]\d{1,2}", plain):
        # One or two digits behind a mark are decimals: "24,90" is never 2490.
        readings = {plain.replace(",", ".")}
    return frozenset(
        Decimal(reading) for reading in readings if re.fullmatch(r"\d+(\.\d+)?", reading)
    )
