"""A situation and a change -> the next situation, and what is to be told of it. Pure.

Changes that point at the screen ("cheaper", "not that brand") are settled here against what is
shown; what cannot be settled changes nothing and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, TypeAlias

from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Change,
    Drop,
    MoreLike,
    NewQuest,
    Open,
    Recipient,
    Reference,
    StartOver,
    Than,
    Unwanted,
)
from llmrec.agent.constraints.held import FOR_WHOM, Constraint, ConstraintKind
from llmrec.agent.constraints.shown import Shown
from llmrec.agent.need_not import is_about, words_without
from llmrec.agent.state import Ask, Mark, Situation
from llmrec.types import EventKind

__all__ = ["Note", "NoteKind", "meant", "reduced"]

NoteKind: TypeAlias = Literal[
    "replaced",
    "dropped",
    "nothing_to_drop",
    "open",
    "open_now",
    "currency",
    "which_one",
    "no_such_number",
    "nothing_shown",
    "no_price",
    "started_over",
    "taste_aside",
    "taste_back",
]
_STEP = Decimal("0.01")
_OF_THE_THING: tuple[ConstraintKind, ...] = ("brand", "category", "attribute", "in_stock", "wish")
"""What is said of the thing that is looked for, and not of the shopper."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the shopper must be told of a change."""

    kind: NoteKind
    constraints: tuple[Constraint, ...] = ()
    text: str = ""

    @property
    def is_refusal(self) -> bool:
        """Whether the change could not be made."""
        return self.kind in ("which_one", "no_such_number", "nothing_shown", "no_price")


class _Refused(Exception):
    """A change that cannot be settled; not an error of the program."""

    def __init__(self, kind: NoteKind, text: str = "") -> None:
        super().__init__(kind)
        self.note = Note(kind, text=text)


def reduced(
    situation: Situation, changes: Iterable[Change], currencies: Sequence[str]
) -> tuple[Situation, tuple[Note, ...]]:
    """Take changes in, in their order.

    Args:
        situation: what holds.
        changes: from a message.
        currencies: that the shop prices in, the most common first.

    Returns:
        What holds then, and the notes, in order.
    """
    notes: list[Note] = []
    for change in changes:
        try:
            situation, added = _reduced_by(situation, change, currencies)
        except _Refused as refused:
            added = [refused.note]
        notes += added
    return situation, tuple(notes)


def meant(situation: Situation, reference: Reference) -> Shown | Note:
    """The product that a reference points at, or the note of why there is none."""
    try:
        return _meant(situation, reference)
    except _Refused as refused:
        return refused.note


def _meant(situation: Situation, reference: Reference) -> Shown:
    shown, number = situation.shown, reference.number
    if not shown:
        raise _Refused("nothing_shown")
    if number == -1:
        return shown[-1]
    if number is None:
        number = situation.focus if situation.focus is not None or len(shown) > 1 else 1
    if number is None:
        raise _Refused("which_one")
    product = next((product for product in shown if product.number == number), None)
    if product is None:
        raise _Refused("no_such_number", str(number))
    return product


_Next: TypeAlias = tuple[Situation, list[Note]]


def _reduced_by(situation: Situation, change: Change, currencies: Sequence[str]) -> _Next:
    if isinstance(change, StartOver):
        return Situation(marks=situation.marks), [Note("started_over")]
    if isinstance(change, NewQuest):
        about = tuple(
            constraint
            for constraint in situation.constraints.of(*_OF_THE_THING)
            if constraint.name != FOR_WHOM  # true of the next thing too
        )
        left = situation.constraints.drop(*about)
        following = _with(situation, constraints=left, ask=Ask(), passed=(), words=(), sort=None)
        # Of wishes nobody expects that they outlive the thing, so that it need not be said.
        limits = tuple(constraint for constraint in about if constraint.is_limit)
        return following, [Note("dropped", limits)] if limits else []
    if isinstance(change, Open):
        return _opened(situation, change.text)
    if isinstance(change, MoreLike):
        product = _meant(situation, change.reference)
        ask = Ask(tool="similar", product=product.id, title=product.title)
        return _with(situation, ask=ask, passed=(), focus=product.number, words=()), []
    if isinstance(change, Unwanted):
        return _unwanted(situation, _meant(situation, change.reference))
    if isinstance(change, Than):
        change = _bound(situation, change)
    notes: list[Note] = []
    if isinstance(change, (AtMost, AtLeast)):
        change, notes = _in_shop_currency(change, currencies)
    applied = situation.constraints.apply(change)
    following = _with(situation, constraints=applied.constraints)
    if isinstance(change, Drop):
        return _dropped(situation, following, change, applied.gone)
    if isinstance(change, Recipient) and situation.recipient != change.who:
        following = _with(following, aside=len(following.marks))
        notes += [Note("taste_aside")] if situation.recipient is None else []
    contradicted = tuple(constraint for constraint in applied.gone if constraint.is_limit)
    if contradicted:
        notes.append(Note("replaced", contradicted))
    return following, notes


