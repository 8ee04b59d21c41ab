"""Price limits: absolute ones, and cheaper or dearer than what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal

from llmrec.agent.constraints.amounts import AMOUNT, MONEY, amount
from llmrec.agent.constraints.changes import AtLeast, AtMost, Change, Reference, Than
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.reader import Reader, pattern
from llmrec.agent.constraints.references import ANY, BARE, reference

__all__ = ["read_comparisons", "read_prices"]

_A, _B = f"(?P<a>{AMOUNT})", f"(?P<b>{AMOUNT})"
_MONEY_A, _MONEY_B = f"(?P<a>{MONEY})", f"(?P<b>{MONEY})"
_AND = r"(?:\s*(?:and|to|und|bis(?:\s+zu)?|-|–|~|到|至|和)\s*)"

_RANGES = (
    rf"\b(?:between|zwischen|from|von)\s+{_A}{_AND}{_B}",
    rf"在?{_A}{_AND}{_B}\s*之间",
    rf"{_A}{_AND}{_MONEY_B}(?:之间)?",
)
_AROUND = (
    rf"\b(?:somewhere\s+)?(?:about|around|roughly|approximately|approx\.?|close\s+to|etwa"
    rf"|ungefähr|circa|ca\.?"
    rf"|rund|um\s+die|(?:so\s+)?(?:um|bei))\s+{_MONEY_A}",
    rf"\bin\s+the\s+{_MONEY_A}\s+range\b",
    rf"(?:大概|大约|差不多)?{_A}左右",
)
# Negations stand first: "not more than" holds "more than".
_LIMITS: tuple[tuple[str, type[AtMost] | type[AtLeast]], ...] = (
    (
        r"\b(?:not|no|nothing|can't|cannot|don't|won't|shouldn't|nicht|nichts)\s+"
        r"(?:(?:be|go|spend|pay|want|have|cost|to|much|any)\s+)*(?:more|over|above|higher|dearer"
        r"|more\s+expensive|mehr"
        r"|über"
        rf"|teurer)(?:\s+(?:than|als))?\s+{_A}",
        AtMost,
    ),
    (
        r"\b(?:not|no|nothing|nicht|nichts)\s+(?:less|under|below|lower|cheaper|weniger|unter"
        r"|billiger|günstiger)"
        rf"(?:\s+(?:than|als))?\s+{_A}",
        AtLeast,
    ),
    (rf"(?:不要?超过|不能超过|别超过|不高于|不多于|至多|最多|最高){_A}", AtMost),
    (rf"(?:不低于|不少于|至少|最少|最低){_A}", AtLeast),
    (
        rf"{_A}\s*(?:or\s+(?:less|under|below|cheaper)|max(?:imum)?\b|at\s+(?:the\s+)?most|tops\b"
        r"|oder\s+(?:weniger|billiger|günstiger)|maximal\b|höchstens\b|以下|以内|之内|之下|封顶)",
        AtMost,
    ),
    (
        rf"{_A}\s*(?:or\s+(?:more|over|above)|and\s+(?:up|above)|oder\s+mehr|aufwärts|以上|起步?\b)",
        AtLeast,
    ),
    (
        r"\b(?:under|below|less\s+than|cheaper\s+than|at\s+(?:the\s+)?most|up\s+to|within"
        r"|max(?:imum)?"
        r"(?:\s+of)?|max\.|for\s+less\s+than|unter|bis(?:\s+zu)?|höchstens|maximal|weniger\s+als"
        rf"|billiger\s+als|günstiger\s+als)\s+{_A}",
        AtMost,
    ),
    (
        r"\b(?:my\s+|mein\s+|a\s+)?(?:budget|limit|preisgrenze)(?:\s*(?:is|of|ist|von|:"
        r"|liegt\s+bei))*"
        rf"\s+{_A}",
        AtMost,
    ),
    (
        r"\b(?:i\s+(?:only\s+)?have|(?:i\s+)?can\s+spend|ich\s+habe(?:\s+nur)?|(?:ich\s+)?kann)\s+"
        rf"{_MONEY_A}(?:\s+(?:to\s+spend|ausgeben|zur\s+verfügung))?",
        AtMost,
    ),
    # Only with a currency: "size < 42".
    (rf"(?:<=?|≤)\s*{_MONEY_A}", AtMost),
    (rf"(?:>=?|≥)\s*{_MONEY_A}", AtLeast),
    (rf"(?:低于|少于|小于|便宜过|预算(?:是|在|为|大概)?){_A}", AtMost),
    (
        r"\b(?:over|above|more\s+than|at\s+least|minimum(?:\s+of)?|min\.?|starting\s+(?:at|from)"
        r"|über|ab"
        rf"|mindestens|mehr\s+als|teurer\s+als|more\s+expensive\s+than)\s+{_A}",
        AtLeast,
    ),
    (rf"(?:高于|超过|多于|大于){_A}", AtLeast),
)
_RANGE_RULES = [pattern(one) for one in _RANGES]
_AROUND_RULES = [pattern(one) for one in _AROUND]
_LIMIT_RULES = [(pattern(text), kind) for text, kind in _LIMITS]
_COMPARING = pattern(r"\b(?:than|als)\b")
_LIST_NUMBER = re.compile(r"\d{1,2}")
_NEXT_WORD = pattern(r"\s+([a-zäöüß]+)")
_NO_NOUN_WORDS = """
please for in or and but from with if that on by as is only now too also available made bitte für
aus von mit oder und aber wenn auch nur lieferbar auf am
"""
_NO_NOUN = frozenset(_NO_NOUN_WORDS.split())
_FEW = 10
_NEAR = Decimal("1.2")
_CENT = Decimal("0.01")


def read_prices(reader: Reader, context: Context) -> Iterator[tuple[int, Change]]:
    """Price limits in a message, each with its place there."""
    for rule in _RANGE_RULES:
        for found in reader.take(rule):
            yield from _range(reader, found)
    for rule in _AROUND_RULES:
        for found in reader.take(rule):
            yield from _around(reader, found)
    for rule, kind in _LIMIT_RULES:
        for found in reader.take(rule):
            read = amount(found["a"])
            if read is None or _means_a_product(found, context) or _counts(reader, found, kind):
                reader.put_back(found)
            else:
                yield found.start(), kind(*read)


def _counts(reader: Reader, found: re.Match[str], kind: type[AtMost] | type[AtLeast]) -> bool:
    """Whether a bare number counts things: "at least 2 pockets", but not "under 40 waterproof"."""
    read = amount(found["a"])
    if read is None or read[1] is not None or (kind is AtMost and read[0] >= _FEW):
        return False
    following = _NEXT_WORD.match(reader.text, found.end())
    return following is not None and following[1].casefold() not in _NO_NOUN


def _range(reader: Reader, found: re.Match[str]) -> Iterator[tuple[int, Change]]:
    low, high = amount(found["a"]), amount(found["b"])
    if low is None or high is None:
        reader.put_back(found)
        return
    (least, first), (most, second) = sorted((low, high), key=lambda pair: pair[0])
    currency = first or second
    yield found.start(), AtLeast(least, currency)
    yield found.start(), AtMost(most, currency)


def _around(reader: Reader, found: re.Match[str]) -> Iterator[tuple[int, Change]]:
    read = amount(found["a"])
    if read is None:
        reader.put_back(found)
        return
    # What is cheaper and fits is no worse: a sum of "around" is a limit from above with tolerance.
    middle, currency = read
    yield found.start(), AtMost((middle * _NEAR).quantize(_CENT, ROUND_HALF_EVEN), currency)


def _means_a_product(found: re.Match[str], context: Context) -> bool:
    """Whether "cheaper than 2" speaks of the second product shown and not of a sum."""
    text = found["a"].strip()
    return (
        bool(_COMPARING.search(found[0]))
        and bool(_LIST_NUMBER.fullmatch(text))
        and int(text) in {one.number for one in context.shown}
        and not re.match(r"(?:less|more|weniger|mehr)\b", found[0], re.IGNORECASE)
    )


_MUCH = (
    r"(?:(?:something|anything|any|etwas|was|much|a\s+(?:bit|little)|even|ein\s+bisschen|noch)\s+)*"
)
_ONES = r"(?:\s+(?:ones?|options?|alternatives?|products?|alternativen?))?"
_THAN = rf"(?:\s+(?:than|als)\s+(?P<ref>{ANY}|{BARE}))?"
_CHEAPER = (
    rf"(?:(?P<ref>{ANY})\s+(?:is|ist|sind|are)\s+(?:too\s+(?:expensive|dear|pricey)|zu\s+teuer))",
    rf"{_MUCH}\b(?:cheaper|less\s+expensive|more\s+affordable|lower(?:[\s-]priced)?"
    rf"(?:\s+prices?)?)\b{_ONES}{_THAN}",
    rf"{_MUCH}\b(?:billiger|günstiger|preiswerter|preisgünstiger)(?:e[snrm]?)?\b{_ONES}{_THAN}",
    r"\b(?:(?:that's|it's|they're|these\s+are|this\s+is|that\s+is|das\s+ist|alles|all)\s+)?"
    r"(?:too\s+(?:expensive|dear|pricey)|(?:mir\s+)?zu\s+teuer)(?:\s+for\s+me)?",
    r"\bnot\s+(?:that|so|quite\s+so|as|too)\s+(?:expensive|dear|pricey)|\bnicht\s+(?:so|ganz\s+so"
    r"|zu)\s+teuer"
    r"|(?:不要|别)(?:太|那么|这么)贵的?",
    rf"比(?P<ref>{ANY})(?:更|要|再|还)?便宜(?:一?[点些]儿?)?的?",
    rf"(?P<ref>{ANY})?\s*(?:都|也)?太贵了?",
    r"(?:有没有|还有|要|来)?(?:更|再)?便宜(?:一?[点些]儿?)?的?(?:吗)?|贵了",
)
_DEARER = (
    rf"{_MUCH}\b(?:more\s+expensive|dearer|pricier|higher[\s-]priced)\b{_ONES}{_THAN}",
    rf"{_MUCH}\b(?:teurer|hochpreisiger)(?:e[snrm]?)?\b{_ONES}{_THAN}",
    rf"比(?P<ref>{ANY})(?:更|要)?贵(?:一?[点些]儿?)?的?",
    r"(?:更|再)贵(?:一?[点些]儿?)?的?|贵一?[点些]儿?的?",
)
_CHEAPER_RULES = [pattern(one) for one in _CHEAPER]
_TOO_CHEAP = pattern("太便宜了?")
_DEARER_RULES = [pattern(one) for one in _DEARER]


def read_comparisons(reader: Reader, _: Context) -> Iterator[tuple[int, Change]]:
    """Cheaper or dearer than what is shown; read after the limits that name a sum."""
    # It holds the words of the other direction.
    for found in reader.take(_TOO_CHEAP):
        yield found.start(), Than("dearer")
    for rule in _CHEAPER_RULES:
        for found in reader.take(rule):
            yield found.start(), Than("cheaper", _product(found))
    for rule in _DEARER_RULES:
        for found in reader.take(rule):
            yield found.start(), Than("dearer", _product(found))


def _product(found: re.Match[str]) -> Reference | None:
    text = found.groupdict().get("ref")
    return reference(text) if text else None
