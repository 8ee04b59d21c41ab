"""The answer to what the assistant has asked: "Is 50 the most, or the least?" - "at most". Pure.

By code: beside its question alone nobody can read such an answer, and to ask once more what was
answered is worse than not to have asked. What else the answer says is left to be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.agent.state import Unsettled
from llmrec.catalog.matching import fold
from llmrec.linear import bounded
from llmrec.reading import Reading
from llmrec.reading.signs import SUMS

__all__ = ["settled_by"]

_LEAD = bounded(
    r"\W*(?:(?:yes|yeah|yep|no|nope|oh|um|uh|hm+|well|sorry|ok|okay|ja|nein|nee|doch|genau|also|na"
    r"|对|是的|嗯|哦)(?![^\W\d_\u3400-\u9fff])\W*){0,3}"
    r"(?:(?:it|that|this)(?:['’]s|\s+is)\s+|i\s+meant?\s+|make\s+(?:it|that)\s+"
    r"|(?:das|es)\s+(?:ist|war|wäre)\s+|ich\s+mein(?:e|te)\s+|我的意思是|是(?!的))?",
    re.IGNORECASE,
)
_FIRST = r"(?:the\s+)?(?:first|former)(?:\s+one)?|(?:das\s+)?erste(?:re)?s?|第一[个種种]?|前者"
_SECOND = (
    r"(?:the\s+)?(?:second|latter)(?:\s+one)?|(?:das\s+)?(?:zweite(?:re)?s?|letzteres)"
    r"|第二[个種种]?|后者"
)
_LIMITS: Mapping[str, str] = {
    "max": r"(?:at\s+|the\s+)?(?:very\s+)?most|(?:the\s+)?max(?:imum)?|no\s+more(?:\s+than)?"
    r"|up\s+to|tops|(?:the\s+)?upper\s+limit|höchstens|maximal|(?:das\s+)?höchste"
    r"|(?:die\s+)?obergrenze|nicht\s+mehr(?:\s+als)?|bis(?:\s+zu)?|最多|至多|不超过|最高价?"
    r"|上限|以内|" + _FIRST,
    "min": r"(?:at\s+|the\s+)?(?:very\s+)?least|(?:the\s+)?min(?:imum)?|mindestens"
    r"|(?:das\s+)?mindeste|wenigstens|ab|(?:die\s+)?untergrenze|至少|最少|起码|最低价?|下限"
    r"|以上|" + _SECOND,
    "around": r"about|around|roughly|ungefähr|etwa|circa|rund|大概|左右|差不多|大约",
}
_NAMES: Mapping[str, str] = {
    "refused": r"(?:i\s+)?(?:do\s+not|don['’]?t|rather\s+not|not)(?:\s+want(?:ed)?)?"
    r"(?:\s+(?:it|that|them))?|without|nope|no|(?:gerade\s+|bitte\s+)?(?:das\s+)?(?:lieber\s+)?nicht"
    r"|kein\w{0,2}|ohne|nein|nee|不想要|不要|不是|不|" + _SECOND,
    "wanted": r"(?:i\s+)?(?:do\s+)?want(?:ed)?(?:\s+(?:it|that|them))?|i['’]d\s+like\s+(?:it|that)"
    r"|please|yes|yeah|yep|gerne?|ja|bitte|(?:ich\s+)?(?:möchte|will)(?:\s+ich|\s+das|\s+es){0,2}"
    r"|我?想要|我?要|对|是的|是|" + _FIRST,
}
_WHOLE = r"(?:%s)(?![a-zäöüß])"
_LIMIT_SIGNS = {sign: bounded(_WHOLE % text, re.IGNORECASE) for sign, text in _LIMITS.items()}
_NAME_SIGNS = {sign: bounded(_WHOLE % text, re.IGNORECASE) for sign, text in _NAMES.items()}
_MONEY = bounded(
    r"\s*(?:€|\$|£|euros?\b|eur\b|dollars?\b|bucks\b|pounds?\b|元|块钱?|欧元?)?"
    r"(?:\s*\b(?:is|ist|wäre|would\s+be)\b|\s*是)?(?:\s+the|\s+das)?\s*",
    re.IGNORECASE,
)
_END = bounded(
    r"\s*(?:\b(?:i|it)\s+(?:can|may|should|want\s+to)\s+(?:pay|spend|cost)\b\s*)?"
    r"(?:,?\s*\bwas\s+(?:ich|es)\s+(?:(?:aus)?geben|zahlen|kosten)\s+(?:kann|darf|will|soll)\b\s*)?"
    r"(?:\b(?:please|bitte|then|thanks|danke)\b\s*)?"
    r"(?:$|[,.;:!?、]+\s*|(?=\b(?:and|und|also|but|aber)\b)|(?=另外|还有|而且))",
    re.IGNORECASE,
)
_FURTHER = bounded(r"\s*(?:\b(?:and|also|und|plus|but|aber)\b|另外|还有|而且)\W*", re.IGNORECASE)
_FIELDS = ("colour", "material", "size")


def settled_by(
    message: str, unsettled: Sequence[Unsettled], vocabulary: Vocabulary
) -> tuple[list[Reading], str]:
    """What a message settles of what was asked, and what else it says.

    Args:
        message: plain text.
        unsettled: what was asked in the turn before, in its order.
        vocabulary: the catalogue's names.
    """
    wishes: list[Reading] = []
    rest = message
    for question in unsettled:
        answer = _answer(rest, question)
        if answer is not None:
            sign, rest = answer
            wishes.append(Reading(intent="refine", **_values(question, sign, vocabulary)))
    return wishes, rest


def _answer(message: str, question: Unsettled) -> tuple[str, str] | None:
    """The sign that a message begins with, as an answer, and what stands behind it."""
    signs = _LIMIT_SIGNS if question.kind in SUMS else _NAME_SIGNS
    lead = _LEAD.match(message)
    # "No, I want it" wants it; "no" alone does not.
    for start in dict.fromkeys((lead.end() if lead else 0, 0)):
        place = _behind_text(message, start, question.text)
        for sign, pattern in signs.items():
            match = pattern.match(message, place)
            if match is None:
                continue
            end = _END.match(message, _behind_text(message, match.end(), question.text))
            if end is not None:
                rest = message[end.end() :]
                further = _FURTHER.match(rest)
                return sign, rest[further.end() :] if further else rest
    return None


def _behind_text(message: str, place: int, text: str) -> int:
    """The place behind what was asked about, where it is named again."""
    start = place + len(message[place:]) - len(message[place:].lstrip(" "))
    if not fold(message[start:]).startswith(fold(text)):
        return place
    money = _MONEY.match(message, start + len(text))
    return money.end() if money else start + len(text)


def _values(question: Unsettled, sign: str, vocabulary: Vocabulary) -> dict[str, Any]:
    """What a reading has of an answer."""
    text = question.text
    if question.kind in SUMS:
        return {sign: question.amount, "currency": question.currency}
    if question.kind in ("brand", "no brand"):
        return {"brands" if sign == "wanted" else "not_brands": (text,)}
    if sign == "refused":
        return {"not_": (text,)}
    names = (
        kind
        for kind in _FIELDS
        for name in vocabulary.of_kind(kind)
        if vocabulary.values(name, text)
    )
    return {"attributes": {next(names, "feature"): text}}
