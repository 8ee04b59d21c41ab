"""A reason that quotes: the best fact behind the best lead that no other reason begins with.

A reason that says nothing for this shopper is worse than none, so there may be none. What blind
readers would show, and what not: eval/results/words/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmrec.explain.facts import fold, short_title
from llmrec.explain.from_fields import spoken_language
from llmrec.explain.leads import CAUTIONS, Remark, companion_lead, leads_for
from llmrec.explain.misfits import MISFITS, comes_near, is_beside, is_misfit, is_open_question
from llmrec.explain.product_facts import ScoredFact, has_refused
from llmrec.explain.punctuation import colon, comma, in_a_row, with_stop
from llmrec.explain.quotable import Quotable
from llmrec.explain.requests import WordsRequest
from llmrec.types import Language, Words

__all__ = ["quoted_reason"]

_MOST_PAIR = 200
"""Characters of two sentences in one reason."""

_MOST_TRIED = 3
"""Facts that may begin a reason before the same fact comes a second time."""

_LATE = 3
"""Sentences of a text, behind which one that has no word of the question is beside the point."""

_ANSWERING = 0.25
"""The share of the question from which a fragment answers it: "Feeds six." for a pot for six."""

_ANSWERING_NEAR, _ANSWERING_PRAISE = 0.35, 0.6

_BEGINNING = {"en": 3, "de": 3, "zh": 5}
"""Words (in Chinese signs) by which two reasons of one answer must differ."""

# By so much more a caution must answer before it stands beside a fact that answers as well.
_CLEARLY = 0.02
_ALWAYS_SAID = frozenset({"stock", "price"})
"""Fields whose objections say nothing of whether it is the thing that was asked for."""

_NO_LEAD = Remark("", ())


@dataclass(frozen=True, slots=True)
class _Option:
    """What a reason can be: its sentences, and the fields and sentences that they stand on."""

    sentences: tuple[str, ...]
    evidence: tuple[str, ...]

    def beginning(self, language: Language) -> str:
        """By which it is told from the other reasons of an answer."""
        text = fold(in_a_row(self.sentences, language))
        length = _BEGINNING[language]
        if language == "zh":
            return text[:length]
        return " ".join(re.findall(r"[^\W_]+", text)[:length])


def quoted_reason(
    request: WordsRequest,
    facts: Sequence[ScoredFact],
    objections: Sequence[Remark],
    beginnings: set[str],
) -> Words | None:
    """The best reason that begins as none before it, with what speaks against the item behind it.

    None where no fact is worth saying to this shopper, nothing that they did leads to the item, and
    nothing speaks against it but that it is out of stock, which its card says.

    Args:
        request: for which product and shopper.
        facts: of the product, the best first.
        objections: what speaks against it.
        beginnings: of the reasons of this answer so far; that of this one is added.
    """
    language = spoken_language(request)
    behind = tuple(name for objection in objections for name in objection.evidence)
    worth = [fact for fact in facts if not fact.shares_evidence(behind)]
    worth = _worth_saying(request, worth, language)
    option = _unlike_others(request, worth, behind, beginnings) or _Option((), ())
    if not option.sentences and all(remark.evidence == ("stock",) for remark in objections):
        return None
    text = in_a_row([*option.sentences, *(remark.text for remark in objections)], language)
    quotes = any(name.startswith("sentence:") for name in option.evidence)
    evidence = tuple(dict.fromkeys((*option.evidence, *behind)))
    return Words(text, "quote" if quotes else "fields", evidence=evidence)


def _worth_saying(
    request: WordsRequest, facts: Sequence[ScoredFact], language: Language
) -> list[ScoredFact]:
    """What can be a reason: a value that was asked for, a sentence that was, or an early one.

    What a merchant says first is mostly worth reading for who has asked for such a thing.
    """
    if is_beside(request, language):
        return []
    if has_refused(request):
        return [fact for fact in facts if fact.denies]
    near = comes_near(request, language)
    return [
        fact
        for fact in facts
        if _answers(fact, near) or not (_is_aside(fact, request.query) or (near and request.query))
    ]


def _answers(fact: ScoredFact, near: bool) -> bool:
    """Whether it has a word of the question, and more of it where one proves little.

    So it does in two or three words, beside praise, and of a product that only comes near: "for
    long, slow days", of shoes, has a word of "snack for long hikes".
    """
    if fact.denies or fact.has_companion:
        return True
    least = max(
        _ANSWERING * fact.is_fragment, _ANSWERING_NEAR * near, _ANSWERING_PRAISE * fact.is_hollow
    )
    is_advertisement = fact.is_hollow and len(fact.text) > _MOST_PAIR
    return fact.answers and fact.share >= least and not is_advertisement


def _is_aside(fact: ScoredFact, query: str | None) -> bool:
    """Whether nobody needs to know it who has not asked.

    A value, a caution, empty praise; beside a question also a late sentence and a fragment.
    """
    if fact.field or fact.cautions or fact.is_hollow:
        return True
    if query is None:
        return False
    if is_open_question(query) and not fact.share:
        return True
    return fact.is_fragment or int(fact.evidence[0].partition(":")[2]) >= _LATE


def _unlike_others(
    request: WordsRequest,
    facts: Sequence[ScoredFact],
    behind: tuple[str, ...],
    beginnings: set[str],
) -> _Option | None:
    """The first option that begins as none; where all do, the best fact behind the title.

    Without facts what the shopper did stands alone.
    """
    language = spoken_language(request)
    # What is said behind as an objection introduces nothing.
    leads = [lead for lead in leads_for(request, language) if not lead.shares_evidence(behind)]
    quoting = list(_quoting(request, facts, leads, behind))
    options = (*quoting, *_leads_alone(leads, language))
    last = quoting[-1] if facts else None
    option = next((one for one in options if one.beginning(language) not in beginnings), last)
    if option is not None:
        beginnings.add(option.beginning(language))
    return option


def _quoting(
    request: WordsRequest,
    facts: Sequence[ScoredFact],
    leads: Sequence[Remark],
    behind: tuple[str, ...],
) -> Iterator[_Option]:
    """Leads with facts behind them, the best first.

    Of two colours of one product the same is true: the title tells them apart, if nothing does; at
    once where the next fact would not answer the question.
    """
    language = spoken_language(request)
    is_answered = any(fact.answers and not fact.field for fact in facts)
    # What an objection says is nearer to the point.
    known = is_answered or not _ALWAYS_SAID.issuperset(behind)
    misfits = () if known else _misfits(request, language)
    for fact in facts[:_MOST_TRIED]:
        fitting = [*_companions(request, fact, language), *leads]
        for lead in misfits or _leads_to(fact, fitting, language):
            yield from _orders(lead, fact, facts, language)
        if fact.answers:
            yield _titled(request, fact, facts, language)
    for fact in facts[:1]:
        yield _titled(request, fact, facts, language)


def _misfits(request: WordsRequest, language: Language) -> Sequence[Remark]:
    """That the item is not what was asked for, where nothing of the question is in it."""
    says = MISFITS[language] if is_misfit(request, language) else ()
    return [Remark(text, ("query",)) for text in says]


def _companions(request: WordsRequest, fact: ScoredFact, language: Language) -> Iterator[Remark]:
    lead = None if fact.field else companion_lead(request, fact.text, language)
    if lead is not None:
        yield lead


def _orders(
    lead: Remark, fact: ScoredFact, facts: Sequence[ScoredFact], language: Language
) -> Iterator[_Option]:
    """The fact with what stands beside it; a value that has no lead also behind its sentence."""
    # "For a two-year-old: 2-5 years. Age: 2-5 years." says one thing twice.
    rest = [other for other in facts if not other.shares_evidence(lead.evidence)]
    quoted = _behind_lead(fact, rest, bool(lead.text))
    if not quoted:
        return  # the lead says all that there is: it may stand alone
    yield _option(lead, quoted, language)
    if fact.field and not lead.text and len(quoted) > 1:
        yield _option(lead, quoted[::-1], language)


def _titled(
    request: WordsRequest, fact: ScoredFact, facts: Sequence[ScoredFact], language: Language
) -> _Option:
    title = short_title(request.item.title)
    if not fact.field:
        lead = Remark(f"{title}{colon(language).strip()}", ("title",))
        return _option(lead, _behind_lead(fact, facts, True), language)
    # With a second colon the value would seem to be one of several.
    first = fact.text
    if language != "de" and not re.match(r"\w[A-Z\d-]", first):  # "LED: 5 W" keeps its capitals
        first = f"{first[:1].lower()}{first[1:]}"
    text = with_stop(f"{title}{comma(language)}{first}", language)
    return _Option((text,), ("title", *fact.evidence))


def _option(lead: Remark, quoted: Sequence[Quotable], language: Language) -> _Option:
    sentences = (with_stop(quotable.text, language) for quotable in quoted)
    names = (name for quotable in quoted for name in quotable.evidence)
    return _Option((lead.text, *sentences), tuple(dict.fromkeys((*lead.evidence, *names))))


def _leads_alone(leads: Sequence[Remark], language: Language) -> Iterator[_Option]:
    """Leads that say something without a fact: what the shopper did or set, an age that fits."""
    for lead in leads:
        if not lead.needs_fact:
            yield _Option((with_stop(lead.text.rstrip(":："), language),), lead.evidence)


def _leads_to(fact: ScoredFact, leads: Sequence[Remark], language: Language) -> list[Remark]:
    """What may stand before a fact, the best first: nothing at all is a lead as well."""
    if fact.cautions:
        return [Remark(text, ()) for text in CAUTIONS[language]]
    if not fact.field:
        return [*leads, _NO_LEAD]
    # "For your dog: Hob: gas" has two colons; a lead that says the value itself has one.
    same = [lead for lead in leads if fact.shares_evidence(lead.evidence)]
    return [*same, _NO_LEAD, *(lead for lead in leads if lead not in same)]


def _behind_lead(fact: ScoredFact, rest: Sequence[ScoredFact], led: bool) -> list[Quotable]:
    """The fact, and a second where one alone would mislead or says little.

    Args:
        fact: that was chosen.
        rest: all facts that the lead does not say; without ``fact`` where the lead says it.
        led: whether there is a lead.
    """
    sentences = [other for other in rest if not other.field and other is not fact]
    praise = [other.quotable for other in sentences if not other.cautions]
    if fact not in rest:
        return (praise or [other.quotable for other in rest])[:1]
    if not fact.field:
        return [fact.quotable, *_nearer_caution(fact, sentences)]
    values = [other.quotable for other in rest if other.field and other is not fact]
    pair = [fact.quotable, *(praise or values)[:1]]
    # A value says little: the best sentence is behind it, or before it where a lead is.
    return pair[::-1] if led and praise else pair


def _nearer_caution(fact: ScoredFact, sentences: Sequence[ScoredFact]) -> list[Quotable]:
    """What denies a word of the question; else the first caution, if it answers clearly better.

    Both must be short enough to stand together.
    """
    cautions = [other for other in sentences if other.cautions]
    caution = next((other for other in cautions if other.denies), next(iter(cautions), None))
    if fact.cautions or caution is None:
        return []
    if not caution.denies and caution.score <= fact.score + _CLEARLY:
        return []
    fits = len(fact.text) + len(caution.text) <= _MOST_PAIR
    return [caution.quotable] if fits and not caution.shares_evidence(fact.evidence) else []
