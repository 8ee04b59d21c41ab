"""What speaks against an item for this shopper, each in a sentence of ours that is said behind.

Only what a field says is held against what the request says: an age, a price, a measure, a word
that a field denies, a word that the shopper refuses. Where it is not certain, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from llmrec.catalog.tokens import tokens
from llmrec.explain.choice import question_words
from llmrec.explain.denials import affirmed_part, affirms, denies, has_denial
from llmrec.explain.facts import fold, short_title
from llmrec.explain.field_values import is_readable, price_in, value_in
from llmrec.explain.from_fields import item_language
from llmrec.explain.leads import Remark, age_text
from llmrec.explain.numbers import Number, numbers_in
from llmrec.explain.phrases import PHRASES, canonical
from llmrec.explain.punctuation import colon, with_stop
from llmrec.explain.requests import WordsRequest
from llmrec.explain.wishes import (
    RefusedWords,
    Wish,
    ages_of,
    measure_wishes,
    price_limit,
    refusals,
)
from llmrec.linear import bounded
from llmrec.prompting import one_line
from llmrec.types import EventKind, Item, Language

__all__ = ["objections_to"]

_SAYS: dict[Language, dict[str, str]] = {
    "en": {
        "young": "Not for {value} yet: {text}.",
        "old": "Not for {value} any more: {text}.",
        "stock": "Not in stock at the moment.",
        "above": "At {value} it is above your {limit}.",
        "cold": "{text}: cold for {value}.",
        "less": "{text}, less than {value}.",
        "more": "{text}, more than {value}.",
        "not": "{text}, not {value}.",
        "refused": "Not free of {value}: {text}.",
        "owned": "You have bought the {value} already.",
        "again": "You have bought it before.",
    },
    "de": {
        "young": "Noch nichts für {value}: {text}.",
        "old": "Nichts mehr für {value}: {text}.",
        "stock": "Zurzeit nicht auf Lager.",
        "above": "Mit {value} über deinen {limit}.",
        "cold": "{text}: bei {value} zu kalt.",
        "less": "{text}, weniger als {value}.",
        "more": "{text}, mehr als {value}.",
        "not": "{text}, nicht {value}.",
        "refused": "Nicht ohne {value}: {text}.",
        "owned": "„{value}“ hast du schon gekauft.",
        "again": "Das hast du schon einmal gekauft.",
    },
    "zh": {
        "young": "还不适合{value}：{text}。",
        "old": "不再适合{value}：{text}。",
        "stock": "暂时缺货。",
        "above": "售价 {value}，超出你的 {limit}。",
        "cold": "{text}：{value}时会冷。",
        "less": "{text}，不到 {value}。",
        "more": "{text}，超过 {value}。",
        "not": "{text}，不是 {value}。",
        "refused": "含{value}：{text}。",
        "owned": "你已经买过“{value}”。",
        "again": "你以前买过这件商品。",
    },
}
# Of a field, what a wish in this unit is held against, by the name in English. What a product
# weighs is no limit of what it carries, and a table is not as long as the room that it is for.
_FIELDS: dict[str, tuple[str, ...]] = {
    "l": ("capacity", "tank", "reservoir"),
    "kg": ("load", "weight"),
    "h": ("battery", "keeps warm", "burn time", "cold for", "run time"),
    "people": ("capacity", "players", "serves", "persons", "people", "sleeps"),
    "size": ("size",),
    "°c": ("comfort temperature",),
    "cm": ("length", "width", "height", "depth", "diameter", "thickness", "cable", "hose"),
    "w": ("power",),
    "lm": ("brightness",),
}
_BASE: dict[str, tuple[str, Decimal]] = {
    "ml": ("l", Decimal("0.001")),
    "g": ("kg", Decimal("0.001")),
    "min": ("h", Decimal(1) / 60),
    "day": ("h", Decimal(24)),
    "mm": ("cm", Decimal("0.1")),
    "m": ("cm", Decimal(100)),
}
# An exact number is a wish of these; of others it may be of the place that the thing is for.
_EXACT = {
    "capacity": "least",
    "tank": "least",
    "reservoir": "least",
    "load": "most",
    "battery": "least",
    "keeps warm": "least",
    "burn time": "least",
    "cold for": "least",
    "players": "inside",
    "serves": "least",
    "persons": "least",
    "people": "least",
    "sleeps": "least",
    "size": "inside",
    "comfort temperature": "warmer",
}
_OF_THE_THING = frozenset({"mm", "gb", "tb", "mah", "v"})
"""Units in which a number names the thing that is wanted, and not its place or its content."""

_NAMED = frozenset({"length", "width", "height", "depth", "diameter", "thickness", "cable", "hose"})
"""Attributes that a wish is of only where a word beside its number names them."""

_NEAR = Decimal("0.05")
"""What is less by so small a part is called the same: 0.98 litres are a litre."""

_RANGE = bounded(r"(?<![\d.,-])(-?\d+(?:[.,]\d+)?)\s?[-–]\s?(\d+(?:[.,]\d+)?)")
_TIMES = bounded(r"(\d{1,3})\s?[x×]\s?(?=\d)")
_UP_TO = bounded(r"\b(?:up to|bis|max\.?)\s|最多|以下")
_FROM = bounded(r"\d\s?\+|\b(?:from|ab|at least|min\.?|mindestens|or more|oder mehr)\b|至少|以上")
_OF_PEOPLE = bounded(
    r"people|person|player|spieler|leute|gäste|guests|人|^(?:ab|from|up to|bis)?[\d\s–+-]+$"
)
_PARTS = bounded(r"\s?(?:[,;(，；（]|\band\b|\bund\b)(?!\d)\s?")
# How long it takes to fill a battery is not how long it lasts.
_CHARGES = bounded(r"charg|lädt|lade|充电")
_MEMORY = bounded(
    r"\s?(?:of\s)?(ram|ssd|hdd|emmc|storage|memory|speicher|arbeitsspeicher|内存|硬盘)\b"
)
_LETTERS = bounded(r"\b(?:XXXL|XXL|XL|XXS|XS|S|M|L)\b")
_LETTER_ORDER = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL")
_NONE = bounded(
    r"(?:no|none|nein|kein\w*|ohne|nil|zero|0(?:\s?\D{0,3})?|false|free|无|否|不含|没有)\b.*|[无否].*|不含.*"
    r"|.*(?:-free|frei)",
    re.IGNORECASE,
)
_SAME_THING = 0.6
"""Of the words of two titles, without numbers, that both have: a groundsheet for two-person tents
is no two-person tent."""


def objections_to(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """What the item's fields say against it for this shopper, each in a sentence."""
    says, item = _SAYS[language], request.item
    age, ages = ages_of(request)
    if age and ages and ages.breaks(age):
        pattern = says["young" if age.last < ages.low else "old"]
        text = pattern.format(value=age.phrase(language), text=age_text(item, ages, language))
        yield Remark(text, (ages.field,))
    limit = price_limit(request)
    if limit is not None and item.price is not None and item.price > limit:
        value, most = (price_in(price, item.currency, language) for price in (item.price, limit))
        yield Remark(says["above"].format(value=value, limit=most), ("price",))
    yield from _of_fields(request, language)
    measures = list(_of_measures(request, language))
    yield from measures or _of_title(request, language)
    yield from _owned(request, language)
    if item.stock is not None and item.stock <= 0:
        yield Remark(says["stock"], ("stock",))


