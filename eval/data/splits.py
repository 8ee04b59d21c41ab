"""Splits: what a recommender may learn from, and what it is asked afterwards.

A case asks for the items that a user touches next, given what came before. Items the user touched
before are never targets: recommenders do not return them, so such targets could not be hit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Literal, Protocol, TypeAlias

from llmrec.catalog.moments import by_moment, moment_of
from llmrec.errors import DataError
from llmrec.types import Event, EventKind

__all__ = [
    "Case",
    "EventSource",
    "Part",
    "Split",
    "global_time",
    "leave_one_out",
    "new_targets",
    "time_cuts",
]

Part: TypeAlias = Literal["valid", "test"]


class EventSource(Protocol):
    """Anything that streams events, such as :class:`llmrec.catalog.store.CatalogStore`."""

    def iter_events(self, batch: int = 10_000) -> Iterator[list[Event]]:
        """Yield all events in batches."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question: ``history`` (oldest first) is shown, ``targets`` are what should come back."""

    user: str
    history: tuple[Event, ...]
    targets: tuple[Event, ...]

    @property
    def history_ids(self) -> tuple[str, ...]:
        """Item ids of the history, oldest first, repetitions kept."""
        return tuple(event.item for event in self.history)

    @property
    def target_ids(self) -> frozenset[str]:
        """Item ids that count as hits."""
        return frozenset(event.item for event in self.targets)

    @property
    def owner(self) -> str:
        """Who asks; rows that bring their own histories may be many of one user."""
        return self.targets[0].user if self.targets else self.user

    @property
    def is_cold(self) -> bool:
        """Whether nothing is known of the user."""
        return not self.history


@dataclass(frozen=True)
class Split:
    """Training events and the cases of validation and test.

    ``protocol`` is ``leave-one-out``, ``global-time``, ``given``, ``given-time`` for a given split
    that claims to be one by time, or ``given-rows`` for one whose rows bring their own histories;
    ``context`` are events that may stand in histories but must not train anything (some published
    splits have them).
    """

    protocol: str
    train: tuple[Event, ...]
    valid: tuple[Case, ...]
    test: tuple[Case, ...]
    context: tuple[Event, ...] = ()

    def cases(self, part: Part) -> tuple[Case, ...]:
        """The cases of ``valid`` or ``test``."""
        return self.valid if part == "valid" else self.test

    def known(self, part: Part) -> tuple[Event, ...]:
        """Events that a baseline may count when it answers ``part``.

        The training events; for ``test`` also what validation asked for, which lies in the past by
        then. Figures published for masked popularity count this way.
        """
        if part == "valid":
            return self.train
        return self.train + tuple(target for case in self.valid for target in case.targets)

    @cached_property
    def item_ids(self) -> frozenset[str]:
        """Every item of the events and the cases."""
        targets = (
            target for part in (self.valid, self.test) for case in part for target in case.targets
        )
        return frozenset(event.item for event in (*self.train, *self.context, *targets))

    def tied(self, part: Part) -> frozenset[str]:
        """Users with a target whose moment another item of theirs shares, shown or asked for.

        Which of them came last is not known, and was drawn where the split was made here: such a
        case asks for the rest of a basket rather than for what came next.
        """
        other = self.valid if part == "test" else self.test
        targets = {case.user: case.targets for case in other}
        tied = (case for case in self.cases(part) if _has_tie(case, targets.get(case.user, ())))
        return frozenset(case.user for case in tied)

    def warm_items(self, part: Part) -> frozenset[str]:
        """Items of :meth:`known`: the others are cold when ``part`` is asked."""
        return frozenset(event.item for event in self.known(part))


def _has_tie(case: Case, targets: tuple[Event, ...]) -> bool:
    moments = {moment_of(target) for target in case.targets}
    wanted = case.target_ids
    return any(
        event.item not in wanted and moment_of(event) in moments
        for event in (*case.history, *targets)
    )


def new_targets(history: Iterable[Event], later: Iterable[Event]) -> tuple[Event, ...]:
    """The first event of each item in ``later`` that ``history`` does not have."""
    seen = {event.item for event in history}
    fresh: list[Event] = []
    for event in later:
        if event.item not in seen:
            seen.add(event.item)
            fresh.append(event)
    return tuple(fresh)


