"""A few of a shopper's own words, short enough to stand in a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from llmrec.prompting import one_line

__all__ = ["MAX_QUOTED", "quotation"]

MAX_QUOTED = 140
"""No quotation has more characters."""

_SENTENCE = re.compile(r"\S.*?(?:[.!?…]['’)]*(?=\s|$)|[。！？]['’)]*|$)\s*")
_INNER = str.maketrans({mark: "'" for mark in '"“”„‟«»「」『』'})


def quotation(text: str) -> str:
    """The first sentences that fit, else those from the first that does, else the beginning.

    The text is a stranger's. It gets what every such text gets before it may stand in a prompt
    (:mod:`llmrec.prompting.shop_text`), for whoever reads a profile may be a program; and quotation
    marks inside become apostrophes, so that it cannot end its own quotation.

    >>> quotation('Wow! The "warm" coat is warm.')
    "Wow! The 'warm' coat is warm."
    """
    sentences = _SENTENCE.findall(one_line(text).translate(_INNER))
    for start, sentence in enumerate(sentences):
        if len(sentence.rstrip()) <= MAX_QUOTED:
            return "".join(_fitting(sentences[start:])).rstrip()
    return _beginning(sentences[0]) if sentences else ""


def _fitting(sentences: Iterable[str]) -> Iterator[str]:
    room = MAX_QUOTED
    for sentence in sentences:
        if len(sentence.rstrip()) > room:
            return
        yield sentence
        room -= len(sentence)


def _beginning(sentence: str) -> str:
    cut = sentence[: MAX_QUOTED - 1]
    words = cut.rsplit(" ", 1)[0]
    # Without a space near the end (Chinese) any place is as good as another.
    return f"{words if len(words) > MAX_QUOTED // 2 else cut}…"
