"""Fitting a fusion: planted weights come back, useless sources get none, cases are kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from llmrec.finetune.fusion import BY_HAND, choose_fusion, fused_figures, source_rows
from llmrec.finetune.fusion.cases import FusionCases, fusion_cases
from llmrec.finetune.fusion.choose import BEFORE, CONTINUED
from llmrec.finetune.fusion.logit import Prior, fit_logit
from llmrec.finetune.fusion.ranks import ascend, ndcg_at, rank_weights
from llmrec.retrieval.learned import FEATURES
from llmrec.retrieval.sources.base import Hits

SOURCES = ("good", "weak", "noise")
PLANTED = {"good": 6.0, "weak": 2.0, "noise": 0.0}
ITEMS = 60


def planted(cases: int, seed: int = 0) -> FusionCases:
    """Shoppers who choose by the planted weights of ``rank``."""
    draw = np.random.default_rng(seed)
    answers = []
    for _ in range(cases):
        hits = {
            name: Hits(draw.permutation(ITEMS)[:20], np.linspace(1, 0, 20, dtype=np.float32))
            for name in SOURCES
        }
        chances = np.full(ITEMS, -np.inf)
        for name, one in hits.items():
            value = PLANTED[name] * 61 / (60 + np.arange(1, 21))
            chances[one.rows] = np.maximum(chances[one.rows], 0) + value
        chances = np.exp(chances - chances.max())
        answers.append((hits, int(draw.choice(ITEMS, p=chances / chances.sum()))))
    return fusion_cases(answers, SOURCES, 20)


def test_planted_weights_come_back() -> None:
    fitted = fit_logit(planted(4000), l2=1e-6, used=("rank",)).reshape(len(SOURCES), -1)
    place = FEATURES.index("rank")
    assert fitted[0, place] == pytest.approx(6, abs=0.6)
    assert fitted[1, place] == pytest.approx(2, abs=0.6)
    assert fitted[2, place] < 0.3
    assert not np.delete(fitted, place, axis=1).any()


@pytest.mark.parametrize("seed", range(3))
def test_weights_set_by_hand_do_not_lose_by_their_ties(seed: int) -> None:
    """Two sources that find different things, and nothing to learn: every rank is there twice."""
    draw = np.random.default_rng(seed)
    answers = []
    for _ in range(1000):
        rows = draw.permutation(ITEMS)
        scores = np.linspace(1, 0.1, 10, dtype=np.float32)
        hits = {"good": Hits(rows[:10], scores), "weak": Hits(rows[10:20], scores)}
        answers.append((hits, int(rows[draw.integers(20)])))
    cases = fusion_cases(answers, ("good", "weak"), 20)
    by_hand = ndcg_at(cases.places(rank_weights(cases.sources, {"good": 1, "weak": 1})), 10)
    tilted = ndcg_at(cases.places(rank_weights(cases.sources, {"good": 1, "weak": 0.999})), 10)
    gap = tilted - by_hand
    assert abs(gap.mean()) < 3 * gap.std() / len(gap) ** 0.5
    again = cases.part(np.arange(len(cases)))
    assert (again.places(np.zeros(6)) == cases.places(np.zeros(6))).all()


def test_ascent_finds_the_better_source() -> None:
    cases = planted(500)
    start = rank_weights(SOURCES, {"good": 0.1, "weak": 0.1, "noise": 5.0})
    found = ascend(cases, {"good": 0.1, "weak": 0.1, "noise": 5.0})
    assert ndcg_at(cases.places(found), 10).mean() > ndcg_at(cases.places(start), 10).mean()
    by_rank = found.reshape(len(SOURCES), -1)[:, FEATURES.index("rank")]
    assert by_rank[0] > by_rank[2]


def test_places_are_those_of_sorting_and_ties_are_drawn() -> None:
    def hits(*rows: int) -> Hits:
        return Hits(np.array(rows), np.ones(len(rows), np.float32))

    answers = [
        ({"a": hits(5, 3), "b": hits(3, 7)}, 7),
        ({"a": hits(1, 2)}, 9),
        ({}, 1),
        ({"b": hits(4)}, 4),
    ]
    cases = fusion_cases(answers, ("a", "b"), 10)
    assert cases.ranks.tolist() == [[0, 2], [0, 0], [0, 0], [0, 1]]
    assert (cases.target >= 0).tolist() == [True, False, False, True]
    # 3 is found twice; 5 is first of a; 7 is second of b.
    assert cases.places(rank_weights(("a", "b"), {"a": 1, "b": 1})).tolist() == [3, 0, 0, 1]
    drawn = cases.draw[:3]
    at = int(cases.target[0])
    assert cases.places(np.zeros(6)).tolist() == [int((drawn >= drawn[at]).sum()), 0, 0, 1]
    part = cases.part(np.array([3, 0]))
    assert part.places(rank_weights(("a", "b"), {"b": 1})).tolist() == [1, 2]
    assert part.ranks.tolist() == [[0, 1], [0, 2]] and len(part) == 2


def test_the_better_rival_wins_and_is_judged_on_what_it_did_not_see() -> None:
    cases = planted(600)
    hand = {"good": 0.2, "weak": 0.2, "noise": 3.0}
    choice = choose_fusion(cases, hand)
    assert choice.winner != BY_HAND and set(choice.places) == {BY_HAND, "ranks", "logit"}
    figures = {name: fused_figures(choice, name)["ndcg@10"].mean for name in choice.places}
    assert figures[choice.winner] == max(figures.values()) > figures[BY_HAND]
    again = choose_fusion(cases, hand)
    assert (
        again.weights == choice.weights and (again.places["logit"] == choice.places["logit"]).all()
    )
    rows = {row.source: row for row in source_rows(choice)}
    assert rows["good"].weight > rows["noise"].weight
    assert sum(row.alone for row in rows.values()) <= int((cases.target >= 0).sum())


def test_weights_by_hand_stay_where_nothing_beats_them_and_the_silent_keep_theirs() -> None:
    def hits(*rows: int) -> Hits:
        return Hits(np.array(rows, np.int64), np.ones(len(rows), np.float32))

    cases = fusion_cases([({"a": hits(1, 2), "b": hits()}, 1)] * 20, ("a", "b"), 10)
    choice = choose_fusion(cases, {"a": 1.0, "b": 1.0})
    assert choice.winner == BY_HAND
    assert set(choice.weights.weights) == {"a"}
    assert {row.source for row in source_rows(choice)} == {"a", "b"}


def test_going_on_forgets_earlier_cases_only_as_new_ones_outnumber_them() -> None:
    first, second = planted(1500, seed=1), planted(60, seed=2)
    old = choose_fusion(first, dict.fromkeys(SOURCES, 1.0)).weights

    def weights(cases: int) -> np.ndarray:
        made = choose_fusion(second, dict.fromkeys(SOURCES, 1.0), before=old, before_cases=cases)
        assert set(made.places) == {BY_HAND, BEFORE, CONTINUED} and made.kept == CONTINUED
        found = made.weights.weights
        return np.array([found[name].get(one, 0.0) for name in SOURCES for one in FEATURES])

    stood = np.array([old.weights[name].get(one, 0.0) for name in SOURCES for one in FEATURES])
    alone = fit_logit(second)
    away = [float(np.abs(weights(cases) - stood).max()) for cases in (0, 60, 1500, 10**7)]
    assert away == sorted(away, reverse=True) and away[-1] < 0.01 < away[-2]
    np.testing.assert_allclose(weights(0), alone, atol=1e-4)


def test_going_on_comes_near_a_fit_on_all_cases() -> None:
    first, second = planted(600, seed=1), planted(600, seed=2)
    both = planted_together(first, second)
    old = fit_logit(first)
    count = np.full(len(old), 600.0)
    on, whole = fit_logit(second, prior=Prior(old, count)), fit_logit(both)

    def away(weights: np.ndarray) -> float:
        # By what they say of the cases: single weights of like features trade places freely.
        return float(np.abs(np.asarray(both.table @ (weights - whole))).mean())

    assert away(on) < 0.5 * min(away(old), away(fit_logit(second)))


def planted_together(first: FusionCases, second: FusionCases) -> FusionCases:
    from scipy.sparse import vstack

    shift = first.starts[-1]
    target = np.where(second.target < 0, -1, second.target + shift)
    return FusionCases(
        first.sources,
        vstack([first.table, second.table]).tocsr(),
        np.concatenate([first.starts, shift + second.starts[1:]]),
        np.concatenate([first.target, target]),
        np.concatenate([first.ranks, second.ranks]),
        first.depth,
    )
