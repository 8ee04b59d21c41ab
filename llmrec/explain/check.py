"""Hold a sentence against the catalogue and the history: every claim must stand there.

This is a first checker, by rules: it knows numbers, prices, names, quotations, a list of words that
claim something (materials, colours, properties, kinds of product, sales talk) and what a sentence
says about the shopper's past. It is strict on purpose: a true sentence that it refuses costs a
sentence made from fields; a false one that it passes costs a shopper's trust.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from llmrec.catalog.things import head_of
from llmrec.explain.brands import spoken_brands, stands
from llmrec.explain.claims import (
    MARK,
    concept_uses,
    language_of,
    masked,
    quoted,
    spoken_names,
)
from llmrec.explain.facts import Facts, fold
from llmrec.explain.lexicon import FAMOUS_BRANDS, SAFE_WORDS, Concept
from llmrec.explain.numbers import Number, numbers_in
from llmrec.types import EventKind

__all__ = ["Problem", "check", "count_claims", "grounding"]

_VERBS = {
    EventKind.PURCHASE: "bought purchased ordered own gekauft bestellt 买 购买",
    EventKind.VIEW: "viewed browsed angesehen 看过 浏览",
    EventKind.LIKE: "liked love loved gemocht 喜欢",
    EventKind.RATING: "rated reviewed bewertet 评价",
    EventKind.CART: "added cart gelegt 加入",
}
_KIND_OF = {verb: kind for kind, verbs in _VERBS.items() for verb in verbs.split()}
_PAST = re.compile(
    r"\byou(?:'ve| have| had)?(?: also| recently| already| previously| just| once)*"
    r" (bought|purchased|ordered|own|viewed|browsed|liked|loved|rated|reviewed)\b"
    r"|您?你?(?:已经|之前|曾经?|最近)?(购买|买|浏览|看)(?:了|过)"
)
_SEEN = ("title", "brand", "category")
_NOT = r"\b(not|never|no|without|cannot|can't|doesn't|don't|isn't|nicht|kein|keine|keinen|ohne)\b"
_DENIAL = re.compile(_NOT + r"((?:[^\w.!?;,]+[\w'-]+){1,4})")
_DENIED = re.compile(_NOT + r"[^.!?;]*$")
# "It is a dinner table with a touch to dim": what it is called, up to what is said of it.
_PART = r"(?!(?:for|with|that|of|in|to|from|on|by|and|or|which|as|at)\b)[\w'-]+"
_CALLED = re.compile(
    rf"\b(?:it|this|this one) (?:is|was) an? (?:{_PART} ){{0,3}}?({_PART}) ({_PART})"
    r"(?=[,.;]| (?:with|that|which|who|for|from|in|made|to|of|and|on|by)\b|$)"
)
_ROLE = re.compile(
    r"\b(made of|comes? in)"
    r" ((?:(?!and\b|that\b|with\b|which\b|who\b)[^\s,.;:]+(?:[.,]\d+)* ?){1,4})"
)
_COUNTED = re.compile(r"\b(?:pack|set|box|piece|part|size|sheet|colou?r)")
_COLOUR_FIELDS = frozenset({"attributes.colour", "attributes.color", "attributes.farbe"})
_LOOK_FIELDS = _COLOUR_FIELDS | {"attributes.size", "attributes.pack"}
_MATERIAL_FIELDS = frozenset({"attributes.material", "attributes.fabric"})
_MADE_OF = re.compile(r"material|fabric|composition|stoff|zusammensetzung|[材面]料|材质|成分")
# "What you have from Varsko", "your Varsko mugs".
_OWN = (
    r"(?:\byou (?:have|own|bought|had|like)[^.;,:]{0,24} (?:from|by) |\byour "
    r"|\b(?:hast|besitzt) du[^.;,:]{0,24} von |\bdeine?[nmrs]? |你(?:有|买过|买|的))"
)
_BOUND = re.compile(r"(?:under|below|less than|cheaper than|unter|weniger als|低于|不到)\s*$")
_BEFORE = 40
_NAMED_NEXT = re.compile(rf"[^.!?。]{{0,24}}?{MARK}(\w+)")


@dataclass(frozen=True, slots=True)
class Problem:
    """A claim that nothing supports; ``kind`` says which sort of claim it is."""

    kind: str
    claim: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.claim}"


def check(
    text: str,
    facts: Facts,
    known_brands: Collection[str] = FAMOUS_BRANDS,
    *,
    language: str | None = None,
) -> tuple[Problem, ...]:
    """Find every claim in ``text`` that stands neither in the item's fields nor in the history.

    Args:
        text: one or more sentences in English, German or Chinese.
        facts: what may be said (:func:`llmrec.explain.facts.facts_of`).
        known_brands: names that count as brands wherever they stand, in any case.
        language: of the sentences, where facts in another are quoted in them; else it is told
            from the text.

    Returns:
        The problems, each claim once, empty when everything holds.
    """
    rest = masked(text, facts)
    folded = fold(rest)
    problems = [
        *_quotations(rest, facts),
        *_names(rest, folded, facts, known_brands, language),
        *_numbers(folded, facts),
        *_concepts(folded, facts),
        *_roles(folded, facts),
        *_past(folded, facts),
        *_negations(folded, facts),
        *_lost_negations(folded, facts),
        *_subjects(folded, facts),
    ]
    return tuple(dict.fromkeys(problems))


def count_claims(text: str) -> int:
    """How many claims :func:`check` sees in ``text``, whether they hold or not.

    Quotations, names outside them, numbers, words of the lexicon, and what is said about the past.

    >>> count_claims('You bought "Rain barrel", and this is made of steel for 12 EUR.')
    4
    """
    outside = text
    quotations = quoted(text)
    for span in quotations:
        outside = outside.replace(span, "")
    folded = fold(outside)
    numbers = numbers_in(folded)
    # A currency is part of its number, not a name.
    units = " ".join(number.text for number in numbers)
    return (
        len(quotations)
        + sum(fold(name) not in units for name in spoken_names(outside))
        + len(numbers)
        + len(list(concept_uses(folded)))
        + len(_PAST.findall(folded))
    )


def grounding(text: str, facts: Facts) -> tuple[Problem, ...]:
    """Whether an English sentence speaks of this item at all.

    Three quarters of its words that mean something must stand in the item's fields (compared by
    their beginnings, so that endings do not matter), and one of these beyond title, brand and
    category, which the shopper sees anyway: of an item that has nothing else, a sentence can only
    repeat or invent. Other languages are not judged.
    """
    rest = fold(masked(text, facts))
    if language_of(rest) != "en":
        return ()
    words = [word for word in re.findall(r"[a-zà-ÿ]{4,}", rest) if word not in SAFE_WORDS]
    if not words:
        return (Problem("grounding", "says nothing about the item"),)
    item_words = _beginnings(facts.text)
    foreign = [word for word in words if not _begins(word, item_words)]
    if len(foreign) * 4 >= len(words):
        return (Problem("grounding", "not in the item's fields: " + ", ".join(foreign)),)
    shown = _beginnings(fold(" ".join(facts.fields.get(name, "") for name in _SEEN)))
    if all(word in foreign or _begins(word, shown) for word in words) and not (
        set(re.findall(r"\d+", rest)) - set(re.findall(r"\d+", facts.fields["title"]))
    ):
        return (Problem("grounding", "says no more than the title"),)
    return ()


def _begins(word: str, beginnings: Collection[str]) -> bool:
    return _stem(word) in beginnings or word[:5] in beginnings


def _beginnings(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"[a-zà-ÿ]{3,}", text)}


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: len(word) - len(ending)][:5]
    return word[:5]


def _quotations(text: str, facts: Facts) -> Iterator[Problem]:
    for span in quoted(text):
        words = fold(span.replace(MARK, " ")).strip(" .,!?0123456789q")
        if words and words not in facts.speakable:
            yield Problem("name", span)


def _names(
    text: str, folded: str, facts: Facts, known_brands: Collection[str], language: str | None
) -> Iterator[Problem]:
    # Whole names of the history and the question are masked: what is left is said of the item, and
    # that the shopper has asked for a Hilleberg makes none of it.
    for name in spoken_names(text, language):
        if not _may_be_named(fold(name), folded, facts):
            yield Problem("name", name)
    for brand, bare in spoken_brands(folded, known_brands):
        if not _may_be_named(bare, folded, facts):
            yield Problem("brand", brand)


def _may_be_named(name: str, folded: str, facts: Facts) -> bool:
    """Whether the item's fields name it, or the history does and the sentence says whose it is."""
    if stands(name, facts.text):
        return True
    own = re.search(rf"{_OWN}{re.escape(name)}(?![^\W_])", folded)
    return own is not None and stands(name, facts.others)


