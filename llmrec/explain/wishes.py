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
from llmrec.explain.numbers import numbers_in
from llmrec.explain.requests import WordsRequest
from llmrec.linear import bounded

__all__ = [
    "RefusedWords",
    "Wish",
    "ages_of",
    "falls_short",
    "measure_wishes",
    "price_limit",
    "refusals",
]

# Before a number: what sets a limit, by the way in which it does so.
_SMALLER = (
    r"(?:under|below|less than|fewer than|lighter than|shorter than|narrower than|smaller than"
    r"|lower than|thinner than|cheaper than|unter|weniger als|leichter als|kürzer als|schmaler als"
    r"|kleiner als|niedriger als|dünner als|billiger als|günstiger als|低于|少于|小于|不到|不足)"
)
_LARGER = (
    r"(?:over|above|beyond|exceed(?:s|ing)?|more expensive than"
    r"|(?:more|longer|larger|bigger|higher|taller|wider|deeper|thicker|heavier|greater|older|dearer"
    r"|pricier) than"
    r"|über|(?:mehr|länger|gr(?:ß|ss)er|höher|breiter|tiefer|dicker|schwerer|älter|teurer) als"
    r"|超过|超出|多于|高于|大于|长于|重于)"
)
_AT_MOST = (
    r"(?:up to|at most|max\.?|maximum|maximal|budget(?: of)?|bis(?: zu)?|höchstens|最多|预算)"
)
_AT_LEAST = r"(?:at least|from|min\.?|minimum|mindestens|ab|至少)"
_NOT = (
    r"(?:(?:no|not|never|\w{2,6}n't|cannot|nicht|kein\w{0,2}|nie|不要|不能|不可|不得|不|别|勿)"
    r"\s?(?:be |cost |weigh |go |much |any |viel )?)"
)
_NO_LETTER = "(?<![a-zäöüß])"
# "No longer than" is a limit from above as "under" is: what is denied counts the other way round.
_BEFORE = bounded(
    rf"{_NO_LETTER}(?:(?P<not>{_NOT})?(?:(?P<smaller>{_SMALLER})|(?P<larger>{_LARGER}))"
    rf"|(?P<most>{_AT_MOST})|(?P<least>{_AT_LEAST}))"
    r"\s*(?:(?:about|around|roughly|approximately|etwa|ungefähr|ca\.?|circa|大约|约)\s?)?[€$£¥]?\s?$"
)
_BEHIND = {
    "most": bounded(
        r"\s*(?:(?:or|and) (?:less|under|below|fewer|lighter|shorter|smaller)|at most|max\b|tops\b"
        r"|oder weniger|und weniger|oder kleiner|oder leichter|höchstens|maximal"
        r"|或?以内|或?以下|之内)"
    ),
    "least": bounded(
        r"\s*(?:\+|(?:or|and) (?:more|over|above|longer|larger|bigger)|at least|oder mehr|und mehr"
        r"|oder länger|oder gr(?:ß|ss)er|mindestens|或?以上)"
    ),
}
_REACH = 40
"""Characters before a number in which its "under" or "at least" stands."""

