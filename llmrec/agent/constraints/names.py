"""Brands, categories and attribute values, wanted and unwanted, behind the words that mark them.

A name counts only behind such a word ("from", "nur", "不要"), where the message is nothing else,
or, for brands, where it is spelled as in the catalogue: "apple juice" is no brand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from llmrec.agent.constraints.changes import Brands, Categories, Change
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.reader import Reader, before, pattern
from llmrec.agent.constraints.values import JOIN, colour_unknown_here, values_list
from llmrec.agent.constraints.vocabulary import FoundName, Vocabulary

__all__ = ["NOT", "read_bare_brands", "read_names"]

NOT = pattern(
    r"(?:\b(?:not|no|nothing|none|without|except|but\s+not|(?:anything|something)?\s*other\s+than"
    r"|anything\s+but|avoid|exclude|hide|hate"
    r"|(?:don't|do\s+not)\s+(?:want|like|need|show(?:\s+me)?))"
    r"(?:\s+(?:for|any|more|anything|else|things|products|from|by|of|in|made|the|brand|category"
    r"|colou?r|size))*\s+"
    r"|\b(?:nicht|kein(?:e[nrsm]?)?|nichts|ohne|außer|(?:et)?was\s+anderes\s+als)"
    r"(?:\s+(?:mehr|von|vom|aus|in|der|die|das|den|marke|kategorie|farbe|größe))*\s+"
    r"|(?:不要|不想要|不喜欢|别要|除了|排除|不买|不看|去掉)\s*(?:品牌|牌子|颜色|类别)?\s*)"
)
"""Words that say of what follows that it is not wanted."""

_ONLY = pattern(
    r"(?:\b(?:only|just|nothing\s+but)(?:\s+(?:from|by|in|of|the|brand|category|made))*\s+"
    r"|\b(?:nur|ausschließlich)(?:\s+(?:von|vom|aus|in|der|die|das|marke|kategorie))*\s+"
    r"|(?:只要|只看|只买|仅限|就要)\s*)"
)
_BRAND = pattern(
    r"(?:\b(?:from|by|(?:the\s+)?brands?(?:\s+(?:is|should\s+be|must\s+be))?:?)\s+"
    r"|\b(?:von|vom|(?:der\s+|die\s+)?marken?:?)\s+"
    r"|(?:品牌|牌子)(?:是|要|为)?:?\s*)"
)
_CATEGORY = pattern(
    r"(?:\b(?:categor(?:y|ies)|section|department|kategorien?|abteilung|rubrik)(?:\s+is)?:?\s+"
    r"|(?:类别|分类|品类)(?:是|要|为)?:?\s*)"
)
_IN = pattern(r"\b(?:in|auch\s+in|make\s+it|lieber)\s+(?:the\s+colou?r\s+|der\s+farbe\s+)?")
_MADE_OF = pattern(r"\b(?:made\s+(?:out\s+)?(?:of|from)|aus)\s+")
# "A case for my Acme" may be of any brand.
_OWNED = pattern(r"(?:\b(?:my|our|his|her|their|mein(?:e[nrms]?)?|unser(?:e[nrms]?)?)\s+|我的)$")
_TRAIL = pattern(r"\s*(?:牌子?的?|色?的|以外的?|之外的?)|\s+(?:brand|category|section|only)\b")

_Named: TypeAlias = tuple[Change, int]
_Reading: TypeAlias = Callable[[Vocabulary, str, int, bool], "_Named | None"]


def read_names(reader: Reader, context: Context) -> Iterator[tuple[int, Change]]:
    """Names behind a marking word, each change with its place in the message."""
    signed: tuple[_Reading, ...] = (_brands, _categories, _values)
    for marker, readings, wanted in (
        (NOT, signed, False),
        (_ONLY, signed, True),
        (_BRAND, (_brands,), True),
        (_CATEGORY, (_categories,), True),
        (_IN, (_colours_or_sizes,), True),
        (_MADE_OF, (_materials,), True),
    ):
        yield from _behind(reader, context.vocabulary, marker, readings, wanted)


def _behind(
    reader: Reader,
    vocabulary: Vocabulary,
    marker: re.Pattern[str],
    readings: tuple[_Reading, ...],
    wanted: bool,
) -> Iterator[tuple[int, Change]]:
    place = 0
    while found := marker.search(reader.text, place):
        place = found.end()
        for reading in readings:
            if named := reading(vocabulary, reader.text, found.end(), wanted):
                change, end = named
                trail = _TRAIL.match(reader.text, end)
                reader.cut(found.start(), trail.end() if trail else end)
                yield found.start(), change
                break


def _brands(vocabulary: Vocabulary, text: str, start: int, wanted: bool) -> _Named | None:
    names, end = _list(text, start, vocabulary.brand_at)
    return (Brands(names, wanted), end) if names else None


def _categories(vocabulary: Vocabulary, text: str, start: int, wanted: bool) -> _Named | None:
    names, end = _list(text, start, vocabulary.category_at)
    return (Categories(names, wanted), end) if names else None


def _values(vocabulary: Vocabulary, text: str, start: int, wanted: bool) -> _Named | None:
    return _of_kinds(vocabulary, text, start, wanted, ("colour", "material"))


def _colours_or_sizes(vocabulary: Vocabulary, text: str, start: int, wanted: bool) -> _Named | None:
    return _of_kinds(vocabulary, text, start, wanted, ("colour", "size")) or colour_unknown_here(
        vocabulary, text, start, wanted
    )


def _materials(vocabulary: Vocabulary, text: str, start: int, wanted: bool) -> _Named | None:
    return _of_kinds(vocabulary, text, start, wanted, ("material",))


def _of_kinds(
    vocabulary: Vocabulary, text: str, start: int, wanted: bool, kinds: tuple[str, ...]
) -> _Named | None:
    """Values of the first kind that has some: "in blue or red" are alternatives of one colour."""
    for attribute in (name for kind in kinds for name in vocabulary.of_kind(kind)):
        if listed := values_list(vocabulary, text, start, attribute):
            change, end = listed
            return replace(change, wanted=wanted), end
    return None


def _list(
    text: str, start: int, at: Callable[[str, int], FoundName | None]
) -> tuple[tuple[str, ...], int]:
    """A name, or several that are joined by "and", "or" and the like; and where they end."""
    names: dict[str, None] = {}
    end = place = start
    while (found := at(text, place)) is not None:
        names[found.name] = None
        end = found.end
        joined = JOIN.match(text, end)
        if joined is None:
            break
        place = joined.end()
    return tuple(names), end


def read_bare_brands(reader: Reader, context: Context) -> Iterator[tuple[int, Change]]:
    """Brands that a message names without a marking word, spelled as in the catalogue."""
    names: dict[str, None] = {}
    first = None
    for start in _word_starts(reader.text):
        found = context.vocabulary.brand_at(reader.text, start)
        spelled = found is not None and reader.text[start : found.end] == found.name
        if found and spelled and not before(_OWNED, reader.text, start):
            trail = _TRAIL.match(reader.text, found.end)
            reader.cut(start, trail.end() if trail else found.end)
            names[found.name] = None
            first = start if first is None else first
    if first is not None:
        yield first, Brands(tuple(names))


def _word_starts(text: str) -> list[int]:
    return [one.start() for one in re.finditer(r"(?<![^\W_])[^\W_]|[\u3400-\u9fff]", text)]
