"""Ages in a question and in a product's fields, in months, so that both can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmrec.linear import composed
from llmrec.types import Item, Language

__all__ = [
    "AgeRange",
    "WantedAge",
    "age_range",
    "is_age_field",
    "is_ripened",
    "range_in",
    "wanted_age",
]

_ENGLISH_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
_GERMAN_NUMBERS = "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
_CHINESE_NUMBERS = "一二三四五六七八九十"
_NUMBERS = {
    word: number
    for words in (_ENGLISH_NUMBERS.split(), _GERMAN_NUMBERS.split(), _CHINESE_NUMBERS)
    for number, word in enumerate(words, start=1)
} | {"两": 2}
_SPOKEN = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_COUNT = rf"(\d{{1,3}}|{_SPOKEN})"
# Not the end of a fraction ("1 1/2"), of a longer number ("1.5") or of a word ("thirty-two").
_COUNTS = (
    rf"(?<![\w./⁄-])(?:{_COUNT}[\s-]{{0,2}}(?:[-–]|to|and|or|bis|und|oder)[\s-]{{0,2}})?{_COUNT}"
)
_UNITS = "一二两三四五六七八九"
_CHINESE_COUNT = rf"(\d{{1,3}}|[{_UNITS}]?十[{_UNITS}]?|[{_UNITS}])"
_CHINESE_COUNTS = (
    rf"(?<![\d.百千零十{_UNITS}])(?:{_CHINESE_COUNT}岁?\s?[-–~到至]\s?)?{_CHINESE_COUNT}\s?"
)
_IN_YEARS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_COUNTS}[\s-]years?[\s-]olds?\b",
        rf"\bage[ds]? (?:of )?{_COUNTS}(?![\w.-]|\smonth)",
        rf"{_COUNTS}-?\s?jährig",
        rf"{_COUNTS} jahre? alt(?:e[mnrs]?)?\b",
        rf"{_CHINESE_COUNTS}(?:周?岁|歲)",
    )
)
_IN_MONTHS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_COUNTS}[\s-]months?[\s-]olds?\b",
        # "Aged 12-18 months" is said of cheese.
        rf"\bage[ds]? ()(?:of )?{_COUNT} months?\b",
        rf"{_COUNTS} monate? alt(?:e[mnrs]?)?\b",
        rf"{_CHINESE_COUNTS}个月大?的?(?:宝宝|婴儿)",
    )
)
# What is sold by its own age: "a 12 year old whisky for my son" says nothing of the son's.
_RIPENED = (
    r"(?:whiske?y|scotch|bourbon|rum|cognac|brandy|sherry|port(?:wein)?|(?:rot|weiss|weiß)?wein|wine"
    r"|cheese|käse|gouda|cheddar|parmesan|vinegar|essig|balsam\w*|pu-?erh?|grappa|威士忌|白酒|红酒|黄酒"
    r"|陈醋|普洱|奶酪)"
)
_OF_RIPENED = re.compile(
    rf"(?:e[nrsm]?)?[\s,-]{{0,2}}的?"
    rf"(?:(?!who\b|for\b|für\b|and\b|boy|girl|child|kid)[^\W\d_-]{{1,20}}[\s-]){{0,2}}{_RIPENED}(?![a-zäöüß-])"
)
_NEWBORNS = re.compile(r"\bnewborns?\b")
_AND_A_HALF = re.compile(r"(?<![\w.,/])(\d{1,2})(?:\s?1/2|[.,]5)([\s-]?)(year|jahr)")
_UNIT = r"(months?|monate?n?|个月|years?|jahre?n?|岁)"
_BOUND = re.compile(
    # Bounded on both sides: no age has more figures, and a row of them is looked at once.
    rf"(?<!\d)(\d{{1,3}}(?:[.,]\d{{1,2}})?)\s{{0,2}}"
    rf"(?:{_UNIT}?\s{{0,2}}(?:[-–]|to|bis|至|到)\s{{0,2}}(\d{{1,3}}(?:[.,]\d{{1,2}})?))?"
    rf"\s{{0,2}}(?:[-–]\s?)?{_UNIT}"
)
_UNDER = re.compile(
    r"\b(?:birth|geburt|up to|bis|under|unter|below|younger than|jünger als|at most|höchstens"
    r"|max\.?|maximal|maximum)(?!\w)|最多|不超过"
)
# "12 years and under", who is twelve included.
_AND_UNDER = re.compile(
    r"\s?(?:old\s)?(?:(?:and|or|&|und|oder)\s(?:under|younger|below|less|jünger|darunter|weniger)\b"
    r"|max(?:imum|imal)?\b|[及或]?以[下内])"
)
_NOT_FOR = re.compile(r"\b(?:not|never|unsuitable|nicht|kein\w*|ungeeignet)\b|[不勿禁]")
_ADULT = 18 * 12
_NEWBORN = 1
_FIELDS = frozenset({"age", "alter", "年龄", "recommended age", "适用年龄"})
_NO_END = 100 * 12
_PLURAL = re.compile(r"\b(year|month|Jahr|Monat)(?:s|e?n?)$")
_RANGES: dict[Language, dict[tuple[str, int], str]] = {
    "en": {
        ("from", 12): "from {low} years",
        ("to", 12): "up to {high} years",
        ("both", 12): "{low}-{high} years",
        ("from", 1): "from {low} months",
        ("to", 1): "up to {high} months",
        ("both", 1): "{low}-{high} months",
    },
    "de": {
        ("from", 12): "ab {low} Jahren",
        ("to", 12): "bis {high} Jahre",
        ("both", 12): "{low}-{high} Jahre",
        ("from", 1): "ab {low} Monaten",
        ("to", 1): "bis {high} Monate",
        ("both", 1): "{low}-{high} Monate",
    },
    "zh": {
        ("from", 12): "{low} 岁以上",
        ("to", 12): "{high} 岁以下",
        ("both", 12): "{low}-{high} 岁",
        ("from", 1): "{low} 个月以上",
        ("to", 1): "{high} 个月以下",
        ("both", 1): "{low}-{high} 个月",
    },
}


@dataclass(frozen=True, slots=True)
class WantedAge:
    """Whose age a question says: ``months`` old, ``years`` where it was said in years.

    ``until`` is the upper end of several ages ("3 to 6 year olds"), in years where ``years`` is
    known and else in months.
    """

    months: int
    years: int | None = None
    until: int | None = None

    @property
    def last(self) -> int:
        """The most months that somebody of this age can be old."""
        if self.years is None:
            return self.until or self.months
        return 12 * (self.until or self.years) + 11

    def phrase(self, language: Language) -> str:
        """As a sentence names it.

        >>> WantedAge(24, 2).phrase("en"), WantedAge(96, 8).phrase("de"), WantedAge(8).phrase("zh")
        ('a two-year-old', '8-Jährige', '8 个月')
        """
        if self.until is not None:
            return self._several(language)
        if self.years is None:
            number = str(self.months)
            english = f"{_article(number)} {number}-month-old"
            return {"en": english, "de": f"{number} Monate alte Kinder", "zh": f"{number} 个月"}[
                language
            ]
        number = str(self.years)
        spoken = _ENGLISH_NUMBERS.split()
        word = spoken[self.years - 1] if self.years <= len(spoken) else number
        english = f"{_article(word)} {word}-year-old"
        return {"en": english, "de": f"{number}-Jährige", "zh": f"{number} 岁"}[language]

    def _several(self, language: Language) -> str:
        low, high = self.months if self.years is None else self.years, self.until
        if self.years is None:
            german = f"{low} bis {high} Monate alte Kinder"
            return {
                "en": f"{low}- to {high}-month-olds",
                "de": german,
                "zh": f"{low} 至 {high} 个月",
            }[language]
        return {
            "en": f"{low}- to {high}-year-olds",
            "de": f"{low}- bis {high}-Jährige",
            "zh": f"{low} 至 {high} 岁",
        }[language]


@dataclass(frozen=True, slots=True)
class AgeRange:
    """For whom a product is, in months; ``text`` as its field ``name`` says it."""

    low: int
    high: int
    name: str
    text: str

    @property
    def field(self) -> str:
        """As the evidence of words names it."""
        return f"attributes.{self.name}"

    def phrase(self, language: Language) -> str:
        """The range in words of a language.

        >>> AgeRange(36, 1200, "age", "from 3 years").phrase("de")
        'ab 3 Jahren'
        """
        unit = 12 if self.low >= 24 or (self.low % 12 == 0 and self.high >= 24) else 1
        low, high = -(-self.low // unit), self.high // unit
        kind = "from" if self.high >= _NO_END else "to" if self.low == 0 else "both"
        phrase = _RANGES[language][kind, unit].format(low=low, high=high)
        counted = {"from": low, "to": high, "both": high}[kind]
        return _PLURAL.sub(r"\1", phrase) if counted == 1 else phrase

    def fits(self, age: WantedAge) -> bool:
        """Whether everybody of that age is in it; somebody is one year old for twelve months."""
        return self.low <= age.months and age.last <= self.high

    def breaks(self, age: WantedAge) -> bool:
        """Whether nobody of that age is in it."""
        return age.last < self.low or self.high < age.months


def wanted_age(question: str) -> WantedAge | None:
    """The age that a question says, if it says a single one, or the span of several.

    >>> wanted_age("a toy for my two-year-old"), wanted_age("shelf 80 cm")
    (WantedAge(months=24, years=2, until=None), None)
    """
    # NFKC makes "1½" an 11 over 2.
    text = _AND_A_HALF.sub(_halves, _fold(question.replace("½", " 1/2")))
    ages = set(_ages(text))
    return ages.pop() if len(ages) == 1 else None


def age_range(item: Item) -> AgeRange | None:
    """For which ages a product is, by its attribute ``age``; of an animal's food nothing."""
    for name, values in item.attributes.items():
        if is_age_field(name) and len(values) == 1:
            return range_in(values[0], name)
    return None


