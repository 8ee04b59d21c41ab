"""What a message takes back: "never mind the price" -> the limits that it means. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from llmrec.agent.constraints.changes import Change, Drop, Open, StartOver
from llmrec.agent.constraints.held import Constraint, ConstraintKind
from llmrec.agent.constraints.synonyms import kind_of
from llmrec.agent.need_not import need_not_be
from llmrec.agent.state import Situation
from llmrec.catalog.matching import fold
from llmrec.catalog.tokens import tokens
from llmrec.reading import Reading

__all__ = ["drops_of"]

_DROPPED: Mapping[str, tuple[tuple[ConstraintKind, ...], tuple[ConstraintKind, ...]]] = (
    MappingProxyType(
        {
            "max": (("max_price",), ("min_price",)),
            "min": (("min_price",), ("max_price",)),
            "brand": (("brand",), ("not_brand",)),
            "not_brand": (("not_brand",), ("brand",)),
            "not": (("refusal", "not_attribute", "not_word", "not_category"), ()),
            "in_stock": (("in_stock",), ()),
        }
    )
)
"""By what is taken back: the kinds it means, and those it may mean where none of these holds."""


def drops_of(reading: Reading, message: str, situation: Situation) -> Iterator[Change]:
    """The changes that take back what a message drops.

    Args:
        reading: of intent ``drop``.
        message: plain text: of several limits those go that it names.
        situation: what holds.
    """
    if "all" in reading.drops:
        yield StartOver()
        return
    constraints = situation.constraints.held
    phrases = need_not_be(message)
    if phrases and not {*reading.drops} & _DROPPED.keys() - {"not"}:
        yield from map(Open, phrases)
        return
    dropped = {
        constraint for name in reading.drops for constraint in _held_of(name, message, situation)
    }
    if not dropped:  # under whatever name it was read: "forget running"
        dropped = {wish for wish in situation.constraints.of("wish") if _is_named(wish, message)}
    # The last first: each drop moves the places behind it.
    for place in range(len(constraints), 0, -1):
        if constraints[place - 1] in dropped:
            yield Drop("number", str(place))
    if reading.drops and not dropped:
        yield Drop("attribute", reading.drops[0])  # so that it is said that there is none


def _held_of(name: str, message: str, situation: Situation) -> Sequence[Constraint]:
    """What holds of a kind: those that the message names, else all."""
    constraints = situation.constraints
    if name in _DROPPED:
        kinds, else_kinds = _DROPPED[name]
        of_kind = constraints.of(*kinds) or constraints.of(*else_kinds)
        # The bounds of "about 40" are one wish: they go together.
        sums = {limit.about for limit in of_kind if limit.about is not None}
        of_kind = (*of_kind, *(c for c in constraints.held if c.about in sums and c not in of_kind))
    else:
        # The catalogue's name of an attribute may be another: "farbe" for "colour".
        kind = kind_of(fold(name))
        of_values = constraints.of("attribute", "not_attribute", "refusal", "wish")
        of_kind = tuple(
            constraint
            for constraint in of_values
            if kind in (kind_of(fold(each.name)) for each in (constraint, *constraint.parts))
        )
    return [constraint for constraint in of_kind if _is_named(constraint, message)] or of_kind


def _is_named(constraint: Constraint, message: str) -> bool:
    text, words = fold(message), set(tokens(message))
    named = [word for word in (constraint.said, *constraint.values) if tokens(word)]
    # Chinese has no words to compare; elsewhere "tea" is not named by "teapots".
    return any(
        words.issuperset(tokens(word)) or (not word.isascii() and fold(word) in text)
        for word in named
    )
