"""Which field of a product a question asks for, or which sentence of its description answers it.

Two kinds of evidence: a word that names a field, in English, German or Chinese, and the similarity
of the question to what the field or the sentence says. English questions go by similarity. The
default encoder knows little German and no Chinese: there a name decides, else the similarity that
the multilingual encoder finds, and without that encoder shared words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from llmrec.agent.constraints.synonyms import is_colour, kind_of
from llmrec.agent.language import language_of
from llmrec.agent.tools.fields import stated_fields
from llmrec.catalog.matching import fold
from llmrec.catalog.tokens import tokens
from llmrec.documents.sentences import sentences
from llmrec.types import FloatArray, Item

__all__ = ["Statement", "find_statement"]

_ENOUGH = {"en": 0.29, "de": 0.45}
"""Similarity from which a statement is an answer (MiniLM scale), by the question's language."""

_ENOUGH_BESIDE = 0.3
"""The same by the multilingual encoder, of a question in another language than English; fitted by
scripts/bench/product_questions.py."""

_WITHOUT_ITS_FIELD = 0.45
"""The same where the question names a field that the product does not have."""

_NAMED = 0.05
"""What a field gains that the question names."""

_WORDS = {
    "price": "price cost expensive cheap preis kosten kostet teuer 价格 价钱 多少钱",
    "stock": "stock available lieferbar vorrätig verfügbar 有货 库存 现货",
    "brand": "brand maker manufacturer marke hersteller 品牌 牌子",
    "category": "category kategorie 类别",
    "weight": "weight weigh heavy gewicht wiegt schwer 重量 多重",
    "dimensions": "dimensions size big maße größe abmessungen 尺寸 多大",
    "length": "length länge 长度 多长",
    "height": "height höhe 高度 多高",
    "diameter": "diameter durchmesser 直径",
    "colour": "colour color farbe 颜色",
    "material": "material fabric 材料 材质",
    "capacity": "capacity volume volumen fassungsvermögen 容量",
    "origin": "origin herkunft 产地",
    "age": "age alter 年龄 几岁",
    "battery": "battery batterie akku 电池",
    "power": "power watt leistung 功率",
    "caffeine": "caffeine koffein 咖啡因",
    "flavour": "flavour taste geschmack 口味 味道",
    "pack": "pack packung 包装",
}
"""Words that ask for a field; any other field is asked for by its own name."""


_HOW_MUCH = re.compile(r"\bhow\s+much\s*(?:$|[?!.]|is\b|are\b|for\b)", re.IGNORECASE)


Encode: TypeAlias = Callable[[Sequence[str]], FloatArray]


@dataclass(frozen=True)
class Statement:
    """What the catalogue says in one field: its name, and the value or a sentence of it."""

    field: str
    text: str


def find_statement(
    item: Item,
    question: str,
    encode: Encode,
    multilingual: Encode | None = None,
) -> Statement | None:
    """The statement that answers ``question``; ``None`` where the catalogue does not say.

    Args:
        item: whose fields.
        question: in the shopper's words.
        encode: from texts to unit vectors float32 ``[n, d]``.
        multilingual: the same for texts in several languages; without it questions that are not in
            English are answered by what they name.
    """
    statements = [Statement(name, text) for name, text in stated_fields(item).items()]
    statements += [Statement("description", sentence) for sentence in _described(item)]
    if _of_a_colour(question):  # "is it available in black?" does not ask for the stock
        statements = [statement for statement in statements if statement.field != "stock"]
    price = next((statement for statement in statements if statement.field == "price"), None)
    if price is not None and _HOW_MUCH.search(question):
        return price
    fields = _named(question, {statement.field for statement in statements})
    language = language_of(question)
    named = [statement for statement in statements if statement.field in fields]
    # A path of categories is near to every question that names the product.
    open_ones = [
        statement for statement in statements if statement.field not in ("category", "language")
    ] or named
    if not open_ones:
        return None
    if language != "en" and named:
        return named[0]
    if language != "en" and multilingual is not None:
        return _nearest(question, open_ones, multilingual, _ENOUGH_BESIDE)
    if language not in _ENOUGH:
        return _sharing_words(question, open_ones)
    pool = list(dict.fromkeys([*open_ones, *named]))
    vectors = encode([question, *(_encoded_text(statement) for statement in pool)])
    scores = vectors[1:] @ vectors[0] + [_NAMED * (statement.field in fields) for statement in pool]
    best = int(np.argmax(scores))
    enough = _WITHOUT_ITS_FIELD if fields and not named else _ENOUGH[language]
    return pool[best] if pool[best].field in fields or scores[best] >= enough else None


def _nearest(
    question: str, statements: Sequence[Statement], encode: Encode, enough: float
) -> Statement | None:
    vectors = encode([question, *map(_encoded_text, statements)])
    scores = vectors[1:] @ vectors[0]
    best = int(np.argmax(scores))
    return statements[best] if scores[best] >= enough else None


def _named(question: str, present: set[str]) -> set[str]:
    """Fields that the question names, whether the product has them or not."""
    words = set(tokens(question))
    attributes = {name: name.removeprefix("attributes.") for name in present if "." in name}
    fields = {field for field, name in attributes.items() if _mentions(question, words, name)}
    for name, terms in _WORDS.items():
        if any(_mentions(question, words, term) for term in terms.split()):
            same = {field for field, called in attributes.items() if fold(called) == name}
            fields |= same or {name}
    if _of_a_colour(question):
        same = {field for field, called in attributes.items() if kind_of(fold(called)) == "colour"}
        fields = (fields - {"stock"}) | (same or {"colour"})
    return fields


def _of_a_colour(question: str) -> bool:
    return any(is_colour(fold(word)) for word in question.replace("?", " ").split())


def _mentions(question: str, words: set[str], term: str) -> bool:
    if any(char >= "\u3400" for char in term):  # Chinese words are not set apart
        return term in question
    parts = tokens(term)
    return bool(parts) and set(parts) <= words


def _sharing_words(question: str, statements: Sequence[Statement]) -> Statement | None:
    words = set(tokens(question))
    shared = [len(words & set(tokens(statement.text))) for statement in statements]
    best = int(np.argmax(shared))
    return statements[best] if shared[best] else None


def _described(item: Item) -> list[str]:
    return [sentence for line in item.description.splitlines() for sentence in sentences(line)]


def _encoded_text(statement: Statement) -> str:
    """As it is encoded: a sentence stands for itself, a value needs its name."""
    if statement.field == "description":
        return statement.text
    if statement.field == "stock":
        return "in stock, available"
    return f"{statement.field.removeprefix('attributes.')}: {statement.text}"
