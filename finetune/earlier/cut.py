"""Cutting a log in three: what the retriever may know, what to train on, what to validate with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from llmrec.errors import DataError
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.finetune.since import Since
from llmrec.types import Event

__all__ = ["HeldBack", "held_back", "hold_back", "hold_back_users"]


@dataclass(frozen=True)
class HeldBack:
    """A log in three: what the retriever learns from, and each user's next new items.

    The last of these validates. Of ``short`` users nothing is asked, they teach the sources: they
    have fewer than three different items, or, where only new events are asked for, no new one.
    Repetitions behind the first target are left out. ``new`` events there were, where only new ones
    are asked for. ``unknown`` are the histories that are asked for where the known log lacks them.
    """

    known: tuple[Event, ...]
    train: tuple[Event, ...]
    validation: tuple[Event, ...]
    short: int
    new: int = 0
    unknown: tuple[Event, ...] = ()

    @property
    def histories(self) -> list[Event]:
        """By user: what was known, then the targets to train on, then the one to validate with."""
        if self.unknown:
            return list(self.unknown)
        users = {event.user for event in (*self.train, *self.validation)}
        events = [event for event in self.known if event.user in users]
        # A stable sort: each user's own events stay in their order.
        return sorted([*events, *self.train, *self.validation], key=lambda event: event.user)


def hold_back(
    events: Sequence[Event], new: Collection[Event] | None = None, *, per_user: int = 1
) -> HeldBack:
    """Hold back each user's last new items, and all that comes after the first of them.

    Args:
        events: from :func:`~llmrec.finetune.behaviour.sequences.in_order`.
        new: hold back only these. Users with one of them are dealt out in turn, one to train on,
            one to validate with: most come back for one thing at a time.
        per_user: how many of a user's items are trained on, beside the one that validates. More
            than one never take more than half of the user's new items.
    """
    known: list[Event] = []
    train: list[Event] = []
    validation: list[Event] = []
    short, single = 0, 0
    for _, group in groupby(events, key=lambda event: event.user):
        history = list(group)
        targets = _targets(history, new, per_user + 1)
        known += history[: targets[0]] if targets else history
        if len(targets) > 1:
            train += [history[place] for place in targets[:-1]]
            validation.append(history[targets[-1]])
        elif targets:
            (validation if single % 2 else train).append(history[targets[0]])
            single += 1
        else:
            short += 1
    count = 0 if new is None else len(new)
    return HeldBack(tuple(known), tuple(train), tuple(validation), short, count)


def hold_back_users(events: Sequence[Event], fold: int, folds: int) -> HeldBack:
    """Hold back a fold of the users altogether, and ask for every new item of theirs but the last.

    So every position of the log can be asked for once, of a retriever that has learned from the
    other folds alone. Each user's last new item, and what comes behind it, is nowhere: it validates
    (:func:`hold_back`).

    Args:
        events: from :func:`~llmrec.finetune.behaviour.sequences.in_order`.
        fold: which, from 0; users are dealt out in turn.
        folds: how many there are.
    """
    known: list[Event] = []
    train: list[Event] = []
    unknown: list[Event] = []
    short = 0
    for number, (_, group) in enumerate(groupby(events, key=lambda event: event.user)):
        history = list(group)
        places = _new_places(history)
        if len(places) < 2:
            short += 1
            known += history
        elif number % folds == fold:
            unknown += history[: places[-1]]
            train += [history[place] for place in places[:-1]]
        else:
            known += history[: places[-1]]
    return HeldBack(tuple(known), tuple(train), (), short, unknown=tuple(unknown))


def _new_places(history: Sequence[Event]) -> list[int]:
    """Where a user meets an item for the first time; the very first has no history."""
    first: dict[str, int] = {}
    for place, event in enumerate(history):
        first.setdefault(event.item, place)
    return sorted(first.values())[1:]


def _targets(history: Sequence[Event], new: Collection[Event] | None, most: int) -> list[int]:
    """Places of what is held back of a user: two or more; with ``new`` also one; or none."""
    places = _new_places(history)
    if new is not None:
        return [place for place in places if history[place] in new][-most:]
    return places[-max(2, min(most, len(places) // 2)) :] if len(places) >= 2 else []


def held_back(
    events: Iterable[Event], since: Since | None = None, *, per_user: int = 1
) -> HeldBack:
    """:func:`hold_back` of a whole log, or of what is new in it.

    Raises:
        DataError: no user has three different items; with ``since`` nothing is an error.
    """
    known = in_order(events)
    new = None if since is None else since.new(known)
    cut = hold_back(known, new, per_user=per_user)
    if not cut.train and since is None:
        raise DataError(
            f"No user of {cut.short} has three different items: one to train on, one to validate "
            "with, and a history.",
            hint="Ingest a longer event log.",
        )
    return cut
