"""The line that the reader writes: what a message says, each value in the words of the message.

::

    find | thing kettle | max a tenner | no brand Acme | colour: red | without plastic
    refine | max 200 || product | item 2

The second one is of a message with two requests ("up to 200, and how warm is the second?"). A line
costs a fraction of the tokens of JSON, and its values are copied, not computed: that "a
tenner" is 10 is for code to say (:mod:`llmrec.reading.amounts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

__all__ = ["ALSO", "INTENTS", "Line", "Part", "PartKind", "read_line", "write_line", "write_part"]

PartKind: TypeAlias = Literal[
    "thing",
    "max",
    "min",
    "around",
    "brand",
    "no brand",
    "attribute",
    "without",
    "for",
    "in stock",
    "sort",
    "item",
    "drop",
]

INTENTS = {
    "find": "find",
    "refine": "refine",
    "drop": "drop",
    "compare": "compare",
    "why": "why",
    "product": "product_question",
    "shop": "shop_question",
    "order": "order_or_human",
    "talk": "smalltalk",
    "abuse": "abuse_or_injection",
    "undo": "undo",
    "more": "more",
    "none": "none_of_these",
}
"""The line's first word, and the intent that it stands for."""

_VALUED = ("thing", "max", "min", "around", "no brand", "brand", "without", "for", "sort", "item")
_ATTRIBUTE = re.compile(r"([a-z_]{1,40}): (.+)", re.DOTALL)
_BETWEEN = " | "
ALSO = " ||"
"""What a further request of the same line begins with."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a message says; ``name`` is an attribute's."""

    kind: PartKind
    text: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, taken apart.

    Attributes:
        intent: its first word.
        parts: what is said, in the order of the line.
        also: further requests of the same message, which have none of their own.
    """

    intent: str
    parts: tuple[Part, ...] = ()
    also: tuple[Line, ...] = ()

    @property
    def requests(self) -> tuple[Line, ...]:
        """The line itself and its further requests."""
        return (self, *self.also)

    def of(self, *kinds: PartKind) -> tuple[Part, ...]:
        """The parts of some kinds, those of further requests too."""
        parts = (part for request in self.requests for part in request.parts)
        return tuple(dict.fromkeys(part for part in parts if part.kind in kinds))


def write_line(line: Line) -> str:
    """A line as text.

    >>> write_line(Line("find", (Part("thing", "kettle"), Part("attribute", "red", "colour"))))
    'find | thing kettle | colour: red'
    >>> write_line(Line("find", (Part("thing", "mug"),), (Line("shop"),)))
    'find | thing mug || shop'
    """
    return f"{ALSO} ".join(
        _BETWEEN.join([request.intent, *map(write_part, request.parts)])
        for request in line.requests
    )


def write_part(part: Part) -> str:
    """A part as it stands in a line.

    >>> write_part(Part("no brand", "Acme")), write_part(Part("attribute", "red", "colour"))
    ('no brand Acme', 'colour: red')
    """
    text = " ".join(part.text.replace("|", "/").split())
    if part.kind == "attribute":
        return f"{part.name}: {text}"
    return f"{part.kind} {text}".strip()


def read_line(text: str) -> Line | None:
    """A line taken apart; parts that are none, such as one that was cut off, are left out.

    Returns:
        ``None`` where the text does not begin with an intent.

    >>> read_line("find | no brand Acme | max").parts
    (Part(kind='no brand', text='Acme', name=''),)
    """
    first, *others = (_request(request) for request in text.split(ALSO.strip()))
    return None if first is None else replace(first, also=tuple(filter(None, others)))


def _request(text: str) -> Line | None:
    first, *rest = (piece.strip() for piece in text.split("|"))
    if first not in INTENTS:
        return None
    parts = (_part(piece) for piece in rest)
    return Line(first, tuple(_without_repeats(part for part in parts if part is not None)))


def _part(text: str) -> Part | None:
    if text == "in stock":
        return Part("in stock")
    if text.startswith("drop "):
        return Part("drop", text[5:].strip())
    if match := _ATTRIBUTE.fullmatch(text):
        return Part("attribute", match[2].strip(), match[1])
    for kind in _VALUED:
        if text.startswith(f"{kind} ") and (value := text[len(kind) + 1 :].strip()):
            return Part(kind, value)  # type: ignore[arg-type]  # one of the literals above
    return None


def _without_repeats(parts: Iterable[Part]) -> list[Part]:
    return list(dict.fromkeys(parts))
