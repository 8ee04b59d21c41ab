"""Rows of tokens that are one number: "two thousand five hundred", "half a grand", "3万".

No row is longer than the sizes that can fall within it, so that reading costs in proportion to a
message's length. A number without an exact value ("a few hundred", "十几") is left out: no
value is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from llmrec.reading.number_tokens import (
    LETTER,
    Token,
    any_of,
    chinese_estimate,
    chinese_value,
    german_value,
    tokens_of,
)
from llmrec.reading.number_words import (
    ABOUT,
    ARTICLES,
    BARE_SCALES,
    ENGLISH,
    FORMAL,
    GERMAN_ONES,
    GERMAN_TENS,
    HALVES,
    MEASURES,
    MONEY,
    NOT_BEFORE,
    NOTES,
    ONLY_BEHIND_NUMBERS,
    SCALES,
    SHY,
    UNITS,
    VAGUE,
)

__all__ = ["FoundNumber", "numbers_in"]

_CHINESE = re.compile("[一-鿿]")
_MEASURE = re.compile(rf"[ -]?{any_of(MEASURES)}(?!{LETTER})", re.IGNORECASE)
_BARE_UNIT = re.compile("[元块塊个個来來把多余]")
# 上千 is a thousand and more, but 早上 is a morning, 网上 the web, and 上万能 is none.
_UP_TO = re.compile(r"(?:^|[^早晚网網身桌路街车船地天世线線马馬千])[上过過破]")
_ENDS_NUMBER = re.compile(r"的|了|[^\w\s]|\s|$")
# 1w is 10,000 where Chinese is written, but 20W are watts.
_WATTS = re.compile("[充快闪灯燈电電功适氮瓦大无無]")
_MONEY_BEHIND = re.compile("[元块塊以左上多预預内內]")


class _Part(NamedTuple):
    """What a row of tokens is worth so far.

    Attributes:
        value: of all of it.
        after: index of the token behind it.
        size: of its last word; what is added stays below ("two hundred" may become 250).
        whole: whether a number times ``size`` is all there is.
    """

    value: Decimal
    after: int
    size: int = 1
    whole: bool = True


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A number at its place.

    Attributes:
        start: index of its first character.
        end: index behind its last one.
        value: never negative.
        size: 100 for "two hundred" and 1,000 for "2k"; 1 where more than a scale is in it.
        meant: whether it is one for sure; an "a" and a "one" may count nothing.
        between: whether a "between" stands before it.
    """

    start: int
    end: int
    value: Decimal
    size: int = 1
    meant: bool = True
    between: bool = False


def numbers_in(message: str) -> list[FoundNumber]:
    """The numbers of a message from left to right, also those that may not be meant as such.

    >>> [str(number.value) for number in numbers_in("two grand, or one fifty for the small one?")]
    ['2000', '150', '1']
    """
    return list(_Parser(message).numbers())


