"""What stands before and behind a quotation: why it is for this shopper, and what does not fit.

A lead names what it stands on: an entry of the history, the shopper's limit, whom it is for. The
question itself is never repeated. What the product's fields say against it is said behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from llmrec.catalog.ages import AgeRange, WantedAge, age_range, wanted_age
from llmrec.catalog.tokens import tokens
from llmrec.explain.anchors import Anchor, history_anchor
from llmrec.explain.facts import fold
from llmrec.explain.field_values import is_readable, price_in, value_in
from llmrec.explain.from_fields import item_language
from llmrec.explain.numbers import numbers_in
from llmrec.explain.phrases import PHRASES, canonical
from llmrec.explain.requests import WordsRequest
from llmrec.prompting import one_line
from llmrec.types import Item, Language

__all__ = ["CAUTIONS", "Remark", "leads_for", "objections_to"]

CAUTIONS: dict[Language, tuple[str, ...]] = {
    "en": ("Worth knowing:", "Keep in mind:", "A word of care:", "Please note:"),
    "de": ("Gut zu wissen:", "Zu bedenken:", "Ein Hinweis:", "Bitte beachten:"),
    "zh": ("值得留意：", "提醒一下：", "请注意：", "购买前须知："),
}
"""Stand before a sentence that speaks against a product, which would pass for praise otherwise."""

_DONE: dict[Language, dict[str, str]] = {
    "en": {
        "purchase": "Because you bought {name}:",
        "view": "Because you looked at {name}:",
        "cart": "With {name} in your cart:",
        "rating": "Because you rated {name}:",
        "like": "Because you liked {name}:",
        "text": "Because you mentioned “{name}”:",
    },
    "de": {
        "purchase": "Weil du „{name}“ gekauft hast:",
        "view": "Weil du dir „{name}“ angesehen hast:",
        "cart": "Zu „{name}“ in deinem Warenkorb:",
        "rating": "Weil du „{name}“ bewertet hast:",
        "like": "Weil dir „{name}“ gefällt:",
        "text": "Weil du „{name}“ erwähnt hast:",
    },
    "zh": {
        "purchase": "因为你买过“{name}”：",
        "view": "因为你看过“{name}”：",
        "cart": "搭配购物车里的“{name}”：",
        "rating": "因为你评价过“{name}”：",
        "like": "因为你喜欢“{name}”：",
        "text": "因为你提到“{name}”：",
    },
}
_SAYS: dict[Language, dict[str, str]] = {
    "en": {
        "age": "For {value}:",
        "recipient": "For {value}:",
        "wish": "In {value}, as you wished:",
        "brand": "Also from {value}:",
        "limit": "Under {value}:",
        "young": "Not for {value} yet: {text}.",
        "old": "Not for {value} any more: {text}.",
        "stock": "Not in stock at the moment.",
        "above": "At {value} it is above your {limit}.",
        "cold": "{text}: cold for {value}.",
    },
    "de": {
        "age": "Für {value}:",
        "recipient": "Für {value}:",
        "wish": "In {value}, wie gewünscht:",
        "brand": "Auch von {value}:",
        "limit": "Unter {value}:",
        "young": "Noch nichts für {value}: {text}.",
        "old": "Nichts mehr für {value}: {text}.",
        "stock": "Zurzeit nicht auf Lager.",
        "above": "Mit {value} über deinen {limit}.",
        "cold": "{text}: bei {value} zu kalt.",
    },
    "zh": {
        "age": "适合{value}：",
        "recipient": "送给{value}：",
        "wish": "按你要的{value}：",
        "brand": "同样来自{value}：",
        "limit": "不到 {value}：",
        "young": "还不适合{value}：{text}。",
        "old": "不再适合{value}：{text}。",
        "stock": "暂时缺货。",
        "above": "售价 {value}，超出你的 {limit}。",
        "cold": "{text}：{value}时会冷。",
    },
}
_LOOKS = frozenset(
    {"colour", "color", "farbe", "颜色", "size", "größe", "尺码", "material", "材质"}
)
_BELOW = re.compile(
    r"(?:under|below|less than|cheaper than|up to|at most|max\.?|budget(?: of)?|unter|bis|höchstens"
    r"|maximal|低于|不超过|预算)\s*$"
)
_DEGREES = re.compile(r"(-?\d{1,2})\s?(?:°\s?c\b|degrees\b|grad\b|度)", re.IGNORECASE)
_COMFORT = ("comfort temperature", "komforttemperatur", "舒适温度")


@dataclass(frozen=True, slots=True)
class Remark:
    """A few words of ours beside a quotation, and what they stand on."""

    text: str
    evidence: tuple[str, ...]


def leads_for(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """What can introduce a quotation for this shopper, what says most about them first."""
    yield from _of_age(request, language)
    yield from _of_history(request, history_anchor(request), language)
    yield from _of_wishes(request, language)
    yield from _of_recipient(request, language)
    limit, price = _set_limit(request), request.item.price
    if limit is not None and price is not None and price < limit:
        text = _SAYS[language]["limit"]
        value = price_in(limit, request.item.currency, language)
        yield Remark(text.format(value=value), ("price",))


def _of_age(request: WordsRequest, language: Language) -> Iterator[Remark]:
    age, ages = _ages(request)
    if age and ages and ages.fits(age):
        lead = _SAYS[language]["age"].format(value=age.phrase(language))
        text = _age_text(request.item, ages, language)
        yield Remark(f"{lead}{text}。" if language == "zh" else f"{lead} {text}.", (ages.field,))


def _of_recipient(request: WordsRequest, language: Language) -> Iterator[Remark]:
    age, ages = _ages(request)
    field = _field_naming(request.item, request.recipient or "")
    if request.recipient and field and not (age and ages and ages.breaks(age)):
        whom = _your(one_line(request.recipient), language)
        yield Remark(_SAYS[language]["recipient"].format(value=whom), (field,))


def _field_naming(item: Item, recipient: str) -> str:
    """The field that says whom the item is for; empty where none does, as then nobody knows.

    "For your dog: ..." before tree candles would be a claim that stands on nothing.
    """
    last = one_line(recipient).split()[-1:]
    named = set(tokens(last[0])) if last else set()
    fields = {
        "title": item.title,
        "category": " ".join(item.category),
        **{f"attributes.{name}": " ".join(values) for name, values in item.attributes.items()},
    }
    return next((name for name, text in fields.items() if named & set(tokens(text))), "")


def objections_to(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """What the item's fields say against it for this shopper, each in a sentence."""
    says, item = _SAYS[language], request.item
    age, ages = _ages(request)
    if age and ages and ages.breaks(age):
        pattern = says["young" if age.last < ages.low else "old"]
        text = pattern.format(value=age.phrase(language), text=_age_text(item, ages, language))
        yield Remark(text, (ages.field,))
    limit = _price_limit(request)
    if limit is not None and item.price is not None and item.price > limit:
        value, most = (price_in(price, item.currency, language) for price in (item.price, limit))
        yield Remark(says["above"].format(value=value, limit=most), ("price",))
    yield from _too_cold(request, language)
    if item.stock is not None and item.stock <= 0:
        yield Remark(says["stock"], ("stock",))


