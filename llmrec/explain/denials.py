"""Whether a text denies a word: "not on induction", "ungeeignet für", "不适合电磁炉"."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from llmrec.catalog.tokens import tokens
from llmrec.explain.choice import stands_among
from llmrec.explain.patterns import NOT_IN_CHINESE

__all__ = ["affirmed_part", "affirms", "denies", "has_denial"]

# German "zu" is "to" as well: only before an adjective without an ending is it "too".
_TOO_GERMAN = (
    "groß|klein|schwer|leicht|kurz|lang|eng|weit|warm|kalt|heiß|laut|leise|dick|dünn|dunkel|hell|hart"
    "|weich|stark|schwach|teuer|wenig|viel|breit|schmal|hoch|niedrig|tief|süß|scharf|bitter|sauer"
    "|langsam|schnell|streng|grob|steif|locker|flach|rau|nass|feucht|trocken|jung|alt|schlecht"
)
_DENIAL = re.compile(
    r"\b(?:not|no|never|neither|nor|without|poor|cannot|can[’']t|doesn[’']t|won[’']t|isn[’']t|nothing"
    r"|too (?!and|or|but|for|in|on|with|if|when|as|is)\w+|unsuitable|incompatible|unsafe"
    r"|nicht|kein\w{0,2}|nie|ohne|ungeeignet|inkompatibel|unverträglich"
    rf"|zu (?:{_TOO_GERMAN}))\b|{NOT_IN_CHINESE}",
    re.IGNORECASE,
)
# "it is not only for gas": what is more than that is denied by nobody.
_NO_DENIAL = re.compile(
    r"\b(?:not (?:only|just|mind|a problem)|no (?:problem|need|matter)|nicht nur|kein problem)\b"
    r"|不仅|不只",
    re.IGNORECASE,
)
# "Jam-free", "resists fading", "防水": the thing is named, and kept off.
_KEPT_OFF = re.compile(
    r"\w-?(?:free|proof|resistant|safe|frei|fest|sicher|beständig)\b|\bfree\b|\banti"
    r"|\b(?:resist|prevent|protect|against|reduc|less|lower|minimi|avoid|stop|gegen|schütz|verhinder)"
    r"|[防抗低减避]",
    re.IGNORECASE,
)
_DENIED = re.compile(rf"(?:{_DENIAL.pattern})[^,;，；。]*", re.IGNORECASE)
_DENIED_WORDS = 4
"""Words behind a denial that it denies: of "without gloves when a big dog pulls" the gloves."""

_CLAUSE = re.compile(r"[;；:：。.!?]\s|[;；:：。，]|,\s|\s(?:but|and|aber|und)\s", re.IGNORECASE)


def denies(text: str, asked: Collection[str]) -> bool:
    """Whether a clause of a text denies one of these words of a question.

    >>> denies("Good on gas, but not on induction.", frozenset({"induction"}))
    True
    >>> denies("On induction, but not in the oven.", frozenset({"induction"}))
    False
    """
    denied = _denied_words(text)
    return bool(denied) and any(stands_among(word, denied) for word in asked)


def affirms(text: str, words: Collection[str]) -> bool:
    """Whether a clause of a text has one of these words and denies nothing.

    >>> affirms("Contains traces of nuts.", {"nut"}), affirms("Made without nuts.", {"nut"})
    (True, False)
    """
    affirmed = _affirmed_words(text)
    return any(stands_among(word, affirmed) for word in words)


def has_denial(text: str) -> bool:
    """Whether anything is denied in it."""
    return _DENIAL.search(text) is not None


@lru_cache(maxsize=256)
def affirmed_part(question: str) -> str:
    """A question without what it denies itself.

    >>> affirmed_part("pen that does not smear, for my son")
    'pen that does  , for my son'
    """
    return _DENIED.sub(" ", question)


# The same sentences come in answer after answer, and each is held against the question.
@lru_cache(maxsize=8_192)
def _denied_words(text: str) -> frozenset[str]:
    denied: set[str] = set()
    for clause in _CLAUSE.split(text) if has_denial(text) else ():
        if (denial := _DENIAL.search(clause)) and not _NO_DENIAL.search(clause):
            denied.update(tokens(clause[denial.end() :])[:_DENIED_WORDS])
    return frozenset(denied)


@lru_cache(maxsize=8_192)
def _affirmed_words(text: str) -> frozenset[str]:
    clauses = _CLAUSE.split(text)
    kept = (one for one in clauses if not (_DENIAL.search(one) or _KEPT_OFF.search(one)))
    return frozenset(token for clause in kept for token in tokens(clause))
