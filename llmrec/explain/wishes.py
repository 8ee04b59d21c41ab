"""What a request says in numbers, and what it refuses: ages, limits, measures, "without"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from llmrec.catalog.ages import AgeRange, WantedAge, age_range, wanted_age
from llmrec.catalog.tokens import tokens
from llmrec.explain.facts import fold
from llmrec.explain.numbers import Number, numbers_in
from llmrec.explain.requests import WordsRequest
from llmrec.linear import bounded

__all__ = [
    "Refusal",
    "Wish",
    "ages_of",
    "falls_short",
    "measure_wishes",
    "price_limit",
    "refusals",
]

_BELOW = (
    r"(?:under|below|less than|lighter than|shorter than|narrower than|smaller than|cheaper than"
    r"|up to|at most|no more than|not more than|max\.?|maximum|maximal|budget(?: of)?|unter"
    r"|bis(?: zu)?|höchstens|weniger als|leichter als|kürzer als|schmaler als|kleiner als"
    r"|低于|不超过|不到|最多|预算)"
)
_ABOVE = (
    r"(?:at least|over|above|more than|longer than|from|min\.?|minimum|mindestens|über|mehr als"
    r"|länger als|ab|至少|超过|不少于)"
)
_BEFORE = {
    "most": bounded(rf"(?<!\w){_BELOW}\s*(?:about\s|etwa\s|ca\.\s)?$"),
    "least": bounded(rf"(?<!\w){_ABOVE}\s*(?:about\s|etwa\s|ca\.\s)?$"),
}
_BEHIND = {
    "most": bounded(r"\s*(?:or less|at most|max\b|oder weniger|höchstens|以内|以下)"),
    "least": bounded(r"\s*(?:or more|at least|and more|oder mehr|mindestens|以上)"),
}
_REACH = 24
"""Characters before a number in which its "under" or "at least" stands."""

_PEOPLE = bounded(
    r"[\s-]?(?:people|persons?|players?|guests|adults|campers|of us|personen|spieler|leute|gäste"
    r"|个?人)(?![a-z])"
)
_SIZE = bounded(
    r"(?:\bsize|\bgrö(?:ß|ss)e|尺码)\s?(?P<a>\d{2}(?![\d.,])|xxs|xs|s|m|l|xl|xxl|xxxl)(?![\w-])"
    r"|(?P<b>\d{2})\s?码"
)
# Chinese goes on behind a unit without a space: "2升的水壶".
_MEASURE = bounded(r"[\d.,]+\s?(?:毫[升米]|千克|公斤|厘米|小时|分钟|[升克米天瓦])|.*", re.DOTALL)
_FREEZING = bounded(r"\b(?:freezing|frost)\b|gefrierpunkt|零度|冰点", re.IGNORECASE)
_DEGREES = bounded(r"(?<!\w)(-?\d{1,2})\s?(?:°\s?c\b|degrees\b|grad\b|度)", re.IGNORECASE)

# "no more than", "no longer" are of limits; "no idea" of nobody.
_NO_REFUSAL = "(?!more|longer|less|idea|matter|problem|one|need|hurry|wonder)"
# "does not let ink through" refuses no letting: such verbs say nothing alone.
_NO_VERB = "(?!too|only|just|let|have|need|want|make|get|use|take|know|work|look|zu|nur|mehr|so)"
_WHOLLY = bounded(
    rf"\b(?:no {_NO_REFUSAL}|without (?:any |an? |the )?|free (?:of|from) )(?P<a>[a-z]{{3,40}})"
    r"|\b(?P<b>[a-z]{3,40})-free\b"
    rf"|\b(?:(?:does|do|will|should|can) ?n[o']t|won't|never) {_NO_VERB}(?P<c>[a-z]{{3,40}})"
    r"|\b(?:ohne (?:ein\w{0,2} |jede\w? )?|kein\w{0,2} )(?P<d>[a-zäöü]{3,40})"
    rf"|\bnicht {_NO_VERB}(?P<e>[a-zäöü]{{4,40}})|\b(?P<f>[a-zäöü]{{4,40}}?)-?freie?[nrms]?\b"
    r"|(?:不要有|不要(?!太)|不含|无|没有)(?P<g>[\u4e00-\u9fff]{1,3})"
    r"|(?:不会|不容易|不)(?![要含太用知是想超到少])(?P<h>[\u4e00-\u9fff]{2})"
)
_PARTLY = bounded(
    r"\b(?:not too|nicht zu) (?P<a>[a-zäöü]{3,40})|(?:不要太|别太|不太)(?P<b>[\u4e00-\u9fff]{1,3})"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the shopper does not want, folded: ``wholly``, or too much of it ("not too dark")."""

    word: str
    wholly: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """A measure that a request names.

    Attributes:
        text: as it stands there.
        value: in the unit; of people and sizes, the number.
        unit: as :mod:`llmrec.explain.numbers` names it, or ``people``, ``size``, ``°c``.
        bound: ``most``, ``least``, or ``exact`` where no word before or behind sets one.
    """

    text: str
    value: Decimal
    unit: str
    bound: str = "exact"


