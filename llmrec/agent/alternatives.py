"""Alternatives of a message: "a spatula or a spoon" is one wish where the shop has neither. Pure.

A small model reads the second of two things as a use, a brand, or a wish of its own. What the shop
knows is a list of its own; of things that it knows none of, two empty lists would say less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from llmrec.agent.constraints.synonyms import is_colour
from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.catalog.matching import fold
from llmrec.linear import bounded
from llmrec.reading import Reading, Traced

__all__ = ["with_alternatives"]

_ARTICLE = r"(?:(?:an?|some|the|ein(?:e[nrms]?)?|etwas)\s+|一?[个個件双把]\s*)?"
_BETWEEN = bounded(
    rf"\s*(?P<sign>,|、|,?\s*\b(?:or|oder)\b|或者?|还是|還是)\s*{_ARTICLE}", re.IGNORECASE
)
_EDGE = bounded(rf"^\s*(?:(?:or|oder)\b|或者?|还是|還是)?\s*{_ARTICLE}", re.IGNORECASE)
_OR = {"or": " or ", "oder": " oder "}
_STOP_WORDS = """
for with without under over below above up in on at from that which to of and or but please for
für mit ohne unter über bis aus von zu und oder aber bitte maximal höchstens max about around ca
"""
_STOP = frozenset(_STOP_WORDS.split())
_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:[-'’][^\W_]+)*")
_MOST_WORDS = 3


def with_alternatives(traced: Traced, message: str, vocabulary: Vocabulary) -> Traced:
    """The reading with alternatives as one wish each, or as one where the shop has none of them.

    Args:
        traced: how the message was read.
        message: plain text.
        vocabulary: the catalogue's names.
    """
    first, *also = traced.reading, *traced.also
    if first.intent != "find" or not first.looking_for:
        return traced
    finds = [first, *(reading for reading in also if reading.intent == "find")]
    things = [reading.looking_for or "" for reading in finds]
    if len(finds) > 1:
        joined = _joined(message, things)
        if joined is None:
            return traced
        if colours := _coloured(things):
            wish = _merged(finds, colours[0], {"colour": colours[1]})
        elif any(_is_known(thing, vocabulary) for thing in things):
            return traced
        else:
            wish = _merged(finds, joined)
        return replace(
            traced, reading=wish, also=tuple(reading for reading in also if reading not in finds)
        )
    other = _other(first, message, vocabulary)
    if other is None:
        return traced
    alone = _without(first, other)
    if any(_is_known(thing, vocabulary) for thing in (things[0], other)):
        second = Reading(intent="find", looking_for=other, currency=first.currency)
        return replace(traced, reading=alone, also=(second, *also))
    joined = _joined(message, [things[0], other])
    return replace(traced, reading=alone.model_copy(update={"looking_for": joined}))


def _joined(message: str, things: Sequence[str]) -> str | None:
    """Things as the message names them, without articles; ``None`` where it joins them by no or."""
    text, place, end = message.casefold(), 0, 0
    joined, is_or = "", False
    for thing in things:
        place = text.find(thing.casefold(), end)
        if not thing or place < 0:
            return None
        if joined:
            between = _BETWEEN.fullmatch(message, end, place)
            if between is None:
                return None
            sign = between["sign"].strip(" ,、").casefold()
            is_or = bool(sign)
            joined += _OR.get(sign, sign or ", ")
        joined += thing
        end = place + len(thing)
    return joined if is_or else None


def _other(wish: Reading, message: str, vocabulary: Vocabulary) -> str | None:
    """The alternative right behind the thing, where the reading or the shop knows its words."""
    thing = wish.looking_for or ""
    start = message.casefold().find(thing.casefold())
    between = _BETWEEN.match(message, start + len(thing)) if start >= 0 else None
    if between is None or not between["sign"].strip(" ,、"):
        return None
    words: list[str] = []
    end = between.end()
    for match in _WORD.finditer(message, between.end()):
        apart = message[end : match.start()].strip(" ")
        if apart or fold(match[0]) in _STOP or len(words) == _MOST_WORDS:
            break
        words.append(match[0])
        end = match.end()
    read = {fold(word) for text in _texts(wish) for word in _WORD.findall(text)}
    other = " ".join(words)
    is_read = not read.isdisjoint(map(fold, words))
    return other if other and (is_read or other in vocabulary.things) else None


def _texts(wish: Reading) -> Iterator[str]:
    """What a small model reads the second of two things as, without the words before it."""
    yield from wish.brands
    for value in wish.attributes.values():
        yield from (_EDGE.sub("", text) for text in ((value,) if isinstance(value, str) else value))


def _without(wish: Reading, other: str) -> Reading:
    """The wish without what was read of the alternative, or of the thing, as something else."""
    words = {*map(fold, _WORD.findall(f"{wish.looking_for} {other}"))}

    def stays(text: str) -> bool:
        return not {*map(fold, _WORD.findall(_EDGE.sub("", text)))} <= words

    attributes: dict[str, str | tuple[str, ...]] = {}
    for name, value in wish.attributes.items():
        texts = tuple(filter(stays, (value,) if isinstance(value, str) else value))
        if texts:
            attributes[name] = texts if len(texts) > 1 else texts[0]
    brands = tuple(filter(stays, wish.brands))
    return wish.model_copy(update={"attributes": attributes, "brands": brands})


def _is_known(thing: str, vocabulary: Vocabulary) -> bool:
    return thing in vocabulary.things or vocabulary.brand(thing) is not None


def _coloured(things: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The thing and its colours of "red" and "orange socks"."""
    *first, last = things
    colour, _, thing = last.partition(" ")
    colours = (*first, colour)
    if thing and all(is_colour(fold(word)) for word in colours):
        return thing, colours
    return None


def _merged(
    wishes: Sequence[Reading], thing: str, attributes: dict[str, Any] | None = None
) -> Reading:
    """One wish of several: what each says of price, brands and properties."""
    first = wishes[0]
    values: dict[str, Any] = {
        key: next((v for wish in wishes if (v := getattr(wish, key)) is not None), None)
        for key in ("min", "max", "around", "currency", "for_whom", "in_stock", "sort")
    }
    for key in ("brands", "not_brands", "not_"):
        values[key] = tuple(dict.fromkeys(text for wish in wishes for text in getattr(wish, key)))
    values["attributes"] = {
        name: value for wish in wishes for name, value in wish.attributes.items()
    } | (attributes or {})
    return first.model_copy(update=values | {"looking_for": thing})
