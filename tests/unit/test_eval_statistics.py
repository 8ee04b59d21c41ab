"""Tests of the tests: false alarms at the rate they promise, power, and scipy's own figures."""

from __future__ import annotations

import doctest
import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from llmrec.errors import DataError
from llmrec.eval.measures import significance, statistics
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.eval.measures.statistics import (
    ALPHA,
    RunScores,
    compare,
    compare_all,
    holm,
    paired_t,
    permutation_test,
    seed_spread,
    wilcoxon,
)


@pytest.mark.parametrize("module", [significance, statistics])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0 and result.failed == 0


def rank_scores(random: np.random.Generator, shape: tuple[int, ...], found: float) -> np.ndarray:
    """Reciprocal ranks as a recommender has them: mostly zero, else 1, 1/2, … 1/10."""
    return np.where(random.random(shape) < found, 1.0 / random.integers(1, 11, size=shape), 0.0)


def run_of(name: str, values: np.ndarray, metric: str = "mrr@10") -> RunScores:
    return RunScores(name, tuple(f"u{i}" for i in range(values.shape[-1])), {metric: values})


def test_under_the_null_every_test_raises_a_false_alarm_one_time_in_twenty() -> None:
    random = np.random.default_rng(0)
    rounds, users = 600, 80
    alarms = np.zeros(4)
    for seed in range(rounds):
        gap = rank_scores(random, (users,), 0.4) - rank_scores(random, (users,), 0.4)
        low, high = bootstrap_intervals(gap[:, None], resamples=400, seed=seed)[0]
        p = permutation_test(gap, resamples=399, seed=seed)
        alarms += [p <= 0.05, paired_t(gap) <= 0.05, wilcoxon(gap) <= 0.05, low > 0 or high < 0]
    # Three standard errors of 600 coin tosses at .05 are .027.
    assert ((alarms / rounds > 0.023) & (alarms / rounds < 0.077)).all(), alarms / rounds


def test_under_the_null_a_family_raises_any_false_alarm_one_time_in_twenty() -> None:
    random = np.random.default_rng(1)
    rounds, plain, adjusted = 400, 0, 0
    for seed in range(rounds):
        runs = rank_scores(random, (4, 40), 0.4)
        gaps = np.column_stack([a - b for a, b in combinations(runs, 2)])
        p = np.asarray(permutation_test(gaps, resamples=999, seed=seed))
        plain += (p < ALPHA).any()
        adjusted += (holm(p) < ALPHA).any()
    assert plain / rounds > 0.12, "without correction six comparisons alarm far too often"
    assert adjusted / rounds < 0.05 + 3 * (0.05 * 0.95 / rounds) ** 0.5


def test_a_planted_difference_is_found_and_named() -> None:
    random = np.random.default_rng(2)
    base = rank_scores(random, (500,), 0.3)
    better = np.where(random.random(500) < 0.15, 1.0, base)
    (found,) = compare(run_of("base", base), run_of("planted", better))
    assert found.better == "planted"
    assert found.difference < 0 and found.high < 0
    assert max(found.t_p, found.wilcoxon_p, found.permutation_p) < 0.001
    assert "planted is better" in str(found)
    (same,) = compare(run_of("base", base), run_of("shuffled", random.permutation(base)))
    assert same.better is None and "no difference shown" in str(same)
    assert same.difference == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("cells", [40, 4_000_000])
