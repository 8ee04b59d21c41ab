"""What only an LLM needs measured: lift and words, on answers that are known."""

from __future__ import annotations

import doctest
import itertools

import numpy as np
import pytest

from llmrec import Item
from llmrec.errors import DataError
from llmrec.eval.llm import (
    distinct_n,
    lift,
    words,
    words_report,
)
from llmrec.eval.llm.lift import ranks_of_targets
from llmrec.explain import count_claims
from llmrec.types import Recommendation, Recommendations, Trace, Words

ITEMS = [Item(f"i{place:02}", f"thing {place:02}") for place in range(12)]
TRACE = Trace("m", "e", "p", 0, 0, 0, {}, {})


def test_documented_examples_hold() -> None:
    assert doctest.testmod(words).failed == 0


def considered(retrieval: list[float], llm: list[float]) -> tuple[Recommendation, ...]:
    return tuple(
        Recommendation(item, place, 0.0, {"retrieval": r, "llm": m})
        for place, (item, r, m) in enumerate(zip(ITEMS, retrieval, llm, strict=False), start=1)
    )


def answer(retrieval: list[float], llm: list[float]) -> Recommendations:
    return Recommendations((), TRACE, considered=considered(retrieval, llm))


def test_ties_are_the_retrievers_then_drawn_alike() -> None:
    some = considered([3, 2, 2, 1], [0, 0, 0, 0])
    for order in ("retriever", "llm", "fused"):
        for weight in (0.0, 0.5, 1.0):
            ranks = [ranks_of_targets(some, {item.id}, order, weight) for item in ITEMS[:4]]
            assert ranks[0] == [1] and ranks[3] == [4]
            assert sorted(ranks[1] + ranks[2]) == [2, 3]
            assert ranks_of_targets(some, {"i00", "i03"}, order, weight) == [1, 4]
    assert ranks_of_targets(some, {"elsewhere"}, "retriever", 0.5) == []


@pytest.mark.parametrize("model", ["constant", "random", "no numbers"])
@pytest.mark.parametrize("scores", [1, 3])
def test_a_model_that_knows_nothing_shows_no_lift_where_the_retriever_ties(
    model: str, scores: int
) -> None:
    draw = np.random.default_rng(1)
    made = {
        "constant": lambda: [0.25] * 12,
        "random": lambda: draw.normal(size=12).tolist(),
        "no numbers": lambda: [float("nan")] * 12,
    }
    answers = [answer(draw.integers(scores, size=12).tolist(), made[model]()) for _ in range(300)]
    targets = [{f"i{draw.integers(12):02}"} for _ in answers]
    found = lift(answers, targets, weight=0.3)
    for one in found.on_all:
        assert one.better is None, one
        assert model == "random" or one.difference == 0


@pytest.mark.parametrize("failed", [0.5, 0.9])
def test_answers_without_the_model_are_the_retrievers(failed: float) -> None:
    """They are no misses: the means are those of the lists that were shown."""
    ranked = answer([4, 3, 2, 1], [-9, -9, -9, 0])
    bare = tuple(
        Recommendation(item, place, 0.0, {"retrieval": 5.0 - place})
        for place, item in enumerate(ITEMS[:4], start=1)
    )
    degraded = Recommendations((), TRACE, considered=bare)
    answers = [degraded] * int(20 * failed) + [ranked] * (20 - int(20 * failed))
    found = lift(answers, [{"i03"}] * 20, weight=1.0)
    ndcg = {one.a: one for one in found.on_all if one.metric == "ndcg@10"}
    alone = 1 / np.log2(5)
    assert found.retrieved == 20 and found.candidates == 4
    assert ndcg["fused"].mean_b == pytest.approx(alone)
    assert ndcg["fused"].mean_a == pytest.approx(failed * alone + 1 - failed)


def test_lift_of_a_model_that_knows() -> None:
    """The retriever puts the target last of four, the model first; two users were not retrieved."""
    known = [answer([4, 3, 2, 1], [-9, -9, -9, 0]) for _ in range(20)]
    targets = [{"i03"}] * 18 + [{"nowhere"}] * 2
    found = lift(known, targets, weight=1.0)
    assert (found.users, found.retrieved, found.candidates) == (20, 18, 4)
    ndcg = {one.a: one for one in found.on_retrieved if one.metric == "ndcg@10"}
    assert ndcg["llm"].mean_a == 1.0
    assert ndcg["llm"].mean_b == pytest.approx(1 / np.log2(5))
    assert ndcg["llm"].better == "llm" and ndcg["fused"].better == "fused"
    everybody = next(one for one in found.on_all if (one.a, one.metric) == ("llm", "hit@10"))
    assert everybody.mean_a == everybody.mean_b == 0.9 and everybody.better is None
    assert found.to_dict()["on_all"][0]["family"] == 6


def test_lift_of_a_model_that_guesses_is_not_called_better() -> None:
    draw = np.random.default_rng(0)
    guesses = [answer(list(range(12, 0, -1)), list(draw.normal(size=12))) for _ in range(60)]
    targets = [{f"i{draw.integers(12):02}"} for _ in guesses]
    found = lift(guesses, targets, weight=0.3)
    assert all(one.better is None for one in found.on_retrieved if one.metric == "ndcg@10")


def test_lift_without_a_model_is_refused() -> None:
    plain = Recommendations((), TRACE, considered=(Recommendation(ITEMS[0], 1, 0.0, {}),))
    with pytest.raises(DataError, match="language model"):
        lift([plain], [{"i00"}], weight=0.5)


def told(*texts: Words) -> Recommendations:
    return Recommendations(
        tuple(
            Recommendation(item, rank, 0.0, {}, reason=one)
            for rank, (item, one) in enumerate(zip(ITEMS, texts, strict=False), start=1)
        ),
        TRACE,
    )


def test_words_are_counted_by_origin_and_claim() -> None:
    report = words_report(
        [
            told(
                Words("This is made of steel.", "model", 1),
                Words("This is made of wood.", "model", 2, problems=("material: gold",)),
                Words("It costs 12 EUR.", "fields", 2, problems=("shape: breaks off", "number: 9")),
            )
        ]
    )["reasons"]
    assert report["texts"] == 3 and report["by_model"] == pytest.approx(2 / 3)
    assert report["repaired"] == 0.5 and report["from_fields"] == pytest.approx(1 / 3)
    assert report["refused"] == 2 and report["claims"] == 3
    assert report["claims_that_hold"] == pytest.approx(3 / 5)
    assert report["attempts"] == pytest.approx(5 / 3)


def test_texts_that_repeat_are_told_from_texts_that_differ() -> None:
    assert distinct_n(["the same words"] * 10, 2) == pytest.approx(0.1)
    different = ["".join(one) + " word" for one in itertools.permutations("abc")]
    assert distinct_n(different, 2) == 1.0
    assert distinct_n([], 1) == 0.0
    assert words_report([]) == {}


def test_counted_claims_are_those_that_are_checked() -> None:
    assert count_claims("This is made of steel.") == 1
    assert count_claims("It is nice.") == 0
