"""Leak checks: a split that lets a recommender see its answers is refused, naming the event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from weakref import WeakValueDictionary

from llmrec.catalog.moments import moment_of
from llmrec.errors import DataError
from llmrec.eval.data.splits import Case, Part, Split
from llmrec.types import Event

__all__ = ["Leak", "check_split", "find_leak"]


@dataclass(frozen=True)
class Leak:
    """What is wrong, and the event that shows it (the very object that the split holds).

    ``field`` is the column of a table that has to be mended.
    """

    message: str
    event: Event
    hint: str
    field: str = "item_id"


def check_split(split: Split) -> None:
    """Refuse a split that leaks.

    Raises:
        DataError: a duplicate, a target in its user's training events, in its history or asked for
            twice (in one part or in two), a history that runs past its target, or, in a split by
            time, training after the first validation target or validation after the first test
            target.
    """
    # Tuning evaluates one split many times; what was found clean stays clean, for it is frozen.
    if _clean.get(id(split)) is split:
        return
    leak = find_leak(split)
    if leak:
        raise DataError(leak.message, hint=leak.hint)
    _clean[id(split)] = split


_clean: WeakValueDictionary[int, Split] = WeakValueDictionary()


def find_leak(split: Split) -> Leak | None:
    """The first leak of ``split``, or ``None``; see :func:`check_split`."""
    had = {(event.user, event.item): _TRAINING for event in split.train}
    return (
        _duplicate_event(split.train)
        or _future(split)
        or _in_cases("validation", split.valid, had)
        or _in_cases("test", split.test, had)
    )


_TRAINING = "the user's training events"
_Had: TypeAlias = dict[tuple[str, str], str]
"""By user and item, among what the item stands already."""


def _in_cases(part: str, cases: tuple[Case, ...], had: _Had) -> Leak | None:
    """The first leak of a part; its targets are added to ``had``.

    So an event is found that two parts ask for, or two rows of a user.
    """
    users: set[str] = set()
    for case in cases:
        leak = _in_case(part, case, had)
        if leak:
            return leak
        for target in case.targets:
            had[target.user, target.item] = f"the user's {part} targets"
        if case.user in users and case.targets:
            return Leak(
                f"User '{case.user}' has two {part} cases.",
                case.targets[0],
                "Give each user one case with all its targets, or the user counts twice.",
            )
        users.add(case.user)
    return None


def _in_case(part: str, case: Case, had: _Had) -> Leak | None:
    history = set(case.history_ids)
    items: set[str] = set()
    for target in case.targets:
        what = f"The {part} target '{target.item}' of user '{case.user}'"
        if target.item in items:
            return Leak(f"{what} is a duplicate.", target, _REPEATS)
        items.add(target.item)
        before = had.get((target.user, target.item))
        if before == _TRAINING:
            return Leak(f"{what} is also among {before}.", target, _REPEATS)
        if target.item in history:
            return Leak(f"{what} is in the history that is shown.", target, _REPEATS)
        if before:
            return Leak(f"{what} is also among {before}.", target, _REPEATS)
    return _time_travel(part, case)


_REPEATS = (
    "Remove it from one of the parts; repeated purchases of a given split are left out of the "
    "targets with repeats='drop' (--repeats drop)."
)


def _time_travel(part: str, case: Case) -> Leak | None:
    if not case.history or not case.targets:
        return None
    target = min(case.targets, key=moment_of)
    late = next((event for event in case.history if _after(event, target)), None)
    if late is None:
        return None
    return Leak(
        f"The history of user '{case.user}' holds '{late.item}' from after the {part} target "
        f"'{target.item}'.",
        late,
        "Cut the history before the target, or mend the times; a given split that goes by its "
        "positions is read with order='position' (--order position).",
        field="timestamp" if late.at else "position",
    )


def _after(event: Event, target: Event) -> bool:
    if event.at is None or target.at is None:
        return event.position > target.position
    return (event.at, event.position) > (target.at, target.position)


def _duplicate_event(events: tuple[Event, ...]) -> Leak | None:
    seen: set[tuple[object, ...]] = set()
    for event in events:
        key = (event.user, event.item, event.kind, event.at, event.position)
        if key in seen:
            return Leak(
                f"The training event of user '{event.user}' with item '{event.item}' "
                "is there twice.",
                event,
                "Remove one of them; events at the same time differ in their position.",
            )
        seen.add(key)
    return None


def _future(split: Split) -> Leak | None:
    """In a split by time: what is learnt from must lie before what is asked, for all users."""
    if split.protocol not in ("global-time", "given-time", "given-rows"):
        return None
    # Published splits cut between samples of one day; cuts of ours lie between two moments.
    strict = split.protocol == "global-time"
    targets = {part: _targets(split.cases(part)) for part in _PARTS}
    known = (("training", split.train), ("validation", targets["valid"]))
    for (name, events), part in zip(known, _PARTS, strict=True):
        first = min((event.at for event in targets[part] if event.at), default=None)
        late = next((event for event in events if first and _is_late(event, first, strict)), None)
        if late is not None:
            return Leak(
                f"The {name} event of user '{late.user}' with item '{late.item}' ({late.at}) is "
                f"not before the first {_PARTS[part]} target ({first}).",
                late,
                f"A split by time must keep all {name} events before the {_PARTS[part]} window.",
                field="timestamp",
            )
    return None


def _is_late(event: Event, first: datetime, strict: bool) -> bool:
    return event.at is not None and (event.at > first or (strict and event.at == first))


_PARTS: Mapping[Part, str] = {"valid": "validation", "test": "test"}


def _targets(cases: tuple[Case, ...]) -> tuple[Event, ...]:
    return tuple(target for case in cases for target in case.targets)