def is_age_field(name: str) -> bool:
    """Whether an attribute of this name says for which ages a product is."""
    return _fold(name) in _FIELDS


def _ages(text: str) -> list[WantedAge]:
    ages = [WantedAge(_NEWBORN)] if _NEWBORNS.search(text) else []
    for patterns, months in ((_IN_YEARS, False), (_IN_MONTHS, True)):
        for pattern in patterns:
            ages += [
                _age(match[1], match[2], months=months)
                for match in pattern.finditer(text)
                if not _OF_RIPENED.match(text, match.end())
            ]
    return ages


def is_ripened(words: str) -> bool:
    """Whether words behind an age name what is sold by its own age.

    >>> is_ripened("single malt whisky for dad"), is_ripened("boy who likes cheese")
    (True, False)
    """
    return bool(_OF_RIPENED.match(_fold(words)))


def _age(low: str | None, high: str, *, months: bool) -> WantedAge:
    """One age, or the span from ``low`` to ``high`` where both are said in that order."""
    last = _number(high)
    first = min(_number(low), last) if low else last
    until = last if first < last else None
    return WantedAge(first, None, until) if months else WantedAge(12 * first, first, until)


def _number(text: str) -> int:
    """A number in figures, or spelt.

    >>> [_number(text) for text in ("12", "zwölf", "十", "十二", "二十五")]
    [12, 12, 10, 12, 25]
    """
    if text in _NUMBERS:
        return _NUMBERS[text]
    if "十" in text:
        tens, _, units = text.partition("十")
        return 10 * _NUMBERS.get(tens, 1) + _NUMBERS.get(units, 0)
    return int(text)


