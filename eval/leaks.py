"""Leak checks: a split that lets a recommender see its answers is refused, naming the event."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.errors import DataError
from llmrec.eval.splits import Case, Split, event_order
from llmrec.types import Event

__all__ = ["Leak", "check_split", "find_leak"]


@dataclass(frozen=True)
class Leak:
    """What is wrong, and the event that shows it (the very object that the split holds)."""

    message: str
    event: Event
    hint: str


def check_split(split: Split) -> None:
    """Refuse a split that leaks.

    Raises:
        DataError: a duplicate, a target in its user's training events or in its history, a history
            that runs past its target, or, in a time split, training after the first target.
    """
    leak = find_leak(split)
    if leak:
        raise DataError(leak.message, hint=leak.hint)


def find_leak(split: Split) -> Leak | None:
    """The first leak of ``split``, or ``None``; see :func:`check_split`."""
    trained = {(event.user, event.item) for event in split.train}
    return (
        _duplicate_event(split.train)
        or _training_after_targets(split)
        or _in_cases("validation", split.valid, trained)
        or _in_cases("test", split.test, trained)
    )


def _in_cases(part: str, cases: tuple[Case, ...], trained: set[tuple[str, str]]) -> Leak | None:
    users: set[str] = set()
    for case in cases:
        leak = _in_case(part, case, trained)
        if leak:
            return leak
        if case.user in users and case.targets:
            return Leak(
                f"User '{case.user}' has two {part} cases.",
                case.targets[0],
                "Give each user one case with all its targets, or the user counts twice.",
            )
        users.add(case.user)
    return None


def _in_case(part: str, case: Case, trained: set[tuple[str, str]]) -> Leak | None:
    history = set(case.history_ids)
    asked: set[str] = set()
    for target in case.targets:
        what = f"The {part} target '{target.item}' of user '{case.user}'"
        if target.item in asked:
            return Leak(f"{what} is a duplicate.", target, _REPEATS)
        asked.add(target.item)
        if (case.user, target.item) in trained:
            return Leak(f"{what} is also among the user's training events.", target, _REPEATS)
        if target.item in history:
            return Leak(f"{what} is in the history that is shown.", target, _REPEATS)
    return _time_travel(part, case)


_REPEATS = (
    "Remove it from one of the parts; repeated purchases of a given split are left out of the "
    "targets with repeats='drop'."
)


def _time_travel(part: str, case: Case) -> Leak | None:
    if not case.history or not case.targets:
        return None
    target = min(case.targets, key=event_order)
    late = next((event for event in case.history if _after(event, target)), None)
    if late is None:
        return None
    return Leak(
        f"The history of user '{case.user}' holds '{late.item}' from after the {part} target "
        f"'{target.item}'.",
        late,
        "Cut the history before the target, or mend the times; a given split that goes by its "
        "positions is read with order='position'.",
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


def _training_after_targets(split: Split) -> Leak | None:
    if split.protocol != "global-time":
        return None
    first = min(
        (one.at for case in (*split.valid, *split.test) for one in case.targets if one.at),
        default=None,
    )
    late = next((one for one in split.train if first and one.at and one.at >= first), None)
    if late is None:
        return None
    return Leak(
        f"The training event of user '{late.user}' with item '{late.item}' is not before the first "
        f"target ({first}).",
        late,
        "Train on events before the validation window only.",
    )