# "Under 20 pounds" is a price, unless a weight is spoken of.
_OF_WEIGHT = bounded(
    r"\b(?:weigh\w{0,3}|weight|light|lighter|lightweight|heavy|heavier|lift\w{0,3}|carr(?:y|ies|ying)"
    r"|holds?|supports?|load|dogs?|cats?|pupp(?:y|ies)|kittens?|bab(?:y|ies)|toddlers?|dumbbells?"
    r"|kettlebells?|barbells?|sack|body|per bag|kg|kilos?|ounces?|lbs?)\b"
)
# "For up to 200 EUR in coins": what is kept in it, and not what it costs.
_OF_MONEY = bounded(
    r"\s?(?:(?:in|of|worth of|an) (?:\w+ )?(?:coins?|cash|notes|bills|change|money|savings"
    r"|münzen|scheinen|bargeld|kleingeld)|worth\b|vouchers?|gift cards?|gutschein"
    r"|的?(?:硬币|零钱|现金|纸币|购物卡|代金券))"
)
_PEOPLE = bounded(
    r"[\s-]?(?:people|persons?|players?|guests|adults|campers|of us|personen|spieler|leute|gäste"
    r"|个?人)(?![a-z])"
)
_OR = r"\s?(?:\bor\b|\boder\b|\bbis\b|\bto\b|/|-|–|~|或者?|到|至)\s?"
_AND = r"\s?(?:\band\b|\bund\b|&|,|和|、)\s?"
_ALTERNATIVE, _ALSO = bounded(_OR), bounded(_AND)
_ONE_SIZE = r"(?:\d{2}(?!\d|[.,]\d)|xxs|xs|s|m|l|xl|xxl|xxxl)"
_SIZE = bounded(
    rf"(?:\bsizes?|\bgrö(?:ß|ss)en?|尺码)\s?(?P<a>{_ONE_SIZE})(?:{_OR}(?P<b>{_ONE_SIZE}))?(?![\w-])"
    rf"|(?P<c>\d{{2}})(?:{_OR}(?P<d>\d{{2}}))?\s?码"
)
_NAMED = {
    "length": bounded(r"\b(?:long|longer|length|shorter)\b|\blänge\w?\b|\blang\b|\bkürzer\b|长|短"),
    "width": bounded(r"\b(?:wide|wider|width|narrower|breit\w{0,2}|schmaler)\b|宽"),
    "height": bounded(r"\b(?:high|higher|tall|taller|height|hoch|höhe\w?|lower|niedriger)\b|高"),
    "depth": bounded(r"\b(?:deep|deeper|depth|tief\w{0,2})\b|深"),
    "diameter": bounded(r"\b(?:diameter|durchmesser)\b|直径"),
    "thickness": bounded(r"\b(?:thick|thicker|thickness|thinner|dick\w{0,2}|dünner)\b|厚"),
    "weight": bounded(
        r"\b(?:weigh\w{0,3}|weight|light|lighter|heavy|heavier|gewicht|wieg\w{1,3}|leicht\w{0,2}"
        r"|schwer\w{0,2})\b|重|轻"
    ),
    "cable": bounded(r"\b(?:cable|cord|lead|\w{0,20}kabel)\b|线"),
    "hose": bounded(r"\b(?:hose|\w{0,20}schlauch)\b|管"),
}
"""Words that name an attribute whose unit many others have as well."""

_BEHIND_NAME = bounded(r"\s?(?:in |an |of )?([^\W\d_]+)")
_CLAUSE = bounded(r"[,;.，；。]")
_FOR = bounded(r"\b(?:for|für|of|von|with|mit)\b|给")
_LIVING = bounded(
    r"\b(?:dogs?|cats?|pupp(?:y|ies)|kittens?|child(?:ren)?|kids?|bab(?:y|ies)"
    r"|horses?|rabbits?|\w{0,20}hunde?n?|\w{0,20}katzen?|kind(?:er)?)\b|[狗猫犬孩宝]"
)
_FREEZING = bounded(r"\b(?:freezing|frost)\b|gefrierpunkt|零度|冰点", re.IGNORECASE)
_DEGREES = bounded(r"(?<!\w)(-?\d{1,2})\s?(?:°\s?c\b|degrees\b|grad\b|度)", re.IGNORECASE)