def _halves(match: re.Match[str]) -> str:
    """A year and a half as months, in the language of the text."""
    unit = "month" if match[3] == "year" else "monat"
    return f"{12 * int(match[1]) + 6}{match[2]}{unit}"


def range_in(text: str, name: str) -> AgeRange | None:
    """The ages that a text says, such as a value of the field ``name``; ``None`` without any.

    >>> found = range_in("Sleeping sack 6-18 months, 2.5 tog", "title")
    >>> found.low, found.high
    (6, 18)
    """
    folded = _fold(text)
    match = _BOUND.search(folded)
    if not match:
        return None
    first, second = _months(match[1], match[2] or match[4]), None
    if match[3]:
        # Who is three years old is so for twelve months.
        second = _months(match[3], match[4]) + (11 if _in_years(match[4]) else 0)
    adult = _NO_END if re.search(r"adult|erwachsen|成人", folded) else None
    if second is not None:
        return AgeRange(first, second, name, text)
    before, behind = folded[: match.start()], folded[match.end() :]
    # "Not for children under 3 years" is from three years on.
    if _UNDER.search(before) and not _NOT_FOR.search(before):
        return AgeRange(0, first, name, text)
    if _AND_UNDER.match(behind) and not _NOT_FOR.search(before):
        last = first + (11 if _in_years(match[4]) else 0)
        return AgeRange(0, last, name, text)
    return AgeRange(first, adult or _NO_END, name, text)


def _months(number: str, unit: str) -> int:
    return round(float(number.replace(",", ".")) * (12 if _in_years(unit) else 1))


def _in_years(unit: str) -> bool:
    return not unit.startswith(("month", "monat", "个月"))


def _article(word: str) -> str:
    return "an" if re.match(r"(?:8|11|18|eight|eleven)", word) else "a"


def _fold(text: str) -> str:
    return " ".join(composed(text, "NFKC").casefold().split())
