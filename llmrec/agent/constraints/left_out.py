"""Things that are not wanted and that the catalogue knows by its titles alone: "no teapots".

Read after brands, categories and values. What a "no" stands before counts where titles hold it, and
only a thing counts behind a "not", which also says how things are: "not sure", "not too big".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmrec.agent.constraints.changes import Change, Without
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.fillers import without_fillers
from llmrec.agent.constraints.names import NOT
from llmrec.agent.constraints.reader import Reader, pattern
from llmrec.agent.constraints.vocabulary import Vocabulary

__all__ = ["NO_THING", "read_left_out"]

_DEGREE = pattern(r"(?:not|nicht|none|nothing|nichts)\b")
_ARTICLES = pattern(r"(?:(?:an?|any|the|more|ein(?:e[nrms]?)?|die|der|das)\s+)*")
_WORDS = pattern(r"[^\W\d_][\w-]*(?:\s[^\W\d_][\w-]*){0,2}|[\u3400-\u9fff]{1,6}")
_EDGE = re.compile(r"(?<=[\w-])(?![\w-])|(?<=[\u3400-\u9fff])")
_CLAUSE_ENDS = pattern(
    r"\s*(?:$|[,.;!?\x1f]|\b(?:please|thanks|and|or|but|bitte|danke|und|oder)\b)"
)
_NO_THING_WORDS = """
i you we it that this these those is are to too so very idea problem problems worries way thanks
thank good matter preference need rush hurry time money clue sense chance doubt reason luck fuss
sure really yet quite again bad nice
ich du wir es das so sehr zu gut ahnung idee geld zeit eile sicher wirklich schlecht
"""
NO_THING = frozenset(_NO_THING_WORDS.split())
"""What stands behind a "no" or a "not" and is no product: "no idea", "not sure"."""


def read_left_out(reader: Reader, context: Context) -> Iterator[tuple[int, Change]]:
    """What no title may hold, each with its place in the message."""
    place = 0
    while found := NOT.search(reader.text, place):
        place = found.end()
        articles = _ARTICLES.match(reader.text, found.end())
        start = articles.end() if articles else found.end()
        thing = bool(_DEGREE.match(found[0].strip()))
        if end := _end(reader.text, start, context.vocabulary, only_things=thing):
            words = reader.text[start:end]
            reader.cut(found.start(), end)
            yield found.start(), Without(words)


def _end(text: str, start: int, vocabulary: Vocabulary, *, only_things: bool) -> int | None:
    """Where the longest phrase ends that names something of the catalogue's titles."""
    found = _WORDS.match(text, start)
    if found is None or _first(found[0]) in NO_THING:
        return None
    ends = [edge.end() for edge in _EDGE.finditer(found[0])]
    for length in reversed(_in_titles(found[0], ends, vocabulary)):
        said = found[0][:length]
        named = said in vocabulary.things or said[0] >= "\u3400"
        if named and without_fillers(said) == said:
            return start + length
    end = start + ends[0]
    if only_things or not vocabulary.in_titles(text[start:end]):
        return None
    return end if _CLAUSE_ENDS.match(text, end) else None


def _in_titles(words: str, ends: list[int], vocabulary: Vocabulary) -> list[int]:
    """The ends up to which all words stand in titles; behind a word that does not, none is."""
    held: list[int] = []
    for end in ends:
        if vocabulary.in_titles(words[:end]):
            held.append(end)
        elif not _alone(words[:end]):
            break
    return held


def _alone(words: str) -> bool:
    """Whether the last is one Chinese character: titles are known by pairs of them."""
    return words[-1] >= "\u3400" and not words[-2:-1] >= "\u3400"


def _first(words: str) -> str:
    return words.split(" ", 1)[0].casefold()