def leave_one_out(
    source: EventSource | Iterable[Event], *, kinds: Collection[EventKind] | None = None
) -> Split:
    """Each user's last new item is the test target, the one before it the validation target.

    A view, a cart and a purchase of one item are one new item, at its first event; whatever a user
    did after the test target's first event is left out. Users with fewer than three different items
    only train. Which of several items of one moment was the last is not known, and is drawn; see
    :meth:`Split.tied`.

    Args:
        source: a catalogue store, or events.
        kinds: use only events of these kinds.

    Raises:
        DataError: no user has three different items.
    """
    train: list[Event] = []
    valid: list[Case] = []
    test: list[Case] = []
    for user, events in _by_user(source, kinds):
        firsts = _first_touches(events)
        if len(firsts) < 3:
            train.extend(events)
            continue
        before, last = firsts[-2], firsts[-1]
        train.extend(events[:before])
        valid.append(Case(user, tuple(events[:before]), (events[before],)))
        test.append(Case(user, tuple(events[:last]), (events[last],)))
    if not test:
        raise DataError(
            "Nobody in the event log has three different items, so there is nothing to hold out.",
            hint="Ingest a longer event log, or use more kinds of events.",
        )
    return Split("leave-one-out", tuple(train), tuple(valid), tuple(test))


def global_time(
    source: EventSource | Iterable[Event],
    *,
    valid_from: datetime,
    test_from: datetime,
    kinds: Collection[EventKind] | None = None,
) -> Split:
    """Everything before ``valid_from`` trains; new items from then on are targets, all of a user.

    Nothing that is learnt can know the future, as in production (Ji et al. 2023, on data leakage).
    Users who first appear after a cut are cold cases with an empty history.

    Args:
        source: a catalogue store, or events.
        valid_from: start of the validation window, timezone-aware.
        test_from: its end and the start of the test window.
        kinds: use only events of these kinds.

    Raises:
        DataError: the cuts are not in order, an event has no time, or a part would be empty.
    """
    if not valid_from < test_from:
        raise DataError(
            f"The test cut {test_from.isoformat()} is not after the validation cut "
            f"{valid_from.isoformat()}.",
            hint="Give valid_from before test_from.",
        )
    train: list[Event] = []
    valid: list[Case] = []
    test: list[Case] = []
    for user, events in _by_user(source, kinds):
        _refuse_untimed(events)
        past = [event for event in events if event.at and event.at < valid_from]
        known = [event for event in events if event.at and event.at < test_from]
        train.extend(past)
        for cases, history, later in (
            (valid, past, known[len(past) :]),
            (test, known, events[len(known) :]),
        ):
            targets = new_targets(history, later)
            if targets:
                cases.append(Case(user, tuple(history), targets))
    for name, part in (("training", train), ("validation", valid), ("test", test)):
        if not part:
            raise DataError(
                f"The {name} part of the time split is empty.",
                hint="Move valid_from and test_from to where the log has events.",
            )
    return Split("global-time", tuple(train), tuple(valid), tuple(test))


def time_cuts(
    source: EventSource | Iterable[Event], *, valid: float = 0.1, test: float = 0.1
) -> tuple[datetime, datetime]:
    """Cuts for :func:`global_time` that leave these shares of the events to each window.

    Events of one moment are never parted, so the shares are hit as nearly as the log allows.

    Raises:
        DataError: an event has no time, or the shares leave nothing to train on.
    """
    if not (valid > 0 and test > 0 and valid + test < 1):
        raise DataError(
            f"Shares of {valid:g} and {test:g} leave no three parts.",
            hint="Give two shares above 0 whose sum is below 1, such as 0.1 and 0.1.",
        )
    times: list[datetime] = []
    for event in _events(source):
        _refuse_untimed([event])
        assert event.at is not None
        times.append(event.at)
    if not times:
        raise DataError("The event log is empty.", hint="Ingest events first.")
    times.sort()
    first = min(int(len(times) * (1 - valid - test)), len(times) - 1)
    second = min(int(len(times) * (1 - test)), len(times) - 1)
    return times[first], times[second]


def _events(source: EventSource | Iterable[Event]) -> Iterator[Event]:
    if isinstance(source, Iterable):
        yield from source
        return
    for batch in source.iter_events():
        yield from batch


def _by_user(
    source: EventSource | Iterable[Event], kinds: Collection[EventKind] | None
) -> Iterator[tuple[str, list[Event]]]:
    """Each user's events in order, users in order of id; the log itself may come in any order."""
    events = by_moment(event for event in _events(source) if kinds is None or event.kind in kinds)
    for user, group in groupby(events, key=lambda event: event.user):
        yield user, list(group)


def _first_touches(events: list[Event]) -> list[int]:
    """Indices at which an item appears for the first time."""
    first: dict[str, int] = {}
    for index, event in enumerate(events):
        first.setdefault(event.item, index)
    return list(first.values())


def _refuse_untimed(events: list[Event]) -> None:
    for event in events:
        if event.at is None:
            raise DataError(
                f"The event of user '{event.user}' with item '{event.item}' has no time.",
                hint="Use leave_one_out, which needs only an order.",
            )
