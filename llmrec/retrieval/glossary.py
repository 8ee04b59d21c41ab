"""Names of things in German and Chinese, as English titles call them: "Schlafsäcke", "茶壶".

The multilingual encoder finds what is like a word and cannot say that something is no teapot; forms
such as "Schlafsäcke" lead it astray. Where the words of a query are common names of things, they
are read as the English ones instead, and searched for as these are. The list is
``glossary.tsv``: English, German and Chinese, alternatives between semicolons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from llmrec.catalog.matching import fold

__all__ = ["in_english"]

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_ENDINGS = ("", "n", "e", "en", "er", "ern", "es", "s", "nen")
"""Of German plurals and cases; their umlauts are taken off."""
_UMLAUTS = str.maketrans("äöü", "aou")
_BEHIND = re.compile(r"\s(?:für|mit|ohne|aus|von|zum|zur|im|in|am|auf)\s", re.IGNORECASE)
"""What follows says how the thing is."""
_PLAIN = frozenset(
    """
    der die das den dem des ein eine einen einem einer eines fur mit ohne aus von zum zur im in am
    auf und oder etwas was so mein meine meinen meiner unser unsere dein ihr sein als
    """.split()  # noqa: SIM905
)
_PARTICLES = "的了个款和与或要想买给我你他她它用能可以有吗呢"
_LONGEST = 6
"""Chinese signs of an entry."""
_SHORTEST_PART = 3
"""Letters of each part of a German word: "Reise" and "schlafsack"."""


def in_english(query: str, has: Callable[[str], bool]) -> str | None:
    """A query in English; ``None`` where its noun is not in the list, or titles have it as it is.

    Args:
        query: the shopper's words, in German or Chinese.
        has: whether titles have a word: then it is a name and stays.

    >>> in_english("warme Schlafsäcke für die Kinder", lambda word: False)
    'warm sleeping bag children'
    >>> in_english("玻璃的茶壶", lambda word: False), in_english("Zahnrad", lambda word: False)
    ('glass teapot', None)
    """
    if _HAN.search(query):
        named, behind = list(_chinese(query)), []
    else:
        thing, *others = _BEHIND.split(query)
        named = list(_german(thing, has))
        behind = [word for part in others for word in _german(part, has)]
    if not named or named[-1][1] is None or has(named[-1][0]):
        return None
    return " ".join(dict.fromkeys(english for _, english in (*named, *behind) if english))


_Read: TypeAlias = tuple[str, "str | None"]
"""A word and its English, if it has one."""


def _german(query: str, has: Callable[[str], bool]) -> Iterator[_Read]:
    words = [word for word in _WORD.findall(query) if _plain(word) not in _PLAIN]
    place = 0
    while place < len(words):
        both = " ".join(words[place : place + 2])
        if english := _names()[0].get(_plain(both)):
            yield both, english
            place += 2
            continue
        word = words[place]
        known = word if word.isdecimal() or has(word) else None
        yield word, _of_german(_plain(word)) or known
        place += 1


def _plain(word: str) -> str:
    return fold(word).translate(_UMLAUTS)


def _of_german(word: str) -> str | None:
    """The English of a word in any form, also of one that ends another."""
    if english := _form(word):
        return english
    for start in range(_SHORTEST_PART, len(word) - _SHORTEST_PART):
        # "Fernglas" is no glass: only what is known in both parts is known.
        before, english = _form(word[:start]), _form(word[start:])
        if before and english:
            return f"{before} {english}"
    return None


def _form(word: str) -> str | None:
    stems = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
    return next((english for stem in stems if (english := _names()[0].get(stem))), None)


def _chinese(query: str) -> Iterator[_Read]:
    for run in re.findall(r"[\u3400-\u9fff]+|[A-Za-z0-9]+", query):
        if not _HAN.match(run):
            yield run, run
            continue
        text, place, is_part = run.rstrip(_PARTICLES), 0, False
        while place < len(text):
            rest = text[place : place + _LONGEST]
            # One sign alone is a part of most words; at the end it says what the thing is.
            least = 1 if place == len(text) - 1 else 2
            sizes = range(len(rest), least - 1, -1)
            size = next((n for n in sizes if rest[:n] in _names()[1]), 0)
            if size:
                # Behind signs that are not known it ends a longer word: 空气炸锅 is no pot.
                yield rest[:size], None if is_part else _names()[1][rest[:size]]
            elif rest[0] not in _PARTICLES:
                yield rest[0], None
            is_part = (not size and rest[0] not in _PARTICLES) or (is_part and bool(size))
            place += size or 1


@cache
def _names() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """German and Chinese names, folded, each with its English one; the first of a name counts."""
    german: dict[str, str] = {}
    chinese: dict[str, str] = {}
    table = files("llmrec.retrieval").joinpath("glossary.tsv").read_text(encoding="utf-8")
    for line in table.splitlines():
        english, of_german, of_chinese = line.split("\t")
        for names, texts in ((german, of_german), (chinese, of_chinese)):
            for name in texts.split(";"):
                names.setdefault(_plain(name), english)
    return german, chinese
