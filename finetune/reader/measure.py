"""How well messages are read: each case of a figure right or not, and the figures of many.

A price counts as right only if it is the same in ``min``, ``max`` and ``around`` alike; names are
compared without regard to case, articles and number ("nut" is "nuts").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from llmrec.artifacts import Figure, read_card
from llmrec.finetune.figures import share_figure
from llmrec.finetune.reader.messages import WrittenMessage, read_messages
from llmrec.reading.amounts import amounts_in
from llmrec.reading.tracing import Traced

if TYPE_CHECKING:
    from llmrec.reading.loading import Reader

__all__ = [
    "BRANDS",
    "INTENTS",
    "PRICES",
    "FigureName",
    "Judged",
    "add_to_card",
    "judged",
    "read_apart",
    "set_figures",
    "together",
]

FigureName: TypeAlias = Literal[
    "price fields right",
    "brands right",
    "intent right",
    "limits turned round",
    "prices asked about",
    "numbers invented as prices",
    "brands turned round",
    "brands invented",
    "refusals held",
    "refusals searched",
    "refusals invented",
    "thing right",
    "currency right",
    "sort right",
    "receiver right",
    "stock right",
    "places right",
    "drops right",
    "attribute values right",
    "attribute values invented",
    "several requests right",
    "requests invented",
]
"""The figures, the one to choose by first.

