"""Reading strangers' text at a cost that grows with its length and no faster.

Whoever may send 2,000 characters must not choose how long they are read. Two things make ordinary
reading slower than linear: a pattern that may repeat without end is tried to the end of the text
from each of its places; and Unicode's normal forms sort the marks above a letter by insertion.
Here both get a bound. docs/design/021-conversation.md says how the bounds are held.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["PHRASES", "SIGNS", "SPACES", "UNSEEN", "bounded", "composed"]

SIGNS = 64
"""Of one kind in a row (letters, digits, marks): no word that means something here is longer."""

SPACES = 120
"""White space in a row: what an earlier rule has understood counts as such, and may be a clause."""

PHRASES = 8
"""A group in a row ("very very very"): nobody means more by the ninth."""

UNSEEN = 400
"""Any characters in a row (a dot): as long as the longest titles that are asked for."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)

# Stream-Safe Text Format, UAX 15-D3: no writing in use has more marks above a letter. The two
# half-width voicing marks of Japanese become marks when they are composed.
_MARKS = 30
_HALF_WIDTH = "\uff9e\uff9f"


def bounded(text: str, flags: int | re.RegexFlag = 0) -> re.Pattern[str]:
    r"""A pattern whose ``*`` and ``+`` end somewhere: from any place it reads a stretch, not all.

    How often each may repeat depends on what it repeats: :data:`SIGNS`, :data:`SPACES`,
    :data:`PHRASES`, :data:`UNSEEN`.

    >>> bounded(r"\bnot\s+(?:so\s+)*[a-z]+").pattern
    '\\bnot\\s{1,120}(?:so\\s{1,120}){0,8}[a-z]{1,64}'
    """
    parts: list[str] = []
    before = ""
    for token in _TOKEN.findall(text):
        if token in ("*", "+"):
            parts.append(f"{{{'1' if token == '+' else '0'},{_most(before)}}}")
        else:
            parts.append(token)
        before = token
    return re.compile("".join(parts), flags)


def _most(repeated: str) -> int:
    if repeated == ")":
        return PHRASES
    if repeated == ".":
        return UNSEEN
    spaces = repeated == r"\s" or (repeated.startswith("[") and r"\s" in repeated)
    return SPACES if spaces and not repeated.startswith("[^") else SIGNS


def composed(text: str, form: str = "NFC") -> str:
    r"""A normal form of ``text``, where of more than 30 marks in a row the rest is left out.

    Args:
        text: of any length.
        form: ``NFC`` or ``NFKC``.

    >>> len(composed("e" + "\u0301\u0316" * 1_000)), composed("e\u0301")
    (30, 'é')
    """
    if text.isascii():
        return text
    kept: list[str] = []
    row = 0
    for char in text:
        row = row + 1 if char in _HALF_WIDTH or unicodedata.category(char)[0] == "M" else 0
        if row <= _MARKS:
            kept.append(char)
    # mypy: the four forms are literals of the standard library's stub.
    return unicodedata.normalize("NFKC" if form == "NFKC" else "NFC", "".join(kept))
