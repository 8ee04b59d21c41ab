"""Slices: who is in which group, and that each group is counted by itself."""

from __future__ import annotations

import doctest
import json

import numpy as np
import pytest

from llmrec.errors import DataError
from llmrec.eval.data.splits import Case
from llmrec.eval.judging.case_slices import slice_cases
from llmrec.eval.measures import slices
from llmrec.eval.measures.arrays import UNKNOWN, Ragged
from llmrec.eval.measures.slices import (
    FEW,
    Group,
    history_buckets,
    metric_slices,
    popularity_classes,
)
from llmrec.types import Event


def test_the_examples_in_the_docstrings_hold() -> None:
    result = doctest.testmod(slices)
    assert result.attempted > 0 and result.failed == 0


def by_name(groups: tuple[Group, ...]) -> dict[str, Group]:
    return {group.name: group for group in groups}


@pytest.mark.parametrize(
    ("length", "name"),
    [(0, "0"), (1, "1-5"), (5, "1-5"), (6, "6-10"), (20, "11-20"), (50, "21-50"), (51, "51+")],
)
def test_a_history_falls_into_the_bucket_that_names_it(length: int, name: str) -> None:
    names, bucket = history_buckets(np.array([length]))
    assert names[bucket[0]] == name


def test_head_and_tail_are_shares_of_interactions_not_of_items() -> None:
    # 100 interactions: one item has 20, 60 have 1 each and 4 have 5 each.
    counts = np.array([20] + [5] * 4 + [1] * 60 + [0] * 3)
    classes = popularity_classes(counts)
    assert classes[0] == 0, "20 of 100 interactions"
    assert (classes[1:5] == 1).all()
    assert (classes[5:65] == 2).all(), "items of equal popularity are not torn apart"
    assert (classes[65:] == 3).all()
    zipf = (10_000 / np.arange(1, 1001)).astype(np.int64)
    shares = [zipf[popularity_classes(zipf) == one].sum() / zipf.sum() for one in range(3)]
    np.testing.assert_allclose(shares, [0.2, 0.6, 0.2], atol=0.08)
    assert popularity_classes(np.zeros(3, dtype=np.int64)).tolist() == [3, 3, 3]


def test_groups_of_users_have_the_means_of_their_users() -> None:
    lists = np.array([[0, 1], [1, 0], [0, 1], [2, 3]])
    found = metric_slices(
        lists,
        Ragged.single(np.array([0, 0, 3, 3])),
        (1, 2),
        history_lengths=np.array([0, 3, 4, 30]),
        interactions=np.array([8, 1, 1, 0]),
    )
    history = by_name(found["history"])
    assert list(history) == ["0", "1-5", "21-50"], "groups without users are left out"
    assert [history[name].users for name in history] == [1, 2, 1]
    assert history["1-5"].metrics["hit@2"][0] == 0.5
    assert history["21-50"].metrics["mrr@2"] == (0.5, 0.5, 0.5)
    users = by_name(found["users"])
    assert (users["cold"].users, users["warm"].users) == (1, 3)
    assert users["cold"].metrics["hit@1"][0] == 1
    assert users["warm"].metrics["hit@2"][0] == pytest.approx(2 / 3)
    items = by_name(found["items"])
    assert (items["warm"].users, items["cold"].users) == (2, 2)
    assert items["warm"].metrics["hit@1"][0] == 0.5
    assert items["cold"].metrics["hit@2"][0] == 0.5


def test_several_targets_are_told_apart_by_their_own_popularity() -> None:
    # Item 0 is head, 1 is tail, 2 is cold; an unknown target is cold too and never found.
    found = metric_slices(
        np.array([[0, 2, 1]]),
        Ragged.of([[0, 1, 2, UNKNOWN]]),
        (2,),
        history_lengths=np.array([1]),
        interactions=np.array([9, 1, 0]),
        names=["recall"],
    )
    popularity = by_name(found["target popularity"])
    assert set(popularity) == {"head", "tail"}
    assert popularity["head"].metrics["recall@2"][0] == 1
    assert popularity["tail"].metrics["recall@2"][0] == 0
    assert by_name(found["items"])["cold"].metrics["recall@2"][0] == 0.5
    assert by_name(found["items"])["warm"].metrics["recall@2"][0] == 0.5


def test_intervals_belong_to_the_group_and_few_users_are_marked() -> None:
    n = FEW - 1 + 400
    random = np.random.default_rng(0)
    hit = random.random(n) < 0.5
    lists = np.where(hit, 0, 1)[:, None]
    lengths = np.where(np.arange(n) < FEW - 1, 3, 8)
    found = metric_slices(
        lists,
        Ragged.single(np.zeros(n, dtype=np.int64)),
        (1,),
        history_lengths=lengths,
        interactions=np.array([1, 1]),
        names=["hit"],
    )
    history = by_name(found["history"])
    assert history["1-5"].few and not history["6-10"].few
    for name, chosen in (("1-5", lengths == 3), ("6-10", lengths == 8)):
        mean, low, high = history[name].metrics["hit@1"]
        assert mean == pytest.approx(hit[chosen].mean())
        expected = 2 * 1.96 * hit[chosen].std() / chosen.sum() ** 0.5
        assert high - low == pytest.approx(expected, rel=0.25)
    plain = json.loads(json.dumps(history["1-5"].to_dict()))
    assert plain["few"] is True and plain["users"] == FEW - 1
    assert set(plain["metrics"]["hit@1"]) == {"mean", "low", "high"}


def test_cases_and_lists_of_ids() -> None:
    train = [Event("u", "a"), Event("v", "a"), Event("v", "b")]
    cases = [
        Case("u", (Event("u", "a"),), (Event("u", "b", position=1),)),
        Case("w", (), (Event("w", "new"), Event("w", "a", position=1))),
    ]
    found = slice_cases(cases, [["b"], ["x", "new"]], train, (1, 2), names=["recall"])
    assert by_name(found["users"])["cold"].metrics["recall@2"][0] == 0.5
    assert by_name(found["items"])["cold"].metrics["recall@2"][0] == 1
    assert by_name(found["items"])["warm"].users == 2
    assert by_name(found["items"])["warm"].metrics["recall@1"][0] == 0.5


def test_arrays_of_other_users_are_refused() -> None:
    with pytest.raises(DataError, match="1 lists, targets of 2 users and 1 history"):
        metric_slices(
            np.array([[0]]),
            Ragged.of([[0], [0]]),
            (1,),
            history_lengths=np.array([1]),
            interactions=np.array([1]),
        )
