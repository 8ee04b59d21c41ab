"""Sentences made from fields: true by construction, for when the model is off, down or wrong.

A list of ten must not say the same sentence ten times: what is said about an item, and how, is
picked by a stable hash of its id and its place in the list (the request's seed).
"""

from __future__ import annotations

import hashlib
import re

from llmrec.explain.anchors import Anchor, choose_anchor
from llmrec.explain.claims import language_of
from llmrec.explain.facts import facts_of, fold
from llmrec.explain.field_values import price_in
from llmrec.explain.phrases import PHRASES, Phrases, canonical
from llmrec.explain.requests import WordsRequest
from llmrec.prompting import one_line, shorten
from llmrec.types import Item, Language, Words

__all__ = [
    "description_from_fields",
    "item_language",
    "lead_from_fields",
    "reason_from_fields",
    "spoken_language",
    "words_from_fields",
]

DESCRIPTION_CHARS = 320
MAX_VALUE_WORDS = 12


def words_from_fields(request: WordsRequest) -> tuple[Words, Words | None]:
    """Reason and, if asked for, description of one request without any model."""
    facts = facts_of(request.item, request.history, request.query)
    reason = reason_from_fields(request, choose_anchor(request, facts))
    return reason, description_from_fields(request) if request.describe else None


def reason_from_fields(request: WordsRequest, anchor: Anchor) -> Words:
    """What the item has in common with the anchor, and two of its facts."""
    phrases = PHRASES[spoken_language(request)]
    lead, evidence = lead_from_fields(request, anchor, phrases)
    pick = _stable(request.item.id) + request.seed
    stated, fields = _fact_sentence(request.item, phrases, pick, set(evidence))
    text = phrases.join.join(part for part in (lead, stated) if part)
    return Words(text or request.item.title, "fields", evidence=(*evidence, *fields))


def lead_from_fields(
    request: WordsRequest, anchor: Anchor, phrases: Phrases
) -> tuple[str, tuple[str, ...]]:
    """One sentence that names the anchor and what it shares with the item; and its evidence.

    Empty where there is no anchor.
    """
    pick = _stable(request.item.id) + request.seed
    link, evidence = _link(request.item, anchor, phrases)
    clause = _choose(phrases.clauses.get(anchor.relation, ("",)), pick).format(name=anchor.name)
    pattern = _choose(phrases.links[link[0]], pick)
    lead = clause + pattern.format(attribute=link[1], value=link[2])
    return lead, (*anchor.evidence, *evidence)


def description_from_fields(request: WordsRequest) -> Words:
    """Title and brand, the first sentences of the shop's own description, and the price.

    For a shopper of another language the description's place is taken by what its fields say.
    """
    item, language = request.item, spoken_language(request)
    title = one_line(item.title)
    evidence = ["title"]
    if item.brand and fold(item.brand) not in fold(title):
        title, evidence = f"{title}, {one_line(item.brand)}", [*evidence, "brand"]
    parts = [_with_stop(title, language)]
    body, fields = _body(item, language)
    if body:
        parts.append(body)
        evidence += fields
    if item.price is not None:
        parts.append(_with_stop(price_in(item.price, item.currency, language), language))
        evidence.append("price")
    return Words(" ".join(parts), "fields", evidence=tuple(evidence))


def spoken_language(request: WordsRequest) -> Language:
    """The shopper's, if it is known; else the item's."""
    return request.language or item_language(request.item)


def item_language(item: Item) -> Language:
    """``en``, ``de`` or ``zh``: by the item's tag, else by its text; English for all others."""
    if item.language:
        tag = re.split(r"[-_]", item.language.casefold())[0]
    else:
        tag = language_of(f"{item.title} {item.description[:400]}")
    return next((language for language in PHRASES if language == tag), "en")


def _body(item: Item, language: Language) -> tuple[str, tuple[str, ...]]:
    """What the shop says of the item, or its fields in sentences where that is another language."""
    opening = _opening(item.description)
    phrases = PHRASES[language]
    stated = [fact for fact in _stated(item, phrases) if fact[0].startswith("attributes.")]
    if language == item_language(item) or not stated:
        return opening, ("description",) if opening else ()
    pairs = zip(phrases.sentence, stated[:4:2], stated[1:4:2], strict=False)
    sentences = [
        pattern.format(first=first[1], second=second[1]) for pattern, first, second in pairs
    ]
    used = stated[: 2 * len(sentences)]
    if not sentences:
        sentences, used = [phrases.single[0].format(first=stated[0][1])], stated[:1]
    return phrases.join.join(sentences), tuple(field for field, _ in used)


