"""What stands before a quotation: why it is for this shopper.

A lead names what it stands on: an entry of the history, a wish, whom it is for. The question itself
is never repeated, nor the price limit, which everything in an answer keeps. What does not fit is
said behind: :mod:`llmrec.explain.objections`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llmrec.catalog.ages import AgeRange
from llmrec.catalog.tokens import tokens
from llmrec.explain.anchors import Anchor, akin_anchor, companion_of, same_brand_anchor
from llmrec.explain.denials import has_denial
from llmrec.explain.facts import fold
from llmrec.explain.field_values import is_readable, value_in
from llmrec.explain.from_fields import item_language
from llmrec.explain.requests import WordsRequest
from llmrec.explain.wishes import ages_of
from llmrec.prompting import one_line
from llmrec.types import Item, Language

__all__ = ["CAUTIONS", "Remark", "age_text", "companion_lead", "leads_for"]

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
    },
    "de": {
        "age": "Für {value}:",
        "recipient": "Für {value}:",
        "wish": "In {value}, wie gewünscht:",
        "brand": "Auch von {value}:",
    },
    "zh": {
        "age": "适合{value}：",
        "recipient": "送给{value}：",
        "wish": "按你要的{value}：",
        "brand": "同样来自{value}：",
    },
}
_OWN = re.compile(r"^(?:我们?的?|家里?的?|一[个位只])+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_CODE = re.compile(r"\b[^\W\d_]+[\s.-]{0,2}\d+\w*")
# A field or a value that warns of somebody is not for them.
_WARNING = re.compile(
    r"warn|caution|hazard|danger|poison|toxic|harmful|keep away|keep out|unsafe|allerg|side effect"
    r"|hinweis|vorsicht|achtung|gefahr|giftig|schädlich|fernhalten|警|注意|危险|有毒|有害|远离|禁"
)
_LOOKS = frozenset(
    {"colour", "color", "farbe", "颜色", "size", "größe", "尺码", "material", "材质"}
)


@dataclass(frozen=True, slots=True)
class Remark:
    """A few words of ours beside a quotation, and what they stand on.

    ``needs_fact`` where they say nothing without a quotation behind them: "For your dog".
    """

    text: str
    evidence: tuple[str, ...]
    needs_fact: bool = False

    def shares_evidence(self, evidence: tuple[str, ...]) -> bool:
        """Whether a field or an entry of the history of it is among these."""
        return not set(self.evidence).isdisjoint(evidence)


def leads_for(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """What can introduce a quotation for this shopper, what says most about them first."""
    yield from _of_age(request, language)
    yield from _of_history(request, language)
    yield from _of_wishes(request, language)
    yield from _of_recipient(request, language)


def _of_age(request: WordsRequest, language: Language) -> Iterator[Remark]:
    age, ages = ages_of(request)
    if age and ages and ages.fits(age):
        lead = _SAYS[language]["age"].format(value=age.phrase(language))
        text = age_text(request.item, ages, language)
        yield Remark(f"{lead}{text}。" if language == "zh" else f"{lead} {text}.", (ages.field,))


def age_text(item: Item, ages: AgeRange, language: Language) -> str:
    """As the field has it; for a shopper of another language in theirs."""
    if item_language(item) == language:
        return value_in(ages.text, language, language)
    return ages.phrase(language)


def _of_recipient(request: WordsRequest, language: Language) -> Iterator[Remark]:
    age, ages = ages_of(request)
    field = _field_naming(request.item, request.recipient or "")
    if request.recipient and field and not (age and ages and ages.breaks(age)):
        whom = _your(one_line(request.recipient), language)
        text = _SAYS[language]["recipient"].format(value=whom)
        yield Remark(text, (field,), needs_fact=True)


def _field_naming(item: Item, recipient: str) -> str:
    """The field that says whom the item is for; empty where none does, as then nobody knows.

    "For your dog: ..." before tree candles would be a claim that stands on nothing.
    """
    last = one_line(recipient).split()[-1:]
    whom = _OWN.sub("", last[0]) if last else ""
    fields = {
        "title": item.title,
        "category": " ".join(item.category),
        **{
            f"attributes.{name}": " ".join(values)
            for name, values in item.attributes.items()
            if not _WARNING.search(fold(name))
        },
    }
    return next((name for name, text in fields.items() if _is_for(whom, text)), "")


def _is_for(whom: str, text: str) -> bool:
    """Whether a field names whom it is for, and says nothing against it.

    >>> [_is_for("cat", text) for text in ("Bed for cats", "Cat 6 cable", "Poisonous to cats")]
    [True, False, False]
    """
    if _CHINESE.search(whom):
        named = re.search(rf"(?<![熊天河]){re.escape(whom)}", text) is not None
    else:
        # "Cat 6" is a class of cables.
        named = bool(set(tokens(whom)) & set(tokens(_CODE.sub(" ", text))))
    return named and not (has_denial(text) or _WARNING.search(fold(text)))


def companion_lead(request: WordsRequest, text: str, language: Language) -> Remark | None:
    """What stands before a sentence that names a product which the shopper has."""
    anchor = companion_of(request, text)
    return _of_anchor(anchor, language) if anchor else None


def _of_history(request: WordsRequest, language: Language) -> Iterator[Remark]:
    """The entry that is akin, as the reason itself; the brand that one of them has in common."""
    akin, same_brand = akin_anchor(request), same_brand_anchor(request)
    if not request.query and akin.relation in _DONE["en"]:
        yield _of_anchor(akin, language)
    # Beside a question the brand explains nothing, and alone it is nothing to read.
    if not request.query and same_brand.relation in _DONE["en"]:
        text = _SAYS[language]["brand"].format(value=one_line(request.item.brand or ""))
        yield Remark(text, (*same_brand.evidence, "brand"), needs_fact=True)


def _of_anchor(anchor: Anchor, language: Language) -> Remark:
    name = anchor.name
    if language == "en" and anchor.item is not None:
        named = item_language(anchor.item) == "en"
        name = f"the {name.removeprefix('The ')}" if named else f"“{name}”"
    return Remark(_DONE[language][anchor.relation].format(name=name), anchor.evidence)


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
            value = value_in(shared[0], language, item_language(request.item))
            text = _SAYS[language]["wish"].format(value=value)
            yield Remark(text, (f"attributes.{name}",))


def _your(whom: str, language: Language) -> str:
    """The shopper's words, said to them.

    >>> _your("my sister", "en"), _your("meinen Vater", "de"), _your("我妈妈", "zh")
    ('your sister', 'deinen Vater', '你妈妈')
    """
    if language == "zh":
        return whom.replace("我", "你")
    if language == "de":
        whom = re.sub(r"\bunser(e[nmrs]?)\b", r"eur\1", whom, flags=re.IGNORECASE)
        whom = re.sub(r"\bunser\b", "euer", whom, flags=re.IGNORECASE)
        own = re.compile(r"\bmein(e?[nmrs]?)\b", re.IGNORECASE)
        return own.sub(lambda match: f"dein{match[1].lower()}", whom)
    return re.sub(r"\b(?:my|our)\b", "your", whom, flags=re.IGNORECASE)