def _of_history(request: WordsRequest, anchor: Anchor, language: Language) -> Iterator[Remark]:
    """The entry that is near: as the reason itself, or beside a question by the common brand."""
    if anchor.relation not in _DONE["en"]:
        return
    name = anchor.name
    if language == "en" and anchor.item is not None:
        named = item_language(anchor.item) == "en"
        name = f"the {name.removeprefix('The ')}" if named else f"“{name}”"
    brand, other = request.item.brand, anchor.item
    if not request.query:
        yield Remark(_DONE[language][anchor.relation].format(name=name), anchor.evidence)
    if brand and other is not None and fold(brand) == fold(other.brand or ""):
        text = _SAYS[language]["brand"].format(value=one_line(brand))
        yield Remark(text, (*anchor.evidence, "brand"))


def _of_wishes(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """Looks, size and material that the shopper has set, as the item has them."""
    wanted = {fold(name): values for name, values in request.filters.attributes.items()}
    foreign = item_language(request.item) != language
    for name, values in request.item.attributes.items():
        wishes = {fold(value) for value in wanted.get(fold(name), ())}
        shared = [value for value in values if fold(value) in wishes]
        if not shared or (foreign and not is_readable(shared[0], language)):
            continue
        if fold(name) in _LOOKS and len(shared[0]) <= 30:
            text = _SAYS[language]["wish"].format(value=value_in(shared[0], language))
            yield Remark(text, (f"attributes.{name}",))


def _too_cold(request: WordsRequest, language: Language) -> Iterator[Remark]:
    wanted = _DEGREES.search(request.query or "")
    for name, values in request.item.attributes.items():
        rated = _DEGREES.search(values[0]) if fold(name) in _COMFORT else None
        if wanted and rated and int(rated[1]) > int(wanted[1]):
            label, value = name, values[0]
            if item_language(request.item) != language:
                key = canonical(fold(name))
                label, value = PHRASES[language].names.get(key, key), f"{rated[1]} °C"
            text = one_line(f"{label[:1].upper()}{label[1:]} {value}")
            cold = _SAYS[language]["cold"].format(text=text, value=wanted[0])
            yield Remark(cold, (f"attributes.{name}",))


def _ages(request: WordsRequest) -> tuple[WantedAge | None, AgeRange | None]:
    wishes = request.filters.attributes.get("age", ())
    question = " . ".join((request.query or "", request.recipient or "", *wishes))
    return wanted_age(question), age_range(request.item)


def _age_text(item: Item, ages: AgeRange, language: Language) -> str:
    """As the field has it; for a shopper of another language in theirs."""
    if item_language(item) == language:
        return value_in(ages.text, language)
    return ages.phrase(language)


def _set_limit(request: WordsRequest) -> Decimal | None:
    """The most it may cost, unless that is in another currency: 20 USD are not under 30 EUR."""
    currency, own = request.filters.currency, request.item.currency
    if currency is not None and fold(currency) != fold(own or ""):
        return None
    return request.filters.max_price


def _price_limit(request: WordsRequest) -> Decimal | None:
    """The shopper's own, set or said: "under 50 EUR" in a question is one as well."""
    if (limit := _set_limit(request)) is not None:
        return limit
    query = fold(request.query or "")
    for number in numbers_in(query):
        is_price = number.currency is not None and number.currency == request.item.currency
        below = _BELOW.search(query, max(0, number.start - 24), number.start)
        if is_price and below and len(number.readings) == 1:
            return next(iter(number.readings))
    return None


def _your(whom: str, language: Language) -> str:
    """The shopper's words, said to them.

    >>> _your("my sister", "en"), _your("meinen Vater", "de"), _your("我妈妈", "zh")
    ('your sister', 'deinen Vater', '你妈妈')
    """
    if language == "zh":
        return whom.replace("我", "你")
    if language == "de":
        return re.sub(r"\bmein(e?[nmrs]?)\b", r"dein\1", whom)
    return re.sub(r"\bmy\b", "your", re.sub(r"\bour\b", "your", whom))