def _link(
    item: Item, anchor: Anchor, phrases: Phrases
) -> tuple[tuple[str, str, str], tuple[str, ...]]:
    """What item and anchor share: (pattern, attribute, value) and the fields it stands on."""
    other = anchor.item
    if anchor.relation in ("none", "query"):
        return (anchor.relation, "", ""), ()
    if other is None:
        return ("near", "", ""), ()
    if item.brand and fold(item.brand) == fold(other.brand or ""):
        return ("brand", "", one_line(item.brand)), ("brand",)
    common = {fold(step) for step in other.category}
    for step in reversed(item.category):
        if fold(step) in common:
            return ("category", "", one_line(step)), ("category",)
    for name, values in item.attributes.items():
        value = phrases.listed(values)
        # The same in all of them: what comes in S and M has not "the same size" as what comes in S.
        if {*map(fold, values)} == {*map(fold, other.attributes.get(name, ()))} and _short(value):
            return ("attribute", one_line(name), one_line(value)), (f"attributes.{name}",)
    return ("near", "", ""), ()


def _fact_sentence(
    item: Item, phrases: Phrases, pick: int, used: set[str]
) -> tuple[str, tuple[str, ...]]:
    """One or two facts that the sentence has not used yet, and their fields."""
    facts = [(field, text) for field, text in _stated(item, phrases) if field not in used]
    if not facts:
        return "", ()
    first = facts[pick % len(facts)]
    if len(facts) == 1:
        return _choose(phrases.single, pick).format(first=first[1]), (first[0],)
    second = facts[(pick + 1) % len(facts)]
    sentence = _choose(phrases.sentence, pick).format(first=first[1], second=second[1])
    return sentence, (first[0], second[0])


def _stated(item: Item, phrases: Phrases) -> list[tuple[str, str]]:
    """Short fields as clauses; those of the rough pattern only where there are no better ones."""
    smooth: list[tuple[str, str]] = []
    rough: list[tuple[str, str]] = []
    for name, values in item.attributes.items():
        value = phrases.listed(values)
        # "dishwasher safe: no" would need its own sentence in every language.
        if not _short(value) or len(fold(value)) < 2 or any(map(_is_flag, values)):
            continue
        key = canonical(fold(name))
        if len(values) > 1 and key != "size" and any(value[:1].isdigit() for value in values):
            continue  # "130 g, 540 kcal": several measures may be of one thing, or of several
        label = phrases.names.get(key) or ("" if phrases.own_names else one_line(name))
        patterns = phrases.facts if len(values) == 1 else phrases.many
        pattern = patterns.get(key) or (patterns["*"] if label else "")
        if pattern:
            clause = pattern.format(attribute=label, value=one_line(value))
            (smooth if key in phrases.facts or key in phrases.names else rough).append(
                (f"attributes.{name}", clause)
            )
    price = None if item.price is None else price_in(item.price, item.currency, phrases.language)
    for field, text in (
        ("brand", item.brand),
        ("category", item.category[-1] if item.category else None),
        ("price", price),
    ):
        if text:
            smooth.append((field, phrases.facts[field].format(value=one_line(text))))
    return smooth if len(smooth) > 2 else smooth + rough


def _opening(description: str) -> str:
    """The first whole sentences of a description that fit."""
    pieces = re.split(r"(?<=[.!?])\s+|(?<=[。！？])|\n+", description[:4_000])
    lines = [line for piece in pieces if (line := one_line(piece))]
    text = ""
    for line in lines:
        longer = f"{text} {line}".strip()
        if len(longer) > DESCRIPTION_CHARS:
            break
        text = longer
    return text or (shorten(lines[0], 40) + " …" if lines else "")


def _with_stop(text: str, language: Language) -> str:
    return text + ("。" if language == "zh" else ".")


def _short(value: str) -> bool:
    return 0 < len(value.split()) <= MAX_VALUE_WORDS and len(value) <= 80


def _is_flag(value: str) -> bool:
    return fold(value) in {
        "yes",
        "no",
        "none",
        "true",
        "false",
        "ja",
        "nein",
        "ohne",
        "是",
        "否",
        "无",
    }


def _choose(patterns: tuple[str, ...], pick: int) -> str:
    return patterns[pick % len(patterns)]


def _stable(text: str) -> int:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big")
