"""Cutting a log in three: what the retriever may know, what to train on, what to validate with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from llmrec.errors import DataError
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.finetune.since import Since
from llmrec.types import Event

__all__ = ["HeldBack", "held_back", "hold_back"]


@dataclass(frozen=True)
class HeldBack:
    """A log in three: what the retriever learns from, and each user's next two new items.

    Of ``short`` users nothing is asked, they teach the sources: they have fewer than three
    different items, or, where only new events are asked for, no new one. Repetitions behind the
    first target are left out. ``new`` events there were, where only new ones are asked for.
    """

    known: tuple[Event, ...]
    train: tuple[Event, ...]
    validation: tuple[Event, ...]
    short: int
    new: int = 0

    @property
    def histories(self) -> list[Event]:
        """By user: what was known, then the target to train on, then the one to validate with."""
        asked = {event.user for event in (*self.train, *self.validation)}
        own = [event for event in self.known if event.user in asked]
        # A stable sort: each user's own events stay in their order.
        return sorted([*own, *self.train, *self.validation], key=lambda event: event.user)


def hold_back(events: Sequence[Event], new: Collection[Event] | None = None) -> HeldBack:
    """Hold back each user's last two new items, and all that comes after the first of them.

    Args:
        events: from :func:`~llmrec.finetune.behaviour.sequences.in_order`.
        new: hold back only these. Users with one of them are dealt out in turn, one to train on,
            one to validate with: most come back for one thing at a time.
    """
    known: list[Event] = []
    train: list[Event] = []
    validation: list[Event] = []
    short, single = 0, 0
    for _, group in groupby(events, key=lambda event: event.user):
        own = list(group)
        targets = _targets(own, new)
        known += own[: targets[0]] if targets else own
        if len(targets) == 2:
            train.append(own[targets[0]])
            validation.append(own[targets[1]])
        elif targets:
            (validation if single % 2 else train).append(own[targets[0]])
            single += 1
        else:
            short += 1
    count = 0 if new is None else len(new)
    return HeldBack(tuple(known), tuple(train), tuple(validation), short, count)


def _targets(own: Sequence[Event], new: Collection[Event] | None) -> list[int]:
    """Places of what is held back of a user: two; with ``new`` also one; or none."""
    first: dict[str, int] = {}
    for place, event in enumerate(own):
        first.setdefault(event.item, place)
    # The very first has no history.
    places = sorted(first.values())[1:]
    if new is not None:
        return [place for place in places if own[place] in new][-2:]
    return places[-2:] if len(places) >= 2 else []


def held_back(events: Iterable[Event], since: Since | None = None) -> HeldBack:
    """:func:`hold_back` of a whole log, or of what is new in it.

    Raises:
        DataError: no user has three different items; with ``since`` nothing is an error.
    """
    known = in_order(events)
    held = hold_back(known, None if since is None else since.new(known))
    if not held.train and since is None:
        raise DataError(
            f"No user of {held.short} has three different items: one to train on, one to validate "
            "with, and a history.",
            hint="Ingest a longer event log.",
        )
    return held
