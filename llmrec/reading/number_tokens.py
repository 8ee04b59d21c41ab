"""A message cut into figures, words and runs of Chinese numerals, and what one of them is worth.

How they go together, and which of them are no numbers, is for
:mod:`llmrec.reading.number_phrases`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from llmrec.linear import bounded
from llmrec.reading.number_words import (
    ABOUT,
    CURRENCIES,
    DIGITS,
    ENGLISH,
    GERMAN_ONES,
    GERMAN_TENS,
    MEASURES,
    NO_NUMERALS,
    NOTES,
    SCALES,
    UNITS,
)

__all__ = [
    "LETTER",
    "Token",
    "any_of",
    "chinese_estimate",
    "chinese_value",
    "figure_value",
    "german_value",
    "tokens_of",
]

LETTER = r"[^\W\d_¼-¾⅐-⅞一-鿿]"
"""Of a word that is written with spaces around it."""


def any_of(words: str) -> str:
    """A pattern of one of some words, the longest first."""
    return f"(?:{'|'.join(sorted(words.split(), key=len, reverse=True))})"


def _figure_pattern() -> str:
    """Figures with marks of thousands and decimals that fit each other; else digits alone.

    At most 15 of them: what is longer is the number of a card, and decimals are exact so far.
    """
    end = r"(?![.,'’]?\d)"
    head = r"[1-9]\d{0,2}"
    marked = [
        # 2½ is 21⁄2 once it is composed: none of these fractions has two figures on top.
        r"(?:\d{1,9} ?)?[¼-¾⅐-⅞]",
        r"(?:\d{1,9} ?)?\d⁄\d{1,2}(?!\d)",
        r"(?<!/)(?:\d{1,9} )?(?:1/2|1/4|3/4)(?![\d/])",
        rf"{head}(?:,\d{{3}}){{1,4}}(?:\.\d+|,\d{{1,2}})?{end}",
        rf"{head}(?:\.\d{{3}}){{1,4}}(?:,\d+|\.\d{{1,2}})?{end}",
        rf"{head}(?:['’]\d{{3}}){{1,4}}(?:[.,]\d+)?{end}",
        rf"{head}(?:[\u00a0\u2009\u202f]\d{{3}}){{1,4}}(?:[.,]\d+)?{end}",
        rf"[1-9]\d?(?:,\d\d){{1,5}},\d{{3}}(?:\.\d+)?{end}",
    ]
    # A plain space may as well part two numbers ("iphone 15 256 GB"), unless this looks like money.
    spaced = [
        rf"{head}(?: \d{{3}}){{1,4}}(?:[.,]\d+)?{end}(?= ?{any_of(CURRENCIES)}(?!{LETTER}))",
        rf"{head}(?: \d{{3}}){{0,3}} 000{end}",
        rf"[1-9] \d{{3}}(?:[.,]\d+)?{end}(?! ?{any_of(MEASURES)}(?!{LETTER}))",
    ]
    whole = "|".join([*marked, rf"(?<!{LETTER})(?:{'|'.join(spaced)})", rf"\d{{1,15}}[.,]\d+{end}"])
    return rf"(?<!\d)(?:(?<!\d[.,'’])(?:{whole})|\d{{1,15}}(?!\d))|(?<![\w.,])\.\d+{end}"


_FRACTION = bounded(r"(\d*)\s?(\d)[⁄/](\d+)")
_MARK = re.compile("[.,]")


def figure_value(text: str) -> Decimal:
    """What figures are worth; three behind a single mark are thousands.

    Args:
        text: as :func:`tokens_of` finds it.

    >>> [str(figure_value(text)) for text in ("1.500", "1,299.99", "49,90", "1 200", "0.125")]
    ['1500', '1299.99', '49.90', '1200', '0.125']
    >>> [str(figure_value(text)) for text in ("2½", "21⁄2", "3/4", ".99", "1,00,000")]
    ['2.5', '2.5', '0.75', '0.99', '100000']
    """
    if not text[-1].isdecimal():
        text = f"{text[:-1].strip()} {unicodedata.normalize('NFKC', text[-1])}".strip()
    if fraction := _FRACTION.fullmatch(text):
        below = int(fraction[3]) or 1
        return Decimal(fraction[1] or 0) + Decimal(fraction[2]) / below
    plain = re.sub(r"['’\s]", "", text)
    *heads, tail = _MARK.split(plain)
    if not heads:
        return Decimal(tail)
    whole = "".join(heads) or "0"
    one_kind = len(set(_MARK.findall(plain))) == 1 and plain == text
    groups = len(heads) > 1 or (len(whole) <= 3 and int(whole) > 0)
    if one_kind and groups and len(tail) == 3:
        return Decimal(whole + tail)
    return Decimal(f"{whole}.{tail}")


_LONGEST_WORD = 60


def german_value(word: str) -> Decimal | None:
    """One German word, however long; ``None`` where it is no number.

    Args:
        word: casefolded.

    >>> [str(german_value(text)) for text in ("fünfundzwanzig", "tausendfünfhundert", "anderthalb")]
    ['25', '1500', '1.5']
    >>> german_value("hundertprozentig")
    """
    if len(word) > _LONGEST_WORD:
        return None
    if word in GERMAN_ONES:
        return Decimal(GERMAN_ONES[word])
    for scale, size in (("tausend", 1000), ("hundert", 100)):
        head, mark, tail = word.partition(scale)
        if mark:
            high = german_value(head) if head else Decimal(1)
            low = german_value(tail.removeprefix("und")) if tail else Decimal(0)
            return None if high is None or low is None or low >= size else high * size + low
    if word == "anderthalb":
        return Decimal("1.5")
    if word.endswith("einhalb"):
        whole = GERMAN_ONES.get(word.removesuffix("einhalb"))
        return None if whole is None else whole + Decimal("0.5")
    for ten, size in GERMAN_TENS.items():
        if word.endswith(ten):
            return _german_ones(word.removesuffix(ten), size)
    return None


def _german_ones(before: str, tens: int) -> Decimal | None:
    """What stands before the tens in one word: "fünfund", or hundreds ("zwofuffzig")."""
    ones = GERMAN_ONES.get(before.removesuffix("und"), 0)
    if before and not 1 <= ones <= 9:
        return None
    return Decimal(tens + (ones if before.endswith("und") else 100 * ones))


def _chinese_pattern() -> str:
    """A run of Chinese numerals; a figure may count a unit in it or end it: 2千3百, 1万5."""
    digits = "".join(DIGITS).replace("半", "")
    units = "".join(UNITS)
    ordinary = re.sub("[两兩]", "", digits)
    # 两 behind a digit is a weight (三两), unless it counts a unit.
    two = rf"(?<![{digits}十])[两兩]|[两兩](?=[百佰千仟万萬])"
    sign = rf"(?!{any_of(NO_NUMERALS)})(?:[{ordinary}{units}]|{two})"
    decimal = rf"[{digits}十百]{{1,9}}[点點][{digits}]{{1,9}}(?![十{digits}])[百佰千仟万萬亿億]?"
    tail = r"(?:(?<=[百佰千仟万萬亿億])\d(?![\d%a-zA-Z]|[.,]\d))?"
    return rf"{decimal}|(?:半(?=[百佰千仟万萬]))?{sign}(?:{sign}|\d(?=[{units}])){{0,24}}{tail}"


_POINT = re.compile("[点點]")


def chinese_value(text: str, lead: Decimal | None = None) -> Decimal | None:
    """What a run of numerals is worth; ``None`` where it has no exact value.

    A last digit counts the unit below the one before it, unless a zero says not.

    Args:
        text: as :func:`tokens_of` finds it.
        lead: figures before it, which count its first unit.

    >>> [str(chinese_value(text)) for text in ("一百五", "一百零五", "两千三", "两点五")]
    ['150', '105', '2300', '2.5']
    >>> str(chinese_value("万5", Decimal(1))), chinese_value("百百"), chinese_value("两三百")
    ('15000', None, None)
    """
    if len(parts := _POINT.split(text)) == 2:
        whole, scale = chinese_value(parts[0]), UNITS.get(text[-1], 1)
        tail = _positional(parts[1][:-1] if scale > 1 else parts[1])
        return None if whole is None else (whole + Decimal(f"0.{tail}")) * scale
    if lead is None and all(sign in DIGITS for sign in text):
        return Decimal(_positional(text))
    if text in ABOUT:
        return Decimal(UNITS[text[0]])
    total = section = Decimal(0)
    digit, unit, largest = lead, 0, 10**12
    for sign in text:
        if sign not in UNITS:
            value = DIGITS[sign] if sign in DIGITS else Decimal(int(sign))
            if digit:
                return None
            digit, unit = value, unit if value else 0
            continue
        size = UNITS[sign]
        if size >= 10_000:
            section += digit or 0
            if size >= largest:
                return None
            total, section, largest = total + (section or 1) * size, Decimal(0), size
        elif (digit and sign in "廿卅") or (unit and size >= unit and unit < 10_000):
            return None
        else:
            section += (digit or 1) * size
        digit, unit = None, size
    below = unit // 10 if unit >= 100 else 1
    return total + section + (digit or 0) * below


_ESTIMATE = re.compile(
    r"(.{0,12}?)([一二两兩三四五六七八])([二两兩三四五六七八九])([十百佰千仟万萬亿億]?)"
)


def chinese_estimate(text: str) -> tuple[int, Decimal, Decimal] | None:
    """The ends of a range in one word, and where the second begins; ``None`` for other words.

    >>> [str(number) for number in chinese_estimate("七八百") or ()]
    ['1', '700', '800']
    >>> [str(number) for number in chinese_estimate("一百二三十") or ()]
    ['3', '120', '130']
    """
    match = _ESTIMATE.fullmatch(text)
    if match is None or (match[1] and match[1][-1] in DIGITS):
        return None
    head, first, second, unit = match.groups()
    if DIGITS[second] - DIGITS[first] != 1 and first + second != "三五":
        return None
    low, high = (chinese_value(head + digit + unit) for digit in (first, second))
    return None if low is None or high is None else (match.start(3), low, high)


def _positional(digits: str) -> str:
    return "".join(str(DIGITS[digit]) for digit in digits)


_TOKEN = bounded(
    rf"(?P<chinese>{_chinese_pattern()})|(?P<figure>{_figure_pattern()})"
    rf"|(?<!{LETTER}){LETTER}+|&",
    re.IGNORECASE,
)


class Token(NamedTuple):
    """A stretch of a message.

    Attributes:
        start: index of its first character.
        end: index behind its last one.
        word: casefolded; without "ish" behind a number.
        gap: what parts it from the token before.
        figure: what figures are worth.
        chinese: whether it is a run of Chinese numerals.
    """

    start: int
    end: int
    word: str
    gap: str
    figure: Decimal | None
    chinese: bool


def tokens_of(message: str) -> Iterator[Token]:
    """The figures, words and Chinese numerals of a message; other signs are gaps between them.

    >>> [(token.word, token.gap) for token in tokens_of("About 1.5k, fiftyish!")]
    [('about', ''), ('1.5', ' '), ('k', ''), ('fifty', ', ')]
    """
    before = 0
    for match in _TOKEN.finditer(message):
        word = match[0].casefold()
        if (stem := word.removesuffix("ish")) != word and _known(stem):
            word = stem
        figure = figure_value(match[0]) if match["figure"] else None
        gap = message[before : match.start()]
        yield Token(match.start(), match.end(), word, gap, figure, bool(match["chinese"]))
        before = match.end()


def _known(word: str) -> bool:
    return word in ENGLISH or word in SCALES or word in NOTES