# "no more than", "no longer", "no wider than" are of limits; "no idea" of nobody.
_NO_REFUSAL = r"(?!\w{2,20}er than\b|more|longer|less|idea|matter|problem|one|need|hurry|wonder)"
# "does not let ink through" refuses no letting: such verbs say nothing alone.
_NO_VERB = (
    "(?!too|only|just|let|have|need|want|make|get|use|take|know|work|look|contain|include|like|be"
    "|zu|nur|mehr|so|enthalten|haben)"
)
# What the product does not do: "which does not tick". With another subject it is the shopper, or
# whoever they tell of: "I cannot sleep", "my son does not eat fish".
_OF_PRODUCT = r"(?:^|[,;.]\s?|\b(?:that|which|it|and|but|should|must)\s)"
_DOES_NOT = (
    r"(?:(?:does|will|should) ?n[o']t|won't|never"
    r"|(?<=that |hich )(?:do ?n[o']t|can ?no?'?t|cannot))"
)
# "I have no oven", "a flat without a garden": what is missing there is not refused.
_HAS_NOT = (
    r"(?<!\bhave )(?<!\bhas )(?<!\bhad )(?<!\bgot )(?<!\bthere is )(?<!\bthere are )(?<!there's )"
    r"(?<!\bhabe )(?<!\bhat )(?<!\bhaben )(?<!\bhabe leider )(?<!\bhaben leider )(?<!\bgibt es )"
)
_PLACE = "flat apartment house home room bathroom kitchen office wohnung zimmer küche bad haus büro"
_NOT_OF_PLACE = "".join(
    rf"(?<!\b{place} )(?<!\b{place} with )(?<!\b{place} mit )" for place in _PLACE.split()
)
_WHOLLY = bounded(
    rf"\b{_HAS_NOT}{_NOT_OF_PLACE}"
    rf"(?:no {_NO_REFUSAL}|without (?:any |an? |the )?|free (?:of|from) )(?P<a>[a-z]{{3,40}})"
    r"|\b(?P<b>[a-z]{3,40})-free\b"
    rf"|{_OF_PRODUCT}{_DOES_NOT} {_NO_VERB}(?P<c>[a-z]{{3,40}})"
    rf"|{_OF_PRODUCT}{_DOES_NOT} (?:contain|include|have|use|need) "
    r"(?:any |an? )?(?P<i>[a-z]{3,40})"
    rf"|\b{_HAS_NOT}{_NOT_OF_PLACE}"
    r"(?:ohne (?:ein\w{0,2} |jede\w? )?|kein\w{0,2} )(?P<d>[a-zäöü]{3,40})"
    rf"|(?:^|,\s?(?:der|die|das|sie|er|es)\s|\b(?:soll|darf)\s)nicht "
    rf"{_NO_VERB}(?P<e>[a-zäöü]{{4,40}})(?! k(?:ann|önnen))\b"
    # "Thick and not glossy": what stands at the end of a clause is how it must not be.
    rf"|(?:\b(?:and|but) |, )not {_NO_VERB}(?P<j>[a-z]{{4,40}})(?=[,.;]|$)"
    rf"|(?:\b(?:und|aber) |, )nicht {_NO_VERB}(?P<k>[a-zäöü]{{4,40}})(?=[,.;]|$)"
    r"|\b(?P<f>[a-zäöü]{4,40}?)-?freie?[nrms]?\b"
    r"|(?<![我们家里])(?:不要有|不要(?!太|超)|不含|无(?![线绳人论数限疑缝痕比忧需须])|没有)"
    r"(?!.{0,6}(?:怎么|也能|能不能|可以))(?P<g>[\u4e00-\u9fff]{1,3})"
    r"|(?<![我们家他她睡吃看听喝穿买用坐站分])(?<!孩子)(?<!宝宝)(?<!妈妈)(?<!爸爸)(?<!老人)"
    r"(?:不会|不容易|不)(?![爱要含太用知是想超到少锈仅只但光同分错过断论管必需多高低大小长短喝吃能可])(?P<h>[\u4e00-\u9fff]{2})"
)
_PARTLY = bounded(
    r"\b(?:not too|nicht zu) (?P<a>[a-zäöü]{3,40})|(?:不要太|别太|不太)(?P<b>[\u4e00-\u9fff]{1,3})"
)


@dataclass(frozen=True, slots=True)
class RefusedWords:
    """What the shopper does not want, folded: ``wholly``, or too much of it ("not too dark")."""

    word: str
    wholly: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """A measure that a request names.

    Attributes:
        text: as it stands there.
        values: in the unit, several where one of them would do ("two or three people").
        unit: as :mod:`llmrec.explain.numbers` names it, or ``people``, ``size``, ``°c``.
        bound: ``most``, ``least``, or ``exact`` where no word before or behind sets one.
        of: the attribute that a word beside it names: of "30 cm wide" the width.
        is_for: whether it is of what the thing is for: "food for dogs under 10 kg".
    """

    text: str
    values: tuple[Decimal, ...]
    unit: str
    bound: str = "exact"
    of: str = ""
    is_for: bool = False


@dataclass(frozen=True, slots=True)
class _FigureRead:
    """A number of a folded question with its unit; ``start`` and ``end`` are places there."""

    start: int
    end: int
    value: Decimal
    unit: str | None
    values: tuple[Decimal, ...] = ()


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
        end = number.start + len(number.text)
        is_price = number.currency is not None and number.currency == request.item.currency
        if "pound" in number.text and _OF_WEIGHT.search(query):
            is_price = False
        if _OF_MONEY.match(query, end):
            is_price = False
        if is_price and _bound(query, number.start, end) == "most" and len(number.readings) == 1:
            return next(iter(number.readings))
    return None


@lru_cache(maxsize=256)
def measure_wishes(question: str) -> tuple[Wish, ...]:
    """Measures of a question in their order.

    >>> [(wish.text, wish.bound) for wish in measure_wishes("kettle, at least 1.5 litres")]
    [('1.5 litres', 'least')]
    >>> [(wish.unit, *map(int, wish.values)) for wish in measure_wishes("size 44, 2 or 3 people")]
    [('people', 2, 3), ('size', 44)]
    """
    return tuple(_measure_wishes(question))


