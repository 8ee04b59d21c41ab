"""Every number in a message, in figures or words, with its place: "1.5k", "a tenner", "一百五".

What a number is for (a price, a size, a pack) is not decided here; that is the reader's work. Here
is the only place where digits and number words become values, so that a limit can never be another
than what the shopper wrote. English, German and Chinese; other languages in figures.

Rows of words are read by :mod:`llmrec.reading.number_phrases`; what two numbers say together (a
range, a price with its cents) is put together here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from llmrec.linear import bounded
from llmrec.reading.number_phrases import FoundNumber, numbers_in
from llmrec.reading.number_tokens import LETTER, any_of
from llmrec.reading.number_words import CENTS, COUNTED, CURRENCIES, MONEY, SHY

__all__ = ["Amount", "amounts_in"]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it stands in a message.

    Attributes:
        start: index of its first character.
        end: index behind its last one.
        text: what stands there, without the article before it and currencies around it.
        value: never negative.
    """

    start: int
    end: int
    text: str
    value: Decimal


def amounts_in(message: str) -> list[Amount]:
    """The numbers of a message from left to right; none overlaps another.

    Of a range that names its size once ("1-2k", "two to three hundred") both ends have that size.
    "90 cents" is 0.90, as a price beside others is said.

    Args:
        message: any text; the places are those of its characters.

    >>> [(amount.text, str(amount.value)) for amount in amounts_in("1.500 or 1.5k, two hundred")]
    [('1.500', '1500'), ('1.5k', '1500'), ('two hundred', '200')]
    >>> [str(amount.value) for amount in amounts_in("一百五, 2千, 三十左右")]
    ['150', '2000', '30']
    """
    numbers = _with_cents(message, _of_one_size(message, numbers_in(message)))
    return [
        Amount(number.start, number.end, message[number.start : number.end], _plain(number.value))
        for number in (_if_meant(message, number) for number in numbers)
        if number is not None
    ]


_RANGE = re.compile(
    r"-?\s?(?:[-–—~～、至到]|to|bis|till|or|oder|(and|und|&))\s?[$€£₹¥]?", re.IGNORECASE
)

_ROUND = re.compile("[2-9](000?)")


def _of_one_size(message: str, numbers: list[FoundNumber]) -> list[FoundNumber]:
    """The ends of ranges that name their size once: of "1-2k" the first is 1,000."""
    for place in range(len(numbers) - 1):
        low, high = numbers[place : place + 2]
        joiner = _joiner(message, low, high)
        if not joiner:
            continue
        size = high.size
        if size == 1 and joiner in ("-", "–", " or ", " oder "):  # 5-600
            round_one = _ROUND.fullmatch(message, high.start, high.end)
            size = 10 ** len(round_one[1]) if round_one else 1
        if low.size == 1 and size >= 100 and low.value < high.value / size:
            numbers[place] = replace(low, value=low.value * size, meant=True)
    return numbers


def _joiner(message: str, low: FoundNumber, high: FoundNumber) -> str:
    """What makes a range of two numbers; empty where nothing does."""
    match = _RANGE.fullmatch(message, low.end, high.start)
    return "" if match is None or (match[1] and not low.between) else match[0]


_CURRENCY = re.compile(
    rf"\s?(?:{any_of(CURRENCIES)}|([块塊元米]))\s?((?:and|und|&|,)\s)?", re.IGNORECASE
)
_CENTS = re.compile(rf"\s?{any_of(CENTS)}(?!{LETTER})|[毛角]", re.IGNORECASE)
# "p" and "ct" behind a lone number are pixels and carats too.
_ONLY_CENTS = re.compile(rf"[ -]?(?:cents?|pence|rappen)(?!{LETTER})", re.IGNORECASE)
_ENDS = re.compile(
    r"\s?(?:$|[!?;)]|[.,](?!\d)|"
    r"(?:max|maximal|tops|or|oder|und|each|pro|per|pls|please|bitte|is|ist|for|für|but|aber)\b)",
    re.IGNORECASE,
)
_COUNTS = re.compile("[个個件只條条双雙套本台部张張把瓶盒袋款种種斤人颗顆]|包(?!邮|郵)")


def _with_cents(message: str, numbers: list[FoundNumber]) -> Iterator[FoundNumber]:
    """Two numbers around a currency as one: "49 euros and 99 cents", 九块九."""
    place = 0
    while place < len(numbers):
        number, place = numbers[place], place + 1
        if place < len(numbers) and (both := _sum_of(message, number, numbers[place])):
            number, place = both, place + 1
        elif number.meant and (cents := _ONLY_CENTS.match(message, number.end)):
            number = replace(number, end=cents.end(), value=number.value / 100, size=1)
        elif place < len(numbers) and _share_cents(message, number, numbers[place]):
            number = replace(number, value=number.value / 100, size=1)
        yield number


def _share_cents(message: str, low: FoundNumber, high: FoundNumber) -> bool:
    """Whether both ends of a range are cents: "50 to 90 cents"."""
    return bool(_joiner(message, low, high) and _ONLY_CENTS.match(message, high.end))


def _sum_of(message: str, whole: FoundNumber, part: FoundNumber) -> FoundNumber | None:
    between = _CURRENCY.fullmatch(message, whole.end, part.start)
    if between is None or whole.value % 1 or part.value % 1 or not 1 <= part.value < 100:
        return None
    cents = _CENTS.match(message, part.end)
    if between[1]:
        if _COUNTS.match(message, part.end):  # 五块三个: five yuan for three
            return None
    elif not cents and (between[2] or part.value < 10 or not _ENDS.match(message, part.end)):
        return None
    size = 10 if between[1] and part.value < 10 else 100
    end = cents.end() if cents else part.end
    return replace(whole, end=end, value=whole.value + part.value / size, size=1, meant=True)


_NOUN = bounded(rf"[ -]({LETTER}+)")
_KEEPS_ONE = re.compile("元|块钱|塊錢|美元|美金|欧|英镑|周?岁|人份|公斤|千克|斤|升|米(?!色)|年")


def _if_meant(message: str, number: FoundNumber) -> FoundNumber | None:
    """A lone "one" or "a" only before what is counted: "one person", "a pound"."""
    if number.meant:
        return number
    word = message[number.start : number.end].casefold()
    if word == "一":
        return number if _KEEPS_ONE.match(message, number.end) else None
    noun = _NOUN.match(message, number.end)
    if noun is None:
        return None
    named = noun[1].casefold()
    if word in SHY:
        return number if named in COUNTED or named in MONEY else None
    # Of an article and its noun the noun says that there is a number, so it belongs to the text.
    counted = named in MONEY or (word not in ("a", "an") and named in COUNTED)
    return replace(number, end=noun.end()) if counted else None


def _plain(value: Decimal) -> Decimal:
    """Without the zeros that a scale has left: 1.50 stays, 1500.0 does not."""
    return value if value % 1 else Decimal(int(value))
