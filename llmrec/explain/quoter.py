"""Reasons and descriptions that quote: the facts that matter to this shopper, in the shop's words.

No model is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmrec.catalog.tokens import tokens
from llmrec.explain.ages import age_range
from llmrec.explain.anchors import history_anchor
from llmrec.explain.choice import FactText, answers, lateness, word_overlap
from llmrec.explain.facts import fold, short_title
from llmrec.explain.from_fields import item_language, spoken_language
from llmrec.explain.leads import CAUTIONS, Remark, leads_for, objections_to, price_in, value_in
from llmrec.explain.patterns import PRAISE
from llmrec.explain.phrases import PHRASES, canonical
from llmrec.explain.quotable import Quotable, quotable_sentences, text_language
from llmrec.explain.requests import WordsRequest
from llmrec.prompting import one_line
from llmrec.types import Item, Language, Words

__all__ = ["Quoter"]

_MOST_VALUE = 80
_MOST_PAIR = 200
"""Characters of two sentences in one reason."""

_MOST_TRIED = 3
"""Facts that may begin a reason before the same fact comes a second time."""

_MOST_DESCRIPTION = {"en": 320, "de": 320, "zh": 120}
_BEGINNING = {"en": 3, "de": 3, "zh": 5}
"""Words (in Chinese signs) by which two reasons of one answer must differ."""

# In similarity, where a good fact has 0.5 more than a bad one. Praise says little; a caution may be
# the answer, but of two that are near the other is the reason; a value has its card beside it.
_PRAISE, _CAUTION, _VALUE, _RUN = 0.1, 0.05, 0.1, 0.03
_CLEARLY = 0.02
_FLAG = re.compile(r"(?:yes|no|none|true|false|ja|nein|keine?s?|ohne|是|否|无)", re.IGNORECASE)
_FROM: dict[Language, str] = {"en": "from {brand}", "de": "von {brand}", "zh": "来自{brand}"}
_ONLY: dict[Language, str] = {
    "en": "The shop describes it in {other} only.",
    "de": "Der Shop beschreibt es nur auf {other}.",
    "zh": "店铺只有{other}介绍。",
}
_CALLED: dict[Language, dict[Language, str]] = {
    "en": {"en": "English", "de": "German", "zh": "Chinese"},
    "de": {"en": "Englisch", "de": "Deutsch", "zh": "Chinesisch"},
    "zh": {"en": "英文", "de": "德文", "zh": "中文"},
}


@dataclass(frozen=True, slots=True)
class _Scored:
    """A fact with what it says to the shopper.

    ``field`` is the attribute that it is, if it is one; ``answers``: it has a word of the question.
    """

    quotable: Quotable
    score: float
    field: str = ""
    answers: bool = False


class Quoter:
    """Writes words about recommended items by choosing facts and quoting them.

    Args:
        quotes: whether sentences of descriptions are quoted; else fields alone speak.
    """

    def __init__(self, *, quotes: bool = True) -> None:
        self._quotes = quotes

    def write_many(self, requests: Sequence[WordsRequest]) -> list[tuple[Words, Words | None]]:
        """A reason, and a description where asked for, of each product of one answer, in its order.

        No two reasons begin alike. ``origin`` is ``quote`` where a sentence is quoted, else
        ``fields``; ``evidence`` names sentences and fields.
        """
        facts = [self._facts(request) for request in requests]
        begun: set[str] = set()
        written = []
        for request, known in zip(requests, facts, strict=True):
            scored = _scored(request, known)
            reason = _reason(request, scored, begun)
            written.append((reason, _description(request, scored) if request.describe else None))
        return written

    def _facts(self, request: WordsRequest) -> list[tuple[Quotable, str]]:
        language = spoken_language(request)
        sentences = quotable_sentences(request.item, language) if self._quotes else ()
        return [*((fact, "") for fact in sentences), *_values(request.item, language)]


def _question(request: WordsRequest) -> str:
    """What is known of what the shopper wants; without a question, what they had before."""
    wishes = [value for values in request.filters.attributes.values() for value in values]
    said = [request.query or "", request.recipient or "", *wishes]
    if any(said):
        return ", ".join(one_line(part) for part in said if part)
    return history_anchor(request).name


def _values(item: Item, language: Language) -> Iterator[tuple[Quotable, str]]:
    """Attributes as short clauses, with the language's name where it has one."""
    phrases, title = PHRASES[language], set(tokens(item.title))
    for name, values in item.attributes.items():
        key = canonical(fold(name))
        called = phrases.names.get(key) or _own_name(item, name, language)
        foreign = item_language(item) != language
        listed = ", ".join(values) if foreign else phrases.listed(values)
        value = value_in(listed, language)
        ages = age_range(item) if key == "age" and foreign else None
        value = ages.phrase(language) if ages else value
        if not called or any(map(_FLAG.fullmatch, values)) or not 2 <= len(value) <= _MOST_VALUE:
            continue
        if not set(tokens(value)) <= title:  # which stands on the card already
            joint = "：" if language == "zh" else ": "
            text = f"{called[:1].upper()}{called[1:]}{joint}{value}"
            yield Quotable(text, (f"attributes.{name}",)), key


