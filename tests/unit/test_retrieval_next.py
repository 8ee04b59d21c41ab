"""The next source: directed, in the log's order, inside the mask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from retrieval_shop import START, make_items, make_shop

from llmrec.catalog.store import CatalogStore
from llmrec.retrieval.events import EventTable
from llmrec.retrieval.sources.base import Context, Liked
from llmrec.retrieval.sources.next import NextSource
from llmrec.retrieval.transitions import followers
from llmrec.types import Event, EventKind

ITEMS = make_items(12)
ROW = {item.id: row for row, item in enumerate(ITEMS)}


def source(path: Path, events: Sequence[Event], window: int = 8) -> NextSource:
    shop = make_shop(path / "shop", ITEMS, events)
    with CatalogStore.open(shop.database_url) as store:
        log = EventTable.load(store, shop.cache_dir, "key")
    return NextSource(log, ROW, window, 1.0)


def context(*newest_first: int, forbidden: Sequence[int] = ()) -> Context:
    allowed = np.ones(len(ITEMS), bool)
    allowed[list(forbidden)] = False
    return Context(allowed=allowed, liked=tuple(Liked(row, 1.0) for row in newest_first))


def found(
    source: NextSource, *newest_first: int, forbidden: Sequence[int] = ()
) -> dict[int, float]:
    hits = source.top(context(*newest_first, forbidden=forbidden), 50)
    assert (np.diff(hits.scores) <= 0).all()
    return dict(zip(hits.rows.tolist(), hits.scores.tolist(), strict=True))


def by_position(user: str, rows: Sequence[int]) -> list[Event]:
    """Without times, written in an order that is not theirs."""
    events = [Event(user, ITEMS[row].id, position=place) for place, row in enumerate(rows)]
    return events[::-1]


def test_the_log_is_in_order_by_time_or_else_by_position(tmp_path: Path) -> None:
    late = [Event("b", ITEMS[row].id, at=START.replace(day=9 - row)) for row in (1, 2, 3)]
    next = source(tmp_path, by_position("a", [7, 5, 6, 4]) + late)
    assert found(next, 7) == {5: 1.0, 6: 0.5, 4: np.float32(1 / 3)}
    assert found(next, 4) == {}  # nothing came after it: the order counts
    assert found(next, 3) == {2: 1.0, 1: 0.5} and found(next, 1) == {}


def test_it_is_its_formula(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    logs = [draw.integers(0, len(ITEMS), 7).tolist() for _ in range(20)]
    logs = [
        [row for place, row in enumerate(log) if not place or log[place - 1] != row] for log in logs
    ]
    events = [one for user, log in enumerate(logs) for one in by_position(f"u{user:02}", log)]
    expected: dict[int, float] = defaultdict(float)
    for age, liked in enumerate((3, 8, 1)):
        for log in logs:
            nearest: dict[int, int] = {}  # once a shopper, however often they went that way
            for i, one in enumerate(log):
                for distance in range(1, 4):
                    after = log[i + distance] if i + distance < len(log) else liked
                    if one == liked and after != liked:
                        nearest[after] = min(distance, nearest.get(after, distance))
            for after, distance in nearest.items():
                expected[after] += 0.5**age / distance
    given = found(source(tmp_path, events, window=3), 3, 8, 1)
    assert given.keys() == expected.keys()
    np.testing.assert_allclose([given[row] for row in expected], list(expected.values()), rtol=1e-5)


def test_what_is_forbidden_never_comes_and_takes_no_place(tmp_path: Path) -> None:
    next = source(tmp_path, by_position("a", [7, 5, 6, 4]))
    assert list(found(next, 7, forbidden=[5])) == [6, 4]
    assert next.top(context(7, forbidden=[5]), 1).rows.tolist() == [6]


def test_steps_with_one_thing_are_one_step_of_its_strongest_kind(tmp_path: Path) -> None:
    kinds = [EventKind.VIEW, EventKind.CART, EventKind.PURCHASE]
    events = [
        *(Event("a", ITEMS[1].id, kind, position=place) for place, kind in enumerate(kinds)),
        *(Event("a", ITEMS[2].id, kind, position=5 + place) for place, kind in enumerate(kinds)),
        Event("a", ITEMS[3].id, EventKind.VIEW, position=9),
        Event("a", "unknown", EventKind.VIEW, position=10),
    ]
    near = found(source(tmp_path, events), 1)
    assert near == {2: 1.0, 3: np.float32(0.4 / 2)}


def test_an_empty_log_and_a_stranger_get_nothing(tmp_path: Path) -> None:
    assert found(source(tmp_path / "empty", []), 1) == {}
    next = source(tmp_path, by_position("a", [7, 5]))
    assert found(next) == {} and found(next, -1) == {}


def test_nothing_follows_from_one_user_to_the_next() -> None:
    table = followers(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), 4, 8)
    assert table.toarray().nonzero()[0].tolist() == [0, 2]