def _measure_wishes(question: str) -> Iterator[Wish]:
    text = fold(question)
    before = 0
    for measure in _joined(list(_measures(text)), text):
        if measure.unit is None:
            continue
        named, end = _attribute_beside(text, before, measure)
        words = text[measure.start : measure.end]
        clause = _CLAUSE.split(text[before : measure.start])[-1]
        yield Wish(
            words,
            measure.values,
            measure.unit,
            _bound(text, measure.start, measure.end),
            named,
            bool(_FOR.search(clause) or _LIVING.search(text)),
        )
        before = end
    if size := _SIZE.search(text):
        names = [name.upper() for name in (size[group] for group in "abcd") if name]
        words = names[0] if len(names) == 1 else size[0].split(maxsplit=1)[-1]
        yield Wish(words, tuple(map(_size_value, names)), "size")
    if cold := _DEGREES.search(question):
        yield Wish(cold[0], (Decimal(cold[1]),), "°c")
    elif freezing := _FREEZING.search(question):
        yield Wish(freezing[0], (Decimal(0),), "°c")


def _measures(text: str) -> Iterator[_FigureRead]:
    """The numbers that are no prices, in their order; ``unit`` is None where none is behind."""
    for number in sorted(numbers_in(text), key=lambda number: number.start):
        if len(number.readings) != 1 or number.currency:
            continue
        value, end = next(iter(number.readings)), number.start + len(number.text)
        if people := _PEOPLE.match(text, end):
            yield _FigureRead(number.start, end + len(people[0].rstrip()), value, "people")
        elif number.unit != "°c":
            yield _FigureRead(number.start, end, value, number.unit)


def _joined(measures: list[_FigureRead], text: str) -> Iterator[_FigureRead]:
    """Measures of one unit that an "or" joins as one; a bare number has the unit behind it."""
    group: list[_FigureRead] = []
    for measure in measures:
        between = text[group[-1].end : measure.start] if group else ""
        last = group[-1].unit if group else None
        is_or = bool(_ALTERNATIVE.fullmatch(between)) and last in (None, measure.unit)
        is_and = bool(_ALSO.fullmatch(between)) and last is not None and last == measure.unit
        if group and not (is_or or is_and):
            yield _of_group(group)
            group = []
        group.append(measure)
    if group:
        yield _of_group(group)


def _of_group(group: list[_FigureRead]) -> _FigureRead:
    first, last = group[0], group[-1]
    values = tuple(measure.value for measure in group)
    return _FigureRead(first.start, last.end, first.value, last.unit, values)


def _attribute_beside(text: str, before: int, measure: _FigureRead) -> tuple[str, int]:
    """The attribute that a word beside a measure names, and where the words of it end.

    A word behind ("30 cm wide") counts before one that stands before ("width under 30 cm").
    """
    behind = _BEHIND_NAME.match(text, measure.end)
    end = behind.end() if behind else measure.end
    clause = text[before : measure.start]
    names = [name for name, words in _NAMED.items() if behind and words.fullmatch(behind[1])]
    places = {
        name: max(match.start() for match in words.finditer(clause))
        for name, words in _NAMED.items()
        if words.search(clause)
    }
    # Of "a cable at least 2 m long" the cable is the attribute.
    part = next((name for name in ("cable", "hose") if name in places), "")
    nearest = max(places, key=places.__getitem__) if places else ""
    return part or next(iter(names), nearest), end


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
def refusals(question: str) -> tuple[RefusedWords, ...]:
    """What the shopper does not want: the word behind "no", "ohne", "不要太".

    >>> [(one.word, one.wholly) for one in refusals("snack, no nuts please, not too sweet")]
    [('nuts', True), ('sweet', False)]
    """
    text = fold(question)
    return tuple(
        dict.fromkeys(
            RefusedWords(next(group for group in match.groups() if group), wholly)
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


def _bound(text: str, start: int, end: int) -> str:
    """How the words before and behind a number at these places of a text bind it."""
    if match := _BEFORE.search(text[max(0, start - _REACH) : start]):
        is_denied = match["not"] is not None
        if match["most"] or (match["smaller"] and not is_denied) or (match["larger"] and is_denied):
            return "most"
        return "least"
    return next((bound for bound, what in _BEHIND.items() if what.match(text, end)), "exact")
