"""Ages in a question and in a product's fields, in months, so that both can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmrec.linear import composed
from llmrec.types import Item, Language

__all__ = ["AgeRange", "WantedAge", "age_range", "is_age_field", "range_in", "wanted_age"]

_ENGLISH_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
_GERMAN_NUMBERS = "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
_NUMBERS = {
    word: number
    for words in (_ENGLISH_NUMBERS.split(), _GERMAN_NUMBERS.split(), "一二三四五六七八九十")
    for number, word in enumerate(words, start=1)
} | {"两": 2}
_SPOKEN = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_COUNT = rf"(\d{{1,3}}|{_SPOKEN})"
_ENGLISH = re.compile(rf"(?<![\w.]){_COUNT}[\s-](year|month)s?[\s-]olds?\b|\b(newborn)s?\b")
_AGED = re.compile(rf"\baged? (?:of )?{_COUNT}(?![\w.-])(?:\s(months?))?")
_GERMAN = re.compile(
    rf"(?<![\w.]){_COUNT}-?\s?jährig|\b{_COUNT} jahre? alt\b|\b{_COUNT} (monate) alt\b"
)
_CHINESE = re.compile(rf"{_COUNT}\s?(?:周?岁|歲)|{_COUNT}\s?个月大?的?(?:宝宝|婴儿)")
_BOUND = re.compile(
    # Bounded on both sides: no age has more figures, and a row of them is looked at once.
    r"(?<!\d)(\d{1,3}(?:[.,]\d{1,2})?)\s{0,2}(?:[-–]|to|bis|至|到)?\s{0,2}"
    r"(\d{1,3}(?:[.,]\d{1,2})?)?\s{0,2}(months?|monate?n?|个月|years?|jahre?n?|岁)"
)
_ADULT = 18 * 12
_NEWBORN = 1
_FIELDS = frozenset({"age", "alter", "年龄", "recommended age", "适用年龄"})
_NO_END = 100 * 12
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
    """Whose age a question says: ``months`` old, ``years`` where it was said in years."""

    months: int
    years: int | None = None

    @property
    def last(self) -> int:
        """The most months that somebody of this age can be old."""
        return self.months + (11 if self.years is not None else 0)

    def phrase(self, language: Language) -> str:
        """As a sentence names it.

        >>> WantedAge(24, 2).phrase("en"), WantedAge(96, 8).phrase("de"), WantedAge(8).phrase("zh")
        ('a two-year-old', '8-Jährige', '8 个月')
        """
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
        return _RANGES[language][kind, unit].format(low=low, high=high)

    def fits(self, age: WantedAge) -> bool:
        """Whether everybody of that age is in it; somebody is one year old for twelve months."""
        return self.low <= age.months and age.last <= self.high

    def breaks(self, age: WantedAge) -> bool:
        """Whether nobody of that age is in it."""
        return age.last < self.low or self.high < age.months


def wanted_age(question: str) -> WantedAge | None:
    """The age that a question says, if it says a single one.

    >>> wanted_age("a toy for my two-year-old"), wanted_age("shelf 80 cm")
    (WantedAge(months=24, years=2), None)
    """
    text = _fold(question)
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
    ages = []
    for match in _ENGLISH.finditer(text):
        if match[3]:
            ages.append(WantedAge(_NEWBORN))
        else:
            ages.append(_age(match[1], months=match[2] == "month"))
    ages += [_age(match[1], months=bool(match[2])) for match in _AGED.finditer(text)]
    for match in _GERMAN.finditer(text):
        ages.append(_age(match[1] or match[2] or match[3], months=bool(match[4])))
    ages += [_age(m[1] or m[2], months=bool(m[2])) for m in _CHINESE.finditer(text)]
    return ages


def _age(number: str, *, months: bool) -> WantedAge:
    value = _NUMBERS.get(number) or int(number)
    return WantedAge(value) if months else WantedAge(12 * value, value)


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
    unit = 1 if match[3].startswith(("month", "monat", "个月")) else 12
    first = round(float(match[1].replace(",", ".")) * unit)
    second = round(float(match[2].replace(",", ".")) * unit) if match[2] else None
    adult = _NO_END if re.search(r"adult|erwachsen|成人", folded) else None
    if second is not None:
        return AgeRange(first, second + (11 if unit == 12 else 0), name, text)
    if re.search(r"\b(?:birth|geburt|up to|bis|under|unter)\b|以下|以内", folded[: match.start()]):
        return AgeRange(0, first, name, text)
    return AgeRange(first, adult or _NO_END, name, text)


def _article(word: str) -> str:
    return "an" if re.match(r"(?:8|11|18|eight|eleven)", word) else "a"


def _fold(text: str) -> str:
    return " ".join(composed(text, "NFKC").casefold().split())