def _numbers(folded: str, facts: Facts) -> Iterator[Problem]:
    item = facts.item
    numbers = numbers_in(facts.text)
    for number in numbers_in(re.sub(rf"{MARK}\w+", MARK, folded)):
        if number.currency is not None:
            if not _price_holds(number, folded, facts):
                yield Problem("price", number.text)
        elif not any(number.agrees_with(fact) for fact in numbers) and not (
            number.unit is None and item.price is not None and item.price in number.readings
        ):
            yield Problem("number", number.text)


def _price_holds(number: Number, folded: str, facts: Facts) -> bool:
    price, currency = facts.item.price, facts.item.currency
    if price is None or (currency and currency != number.currency):
        return False
    end = folded.find(number.text, max(0, number.start - 1))
    if _BOUND.search(folded, max(0, end - _BEFORE), end):
        return any(price < reading for reading in number.readings)
    return price in number.readings


def _concepts(folded: str, facts: Facts) -> Iterator[Problem]:
    for concept, words, affirmed in concept_uses(folded):
        if (concept, affirmed) not in _concepts_of(facts.text):
            yield Problem(concept.kind, words if affirmed else f"not {words}")


def _roles(folded: str, facts: Facts) -> Iterator[Problem]:
    """What a thing is made of must be a material of it, and what it comes in a colour or a pack.

    A value that stands in the fields is no proof: "made of petrol" is said of a petrol jacket.
    """
    for match in _ROLE.finditer(folded):
        role, value = match[1], match[2].strip()
        if role == "made of":
            holds = _is_material(value, facts) and _is_all_of_it(folded[match.start(2) :], facts)
        else:
            holds = _is_look(value, facts)
        if not holds:
            yield Problem("material" if role == "made of" else "attribute", match[0].strip())


