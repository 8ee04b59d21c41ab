"""Trust, but verify: a line that a model wrote and the message it read -> a reading.

Every value must be traceable to the message, whatever wrote the line: a sum to a number that stands
there, a name to its words. A limit, a brand or a refusal becomes hard only where the second witness
(:mod:`llmrec.reading.signs`) says the same; what the two see differently is not held, and asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from llmrec.linear import bounded
from llmrec.reading.amounts import Amount, amounts_in
from llmrec.reading.currency import currency_in
from llmrec.reading.grammar import GIFT
from llmrec.reading.lines import INTENTS, Line, Part, PartKind
from llmrec.reading.reading import Reading, Sort

__all__ = ["WHOLE_SCREEN", "Traced", "traced", "witnessed_parts"]

_SUMS: tuple[PartKind, ...] = ("max", "min", "around")
_WITNESSED: tuple[PartKind, ...] = (*_SUMS, "brand", "no brand", "without")
WHOLE_SCREEN = ("compare", "why", "product_question")
"""Intents that mean all that is shown where they name no place."""

_LIMITED = ("find", "refine")
_NO_REQUEST = ("smalltalk", "abuse_or_injection")
"""Beside a request these ask for nothing."""
_NUMBERED = ("age", "people", "pack", "quantity", "pieces")
"""Attributes whose value is a number: "two" is "2"."""


@dataclass(frozen=True)
class Traced:
    """A reading, and what of the line is not in it.

    Attributes:
        reading: what the message asks for first.
        unsure: sums, brands and refusals that the second witness sees otherwise.
        untraced: what the line says and the message does not.
        also: what else it asks for, each with an intent and values of its own.
    """

    reading: Reading
    unsure: tuple[Part, ...] = ()
    untraced: tuple[Part, ...] = ()
    also: tuple[Reading, ...] = ()


def witnessed_parts(line: Line) -> tuple[Part, ...]:
    """The parts whose sign a second witness must confirm."""
    return line.of(*_WITNESSED)


def traced(
    message: str,
    line: Line,
    denied: Collection[Part] = (),
    *,
    on_screen: int = 0,
    has_context: bool = False,
    currency: str | None = None,
) -> Traced:
    """Make a reading of what is said.

    Args:
        message: plain text.
        line: what the model wrote, taken apart.
        denied: parts that the second witness does not see so.
        on_screen: how many products are on the screen.
        has_context: whether something was looked for before.
        currency: the shop's.
    """
    figures = amounts_in(message)
    amounts = {_folded(amount.text): amount for amount in figures}
    priced = _prices_said_once(line, denied, figures)
    readings: list[Reading] = []
    unsure: dict[Part, None] = {}
    untraced: dict[Part, None] = {}
    for request in line.requests:
        kept: list[Part] = []
        for part in map(_meant, request.parts):
            if not _is_traceable(part, message, amounts, on_screen) or _is_price(part, priced):
                untraced[part] = None
            elif part in denied:
                unsure[part] = None
            else:
                kept.append(part)
        intent = INTENTS[request.intent]
        if intent == "refine" and not has_context:
            intent = "find"
        values = _values(intent, kept, amounts, on_screen)
        if intent in _LIMITED:
            sums = [amounts[_folded(part.text)] for part in kept if part.kind in _SUMS]
            values["currency"] = currency_in(
                message, [(amount.start, amount.end) for amount in sums], currency
            )
        readings.append(Reading(**values))
    first, *also = readings
    return Traced(first, tuple(unsure), tuple(untraced), tuple(_further(first, also)))


def _prices_said_once(
    line: Line, denied: Collection[Part], figures: Sequence[Amount]
) -> Collection[str]:
    """The texts of sums that stand in the message once, and so are nothing but a price."""
    texts = [_folded(figure.text) for figure in figures]
    sums = (_folded(part.text) for part in line.of(*_SUMS) if part not in denied)
    return {text for text in sums if texts.count(text) == 1}


def _is_price(part: Part, priced: Collection[str]) -> bool:
    """Whether a value is the words of a limit: "not more than 60", where 60 is the most."""
    if part.kind != "attribute" or not priced:
        return False
    figures = [_folded(figure.text) for figure in amounts_in(part.text)]
    return bool(figures) and all(figure in priced for figure in figures)


def _further(first: Reading, also: Iterable[Reading]) -> Iterator[Reading]:
    """Further requests that ask for something else than the first, each once."""
    known = [first]
    for reading in also:
        # A wish whose values were dropped, or are those of another, asks for nothing more.
        repeats = reading.intent in _LIMITED and any(_repeats(reading, other) for other in known)
        if reading.intent in _NO_REQUEST or reading in known or repeats:
            continue
        known.append(reading)
        yield reading


def _repeats(wish: Reading, other: Reading) -> bool:
    values, others = wish.to_dict(), other.to_dict()
    given = {key: value for key, value in values.items() if key != "intent" and value}
    return all(others[key] == value for key, value in given.items())


def _values(
    intent: str, parts: Sequence[Part], amounts: Mapping[str, Amount], on_screen: int
) -> dict[str, Any]:
    def texts(kind: PartKind) -> tuple[str, ...]:
        return tuple(part.text for part in parts if part.kind == kind)

    values: dict[str, Any] = {"intent": intent}
    if intent in _LIMITED:
        # The last word counts: "20, no wait, 30".
        values |= {kind: amounts[_folded(texts(kind)[-1])].value for kind in _SUMS if texts(kind)}
        if sort := texts("sort"):
            values["sort"] = sort[-1]
    attributes: dict[str, list[str]] = {}
    for part in parts:
        if part.kind == "attribute":
            attributes.setdefault(part.name, []).append(_value(part, amounts))
    places = sorted({int(text) for text in texts("item")})
    if not places and intent in WHOLE_SCREEN:
        places = list(range(1, on_screen + 1))
    things = texts("thing")
    receivers = [text for text in texts("for") if _folded(text) not in _GREETINGS]
    return values | {
        "looking_for": things[-1] if things else None,
        "brands": texts("brand"),
        "not_brands": texts("no brand"),
        "attributes": {
            name: tuple(listed) if len(listed) > 1 else listed[0]
            for name, listed in attributes.items()
        },
        "not_": texts("without"),
        "for_whom": receivers[-1] if receivers else None,
        "in_stock": True if any(part.kind == "in stock" for part in parts) else None,
        "refers_to": tuple(places),
        "drops": texts("drop") if intent == "drop" else (),
    }


_GREETINGS = frozenset(
    ("hi", "hello", "hey", "hallo", "moin", "servus", "guten tag", "你好", "您好", "你们好", "亲")
)
"""Nobody's names: "你好,想给女儿买…" is for the daughter."""

