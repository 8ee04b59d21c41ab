"""Which product shown is meant: "the second", "#3", "Nr. 2", "第二个", a title, "that one"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmrec.agent.constraints.amounts import chinese_number
from llmrec.agent.constraints.changes import Reference
from llmrec.agent.constraints.shown import Shown
from llmrec.catalog.matching import fold

__all__ = ["ANY", "BARE", "NUMBERED", "THAT", "named_products", "reference", "with_titles"]

_ENGLISH = "first second third fourth fifth sixth seventh eighth ninth tenth".split()  # noqa: SIM905
_GERMAN = "erste zweite dritte vierte fünfte sechste siebte achte neunte zehnte".split()  # noqa: SIM905
_ORDINALS = {word: n for words in (_ENGLISH, _GERMAN) for n, word in enumerate(words, start=1)}
_LAST = ("last", "letzte")
_WORDS = "|".join((*_ENGLISH, *(f"{word}[nrsm]?" for word in (*_GERMAN, "letzte")), "last"))
_COUNTERS = "[个款件种双本把只张条]?"
_ARTICLE = r"(?:(?:the|der|die|das|den|dem)\s+)?"
_NUMBER = r"(?:number|no\.?|nr\.?|nummer|option|item|product|produkt|artikel)\s*\d{1,2}\b"

NUMBERED = (
    rf"(?:\b{_ARTICLE}(?:{_NUMBER}|\d{{1,2}}(?:st|nd|rd|th)\b|(?:{_WORDS})\b)"
    r"(?:\s+(?:one|product|item|option|produkt|artikel)\b)?"
    rf"|{_ARTICLE}#\s?\d{{1,2}}\b|第(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}}){_COUNTERS}"
    rf"|\d{{1,2}}号|最后(?:一{_COUNTERS}|那{_COUNTERS}))"
)
"""A product by its place in the list; titles of products shown have been made ``#n`` before."""

THAT = (
    r"(?:\b(?:that\s+one|this\s+one|that|this|it|those|these|das\s+da|den\s+da|die\s+da"
    r"|diese[snrm]?|das|es)\b|[这那]\s?[个款件种双本把只]|它)"
)
ANY = rf"(?:{NUMBERED}|{THAT})"
BARE = rf"(?:{NUMBERED}|\b\d{{1,2}}\b(?!\s*[%€$£元块]))"
"""Also a number alone, where nothing but a product can be meant: "why 2"."""

_DIGITS = re.compile(r"\d+")
_CHINESE = re.compile(r"第([一二三四五六七八九十]+)")
# Also a sign that is no letter: a title may begin with "(".
_WORD_START = re.compile(r"(?<![^\W_])\S")
_NAMED = re.compile(r"#\s?(\d{1,2})\b")
_MIN_WORDS, _MIN_CHARS = 2, 8


def reference(text: str) -> Reference:
    """What a match of :data:`ANY` or :data:`BARE` means.

    >>> reference("die zweite"), reference("第三个"), reference("the last one"), reference("it")
    (Reference(number=2), Reference(number=3), Reference(number=-1), Reference(number=None))
    """
    if found := _DIGITS.search(text):
        return Reference(int(found[0]))
    if chinese := _CHINESE.search(text):
        return Reference(chinese_number(chinese[1]))
    if text.startswith("最后"):
        return Reference(-1)
    for word in text.casefold().split():
        if word.startswith(_LAST):
            return Reference(-1)
        for ordinal, number in _ORDINALS.items():
            if word.startswith(ordinal):
                return Reference(number)
    return Reference(None)


def named_products(text: str, shown: Sequence[Shown]) -> str:
    """Write ``#n`` for the title of a product shown, or its part before a comma, longest first.

    >>> named_products("Is the Glass teapot 1 l safe?", [Shown(2, "T", "Glass teapot 1 l")])
    'Is the #2 safe?'
    """
    names = [(name, one.number) for one in shown for name in _names(one.title)]
    for name, number in sorted(names, key=lambda pair: -len(pair[0])):
        text = _replaced(text, name, f"#{number}")
    return text


def _replaced(text: str, name: str, by: str) -> str:
    """A name replaced where it stands for itself, in any case of letters.

    Names are a merchant's, texts a stranger's: a pattern of a name would be compared with the text
    letter by letter from each of its letters, and is only from the beginnings of words.
    """
    lowered, sought = _lowered(text), _lowered(name)
    if sought not in lowered:  # nearly always
        return text
    parts, done = [], 0
    for word in _WORD_START.finditer(lowered):
        start, end = word.start(), word.start() + len(sought)
        if start >= done and lowered.startswith(sought, start) and not _in_word(lowered, end):
            parts += [text[done:start], by]
            done = end
    return "".join((*parts, text[done:]))


def _lowered(text: str) -> str:
    """In small letters, sign by sign: the places stay what they are."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _in_word(text: str, place: int) -> bool:
    return text[place : place + 1].isalnum()


def _names(title: str) -> set[str]:
    parts = {title, title.split(",")[0].strip()}
    return {
        part for part in parts if len(part.split()) >= _MIN_WORDS or len(fold(part)) >= _MIN_CHARS
    }


def with_titles(words: str, shown: Sequence[Shown]) -> str:
    """Write titles for ``#n`` again: "running shoes" may have been meant as words.

    >>> with_titles("#1", [Shown(1, "R", "Running shoes")])
    'Running shoes'
    """
    titles = {str(one.number): one.title for one in shown}
    return _NAMED.sub(lambda found: titles.get(found[1], found[0]), words)
