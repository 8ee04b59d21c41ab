"""Metrics: worked cases, ties, and the documented examples."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.errors import DataError
from llmrec.eval.judging import popularity
from llmrec.eval.measures import arrays, beyond, bias, bootstrap, metrics
from llmrec.eval.measures.arrays import NONE, UNKNOWN, ItemIndex, Ragged
from llmrec.eval.measures.beyond import coverage, novelty
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.eval.measures.metrics import (
    METRICS,
    RelevantHits,
    find_hits,
    hit_matrix,
    hits_from_ranks,
    ndcg,
    rank_of_target,
    ranking_metrics,
)


@pytest.mark.parametrize("module", [arrays, metrics, beyond, bias, bootstrap, popularity])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


def test_one_hit_of_five_relevant_is_not_perfect() -> None:
    hits = hit_matrix([["a", "x", "y", "z", "w"]], [{"a", "b", "c", "d", "e"}], 5)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, 6))
    assert ndcg(hits, np.array([5]), 5)[0] == pytest.approx(1 / ideal)
    assert round(float(ndcg(hits, np.array([5]), 5)[0]), 3) == 0.339


@pytest.mark.parametrize("name", list(METRICS))
def test_bounds_empty_lists_and_nothing_relevant(name: str) -> None:
    lists = [["a", "b", "c"], [], ["a"], ["x", "y"]]
    relevant = [{"a", "b", "c"}, {"a"}, set(), {"a"}]
    counts = np.array([len(one) for one in relevant])
    values = METRICS[name](hit_matrix(lists, relevant, 3), counts, 3)
    assert values.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert METRICS[name](hit_matrix(lists, relevant, 0), counts, 3).tolist() == [0.0] * 4


def test_a_repeated_item_counts_once_and_takes_its_rank() -> None:
    hits = hit_matrix([["a", "a", "b"]], [{"a", "b"}], 3)
    assert hits.tolist() == [[True, False, True]]


@pytest.mark.parametrize(
    ("scores", "rank"),
    [
        ([0.9, 0.1, 0.2], 1),
        ([0.1, 0.9, 0.2], 3),
        ([0.5, 0.5, 0.1], 2),  # a tie stands above the target
        ([0.0, 0.0, 0.0], 3),  # a model without an opinion is last, not first
        ([-math.inf, -math.inf, 0.0], 3),  # a masked target cannot be found
        ([0.5, math.nan, 0.1], 2),  # an unscored item never helps
        ([math.nan, 0.0, 0.0], 3),
    ],
)
def test_ranks_never_favour_the_model(scores: list[float], rank: int) -> None:
    assert rank_of_target(scores, 0).tolist() == [rank]


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=8))
def test_ranks_equal_the_worst_place_among_ties(rows: list[list[int]]) -> None:
    scores = np.array(rows, dtype=float)
    targets = np.arange(len(rows)) % 4
    expected = [sum(one >= row[t] for one in row) for row, t in zip(rows, targets, strict=True)]
    assert rank_of_target(scores, targets).tolist() == expected


def test_hits_from_ranks_and_from_lists_agree() -> None:
    lists = [["a", "b", "c"], ["b", "a", "c"], ["b", "c", "d"]]
    np.testing.assert_array_equal(
        hit_matrix(lists, [{"a"}] * 3, 3), hits_from_ranks(np.array([1, 2, 4]), 3)
    )


def test_coverage_counts_the_first_k_only_and_refuses_too_small_a_catalogue() -> None:
    lists = [["a", "b"], ["a", "c"]]
    assert coverage(lists, 1, 4) == 0.25
    with pytest.raises(DataError, match="3 different items"):
        coverage(lists, 2, 2)


def test_novelty_of_what_everybody_has_is_zero_and_of_an_empty_list_unknown() -> None:
    bits = novelty([["a"], ["b"], []], 5, {"a": 4, "b": 1}, n_users=4)
    assert bits[:2].tolist() == [0.0, 2.0]
    assert math.isnan(bits[2])


def test_bootstrap_is_seeded_and_covers_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(size=(4000, 2))
    first = bootstrap_intervals(values, seed=3)
    np.testing.assert_array_equal(first, bootstrap_intervals(values, seed=3))
    assert not np.array_equal(first, bootstrap_intervals(values, seed=4))
    half = 1.96 * values.std(axis=0) / math.sqrt(len(values))
    np.testing.assert_allclose(first[:, 1] - first[:, 0], 2 * half, rtol=0.15)
    assert (first[:, 0] < values.mean(axis=0)).all() and (values.mean(axis=0) < first[:, 1]).all()


def random_lists(n: int = 200, depth: int = 12) -> tuple[np.ndarray, list[list[int]]]:
    """Lists with repetitions, of every length, and 0 to 9 relevant items each."""
    random = np.random.default_rng(1)
    lists = random.integers(0, 20, size=(n, depth)).astype(np.int32)
    lists[np.arange(depth) >= random.integers(0, depth + 1, size=n)[:, None]] = NONE
    relevant = [
        [int(one) for one in random.permutation(20)[: random.integers(0, 10)]] for _ in range(n)
    ]
    return lists, relevant


@pytest.mark.parametrize("cells", [7, 100, 4_000_000])
def test_hits_are_found_block_by_block_as_one_by_one(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "BLOCK_CELLS", cells)
    lists, relevant = random_lists()
    for depth in (None, 1, 5):
        found = find_hits(lists, Ragged.of(relevant), depth).matrix(12)
        for row, (items, wanted) in enumerate(zip(lists[:, :depth], relevant, strict=True)):
            ranks = {items.tolist().index(item) for item in wanted if item in items}
            assert set(np.flatnonzero(found[row])) == ranks


@pytest.mark.parametrize("name", list(METRICS))
def test_hits_and_their_matrix_give_the_same_figures(name: str) -> None:
    lists, relevant = random_lists()
    rows = Ragged.of(relevant)
    found = find_hits(lists, rows)
    assert len(found.users) > 100 and (np.diff(found.users) >= 0).all()
    values = ranking_metrics(found, rows.counts, (1, 5, 30), [name])
    for k in (1, 5, 30):
        np.testing.assert_array_equal(
            values[f"{name}@{k}"], METRICS[name](found.matrix(12), rows.counts, k)
        )


def test_ids_and_numbers_find_the_same_hits() -> None:
    lists, relevant = random_lists()
    ids = [[f"i{item}" for item in one if item != NONE] for one in lists]
    wanted = [{f"i{item}" for item in one} for one in relevant]
    np.testing.assert_array_equal(
        hit_matrix(ids, wanted, 12), find_hits(lists, Ragged.of(relevant)).matrix(12)
    )


def test_what_nobody_knows_is_never_a_hit() -> None:
    lists = np.array([[UNKNOWN, NONE], [NONE, NONE]])
    found = find_hits(lists, Ragged.of([[UNKNOWN], [NONE]]))
    assert len(found.users) == 0
    assert find_hits(np.zeros((0, 5), dtype=np.int64), Ragged.of([])).n_users == 0
    assert find_hits(np.zeros((2, 0), dtype=np.int64), Ragged.of([[1], []])).n_users == 2
    with pytest.raises(DataError, match="2 lists, but relevant items of 1"):
        find_hits(lists, Ragged.of([[1]]))


def test_the_order_of_hits_counts_within_each_user() -> None:
    found = RelevantHits.of(np.array([[1, 0, 1], [0, 0, 0], [0, 1, 1]], dtype=np.bool_))
    assert found.order.tolist() == [1, 2, 1, 2]
    assert found.top(2).total().tolist() == [1, 0, 1]


def test_ragged_rows_can_be_cut_and_thinned() -> None:
    rows = Ragged.of([[1, 2], [], [3], [4, 5, 6]])
    middle = rows.part(1, 3)
    assert (middle.counts.tolist(), middle.values.tolist()) == ([0, 1], [3])
    even = rows.keep(rows.values % 2 == 0)
    assert (even.counts.tolist(), even.values.tolist()) == ([1, 0, 0, 2], [2, 4, 6])


def test_an_index_keeps_repetitions_in_histories_and_drops_them_from_sets() -> None:
    index = ItemIndex(["a", "b"])
    assert index.ragged([["b", "b", "x"]]).values.tolist() == [1, 1, UNKNOWN]
    assert index.sets([["b", "b", "x"], []]).counts.tolist() == [2, 0]
    assert index.values({"b": 3.0}, default=1.0).tolist() == [1, 3]
    assert index.lists([["x", "a"], []], 1).tolist() == [[UNKNOWN], [NONE]]


@pytest.mark.parametrize("kinds", [3, 100_000])
def test_drawing_kinds_of_users_gives_the_same_intervals_as_drawing_users(
    kinds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(2)
    table = random.normal(size=(kinds, 2))[random.integers(0, kinds, size=30_000)]
    fast = bootstrap_intervals(table, resamples=2000)
    monkeypatch.setattr(bootstrap, "MANY_USERS", len(table) + 1)
    slow = bootstrap_intervals(table, resamples=2000)
    assert (kinds == 3) == (not np.array_equal(fast, slow)), "few kinds are drawn another way"
    width = slow[:, 1] - slow[:, 0]
    np.testing.assert_allclose(fast / width[:, None], slow / width[:, None], atol=0.12)
