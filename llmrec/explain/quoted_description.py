"""A description that quotes: the sentences that this shopper should read, what they asked first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmrec.explain.from_fields import spoken_language
from llmrec.explain.leads import Remark
from llmrec.explain.misfits import MISFITS, is_misfit
from llmrec.explain.product_facts import ScoredFact, question_of
from llmrec.explain.punctuation import in_a_row, with_stop
from llmrec.explain.quotable import Quotable, text_language
from llmrec.explain.requests import WordsRequest
from llmrec.types import Item, Language, Words

__all__ = ["described_elsewhere", "quoted_description"]

_CARD = frozenset({"price", "stock"})
"""Fields that stand on the card, with what speaks against them."""

_MOST_SENTENCES, _MOST_VALUES = 3, 4
_MOST_CHARS = {"en": 320, "de": 320, "zh": 120}
_ONLY: dict[Language, str] = {
    "en": "The shop describes it in {other} only.",
    "de": "Der Shop beschreibt es nur auf {other}.",
    "zh": "店铺只有{other}介绍。",
}
_NO_MORE: dict[Language, str] = {
    "en": "The shop says no more of it than its card.",
    "de": "Mehr als auf der Karte sagt der Shop nicht dazu.",
    "zh": "除卡片上的内容外，店铺没有更多介绍。",
}
_LANGUAGES: dict[Language, dict[Language, str]] = {
    "en": {"en": "English", "de": "German", "zh": "Chinese"},
    "de": {"en": "Englisch", "de": "Deutsch", "zh": "Chinesisch"},
    "zh": {"en": "英文", "de": "德文", "zh": "中文"},
}


def quoted_description(
    request: WordsRequest, facts: Sequence[ScoredFact], objections: Sequence[Remark]
) -> Words:
    """Two or three sentences; values where there are no sentences; never what the card has.

    Args:
        request: for which product and shopper.
        facts: of the product, the best first.
        objections: what speaks against it; those of the card are left to the card.
    """
    language = spoken_language(request)
    told = [one for one in objections if _CARD.isdisjoint(one.evidence)]
    behind = tuple(name for objection in told for name in objection.evidence)
    rest = [fact for fact in facts if not fact.shares_evidence(behind)]
    # What denies a word of the question must not fall out for want of room.
    ordered = sorted(rest, key=lambda fact: not fact.denies)
    sentences = _apart([fact for fact in ordered if not fact.field], language)
    if not question_of(request):
        sentences.sort(key=lambda fact: _place(fact.evidence[0]))
    else:
        sentences.sort(key=rest.index)
    quoted = _quoted(sentences, [fact for fact in rest if fact.field])
    parts = [with_stop(quotable.text, language) for quotable in quoted]
    parts += [objection.text for objection in told]
    names = (name for quotable in quoted for name in quotable.evidence)
    evidence = list(dict.fromkeys((*names, *behind)))
    elsewhere = [] if sentences else list(described_elsewhere(request.item, language))
    if elsewhere:
        parts += elsewhere
        evidence.append("description")
    if not parts:
        # Title, brand and price stand on the card: where nothing else is known, that is said.
        parts, evidence = [_NO_MORE[language]], ["title"]
    is_answered = any(fact.answers and not fact.field for fact in facts)
    if sentences and not (told or is_answered) and is_misfit(request, language):
        parts.insert(0, MISFITS[language][0])
        evidence.append("query")
    origin = "quote" if sentences else "fields"
    return Words(in_a_row(parts, language), origin, evidence=tuple(evidence))


def _quoted(sentences: Sequence[ScoredFact], values: Sequence[ScoredFact]) -> list[Quotable]:
    """The value that was asked for; one beside a lone sentence; values alone."""
    room = max(0, 2 - len(sentences)) if sentences else _MOST_VALUES
    if sentences and values and values[0].answers:
        room = max(1, room)
    return [fact.quotable for fact in (*sentences, *values[:room])]


def _place(evidence: str) -> int:
    """In the text, from 0, of ``sentence:<n>``."""
    return int(evidence.partition(":")[2])


def described_elsewhere(item: Item, language: Language) -> Iterator[str]:
    """That the shop's text is in another language, if it is."""
    other = text_language(item) if item.description.strip() else None
    if other and other != language:
        yield _ONLY[language].format(other=_LANGUAGES[language][other])


def _apart(facts: Sequence[ScoredFact], language: Language) -> list[ScoredFact]:
    """The best sentences that have none in common, as many as fit."""
    chosen: list[ScoredFact] = []
    evidence: tuple[str, ...] = ()
    room = _MOST_CHARS[language]
    for fact in facts:
        fits = len(fact.text) <= room and not fact.shares_evidence(evidence)
        if fits and len(chosen) < _MOST_SENTENCES:
            chosen.append(fact)
            evidence += fact.evidence
            room -= len(fact.text)
    return chosen
