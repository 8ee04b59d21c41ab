"""Beyond accuracy: every figure against its formula written out, item by item."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from llmrec.errors import DataError
from llmrec.eval.measures import arrays
from llmrec.eval.measures.arrays import ItemIndex, Ragged
from llmrec.eval.measures.beyond import (
    ItemFacts,
    beyond_accuracy,
    coverage,
    intra_list_diversity,
    label_table,
    novelty,
    serendipity,
)
from llmrec.eval.measures.bias import calibration, exposure, gini, mean_popularity, popularity_lift
from llmrec.types import Event

N_ITEMS = 12


@pytest.fixture(autouse=True, params=[5, 4_000_000], ids=["small blocks", "one block"])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything must be the same whether users come in one block or one by one."""
    monkeypatch.setattr(arrays, "BLOCK_CELLS", request.param)


def random_lists(n: int = 30, depth: int = 6) -> np.ndarray:
    """Lists of every length, empty ones and unknown items among them."""
    random = np.random.default_rng(3)
    lists = np.array([random.permutation(N_ITEMS)[:depth] for _ in range(n)])
    lists[np.arange(depth) >= random.integers(0, depth + 1, size=n)[:, None]] = arrays.NONE
    lists[1, 0] = arrays.UNKNOWN
    assert (lists[:, 0] == arrays.NONE).any(), "an empty list must be among them"
    return lists


def random_histories(n: int = 30) -> list[list[int]]:
    random = np.random.default_rng(4)
    return [list(random.integers(0, N_ITEMS, size=random.integers(0, 8))) for _ in range(n)]


def known(row: np.ndarray, k: int) -> list[int]:
    return [int(item) for item in row[:k] if item >= 0]


POPULARITY = np.array([40, 30, 20, 10, 5, 4, 3, 2, 1, 1, 1, 0])


@pytest.mark.parametrize("k", [1, 4, 6, 9])
def test_novelty_and_popularity_are_means_over_what_the_list_has(k: int) -> None:
    lists = random_lists()
    bits, users = novelty(lists, k, POPULARITY, 50), mean_popularity(lists, k, POPULARITY)
    for row, one in enumerate(lists):
        items = known(one, k)
        if items:
            counts = POPULARITY[items]
            assert bits[row] == pytest.approx(np.log2(50 / np.maximum(counts, 1)).mean())
            assert users[row] == pytest.approx(counts.mean())
        else:
            assert math.isnan(bits[row]) and math.isnan(users[row])


def test_ids_and_numbers_give_the_same_figures() -> None:
    lists = random_lists()
    lists[lists == arrays.UNKNOWN] = 3
    ids = [[f"i{item}" for item in known(one, 6)] for one in lists]
    index = ItemIndex(f"i{item}" for item in range(N_ITEMS))
    np.testing.assert_array_equal(index.lists(ids, 6), lists)
    assert coverage(ids, 4, N_ITEMS) == coverage(lists, 4, N_ITEMS)
    by_id = {f"i{item}": int(count) for item, count in enumerate(POPULARITY)}
    np.testing.assert_allclose(novelty(ids, 4, by_id, 50), novelty(lists, 4, POPULARITY, 50))
    with pytest.raises(DataError, match="is an array, the other has item ids"):
        novelty(ids, 4, POPULARITY, 50)