def _of_fields(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """A field that denies a word of the question, or has what the shopper refuses."""
    query = request.query or ""
    refused = refusals(query)
    asked = question_words(affirmed_part(query), request.item.title)
    for name, values in request.item.attributes.items():
        text, joined = _field_text(request.item, name, language), ", ".join(values)
        if not text:
            continue
        refusal = next((one for one in refused if _has(name, joined, one)), None)
        if denies(joined, asked) or (refusal and not refusal.wholly):
            yield Remark(with_stop(text, language), (f"attributes.{name}",))
        elif refusal:
            said = {"value": _as_written(query, refusal.word)}
            said["text"] = text.partition(colon(language))[2]
            yield Remark(_SAYS[language]["refused"].format(**said), (f"attributes.{name}",))


def _has(name: str, value: str, refusal: RefusedWords) -> bool:
    """Whether a field has what is refused: "caffeine: high", "allergens: peanuts"."""
    if _NONE.fullmatch(fold(value)) or has_denial(value):
        return False
    of_name = refusal.wholly and canonical(refusal.word) == canonical(fold(name))
    return of_name or affirms(value, tokens(refusal.word))


def _of_measures(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """A measure of the item that is not what was asked for; of each field one."""
    query = request.query or ""
    seen: set[str] = set()
    for wish in measure_wishes(query):
        unit, factor = _BASE.get(wish.unit, (wish.unit, Decimal(1)))
        for name in request.item.attributes:
            key = canonical(fold(name))
            if key not in _FIELDS.get(unit, ()) or name in seen:
                continue
            kind = _broken(request.item, name, wish, unit, factor)
            text = _field_text(request.item, name, language)
            if kind and text:
                seen.add(name)
                value = _as_written(query, wish.text)
                yield Remark(
                    _SAYS[language][kind].format(text=_in_a_clause(text, kind), value=value),
                    (f"attributes.{name}",),
                )


def _of_title(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """The one measure of a title that is another than was asked for: a line of 0.7 mm for 0.5."""
    query = request.query or ""
    title = fold(request.item.title)
    numbers = [number for number in numbers_in(title) if len(number.readings) == 1]
    wishes = measure_wishes(query)
    for wish in wishes:
        same = [number for number in numbers if number.unit == wish.unit]
        if wish.bound != "exact" or wish.unit not in _OF_THE_THING or len(same) != 1:
            continue
        # Of "16 GB of RAM and 512 GB" nobody can tell which one a title names.
        if sum(other.unit == wish.unit for other in wishes) > 1 or _other_memory(
            wish, fold(query), same[0], title
        ):
            continue
        named = next(iter(same[0].readings))
        if all(abs(named - value) > _NEAR * value for value in wish.values):
            asked = _as_written(query, wish.text)
            shown = _as_written(request.item.title, same[0].text)
            text = _SAYS[language]["not"].format(text=shown, value=asked)
            yield Remark(text, ("title",))


def _other_memory(wish: Wish, query: str, number: Number, title: str) -> bool:
    """Whether one is of the working memory and the other of the disk, or nobody can tell."""
    asked = _MEMORY.match(query, query.find(wish.text) + len(wish.text))
    named = _MEMORY.match(title, number.start + len(number.text))
    return (asked and asked[1]) != (named and named[1])


def _bound_of(wish: Wish, key: str) -> str:
    """How a wish binds a field; empty where nobody can tell that it is of that field."""
    if key in _NAMED and (wish.bound == "exact" or wish.of != key):
        return ""
    if wish.bound == "exact":
        return _EXACT.get(key, "")
    # "carries at least 20 kg" is of the load, "under 2 kg" of the weight.
    if key in ("load", "weight") and (wish.bound == "most") != (key == "weight"):
        return ""
    if key == "weight" and wish.is_for and wish.of != "weight":
        return ""
    # Nobody wants less of what lasts: "dinner in at most 30 minutes" is not of the battery.
    if wish.bound == "most" and key in _FIELDS["h"]:
        return ""
    return wish.bound


def _broken(item: Item, name: str, wish: Wish, unit: str, factor: Decimal) -> str:
    """How a field breaks a wish, whichever of its values is meant; empty where one would do."""
    bound = _bound_of(wish, canonical(fold(name)))
    kinds = [
        bound and _breaks(item, name, wish, unit, value * factor, bound) for value in wish.values
    ]
    if not all(kinds):
        return ""
    return kinds[0] if len(set(kinds)) == 1 else "not"


def _breaks(item: Item, name: str, wish: Wish, unit: str, value: Decimal, bound: str) -> str:
    """How the sentence says that a field does not keep to a wish; empty where it does."""
    span = _span(item.attributes[name], unit)
    if span is None:
        return ""
    low, high = span
    if bound == "warmer":
        return "cold" if high is not None and high > value else ""
    if bound == "inside":
        outside = (low is not None and value < low) or (high is not None and value > high)
        return "not" if outside else ""
    if bound == "most" and canonical(fold(name)) == "load":
        return "less" if high is not None and high < value else ""
    if bound == "most":
        return "more" if low is not None and low > value * (1 + _NEAR) else ""
    # What is counted is no near match: twenty people are not twenty-one.
    near = Decimal(0) if wish.unit == "people" else _NEAR
    small = high is not None and high < value * (1 - near)
    return ("not" if wish.unit == "people" else "less") if small else ""


_Span = tuple[Decimal | None, Decimal | None]


def _span(values: tuple[str, ...], unit: str) -> _Span | None:
    """The least and the most that a field says, in a unit; none where it says several things."""
    if len(values) != 1:
        return _letters_span(" ".join(values)) if unit == "size" else None
    if unit == "size" and (letters := _letters_span(values[0])):
        return letters
    parts = [part for part in _PARTS.split(fold(values[0])) if not _CHARGES.search(part)]
    spans = [span for part in parts if (span := _span_in(part, unit))]
    # "2-4, best with 3": the first is what a count of people is told by.
    if len(spans) > 1 and unit != "people":
        return None
    if any(map(_UP_TO.search, parts[1:])):  # "2-4, up to 6 with the expansion"
        return None
    return spans[0] if spans else None


def _span_in(text: str, unit: str) -> _Span | None:
    """That of one part of a field: "2-4", "up to 7 kg", "2 x 750 ml", "ab 2"."""
    numbers = [number for number in numbers_in(text) if len(number.readings) == 1]
    if unit in ("people", "size"):
        fitting = [number for number in numbers if number.unit is None or number.unit == unit]
        if unit == "people" and not _OF_PEOPLE.search(text):
            return None
    else:
        fitting = [
            number for number in numbers if _BASE.get(number.unit or "", (number.unit,))[0] == unit
        ]
    between, times = _RANGE.search(text), _TIMES.search(text)
    if not fitting or (len(fitting) > 1 and not between):
        return None
    factor = _BASE.get(fitting[-1].unit or "", (unit, Decimal(1)))[1]
    if between:
        low, high = (Decimal(side.replace(",", ".")) * factor for side in between.groups())
        return low, high
    value = next(iter(fitting[-1].readings)) * factor
    if times:  # two of 750 ml: each of them, or both
        return value, value * int(times[1])
    if unit == "°c" and re.search(r"-\s?\d", text):
        value = -abs(value)
    if _FROM.search(text):
        return value, None
    return (None if _UP_TO.search(text) else value), value


def _letters_span(text: str) -> tuple[Decimal, Decimal] | None:
    places = [Decimal(_LETTER_ORDER.index(one)) for one in _LETTERS.findall(text)]
    return (min(places), max(places)) if places else None


def _owned(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """That the shopper has bought it, or another size or colour of it."""
    says, item = _SAYS[language], request.item
    for entry, other in reversed(request.history):
        if other is None or entry.kind is not EventKind.PURCHASE or not entry.stated:
            continue
        if other.id == item.id:
            yield Remark(says["again"], (f"item:{other.id}",))
            return
        if _is_variant(item, other):
            title = short_title(other.title)
            named = title.removeprefix("The ") if language == "en" else title
            yield Remark(says["owned"].format(value=named), (f"item:{other.id}",))
            return


def _is_variant(item: Item, other: Item) -> bool:
    """Whether two products are one in other sizes or colours, by brand, category and title."""
    same_brand = item.brand and fold(item.brand) == fold(other.brand or "")
    if not same_brand or item.category != other.category:
        return False
    first, second = (
        [word for word in tokens(one.title) if not re.search(r"\d", word)] for one in (item, other)
    )
    shared, either = set(first) & set(second), set(first) | set(second)
    return len(shared) >= max(2, _SAME_THING * len(either)) and first[0] == second[0]


def _field_text(item: Item, name: str, language: Language) -> str:
    """A field with its name as a clause; empty where the language cannot say it."""
    written_in = item_language(item)
    label, value = name, value_in(", ".join(item.attributes[name]), language, written_in)
    if written_in != language:
        key = canonical(fold(name))
        label = PHRASES[language].names.get(key, key if language == "en" and key.isascii() else "")
        if not label or not is_readable(value, language):
            return ""
    else:
        label = PHRASES[language].names.get(canonical(fold(name)), name)
    label = one_line(label)
    return f"{label[:1].upper()}{label[1:]}{colon(language)}{value}"


def _in_a_clause(text: str, kind: str) -> str:
    """With its colon taken out where another one follows."""
    return re.sub(r"[:：]\s?", " ", text, count=1) if kind == "cold" else text


def _as_written(query: str, folded: str) -> str:
    """A folded piece of the question, or of a title, as it is written there."""
    place = query.lower().find(folded)
    return query[place : place + len(folded)] if place >= 0 else folded
