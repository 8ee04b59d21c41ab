"""A written message and what it means -> the line that says it in the message's own words.

The writers gave values as a person would: "dog treats" for "treats for my dog", 120 for "a hundred
and twenty". The reader copies, so each value is looked up in the message: as it stands, by its
number, or by the stems of its words. What cannot be looked up cannot be taught.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmrec.reading.amounts import amounts_in
from llmrec.reading.grammar import ATTRIBUTES, GIFT
from llmrec.reading.lines import INTENTS, Line, Part, PartKind
from llmrec.reading.tracing import WHOLE_SCREEN

if TYPE_CHECKING:
    from llmrec.finetune.reader.messages import WrittenMessage

__all__ = ["as_said", "line_of", "said_in"]

_INTENT_WORDS = {intent: word for word, intent in INTENTS.items()}
_STEM = 4
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|\S")


def said_in(message: str, want: Mapping[str, Any], on_screen: int = 0) -> tuple[Line, list[str]]:
    """What a message says, in its words, in the order of the message.

    Args:
        message: plain text.
        want: by the keys of the structure.
        on_screen: how many products are on the screen.

    Returns:
        The line's parts, and the keys whose value is not in the message.
    """
    parts: list[tuple[int, Part]] = []
    missing: list[str] = []

    def add(kind: PartKind, value: object, name: str = "") -> None:
        text = as_said(value, message, number=kind in ("max", "min", "around"))
        if text is None:
            missing.append(name or kind)
        else:
            parts.append((_place(text, message), Part(kind, text, name)))

    for key, kind in _KINDS:
        for value in _listed(want.get(key)):
            add(kind, value)
    for name, values in want.get("attributes", {}).items():
        for value in _listed(values):
            add("attribute", value, _known(name))
    order = {"thing": -1}
    parts.sort(key=lambda pair: (order.get(pair[1].kind, 0), pair[0]))
    fixed = [Part("in stock")] if want.get("in_stock") else []
    fixed += [Part("sort", want["sort"])] if want.get("sort") else []
    fixed += [Part("item", str(n)) for n in _places(want, on_screen)]
    fixed += [Part("drop", str(name)) for name in want.get("drops", ())]
    intent = _INTENT_WORDS[want["intent"]]
    return Line(intent, (*(part for _, part in parts), *fixed)), missing


def line_of(message: WrittenMessage) -> tuple[Line, list[str]]:
    """The line of a written message, its further requests too, and the keys that are not in it."""
    shown = len(message.context.on_screen) if message.context else 0
    readings = [said_in(message.message, want, shown) for want in message.wants]
    first, *also = (line for line, _ in readings)
    missing = [key for _, keys in readings for key in keys]
    return replace(first, also=tuple(also)), missing


def _known(name: str) -> str:
    """A name that the line's grammar has; rare ones become the most general."""
    plain = re.sub(r"[^a-z]+", "_", name.lower()).strip("_")
    return plain if plain in ATTRIBUTES.split() else "feature"


def _places(want: Mapping[str, Any], on_screen: int) -> Sequence[int]:
    """The places that a message names; a question of the whole screen names none."""
    places: Sequence[int] = want.get("refers_to", ())
    whole = want["intent"] in WHOLE_SCREEN and len(places) == on_screen
    return () if whole else places


_KINDS: tuple[tuple[str, PartKind], ...] = (
    ("looking_for", "thing"),
    ("max", "max"),
    ("min", "min"),
    ("around", "around"),
    ("brands", "brand"),
    ("not_brands", "no brand"),
    ("not", "without"),
    ("for_whom", "for"),
)


def as_said(value: object, message: str, *, number: bool = False) -> str | None:
    """The words of the message that say a value; ``None`` where none do.

    >>> as_said("dog treats", "treats for my Dog please"), as_said(2, "a toy for a two year old")
    ('Dog treats', 'two')
    >>> as_said("nuts", "my son has a nut allergy"), as_said(120, "a hundred and twenty max")
    ('nut', 'hundred and twenty')
    """
    text = _text(value)
    if number or re.fullmatch(r"\d+(?:\.\d+)?", text):
        by_value = [amount.text for amount in amounts_in(message) if amount.value == Decimal(text)]
        if number or by_value:
            return by_value[-1] if by_value else None
    if place := re.search(re.escape(text), message, re.IGNORECASE):
        return place[0]
    if text == GIFT:
        return GIFT
    words = [_word_as_said(word, message) for word in _WORD.findall(text)]
    return None if None in words or not words else " ".join(map(str, words))


def _word_as_said(word: str, message: str) -> str | None:
    folded = word.casefold()
    words: list[str] = _WORD.findall(message)
    for other in words:
        if other.casefold() == folded:
            return other
    if word.isdigit():
        return next(
            (amount.text for amount in amounts_in(message) if amount.value == Decimal(word)), None
        )
    if place := re.search(re.escape(word), message, re.IGNORECASE):
        return place[0]
    if len(folded) < _STEM:
        return None
    for other in words:
        other_folded = other.casefold()
        shared = min(len(other_folded), len(folded))
        alike = shared >= 3 and other_folded[: shared - 1] == folded[: shared - 1]
        if alike and abs(len(other_folded) - len(folded)) <= 3:
            return other
    return None


def _place(text: str, message: str) -> int:
    place = message.find(text)
    return place if place >= 0 else message.find(text.split(" ")[0])


def _listed(value: object) -> Sequence[object]:
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).replace("|", "/").split())
