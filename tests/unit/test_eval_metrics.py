"""Metrics: worked cases, ties, and the documented examples."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.errors import DataError
from llmrec.eval import baselines, beyond, bootstrap, metrics
from llmrec.eval.beyond import coverage, novelty
from llmrec.eval.bootstrap import bootstrap_intervals
from llmrec.eval.metrics import METRICS, hit_matrix, hits_from_ranks, ndcg, rank_of_target


@pytest.mark.parametrize("module", [metrics, beyond, bootstrap, baselines])
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
