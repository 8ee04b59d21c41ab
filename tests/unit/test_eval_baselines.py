"""Baselines: worked examples, formulas against plain numpy, and tuning that never sees the test."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from llmrec.errors import ConfigError, MissingExtra
from llmrec.eval import leave_one_out
from llmrec.eval.baselines import BASELINES, Fold, fit_baseline, recipe, tune
from llmrec.eval.baselines.factors import ALS
from llmrec.eval.baselines.fold import histories_matrix
from llmrec.eval.baselines.linear import EASE
from llmrec.eval.baselines.neighbours import ItemKNN, TextKNN, Transitions
from llmrec.eval.baselines.popular import Popular
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.items import ItemTable
from llmrec.types import Event, Item

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def log(*sequences: str, days: int = 1) -> list[Event]:
    """Each sequence is a user; each letter an item, a day apart."""
    return [
        Event(f"u{user}", item, at=START + timedelta(days * place), position=place)
        for user, items in enumerate(sequences)
        for place, item in enumerate(items)
    ]


def fold_of(*sequences: str, items: str = "") -> Fold:
    names = sorted(set("".join(sequences)) | set(items))
    return Fold(ItemTable.of(Item(one, f"thing {one}") for one in names), tuple(log(*sequences)))


def random_sequences(users: int, items: int, seed: int) -> list[str]:
    """Walks on a circle of letters, with a few leaps: the next letter is usually right."""
    draw = np.random.default_rng(seed)
    letters = [chr(ord("A") + one) for one in range(items)]
    walks = []
    for _ in range(users):
        place, walk = int(draw.integers(items)), []
        for _ in range(6):
            walk.append(letters[place % items])
            place += 1 if draw.random() < 0.8 else int(draw.integers(2, items))
        walks.append("".join(dict.fromkeys(walk)))
    return [one for one in walks if len(one) > 3]


def test_popular_counts_users_and_leaves_out_what_nobody_touched() -> None:
    model = Popular(fold_of("ABB", "CB", "AB", items="Z"))
    assert model.recommend_many([[], ["B"]], k=9) == [["B", "A", "C"], ["A", "C"]]


def test_recent_popularity_forgets() -> None:
    fold = fold_of("AAAAA", "AB", "CCCCCB")
    ever = Popular(fold).recommend_many([[]], k=1)
    lately = Popular(fold, half_life_days=0.2).recommend_many([[]], k=2)
    assert ever == [["A"]] or ever == [["B"]]
    assert lately[0][0] == "B"


def test_equal_scores_are_ordered_by_the_seed_not_by_the_id() -> None:
    fold = fold_of("ABCDEFGH")
    orders = {tuple(Popular(fold, seed=seed).recommend_many([[]], k=8)[0]) for seed in range(5)}
    assert len(orders) > 1
    assert all(sorted(one) == list("ABCDEFGH") for one in orders)
    head = Popular(fold, seed=3).recommend_many([[]], k=3)[0]
    assert head == Popular(fold, seed=3).recommend_many([[]], k=8)[0][:3]


@pytest.mark.parametrize("broken", ["A", "AC", "ABCD"])
def test_a_score_that_is_no_number_is_no_opinion(broken: str) -> None:
    class Broken(Popular):
        def scores(self, histories):
            scores = super().scores(histories)
            scores[:, [self._items.row[item] for item in broken]] = np.nan
            return scores

    model = Broken(fold_of("ABCD", "BCD", "CD", "D"))
    whole = [item for item in "DCBA" if item not in broken]
    assert model.recommend_many([[], ["D"]], k=2) == [
        whole[:2],
        [item for item in whole if item != "D"][:2],
    ]


def test_recent_popularity_without_times_goes_by_the_end_of_each_history() -> None:
    events = [
        Event(f"u{user}", item, position=place)
        for user, items in enumerate(("AAAAAAB", "ACCAAAB", "DB"))
        for place, item in enumerate(items)
    ]
    fold = Fold(ItemTable.of(Item(one, one) for one in "ABCD"), tuple(events))
    assert fold.recent_counts(1e9).tolist() == pytest.approx([10, 3, 2, 1])
    assert fold.recent_counts(1.0)[1] == 3
    assert Popular(fold, half_life_days=1.0).recommend_many([[]], k=2) == [["B", "A"]]


def test_what_has_no_time_in_a_log_with_times_is_old() -> None:
    timed = [Event("u", item, at=START + timedelta(days=day)) for day, item in enumerate("AB")]
    fold = Fold(ItemTable.of(Item(one, one) for one in "ABC"), (*timed, Event("v", "C")))
    assert fold.recent_counts(1.0).tolist() == [0.5, 1.0, 0.5]


def test_neighbours_are_the_items_of_the_same_people() -> None:
    model = ItemKNN(fold_of("AB", "AB", "AC", "DE"), shrink=0.0)
    assert model.recommend_many([["A"]], k=3) == [["B", "C"]]
    scores = model.scores([np.array([0])])[0]
    assert scores[1] == pytest.approx(2 / np.sqrt(3 * 2))
    shrunk = ItemKNN(fold_of("AB", "AB", "AC", "DE"), shrink=3.0).scores([np.array([0])])[0]
    assert shrunk[1] == pytest.approx(2 / (np.sqrt(6) + 3))


def test_transitions_know_the_direction() -> None:
    fold = fold_of("AB", "AB", "CA")
    model = Transitions(fold, window=1, discount=0.0)
    assert model.recommend_many([["A"], ["B"]], k=3) == [["B"], []]
    wide = Transitions(fold_of("AXB"), window=2, discount=0.0).scores([np.array([0])])[0]
    assert list(wide[1:]) == [0.5, 1.0]  # B two steps away, X one


def test_ease_equals_the_papers_formula() -> None:
    fold = fold_of(*random_sequences(60, 12, seed=1))
    dense = fold.matrix.toarray().astype(np.float64)
    inverse = np.linalg.inv(dense.T @ dense + 7.0 * np.eye(dense.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    found = EASE(fold, ridge=7.0).scores([np.array([0, 3])])[0]
    np.testing.assert_allclose(found, weights[0] + weights[3], atol=1e-4)


def test_als_folds_a_history_in_as_the_library_does() -> None:
    implicit = pytest.importorskip("implicit.als")
    fold = fold_of(*random_sequences(80, 15, seed=2))
    model = ALS(fold, factors=8, alpha=6.0, regularization=0.3, iterations=5, seed=4)
    peer = implicit.AlternatingLeastSquares(
        factors=8, alpha=6.0, regularization=0.3, iterations=5, random_state=4, num_threads=1
    )
    peer.fit(fold.matrix, show_progress=False)
    history = np.array([2, 5, 9])
    row = histories_matrix([history], len(fold.items), None)
    theirs = peer.recalculate_user(0, row)
    ours = model._fold_in(history)
    np.testing.assert_allclose(ours, theirs, rtol=2e-2, atol=2e-3)


def test_a_missing_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "implicit.als", None)
    with pytest.raises(MissingExtra, match=r"llmrec\[eval\]"):
        fit_baseline("als", fold_of("AB"))


def test_words_recommend_what_nobody_touched() -> None:
    items = [Item("a", "green tea"), Item("b", "black tea"), Item("c", "hammer")]
    fold = Fold(ItemTable.of(items), tuple(log("a")))
    model = TextKNN(fold, encoder="hashing")
    assert model.recommend_many([["a"], []], k=1) == [["b"], []]


@pytest.mark.parametrize("name", sorted(set(BASELINES) - {"text-knn"}))
def test_every_baseline_keeps_its_word(name: str) -> None:
    """k items at most, none of the history, none unknown, the same again; any history goes."""
    fold = fold_of(*random_sequences(60, 12, seed=3))
    model = fit_baseline(name, fold, seed=1)
    histories = [["A", "B"], [], ["not in the catalogue"], list("ABCDEFGHIJKL"), ["C", "C"]]
    answers = model.recommend_many(histories, k=4)
    assert answers == model.recommend_many(histories, k=4)
    assert [len(one) for one in answers][3] == 0
    for history, answer in zip(histories, answers, strict=True):
        assert len(answer) <= 4 and len(set(answer)) == len(answer)
        assert not set(answer) & set(history)
        assert set(answer) <= set(fold.items.ids)


@pytest.mark.parametrize("name", ["transitions", "item-knn", "ease", "als", "bpr"])
def test_models_that_learn_beat_popularity_where_there_is_something_to_learn(name: str) -> None:
    from llmrec.eval import evaluate

    data = circle()
    fold = Fold.of(data, "test")
    learnt = evaluate(fit_baseline(name, fold), data.split, (5,), resamples=1)
    popular = evaluate(fit_baseline("popular", fold), data.split, (5,), resamples=1)
    assert learnt.means["ndcg@5"] > popular.means["ndcg@5"]


def test_tuning_stays_within_its_budget_and_never_sees_the_test() -> None:
    data = circle()
    blind = leave_one_out([one for one in log(*random_sequences(200, 20, seed=5))])
    moved = EvalData(
        data.name,
        blind.__class__(blind.protocol, blind.train, blind.valid, ()),
        data.items,
        data.sha256,
    )
    seen: list[int] = []
    tuned = tune("transitions", data, budget=6, seed=2, progress=seen.append)
    again = tune("transitions", moved, budget=6, seed=2, part="valid")
    assert len(tuned.trials) == len(seen) == 6
    assert tuned.trials[0].value == again.trials[0].value
    assert tuned.settings == again.settings
    best = max(trial.value for trial in tuned.trials)
    assert next(trial for trial in tuned.trials if trial.value == best).settings == tuned.settings
    assert tuned.to_dict()["budget"] == 6


def test_a_small_space_is_tried_whole() -> None:
    assert len(tune("recent", circle(), budget=50).trials) == BASELINES["recent"].size == 6


def test_an_unknown_baseline_is_named() -> None:
    with pytest.raises(ConfigError, match="'svd'"):
        recipe("svd")


def circle() -> EvalData:
    events = log(*random_sequences(200, 20, seed=5))
    items = ItemTable.of(Item(one, one) for one in sorted({event.item for event in events}))
    return EvalData("circle", leave_one_out(events), items, "0" * 64)
