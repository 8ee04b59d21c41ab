"""Whether a text denies a word: "not on induction", "ungeeignet für", "不适合电磁炉"."""

from __future__ import annotations

import re
from collections.abc import Collection

from llmrec.catalog.tokens import tokens
from llmrec.explain.choice import stands_among

__all__ = ["affirmed_part", "affirms", "denies", "has_denial"]

_DENIAL = re.compile(
    r"\b(?:not|no|never|neither|nor|without|poor|cannot|can[’']t|doesn[’']t|won[’']t|isn[’']t|nothing"
    r"|too \w+|unsuitable|nicht|kein\w{0,2}|nie|ohne|ungeeignet|zu \w+)\b|[不无没别勿]",
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
    for clause in _CLAUSE.split(text):
        if (denial := _DENIAL.search(clause)) and not _NO_DENIAL.search(clause):
            behind = set(tokens(clause[denial.end() :])[:_DENIED_WORDS])
            if any(stands_among(word, behind) for word in asked):
                return True
    return False


def affirms(text: str, words: Collection[str]) -> bool:
    """Whether a clause of a text has one of these words and denies nothing.

    >>> affirms("Contains traces of nuts.", {"nut"}), affirms("Made without nuts.", {"nut"})
    (True, False)
    """
    return any(
        not (_DENIAL.search(clause) or _KEPT_OFF.search(clause))
        and any(stands_among(word, set(tokens(clause))) for word in words)
        for clause in _CLAUSE.split(text)
    )


def has_denial(text: str) -> bool:
    """Whether anything is denied in it."""
    return _DENIAL.search(text) is not None


def affirmed_part(question: str) -> str:
    """A question without what it denies itself.

    >>> affirmed_part("pen that does not smear, for my son")
    'pen that does  , for my son'
    """
    return _DENIED.sub(" ", question)