``price fields right``, ``limits turned round`` (a price that was meant, under another sign) and
``prices asked about`` (not read as meant, and the shopper is asked) are shares of the messages that
mean a price; ``numbers invented as prices`` of those with numbers and no price. ``brands right``
and ``brands turned round`` (refused for wanted, wanted for refused) are shares of the messages that
mean a brand, ``brands invented`` of all. ``refusals held``, and ``refusals searched`` for instead,
are shares of the messages that refuse a material, an ingredient or a feature; ``refusals invented``
of those that refuse nothing. ``thing right`` is a share of the messages that mean one; the others
up to ``drops right`` of those where one is meant or read. ``attribute values right`` is a share of
the values that are meant, ``attribute values invented`` of those that are read. ``several requests
right`` (the intents of all, in any order) is a share of the messages that ask for more than one
thing, ``requests invented`` of the others; all other figures are of the first request.
"""

PRICES: FigureName = "price fields right"
BRANDS: FigureName = "brands right"
INTENTS: FigureName = "intent right"

_SUMS = ("min", "max", "around")
_ARTICLES = ("a", "an", "the", "my", "mein", "meine", "meinen")
_KEYS: Mapping[str, FigureName] = {
    "currency": "currency right",
    "sort": "sort right",
    "for_whom": "receiver right",
    "in_stock": "stock right",
    "refers_to": "places right",
    "drops": "drops right",
}


@dataclass
class Judged:
    """What was read against what was meant, of one message or many.

    Attributes:
        cases: of each figure, for each of its cases whether it is so; most have no case in a
            message.
    """

    cases: dict[FigureName, list[bool]] = field(default_factory=dict)

    def add(self, name: FigureName, *so: bool) -> None:
        """Count cases of a figure."""
        self.cases.setdefault(name, []).extend(so)

    def figures(self) -> dict[str, Figure]:
        """Each figure that has cases, as their share with its interval."""
        named = ((name, self.cases.get(name)) for name in get_args(FigureName))
        return {name: share_figure(so) for name, so in named if so}


def together(many: Iterable[Judged]) -> Judged:
    """All cases of many."""
    whole = Judged()
    for verdict in many:
        for name, so in verdict.cases.items():
            whole.add(name, *so)
    return whole


def set_figures(many: Sequence[Judged]) -> dict[str, Any]:
    """The number of messages and their figures, as reports have them."""
    figures = together(many).figures()
    return {"messages": len(many)} | {name: value.model_dump() for name, value in figures.items()}


def judged(message: WrittenMessage, traced: Traced) -> Judged:
    """One reading against what its message means.

    Args:
        message: with its meaning.
        traced: what was read of it.
    """
    want, read = message.want, traced.reading.to_dict()
    verdict = Judged()
    verdict.add(INTENTS, want["intent"] == read["intent"])
    _judge_prices(verdict, message, traced, read)
    _judge_brands(verdict, want, read)
    _judge_refusals(verdict, want, read)
    if want.get("looking_for"):
        verdict.add("thing right", _names(want["looking_for"]) == _names(read["looking_for"]))
    for key, name in _KEYS.items():
        if want.get(key) or read[key]:
            verdict.add(name, _names(want.get(key)) == _names(read[key]))
    wanted, read_values = _values(want.get("attributes", {})), _values(read["attributes"])
    verdict.add("attribute values right", *(value in read_values for value in wanted))
    verdict.add("attribute values invented", *(value not in wanted for value in read_values))
    if message.also:
        intents = sorted(request["intent"] for request in message.wants)
        read_intents = sorted(request.intent for request in (traced.reading, *traced.also))
        verdict.add("several requests right", intents == read_intents)
    else:
        verdict.add("requests invented", bool(traced.also))
    return verdict


def read_apart(
    reader: Reader, sets: Sequence[Path], progress: Callable[[int], None] | None = None
) -> dict[str, Judged]:
    """Have sets of messages read and judged, by language.

    Args:
        reader: the one to judge.
        sets: files of messages that it has not been trained on.
        progress: called with the number of messages read since the last call.

    Raises:
        DataError: a line of a set is none.
        EngineError: the engine failed.
    """
    by_language: dict[str, list[Judged]] = {}
    for message in (message for path in sets for message in read_messages(path)):
        traced = reader.read(message.message, message.context, message.currency)
        by_language.setdefault(message.language, []).append(judged(message, traced))
        if progress:
            progress(1)
    return {language: together(many) for language, many in by_language.items()}


def add_to_card(folder: Path, by_language: Mapping[str, Judged], **extra: Any) -> None:
    """Put the figures first into the card of the adapter in ``folder``, by language into its extra.

    Args:
        folder: of a trained adapter.
        by_language: what it has read.
        extra: what else belongs into the card's ``extra``.

    Raises:
        ModelError: its card is missing or damaged.
    """
    card = read_card(folder)
    figures = together(by_language.values()).figures()
    plain = {name: figure for name, figure in card.metrics.items() if name not in figures}
    languages = {
        language: {name: figure.model_dump() for name, figure in verdict.figures().items()}
        for language, verdict in by_language.items()
    }
    card.model_copy(
        update={
            "metrics": figures | plain,
            # Plain JSON, as the card's own check would make it, which a copy does not run.
            "extra": {**card.extra, **extra, "languages": languages},
        }
    ).write(folder)


def _judge_prices(
    verdict: Judged, message: WrittenMessage, traced: Traced, read: Mapping[str, Any]
) -> None:
    wanted, read_prices = _prices(message.want), _prices(read)
    if wanted:
        verdict.add(PRICES, wanted == read_prices)
        verdict.add(
            "limits turned round",
            any(
                price in wanted.values() and wanted.get(key) != price
                for key, price in read_prices.items()
            ),
        )
        verdict.add(
            "prices asked about",
            wanted != read_prices and any(p.kind in _SUMS for p in traced.unsure),
        )
    elif amounts_in(message.message):
        verdict.add("numbers invented as prices", bool(read_prices))


def _judge_brands(verdict: Judged, want: Mapping[str, Any], read: Mapping[str, Any]) -> None:
    wanted, refused = _names(want.get("brands")), _names(want.get("not_brands"))
    read_wanted, read_refused = _names(read["brands"]), _names(read["not_brands"])
    if wanted or refused:
        verdict.add(BRANDS, (wanted, refused) == (read_wanted, read_refused))
        verdict.add("brands turned round", bool(wanted & read_refused or refused & read_wanted))
    verdict.add("brands invented", bool(read_wanted - wanted - refused))


def _judge_refusals(verdict: Judged, want: Mapping[str, Any], read: Mapping[str, Any]) -> None:
    things, read_things = _names(want.get("not")), _names(read["not"])
    if things:
        searched = " ".join(map(_name, [read["looking_for"] or "", *_texts(read["attributes"])]))
        # "Refined sugar" is held where "sugar" is, and the other way round.
        kept = (any(word in other or other in word for other in read_things) for word in things)
        verdict.add("refusals held", all(kept))
        verdict.add("refusals searched", any(word in searched for word in things if word))
    elif not want.get("not_brands"):
        verdict.add("refusals invented", bool(read_things))


def _prices(value: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(value[key]) for key in _SUMS if value.get(key) is not None}


def _values(attributes: Mapping[str, object]) -> set[str]:
    return _names(list(_texts(attributes)))


def _texts(attributes: Mapping[str, object]) -> Iterable[str]:
    for value in attributes.values():
        yield from map(str, value if isinstance(value, (list, tuple)) else (value,))


def _names(value: object) -> set[str]:
    """One value or several as they are compared."""
    values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    return {_name(str(name)) for name in values}


def _name(text: str) -> str:
    words = re.findall(r"\w+", text.casefold().replace("ß", "ss"))
    kept = (word for word in words if word not in _ARTICLES)
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in kept)