class _Parser:
    """Goes through the tokens of a message; each number is looked for at most once at a place."""

    def __init__(self, message: str) -> None:
        self._message = message
        self._tokens = list(tokens_of(message))
        self._in_chinese = _CHINESE.search(message) is not None

    def numbers(self) -> Iterator[FoundNumber]:
        """From left to right, also those that may not be meant as numbers."""
        at = 0
        while at < len(self._tokens):
            if after := self._inexact(at):
                at = after
            elif pair := self._estimate(at):
                yield from pair
                at += 1
            elif part := self._chinese(at) or self._number(at):
                yield self._placed(at, part)
                at = part.after
            else:
                at += 1

    def _placed(self, at: int, part: _Part) -> FoundNumber:
        first, last = self._tokens[at], self._tokens[part.after - 1]
        alone = part.after == at + 1
        shy = alone and (first.word in SHY or first.word in ARTICLES)
        certain = not shy or (first.word in SHY and self._leads_to_another(part.after))
        size = part.size if part.whole else 1
        return FoundNumber(first.start, last.end, part.value, size, certain, self._between(at))

    def _leads_to_another(self, at: int) -> bool:
        """Whether "to" and a number follow: "elf bis sechzehn"."""
        following = at + 1 < len(self._tokens) and self._word(at) in ("bis", "to")
        return following and self._start(at + 1) is not None

    def _word(self, at: int) -> str:
        """The word at a place; empty where more than a space or hyphen parts it from the last."""
        near = 0 < at < len(self._tokens) and self._tokens[at].gap in ("", " ", "-", "‑")
        return self._tokens[at].word if near else ""

    def _between(self, at: int) -> bool:
        """Whether a range of two numbers has been announced a few words before."""
        return any(
            token.word in ("between", "zwischen") for token in self._tokens[max(at - 4, 0) : at]
        )

    def _inexact(self, at: int) -> int:
        """The token behind "(a few) hundred" or "十几"; 0 where a number may be exact."""
        token = self._tokens[at]
        if token.chinese or token.figure is not None:
            after = at + 1 + self._joined(at)
            start, end = token.start, self._tokens[after - 1].end
            before = self._message[start - 1 : start] if start else ""
            estimate = before in ("几", "幾", "数", "數") and token.word[0] in UNITS
            unknown = self._message[end : end + 1] in ("几", "幾")
            ordinal = token.chinese and before in ("第", "周", "期", "拜")
            return after if estimate or unknown or ordinal else 0
        if not self._scale_at(at) and not self._note_at(at):
            return 0
        if not self._word(at) or self._tokens[at - 1].word not in VAGUE:
            return 0
        while self._scale(at + 1):
            at += 1
        return at + 1

    def _joined(self, at: int) -> bool:
        """Whether figures count the Chinese units behind them: 3万, 1千5."""
        if self._tokens[at].figure is None or at + 1 == len(self._tokens):
            return False
        units = self._tokens[at + 1]
        return units.chinese and units.gap in ("", " ") and units.word[0] in UNITS

    def _estimate(self, at: int) -> tuple[FoundNumber, FoundNumber] | None:
        """The ends of a range in one word: 七八百 is some seven or eight hundred."""
        token = self._tokens[at]
        ends = chinese_estimate(token.word) if token.chinese else None
        if ends is None:
            return None
        second = token.start + ends[0]
        low = FoundNumber(token.start, second, ends[1])
        return low, FoundNumber(second, token.end, ends[2])

    def _chinese(self, at: int) -> _Part | None:
        token, after = self._tokens[at], at + 1 + self._joined(at)
        text = self._tokens[after - 1].word
        if token.figure is None:
            formal = any(sign in FORMAL for sign in text) and UNITS.keys().isdisjoint(text)
            if not token.chinese or formal or text in ("零", "〇"):
                return None
            # 百, 千 and 万 by themselves are in many words.
            bare = UNITS.get(text[0], 0) >= 100 and text not in ABOUT
            counts = len(text) == 1 and (
                _BARE_UNIT.match(self._message, token.end) or self._is_up_to(token)
            )
            if bare and not counts and (len(text) != 2 or text[1] in UNITS):
                return None
        elif after == at + 1:
            return None
        value = chinese_value(text, token.figure)
        unit = text if token.figure is not None else text[1:]
        size = UNITS.get(unit, 1) if unit not in "十廿卅" else 1
        return None if value is None else _Part(value, after, size)

    def _is_up_to(self, unit: Token) -> bool:
        """Whether a unit by itself is what something reaches: 上千的, 过万."""
        before = self._message[max(unit.start - 2, 0) : unit.start]
        ends = _ENDS_NUMBER.match(self._message, unit.end)
        return bool(ends and _UP_TO.fullmatch(before))

    def _number(self, at: int, below: Decimal = Decimal("Infinity")) -> _Part | None:
        """Figures and words: "two thousand", then what is smaller: "five hundred", "and fifty"."""
        part = self._start(at)
        if part is None or part.value >= below:
            return None
        part = self._scaled(part, below)
        while part.size > 1 and (more := self._added(part)):
            part = self._scaled(more, below)
        note = self._note(part.after)
        if note and part.value * note < below:
            return _Part(part.value * note, part.after + 1)
        return part

    def _scaled(self, part: _Part, below: Decimal) -> _Part:
        """Times the scales that follow, as long as each is larger than what it multiplies."""
        while part.value < (scale := self._scale(part.after)) and part.value * scale < below:
            part = _Part(part.value * scale, part.after + 1, scale)
        return part

    def _added(self, part: _Part) -> _Part | None:
        at = part.after
        conjunction = self._word(at) in ("and", "und", "&")
        at += conjunction
        listed = not conjunction and self._listed(at)
        if not self._word(at) and not listed:
            return None
        if conjunction and self._word(at) in ARTICLES and self._word(at + 1):
            at += 1
        word = self._tokens[at].word
        if conjunction and word in HALVES:
            return _Part(part.value + Decimal(part.size) / 2, at + 1)
        if self._tokens[at].chinese or word in ARTICLES:
            return None
        if self._tokens[at].figure is not None:
            return self._added_figures(part, at)
        if word in SHY and not conjunction:
            return None
        more = self._number(at, Decimal(part.size))
        # "one thousand, two hundred" is one number, "one thousand, fifty" two.
        if more is None or more.value % 1 or more.value < (100 if listed else 1):
            return None
        value, scale = part.value + more.value, self._scale(more.after)
        # "a hundred and two hundred" is two numbers, and so is "between five hundred and two
        # thousand"; "a hundred and fifty thousand" is one.
        if scale and (value >= scale or (conjunction and self._between(part.after))):
            return None
        return _Part(value, more.after, more.size, whole=False)

    def _listed(self, at: int) -> bool:
        """Whether a comma stands behind a thousand in words, not in figures."""
        if at == len(self._tokens) or self._tokens[at].gap != ", ":
            return False
        scale, counted = self._tokens[at - 1].word, self._tokens[at - 2].figure if at > 1 else None
        return scale in BARE_SCALES and SCALES[scale] >= 1_000 and counted is None

    def _added_figures(self, part: _Part, at: int) -> _Part | None:
        """Of "1k5" and "a hundred and 50"; other figures behind a scale are another number."""
        token, figure = self._tokens[at], self._tokens[at].figure or Decimal(0)
        if figure % 1 or self._measured(at + 1):
            return None
        if self._tokens[at - 1].word == "k" and token.gap == "" and len(token.word) == 1:
            return _Part(part.value + figure * 100, at + 1, whole=False)
        fits = at > part.after and part.size == 100 and 10 <= figure < 100
        return _Part(part.value + figure, at + 1, whole=False) if fits else None

    def _start(self, at: int) -> _Part | None:
        """A number's first part: what may be multiplied, or a scale or note by itself."""
        token = self._tokens[at]
        if token.chinese:
            return None
        if token.figure is not None:
            return self._and_a_half(_Part(token.figure, at + 1))
        if token.word in HALVES:  # "half a grand"
            at += 1 + (self._word(at + 1) in ARTICLES)
            return _Part(Decimal("0.5"), at) if self._multiplies(at) else None
        if token.word == "couple":
            after = at + 1 + (self._word(at + 1) == "of")
            if self._word(after).removesuffix("s") in MONEY:
                return _Part(Decimal(2), at + 1)
            return _Part(Decimal(2), after) if self._multiplies(after) else None
        if token.word in ARTICLES:
            counts = self._multiplies(at + 1) or self._word(at + 1) in HALVES
            return None if counts else _Part(Decimal(1), at + 1)
        if scale := self._scale_at(at):
            named = self._article_before(at) and token.word not in ONLY_BEHIND_NUMBERS
            half = self._word(at + 1) in ("and", "&") and self._word(at + 3) in HALVES
            bare = named or half or token.word in BARE_SCALES
            return _Part(Decimal(scale), at + 1, scale) if bare else None
        if note := self._note_at(at):
            bare = token.word != "score" or self._article_before(at)
            return _Part(Decimal(note), at + 1) if bare else None
        return self._small(at)

    def _article_before(self, at: int) -> bool:
        return bool(self._word(at)) and self._tokens[at - 1].word in ARTICLES

    def _small(self, at: int) -> _Part | None:
        """Below a hundred; also a German word of any size, "one fifty" and "nineteen ninety"."""
        english = self._english(at)
        part = english or self._german(at)
        if part is None or part.value >= 100:
            return part
        part = self._pointed(part)
        return self._pair(part, english is not None) or self._and_a_half(part)

    def _english(self, at: int) -> _Part | None:
        value = ENGLISH.get(self._tokens[at].word)
        if value is None:
            return None
        ones = ENGLISH.get(self._word(at + 1), 0)
        if value >= 20 and value % 10 == 0 and 1 <= ones <= 9:
            return _Part(Decimal(value + ones), at + 2)
        return _Part(Decimal(value), at + 1)

    def _german(self, at: int) -> _Part | None:
        """Also "fünf und zwanzig", where it is not the range "zwischen fünf und zwanzig"."""
        value = german_value(self._tokens[at].word)
        if value is None:
            return None
        tens = GERMAN_TENS.get(self._word(at + 2), 0)
        if 1 <= value <= 9 and tens and self._word(at + 1) == "und" and not self._between(at):
            return _Part(value + tens, at + 3)
        size = next((unit for unit in (1_000, 100) if value >= unit and value % unit == 0), 1)
        return _Part(value, at + 1, size, whole=value < 10 * size)

    def _pointed(self, part: _Part) -> _Part:
        """With decimals in words: "one point five"."""
        if self._word(part.after) not in ("point", "komma"):
            return part
        digits, at = "", part.after + 1
        while len(digits) < 3:
            digit = ENGLISH.get(self._word(at), GERMAN_ONES.get(self._word(at), 10))
            if digit > 9:
                break
            digits, at = f"{digits}{digit}", at + 1
        return _Part(Decimal(f"{part.value}.{digits}"), at) if digits else part

    def _pair(self, part: _Part, english: bool) -> _Part | None:
        """Two small numbers in a row that are one: "one fifty" is 150, "twelve fifty" 12.50."""
        at, first = part.after, part.value
        gaps = (" ", "-") if english and first < 10 else (" ",)  # ten-fifty is a range
        if first % 1 or at >= len(self._tokens) or self._tokens[at].gap not in gaps:
            return None
        second = self._english(at) if english else self._german(at)
        if second is None or second.value % 1 or not 10 <= second.value < 100 or first == 0:
            return None
        if self._measured(second.after):  # "two twenty litre bags"
            return None
        if english and first < 10:
            spoken = first == 1 or second.value >= 20
            return _Part(first * 100 + second.value, second.after) if spoken else None
        estimate = first % 5 == 0 and second.value % 5 == 0 and 0 < second.value - first <= 10
        if second.value < 20 or estimate:  # "twenty thirty bucks"
            return None
        return _Part(first + second.value / 100, second.after)

    def _measured(self, after: int) -> bool:
        return _MEASURE.match(self._message, self._tokens[after - 1].end) is not None

    def _and_a_half(self, part: _Part) -> _Part:
        at = part.after
        if part.value % 1 or self._word(at) not in ("and", "und", "&"):
            return part
        article = self._word(at + 1) in ARTICLES
        at += 1 + article
        half = self._word(at) in HALVES and (article or self._multiplies(at + 1))
        return _Part(part.value + Decimal("0.5"), at + 1) if half else part

    def _multiplies(self, at: int) -> bool:
        return bool(self._scale(at) or self._note(at))

    def _scale(self, at: int) -> int:
        return self._scale_at(at) if self._word(at) else 0

    def _scale_at(self, at: int) -> int:
        token, after = self._tokens[at], self._word(at + 1)
        if token.word in ("t", "w") and at and token.gap in ("", " "):
            counted = self._tokens[at - 1].figure
            return 0 if counted is None else self._short_scale(token, counted)
        if token.word == "k" and after not in ("", "ish") and self._tokens[at + 1].gap == "-":
            letters = self._tokens[at + 1].figure is None  # K-Cup, not 10k-15k
            return 0 if letters else SCALES["k"]
        return 0 if after in NOT_BEFORE.get(token.word, ()) and after else SCALES.get(token.word, 0)

    def _short_scale(self, token: Token, counted: Decimal) -> int:
        if token.word == "t":  # 2T€
            return 1_000 if self._message.startswith(("€", " €"), token.end) else 0
        if not self._in_chinese or _WATTS.match(self._message, token.end):
            return 0
        money = _MONEY_BEHIND.match(self._message, token.end)
        return 10_000 if money or counted < 10 else 0

    def _note(self, at: int) -> int:
        counted = self._word(at) and (self._word(at) != "score" or not self._tokens[at - 1].figure)
        return self._note_at(at) if counted else 0

    def _note_at(self, at: int) -> int:
        word, after = self._tokens[at].word, self._word(at + 1)
        return 0 if after and after in NOT_BEFORE.get(word, ()) else NOTES.get(word, 0)
