"""Cutting a log in three: what the retriever may know, what to train on, what to validate with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from llmrec.errors import DataError
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.types import Event

__all__ = ["HeldBack", "held_back", "hold_back"]


@dataclass(frozen=True)
class HeldBack:
    """A log in three: what the retriever learns from, and each user's next two new items.

    ``short`` users have fewer than three different items: they teach the sources, and nothing is
    asked of them. Repetitions behind the first target are left out.
    """

    known: tuple[Event, ...]
    train: tuple[Event, ...]
    validation: tuple[Event, ...]
    short: int

    @property
    def histories(self) -> list[Event]:
        """By user: what was known, then the target to train on, then the one to validate with."""
        asked = {event.user for event in self.train}
        own = [event for event in self.known if event.user in asked]
        # A stable sort: each user's own events stay in their order.
        return sorted([*own, *self.train, *self.validation], key=lambda event: event.user)


def hold_back(events: Sequence[Event]) -> HeldBack:
    """Hold back each user's last two new items, and all that comes after the first of them.

    Args:
        events: from :func:`~llmrec.finetune.behaviour.sequences.in_order`.
    """
    known: list[Event] = []
    train: list[Event] = []
    validation: list[Event] = []
    short = 0
    for _, group in groupby(events, key=lambda event: event.user):
        own = list(group)
        first: dict[str, int] = {}
        for place, event in enumerate(own):
            first.setdefault(event.item, place)
        if len(first) < 3:
            known += own
            short += 1
            continue
        before, last = sorted(first.values())[-2:]
        known += own[:before]
        train.append(own[before])
        validation.append(own[last])
    return HeldBack(tuple(known), tuple(train), tuple(validation), short)


def held_back(events: Iterable[Event]) -> HeldBack:
    """:func:`hold_back` of a whole log.

    Raises:
        DataError: no user has three different items.
    """
    held = hold_back(in_order(events))
    if not held.train:
        raise DataError(
            f"No user of {held.short} has three different items: one to train on, one to validate "
            "with, and a history.",
            hint="Ingest a longer event log.",
        )
    return held
