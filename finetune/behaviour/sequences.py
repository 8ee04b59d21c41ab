"""From events to arrays: each user's sequence of items, and what of it is held out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.moments import by_moment
from llmrec.embedding.behaviour.histories import IntArray, gap_buckets
from llmrec.errors import DataError
from llmrec.types import Event, EventKind

__all__ = ["HeldOutCase", "LoggedCase", "Sequences", "hold_out", "in_order", "make_sequences"]


class LoggedCase(Protocol):
    """A question with its answer, such as :class:`llmrec.eval.LoggedCase`."""

    @property
    def history(self) -> tuple[Event, ...]:
        """What came before, oldest first."""

    @property
    def targets(self) -> tuple[Event, ...]:
        """What came next, and was new."""


@dataclass(frozen=True, slots=True)
class HeldOutCase:
    """A :class:`LoggedCase` that was held out of a log."""

    history: tuple[Event, ...]
    targets: tuple[Event, ...]


@dataclass(frozen=True)
class Sequences:
    """The events of all users that can teach something, user by user, oldest first.

    Attributes:
        items: int64 ``[events]``, rows of items.
        kinds: int64 ``[events]``, 1-based numbers of kinds, 0 where unknown.
        gaps: int64 ``[events]``, see :func:`~llmrec.embedding.behaviour.histories.gap_buckets`.
        fresh: bool ``[events]``: the user's first event with that item. Others are read but never
            asked for, because recommenders do not return what a shopper had.
        starts: int64 ``[users + 1]``, where each user's events begin.
    """

    items: IntArray
    kinds: IntArray
    gaps: IntArray
    fresh: NDArray[np.bool_]
    starts: IntArray

    @property
    def users(self) -> int:
        """Number of users."""
        return len(self.starts) - 1


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events but for dislikes by user, then time, then position; those without a time first.

    Events of one moment are in the order that :mod:`llmrec.catalog.moments` draws.
    """
    return by_moment(event for event in events if event.kind is not EventKind.DISLIKE)


def hold_out(events: Iterable[Event]) -> tuple[list[Event], list[HeldOutCase]]:
    """Hold out each user's last new item, and what follows its first event.

    Users with fewer than three different items only train.

    Args:
        events: from :func:`in_order`.
    """
    train: list[Event] = []
    cases: list[HeldOutCase] = []
    for _, group in groupby(events, key=lambda event: event.user):
        history = list(group)
        first: dict[str, int] = {}
        for place, event in enumerate(history):
            first.setdefault(event.item, place)
        if len(first) < 3:
            train += history
            continue
        last = max(first.values())
        train += history[:last]
        cases.append(HeldOutCase(tuple(history[:last]), (history[last],)))
    return train, cases


def make_sequences(
    events: Sequence[Event],
    row: Mapping[str, int],
    kinds: Mapping[str, int],
    *,
    new: Collection[Event] | None = None,
    history: int = 0,
) -> Sequences:
    """Arrays of the users with two different items or more.

    Args:
        events: from :func:`in_order`; items that are not in ``row`` are left out.
        row: the row of each item.
        kinds: the 1-based number of each event kind, where kinds are read.
        new: only these are asked for; of each user they and the ``history`` events before the first
            of them are kept, and users without any are left out.
        history: see ``new``.

    Raises:
        DataError: no user has two different items, or one to ask for.
    """
    parts: list[tuple[IntArray, ...]] = []
    for _, group in groupby(events, key=lambda event: event.user):
        known = [event for event in group if event.item in row]
        if len({event.item for event in known}) < 2:
            continue
        arrays = _arrays(known, row, kinds)
        if new is None:
            parts.append(arrays)
        elif len(targets := _asked(known, arrays[-1], new)):
            arrays[-1][:] = 0
            arrays[-1][targets] = 1
            begin = max(0, targets[0] - history)
            parts.append(tuple(array[begin : targets[-1] + 1] for array in arrays))
    if not parts:
        raise DataError(
            "Nobody in the training events has two different items, so there is no order to learn.",
            hint="Ingest a longer event log; until then the other sources retrieve without it.",
        )
    items, numbers, gaps, fresh = (np.concatenate(column) for column in zip(*parts, strict=True))
    starts = np.cumsum([0, *(len(part[0]) for part in parts)], dtype=np.int64)
    return Sequences(items, numbers, gaps, fresh.astype(np.bool_), starts)


def _asked(events: Sequence[Event], fresh: IntArray, new: Collection[Event]) -> IntArray:
    """Places of new events with an item that is met there first; the very first has no history."""
    places = np.flatnonzero(fresh).tolist()
    return np.array([at for at in places if at and events[at] in new], np.int64)


def _arrays(
    events: Collection[Event], row: Mapping[str, int], kinds: Mapping[str, int]
) -> tuple[IntArray, ...]:
    items = np.array([row[event.item] for event in events], np.int64)
    numbers = np.array([kinds.get(event.kind.value, 0) for event in events], np.int64)
    at = np.array([event.at.timestamp() if event.at else np.nan for event in events])
    fresh = np.zeros(len(items), np.int64)
    fresh[np.unique(items, return_index=True)[1]] = 1
    return items, numbers, gap_buckets(at), fresh
