"""Splits, and the leaks they must refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from llmrec.errors import DataError
from llmrec.eval import Case, Split, check_split, global_time, leave_one_out, time_cuts
from llmrec.types import Event, EventKind

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def log(user: str, items: str, *, first_day: int = 0) -> list[Event]:
    """One event a day, in the order of ``items`` (one letter each)."""
    return [
        Event(user, item, at=START + timedelta(days=first_day + day), position=day)
        for day, item in enumerate(items)
    ]


class Batches:
    """A store, as far as splits know it."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events

    def iter_events(self, batch: int = 10_000) -> Iterator[list[Event]]:
        for start in range(0, len(self.events), 2):
            yield self.events[start : start + 2]


def test_leave_one_out_holds_out_the_last_two_new_items() -> None:
    split = leave_one_out(Batches(log("u", "abcd") + log("v", "ab")))
    assert [event.item for event in split.train] == ["a", "b", "a", "b"]
    (valid,), (test,) = split.valid, split.test
    assert (valid.history_ids, valid.target_ids) == (("a", "b"), {"c"})
    assert (test.history_ids, test.target_ids) == (("a", "b", "c"), {"d"})
    assert [event.item for event in split.known("test")] == ["a", "b", "a", "b", "c"]
    check_split(split)


def test_leave_one_out_never_asks_for_what_was_seen() -> None:
    """A view before the purchase would otherwise show the answer."""
    split = leave_one_out(log("u", "abcbdccd"))
    (valid,), (test,) = split.valid, split.test
    assert (valid.history_ids, valid.target_ids) == (("a", "b"), {"c"})
    assert (test.history_ids, test.target_ids) == (("a", "b", "c", "b"), {"d"})
    check_split(split)


def test_leave_one_out_sorts_by_time_then_position_and_filters_kinds() -> None:
    events = [
        *log("u", "abc")[::-1],
        Event("u", "d", EventKind.VIEW, at=START + timedelta(days=9), position=9),
    ]
    only = leave_one_out(events, kinds={EventKind.PURCHASE})
    assert only.test[0].target_ids == {"c"}
    assert leave_one_out(events).test[0].target_ids == {"d"}


def test_leave_one_out_without_anybody_to_hold_out() -> None:
    with pytest.raises(DataError, match="three different items"):
        leave_one_out(log("u", "aabb"))


def test_global_time_keeps_the_future_out_and_cold_users_in() -> None:
    events = log("u", "abcabd") + log("late", "x", first_day=5) + log("early", "ab")
    split = global_time(
        events, valid_from=START + timedelta(days=2), test_from=START + timedelta(days=5)
    )
    assert {event.user for event in split.train} == {"u", "early"}
    (valid,) = split.valid
    assert (valid.user, valid.history_ids, valid.target_ids) == ("u", ("a", "b"), {"c"})
    tests = {case.user: case for case in split.test}
    assert tests["u"].history_ids == ("a", "b", "c", "a", "b")
    assert tests["u"].target_ids == {"d"}
    assert tests["late"].is_cold and not tests["u"].is_cold
    check_split(split)


