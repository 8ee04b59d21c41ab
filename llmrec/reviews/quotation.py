"""A few of a shopper's own words, short enough to stand in a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from llmrec.prompting import one_line

__all__ = ["MAX_QUOTED", "quotation", "review_sentences"]

MAX_QUOTED = 140
"""No quotation has more characters."""

_SENTENCE = re.compile(r"\S.*?(?:[.!?…]['’)]*(?=\s|$)|[。！？]['’)]*|$)\s*")
_ADDRESS = re.compile(r"https?:|www\.|\w@\w|\w\.(?:com|net|org|shop|example)\b", re.IGNORECASE)
_FOLDED = re.compile(r"(?<=[\u3400-\u9fff])[,!?;]")
_WIDE = {",": "，", "!": "！", "?": "？", ";": "；"}
_INNER = str.maketrans({mark: "'" for mark in '"“”„‟«»「」『』'})


def quotation(text: str) -> str:
    """The first sentences that fit, else those from the first that does, else the beginning.

    The text is a stranger's. It gets what every such text gets before it may stand in a prompt
    (:mod:`llmrec.prompting.shop_text`), for whoever reads a profile may be a program; and quotation
    marks inside become apostrophes, so that it cannot end its own quotation.

    >>> quotation('Wow! The "warm" coat is warm.')
    "Wow! The 'warm' coat is warm."
    """
    sentences = _SENTENCE.findall(_cleaned(text))
    for start, sentence in enumerate(sentences):
        if len(sentence.rstrip()) <= MAX_QUOTED:
            return "".join(_fitting(sentences[start:])).rstrip()
    return _beginning(sentences[0]) if sentences else ""


def _cleaned(text: str) -> str:
    """One line for a prompt; the folded marks of Chinese get their width back: words stay as is."""
    line = one_line(text).translate(_INNER)
    return _FOLDED.sub(lambda mark: _WIDE[mark[0]], line)


def review_sentences(text: str) -> list[str]:
    """The whole sentences of a review that are short enough to stand in a line.

    None with an address of the web: a quotation must not become the writer's advertisement.

    >>> review_sentences('Nice. It "hums" a little! More at https://spam.example')
    ['Nice.', "It 'hums' a little!"]
    """
    sentences = (part.rstrip() for part in _SENTENCE.findall(_cleaned(text)))
    return [part for part in sentences if len(part) <= MAX_QUOTED and not _ADDRESS.search(part)]


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