def _is_material(claim: str, facts: Facts) -> bool:
    if _in_fields(claim, facts, _MATERIAL_FIELDS) or f" of {claim}" in facts.text:
        return True
    rest = (text for name, text in facts.fields.items() if name.casefold() not in _COLOUR_FIELDS)
    materials = {
        material for material, _, affirmed in concept_uses(fold(" . ".join(rest))) if affirmed
    }
    return any(
        concept.kind == "material" and concept in materials for concept, _, _ in concept_uses(claim)
    )


def _is_all_of_it(claim: str, facts: Facts) -> bool:
    """Whether the rest of a sentence names each material that the fields list.

    Of cotton and wool a thing is not "made of cotton". The longest word of each is enough:
    "60 % cotton" may be called cotton.
    """
    rest = re.split(r"[.!?;]", claim, maxsplit=1)[0]
    lists = (
        values
        for name, values in facts.item.attributes.items()
        if _MADE_OF.search(fold(name)) and len(values) > 1
    )
    return all(
        max(re.findall(r"[^\W\d_]+", fold(value)) or [""], key=len) in rest
        for values in lists
        for value in values
    )


def _is_look(claim: str, facts: Facts) -> bool:
    if any(concept.kind == "colour" for concept, _, _ in concept_uses(claim)):
        return True
    if numbers_in(claim) and _COUNTED.search(claim):
        return True
    return f" in {claim}" in facts.text or _in_fields(
        re.sub(r"^sizes? ", "", claim), facts, _LOOK_FIELDS
    )


def _in_fields(claim: str, facts: Facts, names: Collection[str]) -> bool:
    values = [fold(v.partition(": ")[2]) for k, v in facts.fields.items() if k.casefold() in names]
    return any(claim in value or (value and claim.startswith(value)) for value in values)


@lru_cache(maxsize=512)
def _concepts_of(text: str) -> frozenset[tuple[Concept, bool]]:
    return frozenset((concept, affirmed) for concept, _, affirmed in concept_uses(text))


def _past(folded: str, facts: Facts) -> Iterator[Problem]:
    """What is said about the shopper's past must name an entry, with what they did to it."""
    kinds = {str(name.index): name.kind for name in facts.names}
    for match in _PAST.finditer(folded):
        named = _NAMED_NEXT.match(folded, match.end())
        kind = kinds.get(named[1]) if named else None
        claimed = _KIND_OF.get(match[1] or match[2] or "")
        if kind is None or (claimed is not None and kind is not claimed):
            yield Problem("history", match[0].strip())


def _negations(folded: str, facts: Facts) -> Iterator[Problem]:
    """What is denied must be denied in the item's fields too: "not for walkers"."""
    for match in _DENIAL.finditer(folded):
        words = re.findall(r"[^\W\d_]{4,}", match[2])
        denied = next((word for word in words if word not in SAFE_WORDS), None)
        if denied and not any(
            _DENIED.search(facts.text[max(0, place.start() - 40) : place.start()])
            for place in re.finditer(rf"(?<![^\W_]){re.escape(denied[:5])}", facts.text)
        ):
            yield Problem("negation", f"{match[1]} {match[2]}".strip())


def _lost_negations(folded: str, facts: Facts) -> Iterator[Problem]:
    """What the item's fields only deny must not be affirmed: "the LED can be replaced"."""
    denied = _denied_in(facts.text)
    for match in re.finditer(r"[^\W\d_]{5,}", folded):
        word = match[0]
        if word[:5] not in denied or word in SAFE_WORDS or _stands_in_title(word, facts):
            continue
        if not _DENIED.search(folded[max(0, match.start() - 40) : match.start()]):
            yield Problem("negation", f"affirms {word}")


@lru_cache(maxsize=512)
def _denied_in(text: str) -> frozenset[str]:
    """The beginnings of words that stand behind a denial and nowhere else in a text."""
    spans = [match.span(2) for match in _DENIAL.finditer(text)]
    denied: set[str] = set()
    affirmed: set[str] = set()
    for match in re.finditer(r"[^\W\d_]{5,}", text):
        inside = any(start <= match.start() < end for start, end in spans)
        (denied if inside else affirmed).add(match[0][:5])
    return frozenset(denied - affirmed)


def _stands_in_title(word: str, facts: Facts) -> bool:
    return word[:5] in fold(facts.item.title)


def _subjects(folded: str, facts: Facts) -> Iterator[Problem]:
    """The item must not be called another thing that its text only mentions: "a dinner table"."""
    head = head_of(facts.item.title)
    for match in _CALLED.finditer(folded):
        name = f"{match[1]} {match[2]}"
        own = fold(" . ".join([facts.item.title, *facts.item.category]))
        if head_of(name) != head and name in facts.text and name not in own:
            yield Problem("product", name)