def _own_name(item: Item, name: str, language: Language) -> str:
    """The shop's own name of a field; none in a sentence of another language."""
    written_in = "zh" if re.search(r"[\u4e00-\u9fff]", name) else item_language(item)
    return (
        one_line(name)
        if written_in == language and (language != "zh" or not name.isascii())
        else ""
    )


def _scored(request: WordsRequest, facts: Sequence[tuple[Quotable, str]]) -> list[_Scored]:
    """All facts, the best first.

    What cautions stands behind the rest, unless a word that was asked for is in it.
    """
    question, title = _question(request), request.item.title
    asked = question if request.query or request.recipient or request.filters.attributes else ""
    texts = [FactText(fact.text, field) for fact, field in facts]
    scores = [word_overlap(question, text, title) for text in texts]
    scored = [
        _Scored(fact, score - _loss(fact, field, place), field, answers(asked, text, title))
        for place, ((fact, field), text, score) in enumerate(zip(facts, texts, scores, strict=True))
    ]
    return sorted(scored, key=lambda one: (one.quotable.cautions and not one.answers, -one.score))


def _loss(fact: Quotable, field: str, place: int) -> float:
    praise = min(2, len(PRAISE.findall(fact.text)))
    where = _VALUE if field else lateness(place)
    runs = len(fact.evidence) - 1
    return _PRAISE * praise + _CAUTION * fact.cautions + where + _RUN * runs


def _reason(request: WordsRequest, scored: Sequence[_Scored], begun: set[str]) -> Words:
    """The best fact behind the best lead that no other reason of the answer begins with."""
    language = spoken_language(request)
    leads = list(leads_for(request, language))
    objections = list(objections_to(request, language))
    behind = tuple(name for one in objections for name in one.evidence)
    told = [one for one in scored if not set(one.quotable.evidence) & set(behind)]
    options = list(_options(request, told, leads, language))
    beginnings = [_beginning(_joined(parts, language), language) for parts, _ in options]
    # Where all have been said: the best fact behind the title, else what stands for no facts.
    last = len(options) - len(leads) - 2 if told else -1
    place = next((n for n, begins in enumerate(beginnings) if begins not in begun), last)
    begun.add(beginnings[place])
    parts, evidence = options[place]
    quoted = any(name.startswith("sentence:") for name in evidence)
    whole = _joined([*parts, *(one.text for one in objections)], language)
    found = tuple(dict.fromkeys((*evidence, *behind)))
    return Words(whole, "quote" if quoted else "fields", evidence=found)


def _options(
    request: WordsRequest, scored: Sequence[_Scored], leads: Sequence[Remark], language: Language
) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """What the reason can be, the best first, as parts and evidence; the last can be always."""
    options = [
        (one, lead) for one in scored[:_MOST_TRIED] for lead in _before(one, leads, language)
    ]
    # Of two colours of one product the same is true: the title tells them apart, if nothing does.
    colon = "：" if language == "zh" else ":"
    title = Remark(f"{short_title(request.item.title)}{colon}", ("title",))
    for one, lead in (*options, *((one, title) for one in scored[:1])):
        # "For a two-year-old: 2-5 years. Age: 2-5 years." says one thing twice.
        said = set(lead.evidence)
        rest = [other for other in scored if not said & set(other.quotable.evidence)]
        body = _body(one, rest, bool(lead.text))
        parts = [lead.text] if lead.text else []
        parts += [_stopped(fact.text, language) for fact in body]
        names = (name for fact in body for name in fact.evidence)
        yield parts, tuple(dict.fromkeys((*lead.evidence, *names)))
    yield from _without_facts(request, leads, language)


def _before(one: _Scored, leads: Sequence[Remark], language: Language) -> list[Remark]:
    """What may stand before a fact, the best first: nothing at all is a lead as well."""
    if one.quotable.cautions:
        return [Remark(text, ()) for text in CAUTIONS[language]]
    if not one.field:
        return [*leads, Remark("", ())]
    # "Under 70 EUR: Hob: gas" has two colons; a lead that says the value itself has one.
    same = [lead for lead in leads if set(lead.evidence) & set(one.quotable.evidence)]
    return [*same, Remark("", ()), *(lead for lead in leads if lead not in same)]


