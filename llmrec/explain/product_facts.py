"""What is known of a product as short texts that can be quoted, the best for this shopper first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmrec.catalog.ages import age_range
from llmrec.catalog.tokens import tokens
from llmrec.explain.anchors import companion_of, history_anchor
from llmrec.explain.choice import (
    FactText,
    answers,
    lateness,
    question_words,
    substance,
    word_overlap,
)
from llmrec.explain.denials import affirmed_part, affirms, denies, has_denial
from llmrec.explain.facts import fold
from llmrec.explain.field_values import is_readable, value_in
from llmrec.explain.from_fields import item_language, spoken_language
from llmrec.explain.patterns import CARE, CAUTION, PRAISE
from llmrec.explain.phrases import PHRASES, canonical
from llmrec.explain.punctuation import colon
from llmrec.explain.quotable import Quotable, quotable_sentences
from llmrec.explain.requests import WordsRequest
from llmrec.explain.wishes import falls_short, refusals
from llmrec.linear import bounded
from llmrec.prompting import one_line
from llmrec.types import Item, Language

__all__ = ["ScoredFact", "has_refused", "product_facts", "question_of"]

_MOST_VALUE = 80

# In the share of the question's words, where a good fact has 0.5 more than a bad one. Praise says
# little; a caution may be the answer, but of two that are near the other is the reason; a value has
# its card beside it.
_PRAISE, _CAUTION, _VALUE, _RUN = 0.1, 0.05, 0.1, 0.03
# A sentence that names what the shopper has says more to them than any that comes earlier.
_COMPANION = 0.3
# How to care for it is told to whom has asked for that, not to whom has named the thing.
_CARE_SHARE = 0.3
# More than a place in the text can cost, so that a short sentence which says as much comes first.
_LONG_WINDED = 0.4
_LONG: dict[Language, int] = {"en": 200, "de": 200, "zh": 75}
"""Characters; a card has room for some 200, and what is longer is read by few."""

_FEW_WORDS = 14
"""That mean something, below which a sentence with a word of praise has little beside it."""

_FEWEST_WORDS = 3
"""That mean something: "Ages well." has two."""

_BEATS = bounded(r"\w+(?: \w+)?(?:, [a-zäöü]\w*(?: \w+)?){1,4}\.?")
"""A slogan in beats: "Loved, shredded, refilled."."""

# "Dishwasher: yes" is a field of the card, and no sentence.
_FLAG = re.compile(r"(?:yes|no|none|true|false|ja|nein|keine?s?|ohne|是|否|无)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ScoredFact:
    """A fact with what it says to the shopper.

    Attributes:
        quotable: its text and evidence.
        score: by which the facts of one product are put in order.
        field: the attribute that it is the value of, empty for a sentence.
        answers: whether a word of the shopper's question is in it, or it is a value that they set.
        denies: whether it denies such a word, or has what the shopper refuses.
        share: of the question's words, that stand in it.
        has_companion: whether it names what the shopper has.
    """

    quotable: Quotable
    score: float
    field: str = ""
    answers: bool = False
    denies: bool = False
    share: float = 0.0
    has_companion: bool = False

    @property
    def is_hollow(self) -> bool:
        """Whether it is a sentence that praises and says hardly more."""
        praise = 0 if self.field else _praise_in(self.text)
        return praise > 1 or (praise == 1 and substance(self.text) < _FEW_WORDS)

    @property
    def is_fragment(self) -> bool:
        """Whether it is a sentence of two words that mean something, or a slogan."""
        is_short = substance(self.text) < _FEWEST_WORDS
        return not self.field and (is_short or _BEATS.fullmatch(self.text) is not None)

    @property
    def text(self) -> str:
        """As it is quoted."""
        return self.quotable.text

    @property
    def evidence(self) -> tuple[str, ...]:
        """The sentences or the field."""
        return self.quotable.evidence

    @property
    def cautions(self) -> bool:
        """Whether it speaks against the product, for all or for this shopper."""
        return self.quotable.cautions or self.denies

    def shares_evidence(self, evidence: tuple[str, ...]) -> bool:
        """Whether a sentence or field of it is among these."""
        return not set(self.evidence).isdisjoint(evidence)


def product_facts(request: WordsRequest, *, quotes: bool = True) -> list[ScoredFact]:
    """All facts of the product that can be told in the shopper's language, the best first.

    What cautions stands behind the rest, unless a word that was asked for is in it.

    Args:
        request: for which product and shopper.
        quotes: whether sentences of the description are among them, or values of fields alone.
    """
    language = spoken_language(request)
    sentences = quotable_sentences(request.item, language) if quotes else ()
    facts = [*((sentence, "") for sentence in sentences), *_values(request.item, language)]
    question, title = question_of(request), request.item.title
    shares = [
        word_overlap(question, FactText(quotable.text, field), title) for quotable, field in facts
    ]
    brief = _best_brief(facts, shares, language)
    wished = {canonical(fold(name)) for name in request.filters.attributes}
    scored = []
    for place, ((quotable, field), share) in enumerate(zip(facts, shares, strict=True)):
        loss = _loss(quotable, field, place)
        if len(quotable.text) > _LONG[language] and share <= brief:
            loss += _LONG_WINDED
        answered = field in wished or answers(
            _wanted(request), FactText(quotable.text, field), request.item.title
        )
        has_companion = not field and companion_of(request, quotable.text) is not None
        # What the shopper has, and what this does not go with, is theirs to know.
        warns = has_companion and _warns(quotable.text)
        denied = warns or (not field and _denies(request, quotable.text))
        score = share - loss + (_COMPANION if has_companion else 0.0)
        if share < _CARE_SHARE and CARE.search(quotable.text):
            answered = False
        scored.append(
            ScoredFact(quotable, score, field, answered or denied, denied, share, has_companion)
        )
    return sorted(scored, key=lambda fact: (fact.cautions and not fact.answers, -fact.score))


def question_of(request: WordsRequest) -> str:
    """What is known of what the shopper wants; without a question, what they had before."""
    return _wanted(request) or history_anchor(request).name


def _wanted(request: WordsRequest) -> str:
    wishes = (value for values in request.filters.attributes.values() for value in values)
    return _listed((request.query or "", request.recipient or "", *wishes))


@lru_cache(maxsize=256)
def _listed(parts: tuple[str, ...]) -> str:
    return ", ".join(one_line(part) for part in parts if part)


def has_refused(request: WordsRequest) -> bool:
    """Whether the title names what the shopper refuses: glossy paper, for "and not glossy"."""
    refused = refusals(request.query or "")
    words = tokens(" ".join(refusal.word for refusal in refused if refusal.wholly))
    return bool(words) and affirms(request.item.title, words)


def _denies(request: WordsRequest, text: str) -> bool:
    """Whether a sentence denies what was asked for, or says that it has what is refused."""
    query = request.query or ""
    refused = frozenset(tokens(" ".join(one.word for one in refusals(query))))
    if (refused and affirms(text, refused)) or falls_short(query, text):
        return True
    return denies(text, question_words(affirmed_part(query), request.item.title))


def _warns(text: str) -> bool:
    """Whether any clause of a sentence denies or cautions."""
    return has_denial(text) or CAUTION.search(text) is not None


def _best_brief(
    facts: Sequence[tuple[Quotable, str]], shares: Sequence[float], language: Language
) -> float:
    """The largest share of a short sentence, neither caution nor empty praise; else -1."""
    brief = (
        share
        for (quotable, field), share in zip(facts, shares, strict=True)
        if len(quotable.text) <= _LONG[language]
        and not (field or quotable.cautions or _praise_in(quotable.text))
    )
    return max(brief, default=-1.0)


# The same sentences come in answer after answer.
@lru_cache(maxsize=8_192)
def _praise_in(text: str) -> int:
    return len(PRAISE.findall(text))


def _loss(quotable: Quotable, field: str, place: int) -> float:
    praise = min(2, _praise_in(quotable.text))
    where = _VALUE if field else lateness(place)
    more_sentences = len(quotable.evidence) - 1
    return _PRAISE * praise + _CAUTION * quotable.cautions + where + _RUN * more_sentences


def _values(item: Item, language: Language) -> Iterator[tuple[Quotable, str]]:
    """Attributes as short clauses, with the language's name where it has one."""
    title = set(tokens(item.title))
    for name, values in item.attributes.items():
        key = canonical(fold(name))
        label = _label(item, name, language)
        value = _value(item, key, values, language)
        if not label or any(map(_FLAG.fullmatch, values)) or not 2 <= len(value) <= _MOST_VALUE:
            continue
        if not set(tokens(value)) <= title:  # which stands on the card already
            text = f"{label[:1].upper()}{label[1:]}{colon(language)}{value}"
            yield Quotable(text, (f"attributes.{name}",)), key


def _value(item: Item, key: str, values: tuple[str, ...], language: Language) -> str:
    """As the language writes it; nothing where it is in another script."""
    foreign = item_language(item) != language
    ages = age_range(item) if key == "age" and foreign else None
    if ages:
        return ages.phrase(language)
    listed = ", ".join(values) if foreign else PHRASES[language].listed(values)
    value = value_in(listed, language, item_language(item))
    return value if not foreign or is_readable(value, language) else ""


def _label(item: Item, name: str, language: Language) -> str:
    """A field's name in the language, else the shop's; none in a sentence of another language."""
    key = canonical(fold(name))
    if key in PHRASES[language].names:
        return PHRASES[language].names[key]
    if language == "en" and item_language(item) == "zh" and key != fold(name):
        return (
            key  # what is readable of a Chinese field is a number; of a German one it may be words
        )
    written_in = "zh" if re.search(r"[\u4e00-\u9fff]", name) else item_language(item)
    if written_in != language or (language == "zh" and name.isascii()):
        return ""
    return one_line(name)