@pytest.mark.parametrize("k", [2, 6])
@pytest.mark.parametrize("form", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_diversity_is_one_minus_the_mean_over_pairs(k: int, form: type) -> None:
    lists = random_lists()
    vectors = np.random.default_rng(5).normal(size=(N_ITEMS, 7)).astype(np.float32)
    vectors[[2, 9]] = 0  # without a vector
    values = intra_list_diversity(lists, k, form(vectors))
    for row, one in enumerate(lists):
        having = [vectors[item] for item in known(one, k) if item not in (2, 9)]
        pairs = list(itertools.combinations(having, 2))
        if not pairs:
            assert math.isnan(values[row])
            continue
        cosines = [a @ b / math.sqrt((a @ a) * (b @ b)) for a, b in pairs]
        assert values[row] == pytest.approx(1 - np.mean(cosines), abs=1e-5)
    assert np.isnan(values).sum() < len(lists) - 10


def test_diversity_by_categories_is_their_overlap() -> None:
    table = label_table([["mugs"], ["mugs"], ["mugs", "gifts"], ["lamps"]])
    values = intra_list_diversity(np.array([[0, 1], [0, 2], [0, 3]]), 2, table)
    np.testing.assert_allclose(values, [0, 1 - 1 / math.sqrt(2), 1], atol=1e-6)


def test_serendipity_wants_relevant_and_not_expected() -> None:
    lists = np.array([[0, 1, 2, 3], [4, 5, -1, -1], [0, 1, 2, 3]])
    relevant = Ragged.of([[1, 3], [5], [0]])
    expected = np.array([[1, 9, 9, 9], [9, 9, 9, 5], [-1, -1, -1, -1]])
    values = serendipity(lists, 4, relevant, expected)
    assert values.tolist() == [1 / 4, 0, 1 / 4]
    # At 2 the baseline's fourth place no longer makes item 5 expected.
    assert serendipity(lists, 2, relevant, expected).tolist() == [0, 1 / 2, 1 / 2]
    alike = serendipity(lists, 4, relevant, np.array([0, 1, 2]))
    assert alike.tolist() == [1 / 4, 1 / 4, 0]
    with pytest.raises(DataError, match="3 lists, but 2 expected"):
        serendipity(lists, 2, relevant, expected[:2])


def test_popularity_itself_is_never_serendipitous() -> None:
    lists = random_lists()
    everything = Ragged.of([list(range(N_ITEMS))] * len(lists))
    assert not serendipity(lists, 6, everything, lists).any()


def test_exposure_and_gini_count_items_that_nobody_sees() -> None:
    lists = random_lists()
    counts = exposure(lists, 3, N_ITEMS)
    flat = [item for one in lists for item in known(one, 3)]
    assert counts.tolist() == [flat.count(item) for item in range(N_ITEMS)]
    mean_gap = np.abs(counts[:, None] - counts[None, :]).mean()
    assert gini(counts) == pytest.approx(mean_gap / (2 * counts.mean()))
    assert math.isnan(gini(np.zeros(4, dtype=np.int64)))


def test_popularity_lift_against_histories_of_each_user() -> None:
    lists, histories = random_lists(), random_histories()
    past, shown = [], []
    for one, history in zip(lists, histories, strict=True):
        if known(one, 5) and history:
            past.append(POPULARITY[history].mean())
            shown.append(POPULARITY[known(one, 5)].mean())
    assert 10 < len(past) < len(lists)
    lift = popularity_lift(lists, 5, Ragged.of(histories), POPULARITY)
    assert lift == pytest.approx(np.mean(shown) / np.mean(past) - 1)
    nobody = np.zeros(len(lists), dtype=np.bool_)
    assert math.isnan(popularity_lift(lists, 5, Ragged.of(histories), POPULARITY, nobody))


def test_calibration_is_the_smoothed_divergence_of_category_shares() -> None:
    labels = [
        ["a"],
        ["b"],
        ["a", "b"],
        ["c"],
        [],
        ["d", "a"],
        ["b"],
        ["c"],
        [],
        ["e"],
        ["a"],
        ["f"],
    ]
    names = sorted({label for one in labels for label in one})

    def shares(items: list[int]) -> np.ndarray | None:
        total = np.zeros(len(names))
        for item in items:
            for label in labels[item]:
                total[names.index(label)] += 1 / len(labels[item])
        return total / total.sum() if total.any() else None

    lists, histories = random_lists(), random_histories()
    values = calibration(lists, 5, Ragged.of(histories), label_table(labels), alpha=0.05)
    seen = 0
    for row, (one, history) in enumerate(zip(lists, histories, strict=True)):
        p, q = shares(history), shares(known(one, 5))
        if p is None or q is None:
            assert math.isnan(values[row])
            continue
        smooth = 0.95 * q + 0.05 * p
        has = p > 0
        assert values[row] == pytest.approx((p[has] * np.log(p[has] / smooth[has])).sum())
        seen += 1
    assert 10 < seen < len(lists)


def test_all_at_once_from_ids_and_events() -> None:
    index = ItemIndex(["a", "b", "c", "d"])
    events = [Event("u", "a"), Event("v", "a"), Event("v", "b"), Event("v", "b", position=1)]
    facts = ItemFacts.of(index, events, categories={"a": ["x"], "b": ["x"], "c": ["y"]})
    assert facts.popularity.tolist() == [2, 1, 0, 0] and facts.n_users == 2
    lists = index.lists([["c", "b"], ["a", "b"]], 2)
    totals, users = beyond_accuracy(
        lists,
        (1, 2),
        facts,
        relevant=index.sets([["c"], ["d"]]),
        histories=index.ragged([["a"], ["a", "b"]]),
        expected=index.lists([["a", "b"], ["a", "b"]], 2),
    )
    assert totals["coverage@2"] == 0.75
    assert totals["novelty@2"] == pytest.approx((1 + 0.5) / 2)
    assert totals["popularity@1"] == 1
    assert totals["diversity@2"] == pytest.approx(0.5, abs=1e-6)
    assert users["serendipity@2"].tolist() == [0.5, 0]
    assert totals["lift@2"] == pytest.approx((0.5 + 1.5) / (2 + 1.5) - 1)
    assert users["calibration@1"][0] == pytest.approx(math.log(100))
    assert "diversity@1" not in totals, "one item has no pairs: there is nothing to report"
    assert {"gini@1", "gini@2"} <= totals.keys()


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (np.array([[0, 12]]), "number 12 .* of 12 items"),
        (np.array([[0, -3]]), "number -3"),
        (np.array([0, 1]), "integers \\[users, depth\\]"),
        (np.array([[0.5]]), "not float64"),
    ],
)
def test_arrays_that_are_no_lists_are_refused(lists: np.ndarray, message: str) -> None:
    facts = ItemFacts(POPULARITY, 50)
    with pytest.raises(DataError, match=message):
        beyond_accuracy(lists, (2,), facts)


def test_histories_of_other_users_are_refused() -> None:
    with pytest.raises(DataError, match="30 lists, but histories of 2 users"):
        popularity_lift(random_lists(), 2, Ragged.of([[1], [2]]), POPULARITY)
