"""Is a text fit to be shown at all? Small models repeat, echo their prompt and break off."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from llmrec.explain.claims import language_of

__all__ = ["shape_problems", "whole_sentences"]

MIN_WORDS = 5
MIN_CHINESE_CHARS = 8

_END = re.compile(r"[.!?](?=[\"”')]*(?:\s|$))|[。！？]")
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.g|i\.e|approx|no|dr|mr|mrs|st|ca|z\.b|inkl|max|min|vs)|\b\w)$", re.I
)
_LONGEST_ABBREVIATION = 8
_SPECIAL = re.compile(r"<\|?[^<>]{0,40}\|?>|\[/?INST\]|‹/")
_LABELS = re.compile(r"(?<![\w])\([A-Za-z0-9]\)|[\[\]{}]|^\s*(?:[A-Z]|\d+)[.)]\s|\|")
_ECHO = re.compile(
    r"\b(?:facts|product|reason|answer|shopper|history|description|assistant|user|system)\s*:"
    r"|from its facts|the shopper|as an ai\b|language model|here is a sentence",
    re.IGNORECASE,
)
# From the beginning of a word, and of a length: else a long word is read from each of its letters.
_LISTED = re.compile(r"(?<![^\W\d_])[^\W\d_]{3,}: ")
_TWICE = re.compile(r"([\u3400-\u9fff]{3,40})\1")
_OTHER_SCRIPTS = re.compile(r"[\u0400-\u05ff\u0600-\u06ff\u0900-\u0dff\u0e00-\u0e7f]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def shape_problems(text: str, examples: Sequence[str] = (), foreign: str = "") -> tuple[str, ...]:
    """What is wrong with the text whatever it says.

    Args:
        text: as it would be shown.
        examples: the sentences of the prompt; five words in a row from one are a copy.
        foreign: text of the item and the history; a script that stands there may be used.

    Returns:
        Short names of problems, empty if there are none.
    """
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.casefold())
    problems = []
    if not text.strip():
        return ("empty",)
    if _too_short(text, words):
        problems.append("too short")
    if _repeats(words, text):
        problems.append("repeats itself")
    if _SPECIAL.search(text):
        problems.append("special token")
    if _LABELS.search(text):
        problems.append("label or bracket")
    if _ECHO.search(text):
        problems.append("echoes the prompt")
    if _OTHER_SCRIPTS.search(text) and not _OTHER_SCRIPTS.search(foreign):
        problems.append("wrong script")
    if _CJK.search(text) and not _CJK.search(foreign):
        problems.append("wrong script")
    if _LISTED.search(text):
        problems.append("lists fields")
    if any(_shares_run(words, example) for example in examples):
        problems.append("copies an example")
    return tuple(dict.fromkeys(problems))


def whole_sentences(text: str, limit: int, *, finished: bool) -> str:
    """Up to ``limit`` whole sentences of ``text``; what breaks off is cut away.

    Args:
        text: generated text, its beginning included.
        limit: the most sentences to keep.
        finished: whether the model stopped by itself; then the last sentence is whole even without
            a full stop, and gets one.
    """
    text = " ".join(text.split())
    ends = list(_sentence_ends(text))
    if len(ends) >= limit:
        return _closed(text, ends[limit - 1])
    rest = text[ends[-1] :].strip(" \"'”") if ends else text
    if rest and finished:
        return text.rstrip(" ,;:-–") + ("。" if language_of(text) == "zh" else ".")
    return _closed(text, ends[-1]) if ends else ""


def _sentence_ends(text: str) -> Iterator[int]:
    quotes = place = 0
    for match in _END.finditer(text):
        quotes += text.count('"', place, match.start())
        place = match.start()
        if _ends(text, match, quoted=quotes % 2 == 1):
            yield match.end()


def _ends(text: str, match: re.Match[str], *, quoted: bool) -> bool:
    if text[match.start()] != ".":
        return not quoted
    last = match.end() >= len(text)
    first = max(0, match.start() - _LONGEST_ABBREVIATION)
    return last or not (quoted or _ABBREVIATED.search(text, first, match.start()))


def _closed(text: str, end: int) -> str:
    while end < len(text) and text[end] in "\"”')":
        end += 1
    return text[:end].strip()


def _too_short(text: str, words: Sequence[str]) -> bool:
    if language_of(text) == "zh":
        return sum(char.isalpha() for char in text) < MIN_CHINESE_CHARS
    return len(words) < MIN_WORDS


def _repeats(words: Sequence[str], text: str) -> bool:
    trigrams = Counter(zip(words, words[1:], words[2:], strict=False))
    if trigrams and trigrams.most_common(1)[0][1] > 1:
        return True
    doubled = any(a == b and len(a) > 1 for a, b in pairwise(words))
    content = Counter(word for word in words if len(word) > 4)
    often = bool(content) and content.most_common(1)[0][1] > 3
    return doubled or often or bool(_TWICE.search(text))


def _shares_run(words: Sequence[str], example: str, length: int = 5) -> bool:
    other = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", example.casefold())
    runs = {tuple(other[i : i + length]) for i in range(len(other) - length + 1)}
    return any(tuple(words[i : i + length]) in runs for i in range(len(words) - length + 1))
