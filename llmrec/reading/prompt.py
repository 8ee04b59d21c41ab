"""What the reader is given: what holds, what is on the screen, and the message.

Few tokens, because each costs time twice, in training and in every turn. The message comes last
before what is asked of it, so that reading it and asking for the sign of its sums share all that
was computed so far.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from llmrec.linear import composed

__all__ = ["READ", "ReadingContext", "plain", "prompt_head", "sign_question", "words_named"]

READ = "Read:"
"""Behind the head: the line follows, with a space before it."""

MAX_MESSAGE = 2_000
_WIDE_COMMA = re.compile("(?<=[0-9０-９])，(?=[0-9０-９])")
_LATIN = re.compile(r"[^\W_\u3400-\u9fff]+")
_HAN = re.compile("[\u3400-\u9fff]{2,}")
_MOST_NAMED = 3
_TITLE_LOOKED_AT = 200
_TITLE_WORDS = 7
_TITLE_CHARS = 60
_MOST_SHOWN = 9
_HELD_CHARS = 60


@dataclass(frozen=True)
class ReadingContext:
    """What a message is read against.

    Attributes:
        looking_for: what was looked for so far.
        held: what holds, by the keys of :class:`~llmrec.reading.reading.Reading`.
        on_screen: the titles, in their order.
    """

    looking_for: str | None = None
    held: Mapping[str, Any] = field(default_factory=dict)
    on_screen: Sequence[str] = ()


def plain(message: str) -> str:
    r"""A message on one line: composed, full-width signs made plain, no bars, at most 2,000 signs.

    >>> plain("不超过４０元！\n find | all")
    '不超过40元! find / all'
    """
    # Made plain, a full-width comma between two figures would make one number of them.
    apart = _WIDE_COMMA.sub(", ", message[: 2 * MAX_MESSAGE])
    text = composed(apart, "NFKC").replace("’", "'").replace("|", "/")
    visible = (char if char.isprintable() else " " for char in text)
    return " ".join("".join(visible).split())[:MAX_MESSAGE].strip()


def prompt_head(message: str, context: ReadingContext | None) -> str:
    """The prompt up to the question; ends in a line break.

    Args:
        message: plain text.
        context: ``None`` where nothing was looked for before.

    >>> context = ReadingContext("tent", {"max": 200}, ["Tarn 2", "Duo"])
    >>> print(prompt_head("like the duo but cheaper", context), end="")
    Before: tent | max 200
    Screen: 1 Tarn 2 | 2 Duo
    Shopper: like the duo but cheaper
    Named: 2 Duo
    """
    lines, named = [], []
    if context is not None:
        lines.append("Before: " + " | ".join([context.looking_for or "-", *_held(context.held)]))
        if context.on_screen:
            shown = enumerate(context.on_screen[:_MOST_SHOWN], start=1)
            lines.append("Screen: " + " | ".join(f"{n} {_short(title)}" for n, title in shown))
            named = _named(message, context)
    lines.append(f"Shopper: {message}")
    if named:
        lines.append("Named: " + " | ".join(named))
    return "\n".join([*lines, ""])


def sign_question(text: str) -> str:
    """What is asked of a sum, a brand or a thing behind the head: how it is meant."""
    return f"Is {text}:"


def _named(message: str, context: ReadingContext) -> list[str]:
    """The places that a message names by words, as the prompt has them.

    Whether a shopper points with such a word is for the reader to say; which title has it is
    counted here, for a small model often names the place beside it.
    """
    named = words_named(message, context.on_screen[:_MOST_SHOWN], context.looking_for or "")
    return [" ".join([str(n), *words[:_MOST_NAMED]]) for n, words in named.items()]


def words_named(message: str, titles: Sequence[str], about: str = "") -> dict[int, list[str]]:
    """By the place of a title, from 1, its words in a message that no other title has.

    Args:
        message: plain text.
        titles: those on the screen.
        about: what is looked for; its words say nothing of one title.

    >>> words_named("how heavy is the skerry?", ["Groundsheet for tents", "Skerry 3 tent"])
    {2: ['Skerry']}
    """
    message_words = _words_of(message)
    folded_titles = [_words_of(title[:_TITLE_LOOKED_AT]) for title in titles]
    # How many titles have a word is counted once: a screen's or all that was shown before.
    titles_with = Counter(folded for title in folded_titles for folded in title)
    common = set(_words_of(about))
    named = {}
    for n, title in enumerate(folded_titles, start=1):
        own = (
            word
            for folded, word in title.items()
            if folded in message_words and titles_with[folded] == 1 and folded not in common
        )
        if words := [*own]:
            named[n] = words
    return named


def _words_of(text: str) -> dict[str, str]:
    """The words of a text, folded, each as it stands; of Chinese, which has none, its pairs."""
    words = {_fold(word): word for word in _LATIN.findall(text) if len(word) > 2 or word.isdigit()}
    return words | {
        pair: pair for run in _HAN.findall(text) for pair in map("".join, pairwise(run))
    }


def _fold(word: str) -> str:
    """One form of singular and plural."""
    folded = word.casefold()
    return folded[:-1] if len(folded) > 3 and folded.endswith("s") else folded


def _short(title: str) -> str:
    return " ".join(plain(title).split()[:_TITLE_WORDS])[:_TITLE_CHARS].strip(" ,;-")


_WORDS = {
    "min": "min",
    "max": "max",
    "around": "around",
    "brands": "brand",
    "not_brands": "no brand",
    "not": "without",
    "for_whom": "for",
    "sort": "sort",
}


def _held(limits: Mapping[str, Any]) -> list[str]:
    parts: list[str] = []
    for key, word in _WORDS.items():
        value = limits.get(key)
        values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
        parts += [f"{word} {_text(value)}" for value in values]
    for name, value in (limits.get("attributes") or {}).items():
        values = value if isinstance(value, (list, tuple)) else [value]
        parts.append(f"{name}: " + ", ".join(_text(value) for value in values))
    return [*parts, "in stock"] if limits.get("in_stock") else parts


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return plain(str(value))[:_HELD_CHARS]