@pytest.mark.parametrize(
    ("valid_day", "test_day", "message"),
    [(3, 2, "not after"), (0, 2, "training part"), (3, 99, "test part")],
)
def test_global_time_refuses_cuts_that_make_no_sense(
    valid_day: int, test_day: int, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        global_time(
            log("u", "abcdef"),
            valid_from=START + timedelta(days=valid_day),
            test_from=START + timedelta(days=test_day),
        )


def test_global_time_wants_times() -> None:
    with pytest.raises(DataError, match=r"'u' with item 'a' has no time.*leave_one_out"):
        global_time([Event("u", "a")], valid_from=START, test_from=START + timedelta(days=1))


def test_cuts_by_share_leave_a_tenth_of_the_events_to_each_window() -> None:
    events = [one for user in "pqrs" for one in log(user, "abcdefghijklmnopqrstuvwxy")]
    valid_from, test_from = time_cuts(Batches(events))
    assert (valid_from, test_from) == (START + timedelta(days=20), START + timedelta(days=22))
    early, late = time_cuts(events, valid=0.5, test=0.25)
    assert (early, late) == (START + timedelta(days=6), START + timedelta(days=18))
    check_split(global_time(events, valid_from=early, test_from=late))


@pytest.mark.parametrize(
    ("events", "shares", "message"),
    [
        ([], {}, "log is empty"),
        ([Event("u", "a")], {}, "has no time"),
        (log("u", "abc"), {"valid": 0.6, "test": 0.4}, "leave no three parts"),
        (log("u", "abc"), {"valid": 0.0}, "leave no three parts"),
    ],
)
def test_cuts_by_share_of_nothing_are_refused(
    events: list[Event], shares: dict[str, float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        time_cuts(events, **shares)


def test_items_of_the_known_events_are_warm() -> None:
    split = leave_one_out(log("u", "abcd") + log("v", "ab"))
    assert split.warm_items("valid") == {"a", "b"}
    assert split.warm_items("test") == {"a", "b", "c"}


def good_split() -> Split:
    return leave_one_out(log("u", "abcde") + log("v", "bcade"))


def leaky(name: str) -> Split:
    """A split with one leak planted."""
    split = good_split()
    case = split.test[0]
    late = replace(case.targets[0], item="z", at=START + timedelta(days=50))
    planted = {
        "target in training": replace(split, train=(*split.train, case.targets[0])),
        "target in history": replace(
            split, test=(replace(case, history=(*case.history, replace(late, item="e", at=START))),)
        ),
        "history after target": replace(
            split, test=(replace(case, history=(*case.history, late)),)
        ),
        "history after target by position": replace(
            split,
            test=(Case("u", (Event("u", "q", position=9),), (Event("u", "e", position=4),)),),
        ),
        "duplicate event": replace(split, train=(*split.train, split.train[0])),
        "duplicate target": replace(split, test=(replace(case, targets=case.targets * 2),)),
        "two cases": replace(split, test=(case, replace(case, targets=(replace(late, item="y"),)))),
        "one event in two parts": replace(split, valid=(replace(case, user="u#3"),)),
        "one event in two rows": replace(split, test=(case, replace(case, user="u#9"))),
        "training in the future": replace(
            split, protocol="global-time", train=(*split.train, late)
        ),
        "validation in the future": replace(
            split,
            protocol="given-time",
            train=(),
            valid=(*split.valid[1:], Case("w", (), (replace(late, user="w"),))),
        ),
    }
    return planted[name]


@pytest.mark.parametrize(
    ("leak", "message"),
    [
        ("target in training", "test target 'e' of user 'u' is also among .* training"),
        ("target in history", "test target 'e' of user 'u' is in the history"),
        ("history after target", "user 'u' holds 'z' from after the test target 'e'"),
        ("history after target by position", "'u' holds 'q' from after the test target 'e'"),
        ("duplicate event", "user 'u' with item 'a' is there twice"),
        ("duplicate target", "test target 'e' of user 'u' is a duplicate"),
        ("two cases", "'u' has two test cases"),
        ("one event in two parts", "test target 'e' of user 'u' is also among .* validation targ"),
        ("one event in two rows", "test target 'e' of user 'u#9' is also among .* test targets"),
        ("training in the future", "user 'u' with item .* is not before the first validation"),
        ("validation in the future", "validation event of user 'w' .* before the first test"),
    ],
)
def test_each_planted_leak_is_refused(leak: str, message: str) -> None:
    check_split(good_split())
    with pytest.raises(DataError, match=message) as caught:
        check_split(leaky(leak))
    assert caught.value.hint


def test_a_split_is_checked_once_and_a_changed_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr("llmrec.eval.data.leaks.find_leak", lambda split: looked.append(split))
    split = good_split()
    check_split(split)
    check_split(split)
    check_split(replace(split, test=split.test[:1]))
    assert len(looked) == 2
