"""Price limits in the words of a search box, where only what cannot be meant otherwise is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal

from llmrec.agent.constraints.amounts import AMOUNT, MONEY, amount
from llmrec.agent.constraints.changes import AtLeast, AtMost, Change
from llmrec.agent.constraints.reader import Reader, pattern

__all__ = ["read_prices"]

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
_NEXT_WORD = pattern(r"\s+([a-zäöüß]+)")
_NO_NOUN_WORDS = """
please for in or and but from with if that on by as is only now too also available made bitte für
aus von mit oder und aber wenn auch nur lieferbar auf am
"""
_NO_NOUN = frozenset(_NO_NOUN_WORDS.split())
_FEW = 10
_NEAR = Decimal("1.2")
_CENT = Decimal("0.01")


def read_prices(reader: Reader) -> Iterator[tuple[int, Change]]:
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
            if read is None or _counts(reader, found, kind):
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
