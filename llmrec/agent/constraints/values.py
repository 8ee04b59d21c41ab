"""Attribute values beside the attribute's name, and the ways of naming a colour or a size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from llmrec.agent.constraints.changes import Brands, Change, Values
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.reader import Reader, before, pattern
from llmrec.agent.constraints.sizes import is_size
from llmrec.agent.constraints.synonyms import is_colour
from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.catalog.matching import fold

__all__ = ["JOIN", "colour_unknown_here", "read_only_a_value", "read_values", "values_list"]

JOIN = pattern(
    r"\s*(?:,|/|\+|&|、|\b(?:and|or|nor|und|oder)\b|或者|[和或跟])\s*(?:(?:from|by|von|in|aus)\s+)*"
)
"""What joins alternatives: "red or blue", "von Acme oder Brio"."""

_BETWEEN = pattern(r"\s*(?::|=|is|ist|should\s+be|soll|sein|要|是|为)?\s*(?:(?:in|of|von)\s+)?")
_NEGATED = pattern(r"(?:\b(?:not|no|nicht|keine?)\s+(?:in\s+)?(?:the\s+)?|不要\s*)$")
# A value of three words, none longer than 32 signs: what stands there before its attribute's name.
_BEFORE = pattern(r"(?<![^\W_])((?:[^\W_]|[-/.,%°]){1,32}(?:\s(?:[^\W_]|[-/.,%°]){1,32}){0,2})\s$")
_ONES = pattern(r"(?P<said>[^\W\d_-]+(?:[\s-][^\W\d_]+)?)\s+ones?\b")
_GERMAN = pattern(
    r"\b(?:etwas|was|lieber|nur|die|den|das|der)\s+(?P<said>[^\W\d_]+e[snrm]?)\b(?=\s*[,.!?]|\s*$)"
)
_CHINESE_COLOUR = re.compile(r"(?P<said>[^\W\da-z色或和跟与不]{1,3}色)的?")
_CHINESE_SIZE = pattern(r"(?P<said>x{0,3}[sl]|m|\d{2,3})\s*[码号](?![\u3400-\u9fff]*[楼线])的?")
_CHINESE_MADE = re.compile(r"(?P<said>[\u3400-\u9fff]{1,4}?)(?:做的|制的|材质的?|质地的?)")
_ARTICLE = pattern(r"^(?:the|a|an|some|any|only|just|another)\s+")
_FIRST_WORD = re.compile(r"[^\W_]+")


def read_values(reader: Reader, context: Context) -> Iterator[tuple[int, Change]]:
    """Find "size L", "dark roast", "the blue one", "蓝色的", each change with its place."""
    yield from _beside_names(reader, context.vocabulary)
    vocabulary = context.vocabulary
    for rule, kind in (
        (_CHINESE_COLOUR, "colour"),
        (_CHINESE_SIZE, "size"),
        (_CHINESE_MADE, "material"),
        (_ONES, "colour"),
        (_ONES, "material"),
        (_GERMAN, "colour"),
    ):
        for found in reader.take(rule):
            change = _spoken(vocabulary, kind, found["said"])
            if change is None:
                reader.put_back(found)
            else:
                said, values = change
                kept = found["said"][: -len(said)]  # what stands before the value is not taken
                reader.text = (
                    reader.text[: found.start()] + kept + reader.text[found.start() + len(kept) :]
                )
                yield found.start(), values


def _beside_names(reader: Reader, vocabulary: Vocabulary) -> Iterator[tuple[int, Change]]:
    for start in [
        one.start() for one in re.finditer(r"(?<![^\W_])[^\W\d_]|[\u3400-\u9fff]", reader.text)
    ]:
        named = vocabulary.attribute_at(reader.text, start)
        if named is None:
            continue
        between = _BETWEEN.match(reader.text, named.end)
        behind = between.end() if between else named.end
        if listed := values_list(vocabulary, reader.text, behind, named.name):
            change, end = listed
            wanted, first = _sign(reader.text, start)
            reader.cut(first, end)
            yield first, replace(change, wanted=wanted)
        elif valued := _value_before(reader.text, start, vocabulary, named.name):
            first, values, said = valued
            wanted, cut = _sign(reader.text, first)
            reader.cut(cut, named.end)
            yield cut, Values(named.name, values, said, wanted)


def values_list(
    vocabulary: Vocabulary, text: str, start: int, attribute: str
) -> tuple[Values, int] | None:
    """One value, or several that are joined by "or" and the like; and where they end."""
    values: dict[str, None] = {}
    said: list[str] = []
    end = place = start
    while found := vocabulary.values_at(text, place, attribute):
        values |= dict.fromkeys(found.values)
        said.append(found.said)
        end = found.end
        joined = JOIN.match(text, end)
        if joined is None:
            break
        place = joined.end()
    return (Values(attribute, tuple(values), ", ".join(said)), end) if values else None


def _sign(text: str, start: int) -> tuple[bool, int]:
    """Whether what begins at ``start`` is wanted, and where it begins with its negation."""
    negated = before(_NEGATED, text, start)
    return (True, start) if negated is None else (False, negated.start())


def _value_before(
    text: str, end: int, vocabulary: Vocabulary, attribute: str
) -> tuple[int, tuple[str, ...], str] | None:
    """The longest value that ends before an attribute's name: "dark roast"."""
    found = before(_BEFORE, text, end)
    words = found[1].split(" ") if found else []
    for first in range(len(words)):
        said = " ".join(words[first:])
        if values := vocabulary.values(attribute, said):
            return end - 1 - len(said), values, said
    return None


def _spoken(vocabulary: Vocabulary, kind: str, said: str) -> tuple[str, Values] | None:
    """The longest ending of ``said`` that is a value of this kind, and the change it means."""
    said = _ARTICLE.sub("", said)
    chinese = said[-1] >= "\u3400"
    endings = (
        [said[first:] for first in range(len(said) - 1)]
        if chinese and len(said) > 1
        else [" ".join(said.split(" ")[first:]) for first in range(len(said.split(" ")))]
    )
    for ending in endings:
        for attribute in vocabulary.of_kind(kind):
            if values := vocabulary.values(attribute, ending):
                return ending, Values(attribute, values, ending)
    return None


def colour_unknown_here(
    vocabulary: Vocabulary, text: str, start: int, wanted: bool
) -> tuple[Change, int] | None:
    """A colour that nothing in the shop has: it counts, so that "nothing in purple" is said."""
    found = _FIRST_WORD.match(text, start)
    names = vocabulary.of_kind("colour")
    if found is None or not names or not is_colour(fold(found[0])):
        return None
    return Values(names[0], (found[0],), found[0], wanted), found.end()


def read_only_a_value(reader: Reader, context: Context) -> Iterator[tuple[int, Change]]:
    """A message that is nothing but a colour, a size, a material or a brand: "blue", "XL"."""
    text = reader.text
    start = len(text) - len(text.lstrip("\x1f ,"))
    for kind in ("colour", "material", "size"):
        for attribute in context.vocabulary.of_kind(kind):
            found = context.vocabulary.values_at(text, start, attribute)
            if found is None or text[found.end :].strip("\x1f ,.!?"):
                continue
            if kind != "size" or is_size(fold(found.said)):
                reader.cut(0, len(text))
                yield start, Values(attribute, found.values, found.said)
                return
    brand = context.vocabulary.brand_at(text, start)
    if brand and not text[brand.end :].strip("\x1f ,.!?"):
        reader.cut(0, len(text))
        yield start, Brands((brand.name,))