@pytest.mark.parametrize("n", [2, 5, 11])
def test_the_exact_permutation_test_equals_scipys(
    n: int, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(significance, "FLIP_CELLS", cells)
    random = np.random.default_rng(n)
    for _ in range(5):
        gap = random.integers(-4, 5, size=n) / 4
        theirs = stats.permutation_test(
            (gap,), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert permutation_test(gap) == pytest.approx(theirs.pvalue)


def test_the_drawn_permutation_test_comes_near_scipys_and_never_to_zero() -> None:
    random = np.random.default_rng(3)
    for shift in (0.0, 0.15, 0.3):
        gap = random.normal(shift, 1.0, size=60)
        theirs = stats.permutation_test(
            (gap,), np.mean, permutation_type="samples", n_resamples=9999, rng=4
        )
        # Twice the smaller tail is what scipy draws, both tails at once what we draw.
        error = (theirs.pvalue * (3 - 2 * theirs.pvalue) / 9999) ** 0.5
        ours = permutation_test(gap, resamples=9999)
        assert ours == pytest.approx(theirs.pvalue, abs=4 * error + 1e-4)
    assert permutation_test(np.ones(100), resamples=999) == 1 / 1000


def test_users_without_a_difference_change_nothing() -> None:
    gap = np.array([0.5, 1.0, -0.25, 0.75, 0.5])
    padded = np.concatenate([gap, np.zeros(10_000)])
    assert permutation_test(padded) == permutation_test(gap)
    assert permutation_test(np.zeros(20)) == 1


def test_metrics_share_the_flips_and_are_judged_one_by_one() -> None:
    table = np.random.default_rng(5).normal(0.1, 1.0, size=(50, 3))
    table[:, 2] = 0
    together = np.asarray(permutation_test(table, seed=8))
    alone = [permutation_test(column, seed=8) for column in table.T]
    np.testing.assert_array_equal(together, alone)
    assert together[2] == 1
    assert np.array_equal(together, permutation_test(table, seed=8))
    assert not np.array_equal(together, permutation_test(table, seed=9))


def test_t_and_wilcoxon_are_scipys_and_have_an_answer_for_degenerate_cases() -> None:
    random = np.random.default_rng(6)
    a, b = rank_scores(random, (70,), 0.5), rank_scores(random, (70,), 0.5)
    assert paired_t(a - b) == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert wilcoxon(a - b) == pytest.approx(stats.wilcoxon(a, b, zero_method="pratt").pvalue)
    assert [paired_t(np.zeros(9)), paired_t(np.array([0.3]))] == [1, 1]
    assert paired_t(np.full(9, 0.3)) == 0
    assert wilcoxon(np.zeros(9)) == 1
    assert wilcoxon(np.full(20, 1e-17)) == 1, "a difference in the last digit is none"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_never_makes_p_smaller(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert ((adjusted >= np.array(p_values)) & (adjusted <= 1)).all()
    assert (np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0).all()
    assert adjusted.min() == pytest.approx(min(1, min(p_values) * len(p_values)))


def test_seeds_are_averaged_user_by_user_and_their_spread_is_told() -> None:
    random = np.random.default_rng(7)
    seeds = rank_scores(random, (3, 200), 0.4)
    one = rank_scores(random, (200,), 0.4)
    (found,) = compare(run_of("seeds", seeds), run_of("one", one))
    assert found.mean_a == pytest.approx(seeds.mean())
    assert found.spread_a == pytest.approx(seeds.mean(axis=1).std(ddof=1))
    assert found.spread_b is None and seed_spread(seeds[:1]) is None
    (plain,) = compare(run_of("mean", seeds.mean(axis=0)), run_of("one", one))
    assert (plain.permutation_p, plain.low) == (found.permutation_p, found.low)


def test_users_are_matched_by_name_not_by_place() -> None:
    random = np.random.default_rng(8)
    a, b = rank_scores(random, (60,), 0.5), rank_scores(random, (60,), 0.5)
    users = tuple(f"u{i}" for i in range(60))
    order = random.permutation(60)
    shuffled = RunScores("b", tuple(users[i] for i in order), {"mrr@10": b[order]})
    assert compare(run_of("a", a), shuffled) == compare(run_of("a", a), run_of("b", b))


def test_users_for_whom_a_metric_does_not_exist_are_left_out() -> None:
    random = np.random.default_rng(9)
    a, b = random.random(40), random.random(40)
    left = RunScores("a", tuple(map(str, range(40))), {"x": a.copy(), "y": a})
    right = RunScores("b", tuple(map(str, range(40))), {"x": b.copy(), "y": b})
    left.values["x"][:5], right.values["x"][35:] = np.nan, np.nan
    x, y = compare(left, right)
    assert (x.users, y.users) == (30, 40)
    assert x.difference == pytest.approx((a - b)[5:35].mean())
    assert x.permutation_p == pytest.approx(permutation_test((a - b)[5:35]), abs=0.02)
    left.values["x"][:] = np.nan
    with pytest.raises(DataError, match="No user has 'x'"):
        compare(left, right)


def test_a_large_family_draws_enough_flips_to_say_anything() -> None:
    random = np.random.default_rng(10)
    base = rank_scores(random, (60,), 0.5)
    runs = [run_of(f"r{i}", base + i) for i in range(12)]
    found = compare_all(runs, resamples=99)
    assert len(found) == 66
    assert all(one.better == one.b for one in found), "a floor of 1/100 would hide all of them"


def test_only_what_is_asked_is_compared() -> None:
    random = np.random.default_rng(11)
    users = tuple(map(str, range(30)))
    runs = [
        RunScores(name, users, {"x": random.random(30), "y": random.random(30)}) for name in "abc"
    ]
    found = compare_all(runs, metrics=["y"], against="b")
    assert [(one.a, one.b, one.metric) for one in found] == [("a", "b", "y"), ("c", "b", "y")]
    assert [one.adjusted_p for one in found] == list(holm([one.permutation_p for one in found]))
    plain = json.loads(json.dumps(found[0].to_dict()))
    assert plain["better"] is None and plain["lift"] == pytest.approx(found[0].lift)


def test_what_cannot_be_compared_is_refused() -> None:
    run = run_of("a", np.zeros(3))
    with pytest.raises(DataError, match="two runs or more"):
        compare_all([run])
    with pytest.raises(DataError, match="different names"):
        compare(run, run_of("a", np.ones(3)))
    with pytest.raises(DataError, match="1 stand in only one"):
        compare(run, run_of("b", np.zeros(4)))
    with pytest.raises(DataError, match="'b' among"):
        compare_all([run, run_of("c", np.zeros(3))], against="b")
    with pytest.raises(DataError, match="metric ndcg@5"):
        compare(run, run_of("b", np.zeros(3)), metrics=["ndcg@5"])
    with pytest.raises(DataError, match="metric") as caught:
        compare(run, run_of("b", np.zeros(3), metric="other"))
    assert "nothing in common" in caught.value.hint
    with pytest.raises(DataError, match="has a user twice"):
        RunScores("a", ("u", "u"), {})
    with pytest.raises(DataError, match=r"\[2\], but there are 3 users"):
        RunScores("a", ("u", "v", "w"), {"x": np.zeros(2)})


@pytest.mark.parametrize("rows", [2, 10, 40])
def test_rows_of_one_person_are_no_separate_witnesses(rows: int) -> None:
    """Each person's rows alike: interval and tests are those of the persons, however many rows."""
    persons = np.random.default_rng(0).random(30)
    owners = np.repeat(np.arange(30), rows)
    single = bootstrap_intervals(persons[:, None])[0]
    many = bootstrap_intervals(persons[owners][:, None], owners=owners)[0]
    assert many == pytest.approx(single)
    assert np.ptp(bootstrap_intervals(persons[owners][:, None])[0]) < np.ptp(single) * 0.8

    users = tuple(f"u{person}#{row}" for row, person in enumerate(owners))
    whose = tuple(f"u{person}" for person in owners)
    left = RunScores("a", users, {"ndcg@10": persons[owners]}, whose)
    right = RunScores("b", users, {"ndcg@10": persons[::-1][owners] - 0.06}, whose)
    (result,) = compare(left, right)
    plain = [RunScores(one.name, one.users, one.values) for one in (left, right)]
    (naive,) = compare(*plain)
    (true,) = compare(
        RunScores("a", whose[::rows], {"ndcg@10": persons}),
        RunScores("b", whose[::rows], {"ndcg@10": persons[::-1] - 0.06}),
    )
    assert result.difference == pytest.approx(true.difference)
    assert result.permutation_p == pytest.approx(true.permutation_p)
    assert result.t_p == pytest.approx(true.t_p)
    assert result.wilcoxon_p == pytest.approx(true.wilcoxon_p)
    assert (result.low, result.high) == pytest.approx((true.low, true.high))
    assert naive.permutation_p < result.permutation_p


def test_persons_with_more_rows_weigh_more_and_vary_more() -> None:
    values = np.concatenate([np.ones(90), np.zeros(10)])
    owners = np.concatenate([np.zeros(90, np.int64), np.arange(1, 11)])
    low, high = bootstrap_intervals(values[:, None], owners=owners)[0]
    assert low == 0 and high > 0.9
