"""Constraints in words: as they are listed, and as the shopper can say to drop them."""

from __future__ import annotations

from collections.abc import Iterable

from llmrec.agent.constraints import Constraint
from llmrec.agent.language import Language
from llmrec.agent.state import Situation
from llmrec.explain.field_values import price_in
from llmrec.types import Item

__all__ = ["EXACT", "drop_all", "either", "listed", "sought", "spoken", "to_drop", "with_price"]

_NAMES: dict[str, dict[Language, str]] = {
    "max_price": {"en": "at most {v}", "de": "höchstens {v}", "zh": "不超过 {v}"},
    "min_price": {"en": "at least {v}", "de": "mindestens {v}", "zh": "至少 {v}"},
    "brand": {"en": "brand {v}", "de": "Marke {v}", "zh": "品牌 {v}"},
    "not_brand": {"en": "not brand {v}", "de": "nicht Marke {v}", "zh": "不要品牌 {v}"},
    "category": {"en": "category {v}", "de": "Kategorie {v}", "zh": "类别 {v}"},
    "not_category": {
        "en": "not category {v}",
        "de": "nicht Kategorie {v}",
        "zh": "不要类别 {v}",
    },
    "attribute": {"en": "{n}: {v}", "de": "{n}: {v}", "zh": "{n}：{v}"},
    "not_attribute": {"en": "{n} not {v}", "de": "{n} nicht {v}", "zh": "{n} 不要 {v}"},
    "not_word": {"en": "no “{v}”", "de": "kein „{v}“", "zh": "不要“{v}”"},
    "refusal": {"en": "no “{v}”", "de": "kein „{v}“", "zh": "不要“{v}”"},
    "in_stock": {"en": "in stock", "de": "lieferbar", "zh": "有货"},
    "not_item": {"en": "not {v}", "de": "nicht {v}", "zh": "不要 {v}"},
    "recipient": {"en": "for {v}", "de": "für {v}", "zh": "送给{v}"},
    "wish": {"en": "ideally {v}", "de": "möglichst {v}", "zh": "最好{v}"},
}
_SOMEBODY: dict[Language, str] = {"en": "somebody else", "de": "jemand anderen", "zh": "别人"}
_OR: dict[Language, str] = {"en": " or ", "de": " oder ", "zh": "或"}
_DROPS: dict[str, dict[Language, str]] = {
    "price": {"en": "no price limit", "de": "Preis egal", "zh": "价格不限"},
    "brand": {"en": "any brand", "de": "egal welche Marke", "zh": "品牌不限"},
    "category": {"en": "any category", "de": "egal welche Kategorie", "zh": "类别不限"},
    "attribute": {"en": "any {n}", "de": "egal welche {n}", "zh": "不限{n}"},
    "word": {"en": "{v} is fine", "de": "{v} ist in Ordnung", "zh": "{v}也可以"},
    "in_stock": {"en": "even if sold out", "de": "auch ausverkaufte", "zh": "缺货也可以"},
    "not_item": {
        "en": "show hidden products again",
        "de": "ausgeblendete wieder zeigen",
        "zh": "恢复隐藏的商品",
    },
    "recipient": {"en": "for me", "de": "für mich", "zh": "我自己用"},
    "wish": {"en": "never mind {v}", "de": "{v} ist egal", "zh": "{v}无所谓"},
}


_DROP_ALL: dict[Language, str] = {
    "en": "drop all filters",
    "de": "alle Filter löschen",
    "zh": "清除所有条件",
}


EXACT: dict[str, tuple[str, ...]] = {
    "undo": ("undo", "rückgängig", "撤销"),
    "over": ("start over", "von vorne", "重新开始"),
    "more": ("more", "mehr", "更多"),
    "help": ("help", "hilfe", "帮助"),
}
"""What the help tells shoppers to say, word for word; by what it does."""


def spoken(one: Constraint, language: Language, currency: str | None = None) -> str:
    """One constraint in words; ``currency`` is the shop's, for limits that name none.

    >>> from decimal import Decimal
    >>> spoken(Constraint(kind="max_price", amount=Decimal("40")), "de", "EUR")
    'höchstens 40 EUR'
    >>> spoken(Constraint(kind="max_price", amount=Decimal("39.90")), "de", "EUR")
    'höchstens 39,90 EUR'
    """
    if one.kind == "recipient":
        value = one.said or _SOMEBODY[language]
    elif one.amount is not None:
        value = price_in(one.amount, one.currency or currency, language)
    else:
        value = one.said or _OR[language].join(one.values)
    return _NAMES[one.kind][language].format(v=value, n=one.name)


def listed(some: Iterable[Constraint], language: Language, currency: str | None = None) -> str:
    """Constraints in one line."""
    mark = "；" if language == "zh" else "; "
    return mark.join(spoken(one, language, currency) for one in some)


def either(texts: Iterable[str], language: Language) -> str:
    """Words as they were said, as alternatives.

    >>> either(["glitter", "fringe"], "en"), either(["Glitzer"], "de")
    ('“glitter” or “fringe”', '„Glitzer“')
    """
    quoted = "„{}“" if language == "de" else "“{}”"
    return _OR[language].join(map(quoted.format, texts))


def sought(situation: Situation, language: Language) -> str | None:
    """What is looked for, in the shopper's words: "blanket for my dog"."""
    phrase = situation.phrase
    if not situation.suits_receiver or situation.recipient is None:
        return phrase
    if phrase is None:
        return situation.recipient
    (receiver,) = situation.constraints.of("recipient")
    return ("，" if language == "zh" else " ").join((phrase, spoken(receiver, language)))


def drop_all(language: Language) -> str:
    """Words that drop everything."""
    return _DROP_ALL[language]


def to_drop(one: Constraint, language: Language) -> str:
    """Words that drop the constraint; the conversation takes them exactly so."""
    kind = one.kind.removeprefix("not_") if one.kind != "not_item" else one.kind
    kind = "price" if kind.endswith("price") else "word" if kind == "refusal" else kind
    is_said = kind in ("word", "wish") and one.said
    value = one.said if is_said else "".join(one.values[:1])
    return _DROPS[kind][language].format(n=one.name, v=value)


def with_price(item: Item, language: Language) -> str:
    """A product by its title, with what it costs where that is known."""
    if item.price is None:
        return item.title
    price = price_in(item.price, item.currency, language)
    return f"{item.title}（{price}）" if language == "zh" else f"{item.title} ({price})"