def ages_of(request: WordsRequest) -> tuple[WantedAge | None, AgeRange | None]:
    """The age that was asked for, and that of the item."""
    wishes = request.filters.attributes.get("age", ())
    question = " . ".join((request.query or "", request.recipient or "", *wishes))
    return wanted_age(question), age_range(request.item)


def price_limit(request: WordsRequest) -> Decimal | None:
    """The shopper's own, set or said: "under 50 EUR" in a question is one as well.

    None where it is in another currency than the item's: 20 USD are not under 30 EUR.
    """
    if (limit := request.filters.max_price) is not None:
        currency, own = request.filters.currency, request.item.currency
        if currency is None or fold(currency) == fold(own or ""):
            return limit
    query = fold(request.query or "")
    for number in numbers_in(query):
        is_price = number.currency is not None and number.currency == request.item.currency
        if is_price and _bound(query, number) == "most" and len(number.readings) == 1:
            return next(iter(number.readings))
    return None


@lru_cache(maxsize=256)
def measure_wishes(question: str) -> tuple[Wish, ...]:
    """Measures of a question in their order.

    >>> [(wish.text, wish.bound) for wish in measure_wishes("kettle, at least 1.5 litres")]
    [('1.5 litres', 'least')]
    >>> [(wish.value, wish.unit) for wish in measure_wishes("tent for four people, size 44")]
    [(Decimal('4'), 'people'), (Decimal('44'), 'size')]
    """
    return tuple(_measure_wishes(question))


def _measure_wishes(question: str) -> Iterator[Wish]:
    text = fold(question)
    for number in numbers_in(text):
        if len(number.readings) != 1 or number.currency:
            continue
        value, end = next(iter(number.readings)), number.start + len(number.text)
        people = _PEOPLE.match(text, end)
        if people and number.unit in (None, "people"):
            words = f"{number.text}{people[0]}".strip()
            yield Wish(words, value, "people", _bound(text, number, len(people[0])))
        elif number.unit and number.unit != "°c":
            measure = _MEASURE.match(number.text)
            shown = measure[0] if measure else number.text
            yield Wish(shown, value, number.unit, _bound(text, number))
    if size := _SIZE.search(text):
        name = (size["a"] or size["b"]).upper()
        yield Wish(name, _size_value(name), "size")
    if cold := _DEGREES.search(question):
        yield Wish(cold[0], Decimal(cold[1]), "°c")
    elif freezing := _FREEZING.search(question):
        yield Wish(freezing[0], Decimal(0), "°c")


def falls_short(question: str, text: str) -> bool:
    """Whether a text says "up to" fewer of what the question has a number of.

    >>> falls_short("stapler for 60 sheets", "Staples up to 20 sheets.")
    True
    >>> falls_short("stapler for 10 sheets", "Staples up to 20 sheets.")
    False
    """
    wanted = _counts(question)
    if not wanted:
        return False
    most = {_stem(match[2]): int(match[1]) for match in _UP_TO.finditer(fold(text))}
    return any(most.get(noun, count) < count for count, noun in wanted)


@lru_cache(maxsize=256)
def _counts(question: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(one[1]), _stem(one[2])) for one in _COUNT.finditer(fold(question)))


def _stem(noun: str) -> str:
    return next(iter(tokens(noun)), noun)


@lru_cache(maxsize=256)
def refusals(question: str) -> tuple[Refusal, ...]:
    """What the shopper does not want: the word behind "no", "ohne", "不要太".

    >>> [(one.word, one.wholly) for one in refusals("snack, no nuts please, not too sweet")]
    [('nuts', True), ('sweet', False)]
    """
    text = fold(question)
    return tuple(
        dict.fromkeys(
            Refusal(next(group for group in match.groups() if group), wholly)
            for pattern, wholly in ((_WHOLLY, True), (_PARTLY, False))
            for match in pattern.finditer(text)
        )
    )


_COUNT = bounded(r"(?<![\d.,])(\d{1,6})[\s-]?([^\W\d_]{3,40})")
_UP_TO = bounded(
    r"(?:up to|at most|no more than|bis zu|maximal|höchstens)\s"
    r"(\d{1,6})[\s-]([^\W\d_]{3,40})(?![^.;]*\bper\b)"
)
_LETTERS = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL")


def _size_value(text: str) -> Decimal:
    """A number is itself; letters are their place among letters, below any number of a size."""
    return Decimal(_LETTERS.index(text)) if text in _LETTERS else Decimal(text)


def _bound(text: str, number: Number, behind: int = 0) -> str:
    end = number.start + len(number.text) + behind
    for bound, pattern in _BEFORE.items():
        if pattern.search(text[max(0, number.start - _REACH) : number.start]):
            return bound
    return next((bound for bound, what in _BEHIND.items() if what.match(text, end)), "exact")
