"""A message while it is read: what one rule has understood matches no later rule."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from llmrec.linear import SPACES, bounded, composed

__all__ = ["MAX_MESSAGE", "Reader", "before", "pattern", "plain"]

MAX_MESSAGE = 2_000
_TAKEN = "\x1f"
_LOOK_BACK = SPACES + 40


def plain(message: str) -> str:
    r"""One line in composed form, full-width signs made plain, cut at 2,000 characters.

    >>> plain("不超过４０元！  谢谢\n")
    '不超过40元! 谢谢'
    """
    text = composed(message[: 2 * MAX_MESSAGE], "NFKC").replace("’", "'")
    visible = (" " if unicodedata.category(char)[0] == "C" else char for char in text)
    return " ".join("".join(visible).split())[:MAX_MESSAGE]


def pattern(text: str) -> re.Pattern[str]:
    """A rule's pattern, without regard to case; no repeat in it is endless."""
    return bounded(text, re.IGNORECASE)


def before(wanted: re.Pattern[str], text: str, end: int) -> re.Match[str] | None:
    """What stands before ``end``, for a pattern that ends in ``$``.

    Only so far back is looked as a pattern of ours can reach: asked at every word, a search from
    the beginning would read the text once for each.
    """
    return wanted.search(text, max(0, end - _LOOK_BACK), end)


class Reader:
    """The text of a message; :meth:`take` matches a pattern and marks what it has matched.

    >>> reader = Reader("a tent under 40")
    >>> [found[0] for found in reader.take(pattern("under [0-9]+"))], reader.rest
    (['under 40'], 'a tent')
    """

    def __init__(self, message: str) -> None:
        self.text = plain(message)

    def take(self, wanted: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Every match from left to right, taken; the caller may :meth:`put_back`."""
        place = 0
        while found := wanted.search(self.text, place):
            self.cut(*found.span())
            place = max(found.end(), found.start() + 1)
            yield found

    def cut(self, start: int, end: int) -> None:
        """Mark a stretch as understood; positions behind it stay what they were."""
        self.text = self.text[:start] + _TAKEN * (end - start) + self.text[end:]

    def put_back(self, found: re.Match[str]) -> None:
        """Give a match back: it was not what it seemed."""
        self.text = self.text[: found.start()] + found[0] + self.text[found.end() :]

    @property
    def rest(self) -> str:
        """The words that no rule has taken."""
        return " ".join(self.text.replace(_TAKEN, " ").split())