def _body(one: _Scored, rest: Sequence[_Scored], led: bool) -> list[Quotable]:
    """The fact, and a second where one alone would mislead or says little.

    With a value goes the best sentence, behind it, or before it where a lead is; with a sentence a
    caution that is clearly nearer to the question.
    """
    sentences = [other for other in rest if not other.field and other is not one]
    praise = [other for other in sentences if not other.quotable.cautions]
    if one not in rest:  # the lead has said it
        return [other.quotable for other in (praise or rest)[:1]]
    if not one.field:
        near = [other for other in sentences if other.quotable.cautions]
        nearer = not one.quotable.cautions and near and near[0].score > one.score + _CLEARLY
        apart = nearer and not set(near[0].quotable.evidence) & set(one.quotable.evidence)
        fits = apart and len(one.quotable.text) + len(near[0].quotable.text) <= _MOST_PAIR
        return [one.quotable, near[0].quotable] if fits else [one.quotable]
    values = [other for other in rest if other.field and other is not one]
    pair = [one.quotable, *(other.quotable for other in (praise or values)[:1])]
    return pair[::-1] if led and praise else pair


def _without_facts(
    request: WordsRequest, leads: Sequence[Remark], language: Language
) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Of a product that is no more than its title: brand and price behind the title."""
    item = request.item
    known: list[tuple[str, str]] = []
    if item.brand and fold(item.brand) not in fold(item.title):
        known.append((_FROM[language].format(brand=one_line(item.brand)), "brand"))
    if item.price is not None:
        known.append((price_in(item.price, item.currency, language), "price"))
    said = ("，" if language == "zh" else ", ").join(text for text, _ in known)
    colon = "：" if language == "zh" else ": "
    title = short_title(item.title) or item.id
    text = f"{title}{colon}{said}" if said else title
    evidence = ("title", *(name for _, name in known))
    for lead in (*leads, Remark("", ())):
        parts = [lead.text] if lead.text else []
        yield [*parts, _stopped(text, language)], (*lead.evidence, *evidence)


def _description(request: WordsRequest, scored: Sequence[_Scored]) -> Words:
    """Two or three sentences, what was asked for first; values where there are no sentences."""
    language = spoken_language(request)
    sentences = _apart([one for one in scored if not one.field], language)
    if not _question(request):
        sentences.sort(key=lambda one: int(one.quotable.evidence[0].partition(":")[2]))
    values = [one for one in scored if one.field]
    chosen = [*sentences, *values[: max(0, 2 - len(sentences))]] if sentences else values[:4]
    parts = [_stopped(one.quotable.text, language) for one in chosen]
    evidence = [name for one in chosen for name in one.quotable.evidence]
    if not chosen:
        parts, names = next(iter(_without_facts(request, (), language)))
        evidence = [*names]
    if not sentences:
        parts += _said_elsewhere(request.item, language)
    origin = "quote" if sentences else "fields"
    return Words(_joined(parts, language), origin, evidence=tuple(dict.fromkeys(evidence)))


def _said_elsewhere(item: Item, language: Language) -> Iterator[str]:
    """That the shop's own text is in another language, if it is."""
    other = text_language(item) if item.description.strip() else None
    if other and other != language:
        yield _ONLY[language].format(other=_CALLED[language][other])


def _apart(scored: Sequence[_Scored], language: Language) -> list[_Scored]:
    """The best sentences that have none in common, as many as fit."""
    chosen: list[_Scored] = []
    used: set[str] = set()
    room = _MOST_DESCRIPTION[language]
    for one in scored:
        fits = len(one.quotable.text) <= room and not used & set(one.quotable.evidence)
        if fits and len(chosen) < 3:
            chosen.append(one)
            used |= set(one.quotable.evidence)
            room -= len(one.quotable.text)
    return chosen


def _joined(parts: Sequence[str], language: Language) -> str:
    return ("" if language == "zh" else " ").join(part for part in parts if part)


def _stopped(text: str, language: Language) -> str:
    """With a full stop where the quoted piece, an item of a list or a value, has none."""
    if text.endswith((".", "!", "?", "。", "！", "？", '."', ".”", ".)")):
        return text
    return text + ("。" if language == "zh" else ".")


def _beginning(text: str, language: Language) -> str:
    folded = fold(text)
    if language == "zh":
        return folded[: _BEGINNING[language]]
    return " ".join(re.findall(r"[^\W_]+", folded)[: _BEGINNING[language]])