_IN_STOCK = ("in stock", "auf lager", "vorrätig", "有货", "有貨", "现货", "現貨")


_DENIED_NOUN = bounded(r"kein(?:e[nrms]?)?\s+(\w+)", re.IGNORECASE)


def _meant(part: Part) -> Part:
    """The part, or what it says in truth.

    "In stock only" is no feature of a thing but a limit, "kein Plastik" a refusal; searched for, it
    would find plastic.
    """
    if part.kind != "attribute":
        return part
    if any(phrase in _folded(part.text) for phrase in _IN_STOCK):
        return Part("in stock")
    denied = _DENIED_NOUN.fullmatch(part.text)
    return Part("without", denied[1]) if denied else part


def _is_traceable(part: Part, message: str, amounts: Mapping[str, Amount], on_screen: int) -> bool:
    if part.kind in _SUMS:
        return _folded(part.text) in amounts
    if part.kind == "item":
        # "²" is a digit, and no number that int() reads.
        return part.text.isdecimal() and 1 <= int(part.text) <= on_screen
    if part.kind == "sort":
        return part.text in get_args(Sort)
    if part.kind in ("in stock", "drop") or part.text == GIFT:
        return True
    return all(_folded(word) in _folded(message) for word in part.text.split())


def _value(part: Part, amounts: Mapping[str, Amount]) -> str:
    amount = amounts.get(_folded(part.text))
    if part.name in _NUMBERED and amount is not None and amount.value == amount.value // 1:
        return f"{int(amount.value)}"
    return part.text


def _folded(text: str) -> str:
    return " ".join(re.sub("ß", "ss", text.casefold()).split())
