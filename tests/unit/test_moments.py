"""What happened at one moment has no order: nothing learns it, nothing is measured by it."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from retrieval_shop import make_items, make_shop

from llmrec.catalog.moments import by_moment, moments_of
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.eval import EvalData, RunScores, compare, evaluate, leave_one_out, open_data
from llmrec.eval.baselines import fit_baseline
from llmrec.eval.baselines.fold import Fold
from llmrec.finetune.behaviour.sequences import hold_out, in_order
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval.events import EventTable
from llmrec.retrieval.sources.base import Context, Liked
from llmrec.retrieval.sources.next import NextSource
from llmrec.retrieval.transitions import followers
from llmrec.types import Event, EventKind

DAY = datetime(2024, 3, 5, tzinfo=timezone.utc)
CASES = Path(__file__).parents[3] / "shared" / "cases" / "ingest"
Row: TypeAlias = "tuple[str, str, str]"


def one_day(users: int, items: str = "abcd") -> list[Event]:
    """Each user takes the same things on the same day; the rows stand by item."""
    return [Event(f"u{user:03}", item, at=DAY) for user in range(users) for item in items]


def test_each_item_of_a_moment_is_the_last_as_often_as_the_others() -> None:
    targets = Counter(case.targets[0].item for case in leave_one_out(one_day(400)).test)
    assert targets.keys() == set("abcd") and min(targets.values()) > 70  # 100 each, s.d. 8.7
    _, held = hold_out(in_order(one_day(400)))
    assert Counter(case.targets[0].item for case in held) == targets


def test_the_order_of_the_rows_changes_no_case_and_nothing_that_is_learned() -> None:
    events = one_day(30)
    mixed = random.Random(1).sample(events, len(events))
    assert leave_one_out(mixed) == leave_one_out(events) == leave_one_out(events[::-1])
    assert in_order(mixed) == in_order(events)


def test_times_and_positions_order_what_they_can() -> None:
    later = DAY + timedelta(hours=1)
    events = [
        Event("u", "z", at=later),
        Event("u", "b", at=DAY, position=2),
        Event("u", "a", at=DAY, position=1),
        Event("u", "c", EventKind.VIEW),
    ]
    assert [event.item for event in by_moment(events)] == ["c", "a", "b", "z"]
    assert list(moments_of(by_moment(events))) == [0, 1, 2, 3]


def test_kinds_of_one_item_stay_together_in_their_order() -> None:
    kinds = (EventKind.VIEW, EventKind.CART, EventKind.PURCHASE)
    events = [Event("u", item, kind, DAY) for kind in kinds for item in "abc"]
    drawn = by_moment(events)
    assert [event.kind for event in drawn] == [*kinds] * 3
    assert sorted({event.item for event in drawn[::3]}) == ["a", "b", "c"]
    assert set(moments_of(drawn)) == {0}


def test_things_of_one_moment_follow_each_other_alike() -> None:
    users, items, moments = np.array([0, 0, 0, 1, 1]), np.array([2, 0, 1, 0, 1]), [0, 0, 1, 2, 3]
    table = followers(users, items, 3, 1, moments=np.array(moments)).toarray()
    # Items 2 and 0 are of one moment: either may be what 1 came after. The other user says 0, 1.
    assert table.tolist() == [[0, 1.5, 0.5], [0, 0, 0], [0.5, 0.5, 0]]
    plain = followers(users, items, 3, 1).toarray()
    assert plain.tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_the_next_source_learns_no_order_of_ids(tmp_path: Path) -> None:
    items = make_items(8)
    row = {item.id: place for place, item in enumerate(items)}
    events = [Event(f"u{user:03}", item.id, at=DAY) for user in range(300) for item in items]
    shop = make_shop(tmp_path / "shop", items, events)
    with CatalogStore.open(shop.database_url) as store:
        log = EventTable.load(store, shop.cache_dir, "key")
    source = NextSource(log, row, 8, 1.0)
    table = np.zeros((8, 8))
    for place in range(8):
        hits = source.top(Context(np.ones(8, bool), liked=(Liked(place, 1.0),)), 8)
        table[place, hits.rows] = hits.scores
    upper, lower = np.triu(table).sum(), np.tril(table).sum()
    assert abs(upper - lower) < 0.02 * (upper + lower)


def random_rows(seed: int, users: int = 250, items: int = 40, a_day: int = 3) -> list[Row]:
    draw = random.Random(seed)
    ids = [f"P{number:03}" for number in range(items)]
    rows = []
    for user in range(users):
        for place, item in enumerate(draw.sample(ids, 2 * a_day)):
            rows.append((f"u{user:03}", item, f"2024-03-0{1 + place // a_day}"))
    return rows


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def as_table(folder: Path, rows: Sequence[Row]) -> EvalData:
    return open_data(write(folder / "log.csv", ("user_id", "item_id", "timestamp"), rows))


def as_workspace(folder: Path, rows: Sequence[Row]) -> EvalData:
    shop = Workspace.init(folder / "shop")
    titles = sorted({(item, f"Thing {item}") for _, item, _ in rows})
    ingest_items(shop, [write(folder / "items.csv", ("id", "title"), titles)])
    ingest_events(shop, [write(folder / "events.csv", ("user", "item", "time"), rows)])
    return open_data(shop.path)


def questions(data: EvalData) -> list[tuple[str, tuple[str, ...], frozenset[str]]]:
    return [(case.user, case.history_ids, case.target_ids) for case in data.split.test]


@pytest.mark.parametrize("opened", [as_table, as_workspace])
def test_a_random_log_is_asked_the_same_however_it_is_sorted(
    opened: Callable[[Path, Sequence[Row]], EvalData], tmp_path: Path
) -> None:
    """And nothing is called better than what is popular, more often than the level says."""
    better = 0
    for seed in range(4):
        rows = random_rows(seed)
        orders = (rows, sorted(rows), sorted(rows, key=lambda row: (row[2], row[1])), rows[::-1])
        first, *others = (
            opened(tmp_path / f"{seed}{place}", order)
            for place, order in enumerate(orders if seed == 0 else orders[1:2])
        )
        assert all(questions(one) == questions(first) for one in others)
        fold = Fold.of(first, "test")
        scores = {}
        for name in ("popular", "transitions", "item-knn"):
            model = fit_baseline(name, fold, seed=seed)
            outcome = evaluate(model, first, (10,), resamples=10, seed=seed)
            assert outcome.ties == len(outcome.users)
            scores[name] = RunScores(name, outcome.users, {"ndcg@10": outcome.per_user["ndcg@10"]})
        for name in ("transitions", "item-knn"):
            (found,) = compare(scores[name], scores["popular"], resamples=1_000, seed=seed)
            better += found.better == name
    assert better <= 2  # of 8 at a level of .05 (.025 on this side): three come once in 1,000


def test_rows_without_times_that_are_sorted_by_item_have_no_order(tmp_path: Path) -> None:
    plain = sorted(row[:2] for row in random_rows(5))
    data = open_data(write(tmp_path / "log.csv", ("user_id", "item_id"), plain))
    highest = dict(plain)
    asked = [case.targets[0].item == highest[case.user] for case in data.split.test]
    assert sum(asked) < len(asked) / 3  # one in six
    shop = Workspace.init(tmp_path / "shop")
    ingest_items(shop, [write(tmp_path / "i.csv", ("id", "title"), [(i, i) for _, i in plain])])
    report = ingest_events(shop, [write(tmp_path / "e.csv", ("user", "item"), plain)]).files[0]
    assert report.unordered and report.added == len(plain)
    assert questions(open_data(shop.path)) == questions(data)
    # An order that is not that of the ids is the order in which things happened.
    told = [(user, f"P{(7 * int(item[1:])) % 40:03}") for user, item in plain]
    report = ingest_events(shop, [write(tmp_path / "t.csv", ("user", "item"), told)]).files[0]
    assert not report.unordered


@pytest.mark.parametrize("name", ["sametime_many.csv", "tie_events.csv"])
def test_the_cases_of_one_day_hold_out_every_item_alike(name: str, tmp_path: Path) -> None:
    if not CASES.is_dir():
        pytest.skip("the shared cases are not here")
    with (CASES / name).open(encoding="utf-8") as file:
        rows = [(row["user"], row["item"], row["time"]) for row in csv.DictReader(file)]
    for opened in (as_table, as_workspace):
        data = opened(tmp_path / opened.__name__, rows)
        targets = Counter(case.targets[0].item for case in data.split.test)
        assert len(targets) == len({item for _, item, _ in rows})
        assert max(targets.values()) < 3 * len(data.split.test) / len(targets)
        assert data.split.tied("test") == {case.user for case in data.split.test}


def test_a_split_that_brings_its_positions_is_left_as_it_is(tmp_path: Path) -> None:
    rows = [
        (f"u{user}", f"i{item}", "1700000000", str(place), part)
        for user in range(40)
        for place, (item, part) in enumerate(
            zip((3, 1, 2, 0), ("train", "train", "valid", "test"), strict=True)
        )
    ]
    header = ("user_id", "item_id", "timestamp", "position", "split")
    data = open_data(write(tmp_path / "log.csv", header, rows))
    assert {case.history_ids for case in data.split.test} == {("i3", "i1", "i2")}
    assert {case.target_ids for case in data.split.test} == {frozenset({"i0"})}
    assert not data.split.tied("test")