def _dropped(
    before: Situation, after: Situation, change: Drop, gone: tuple[Constraint, ...]
) -> _Next:
    """After a drop: what was unwanted and no longer is may come again."""
    freed = {id for constraint in gone if constraint.kind == "not_item" for id in constraint.values}
    if change.kind in ("unwanted", "all"):
        freed |= {mark.item for mark in before.marks if mark.kind is EventKind.DISLIKE}
    marks = tuple(
        mark
        for mark in before.marks
        if mark.kind is not EventKind.DISLIKE or mark.item not in freed
    )
    after = _with(after, marks=marks, aside=min(after.aside, len(marks)))
    notes = [Note("dropped", gone)] if gone else []
    if any(constraint.kind == "recipient" for constraint in gone):
        theirs = [wish for wish in after.constraints.of("wish") if wish.name == FOR_WHOM]
        after = _with(after, constraints=after.constraints.drop(*theirs))
        after = _with(after, aside=0)
        notes.append(Note("taste_back"))
    # "For me" may be said where nobody else was spoken of.
    expected = freed or change.kind == "recipient"
    return after, notes or ([] if expected else [Note("nothing_to_drop")])


def _opened(situation: Situation, text: str) -> _Next:
    """Without what was asked for and need not be, as a limit, a wish or a word of the thing."""
    asked = situation.constraints.of("attribute", "wish")
    gone = tuple(constraint for constraint in asked if is_about(constraint, text))
    words = words_without(situation.words, text)
    following = _with(situation, constraints=situation.constraints.drop(*gone), words=words)
    if gone:
        return following, [Note("dropped", gone)]
    return following, [Note("open" if words == situation.words else "open_now", text=text)]


def _unwanted(situation: Situation, product: Shown) -> _Next:
    new = Constraint(kind="not_item", values=(product.id,), said=product.title)
    marks = tuple(mark for mark in situation.marks if mark.item != product.id)
    mark = Mark(item=product.id, title=product.title, kind=EventKind.DISLIKE)
    constraints = situation.constraints.add([new]).constraints
    return _with(situation, constraints=constraints, marks=(*marks, mark)), []


def _bound(situation: Situation, change: Than) -> AtMost | AtLeast:
    """Cheaper than the cheapest shown, or than the one named; dearer than the dearest."""
    some = situation.shown if change.reference is None else (_meant(situation, change.reference),)
    if not some:
        raise _Refused("nothing_shown")
    priced = [(product.price, product.currency) for product in some if product.price is not None]
    if not priced:
        raise _Refused("no_price")
    if change.direction == "cheaper":
        price, currency = min(priced, key=lambda pair: pair[0])
        return AtMost(max(price - _STEP, Decimal(0)), currency)
    price, currency = max(priced, key=lambda pair: pair[0])
    return AtLeast(price + _STEP, currency)


def _in_shop_currency(
    change: AtMost | AtLeast, currencies: Sequence[str]
) -> tuple[AtMost | AtLeast, list[Note]]:
    """A sum in a currency that the shop does not price in is taken as one in its own, and said."""
    if change.currency in currencies:
        return (change if len(currencies) > 1 else replace(change, currency=None)), []
    if change.currency is None or not currencies:
        return replace(change, currency=None), []
    return replace(change, currency=None), [Note("currency", text=currencies[0])]


def _with(situation: Situation, **parts: object) -> Situation:
    return situation.model_copy(update=parts)
