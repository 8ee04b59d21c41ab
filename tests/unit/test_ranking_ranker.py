"""Ranking: a permutation of the candidates, in one forward pass, whatever the model says."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrec.config import RankingSettings
from llmrec.engines import ScriptedEngine
from llmrec.errors import ContextOverflow, HistoryError
from llmrec.ranking import LabelPrior, Ranker, RankRequest, fuse, shuffled, standardise
from llmrec.types import Candidate, HistoryEntry, Item, SourceHit


def pairs(scores, prefix="i"):
    return tuple(
        (
            Candidate(f"{prefix}{n}", score, {"text": SourceHit(n + 1, score)}),
            Item(f"{prefix}{n}", f"thing number {n}"),
        )
        for n, score in enumerate(scores)
    )


def request(scores, seed=0, query=None):
    return RankRequest(((HistoryEntry(text="a thing"), None),), query, pairs(scores), seed)


def ranker(engine=None, **values):
    return Ranker(engine or ScriptedEngine(), RankingSettings(**values))


def liking(title):
    """A score function that prefers the line with ``title``."""

    def score(prompt, labels):
        lines = {
            line[1 : line.index(")")]: line for line in prompt.splitlines() if line.startswith("(")
        }
        return [5.0 if lines[label].endswith(title) else 0.0 for label in labels]

    return score


@given(
    scores=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50),
    opinions=st.lists(st.floats(-50, 50), min_size=50, max_size=50),
    weight=st.floats(0, 1),
    seed=st.integers(-5, 2**40),
    query=st.none() | st.text(max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_the_order_is_a_permutation(scores, opinions, weight, seed, query):
    engine = ScriptedEngine(score=lambda prompt, labels: opinions[: len(labels)])
    asked = request(scores, seed, query)
    ranking = ranker(engine, llm_weight=weight).rank_many([asked])[0]
    assert sorted(one.item.id for one in ranking.order) == sorted(
        item.id for _, item in asked.candidates
    )
    assert all(one.candidate.item == one.item.id for one in ranking.order)
    assert len({one.label for one in ranking.order}) == len(scores)
    final = [one.score for one in ranking.order]
    assert final == sorted(final, reverse=True) and all(math.isfinite(one) for one in final)
    assert math.isclose(sum(math.exp(one.log_prob) for one in ranking.order), 1, rel_tol=1e-4)


def test_one_request_is_one_forward_pass():
    engine = ScriptedEngine()
    ranking = ranker(engine).rank_many([request([0.1] * 50)])[0]
    assert engine.forward_passes == ranking.forward_passes == 1
    assert len(engine.prompts) == 1 and ranking.prompt_tokens == engine.count_tokens(
        engine.prompts[0]
    )


def test_a_batch_is_one_scoring_call():
    engine = ScriptedEngine()
    rankings = ranker(engine).rank_many([request([0.1, 0.2]), request([]), request([0.3] * 7)])
    assert engine.forward_passes == 1
    assert [len(one.order) for one in rankings] == [2, 0, 7]
    assert rankings[1].forward_passes == 0


def test_nothing_to_rank_asks_nobody():
    engine = ScriptedEngine()
    assert ranker(engine).rank_many([]) == []
    assert ranker(engine).rank_many([request([])])[0].order == ()
    assert engine.forward_passes == 0


@pytest.mark.parametrize(("weight", "first"), [(0.0, "i0"), (1.0, "i3")])
def test_the_weight_goes_from_retriever_to_model(weight, first):
    engine = ScriptedEngine(score=liking("thing number 3"))
    ranking = ranker(engine, llm_weight=weight).rank_many([request([0.9, 0.5, 0.4, 0.1])])[0]
    assert ranking.order[0].item.id == first


def test_the_fused_score_by_hand():
    # z([3, 1]) = [1, -1]; z([0, 2]) = [-1, 1]; w = .25 -> .75 - .25, -.75 + .25
    assert fuse([3, 1], [0, 2], 0.25).tolist() == [0.5, -0.5]
    assert standardise([0.1] * 7).tolist() == [0.0] * 7
    assert standardise([]).size == 0


def test_ties_go_to_retrieval_then_id():
    engine = ScriptedEngine(score=lambda prompt, labels: [0.0] * len(labels))
    even = ranker(engine, llm_weight=1.0).rank_many([request([0.1, 0.3, 0.2, 0.3])])[0]
    assert [one.item.id for one in even.order] == ["i1", "i3", "i2", "i0"]


def test_the_place_in_the_prompt_does_not_tell_the_retrieval_rank():
    forward = shuffled(pairs([0.9, 0.8, 0.7, 0.6, 0.5]), seed=4)
    backward = shuffled(tuple(reversed(pairs([0.1, 0.2, 0.3, 0.4, 0.5]))), seed=4)
    assert [item.id for _, item in forward] == [item.id for _, item in backward]
    first = {shuffled(pairs([0.9] + [0.1] * 9), seed=seed)[0][1].id for seed in range(60)}
    assert len(first) == 10


def test_the_same_request_is_ranked_the_same():
    engine = ScriptedEngine()
    one, two = (ranker(engine).rank_many([request([0.3] * 9, seed=7)])[0].order for _ in range(2))
    assert one == two
    other = shuffled(pairs([0.3] * 9), seed=8)
    assert [item.id for _, item in other] != [item.id for _, item in shuffled(pairs([0.3] * 9), 7)]


def test_only_recent_history_is_shown():
    engine = ScriptedEngine()
    past = tuple((HistoryEntry(text=f"entry{n}"), None) for n in range(5_000))
    ranker(engine, history_items=3).rank_many([RankRequest(past, None, pairs([0.1, 0.2]))])
    shown = [line for line in engine.prompts[0].splitlines() if line.startswith("- ")]
    assert shown == ["- entry4997", "- entry4998", "- entry4999"]


def test_too_many_or_twice_is_refused():
    with pytest.raises(HistoryError, match="51 candidates"):
        ranker().rank_many([request([0.1] * 51)])
    twice = pairs([0.1]) * 2
    with pytest.raises(HistoryError, match="'i0' is a candidate twice"):
        ranker().rank_many([RankRequest((), None, twice)])


def test_a_small_context_is_refused_before_anything_runs():
    engine = ScriptedEngine(context_window=60)
    with pytest.raises(ContextOverflow):
        ranker(engine).rank_many([request([0.1] * 20)])
    assert engine.forward_passes == 0


def test_calibration_removes_a_liking_for_letters():
    bias = [3.0, 0.0, 0.0, 0.0]

    def score(prompt, labels):
        content = liking("thing number 2")(prompt, labels) if "thing" in prompt else [0.0] * 4
        return [a + b / 5 for a, b in zip(bias, content, strict=True)]

    engine = ScriptedEngine(score=score, temperature=1.0)
    plain = Ranker(engine, RankingSettings(llm_weight=1.0))
    fair = Ranker(engine, RankingSettings(llm_weight=1.0), calibrate=True)
    asked = [request([0.1] * 4, seed=seed) for seed in range(6)]
    assert {one.order[0].item.id for one in plain.rank_many(asked)} != {"i2"}
    assert {one.order[0].item.id for one in fair.rank_many(asked)} == {"i2"}
    assert {
        round(sum(math.exp(c.log_prob) for c in one.order), 4) for one in fair.rank_many(asked)
    } == {1.0}


def test_the_prior_is_measured_once_for_each_number_of_labels():
    engine = ScriptedEngine()
    prior = LabelPrior(engine)
    even = np.log(np.full(3, 1 / 3, dtype=np.float32))
    for _ in range(3):
        prior.corrected(["A", "B", "C"], even)
    prior.corrected(["A", "B"], even[:2])
    assert engine.forward_passes == 2


def test_several_orders_are_asked_in_one_batch_and_averaged():
    engine = ScriptedEngine(score=lambda prompt, labels: [2.0] + [0.0] * (len(labels) - 1))
    once = ranker(engine, llm_weight=1.0).rank_many([request([0.4, 0.3, 0.2, 0.1])])[0]
    assert len(engine.prompts) == 1
    many = ranker(engine, llm_weight=1.0, permutations=8)
    two = many.rank_many([request([0.4, 0.3, 0.2, 0.1]), request([0.1, 0.2])])
    assert len(engine.prompts) == 1 + 16 and len(set(engine.prompts[1:9])) > 4
    assert engine.prompts[1] == engine.prompts[0]
    # Who likes the first place likes all candidates more alike once they take turns in it.
    spread = [
        max(one) - min(one) for one in ([r.log_prob for r in x.order] for x in (once, two[0]))
    ]
    assert spread[1] < spread[0]
    assert sorted(one.item.id for one in two[0].order) == ["i0", "i1", "i2", "i3"]
    assert two[0].prompt_tokens > 6 * once.prompt_tokens
    assert two[0].forward_passes >= once.forward_passes


def test_an_opinion_about_contents_survives_the_orders():
    engine = ScriptedEngine(score=liking("thing number 2"))
    found = ranker(engine, llm_weight=1.0, permutations=3).rank_many([request([0.4, 0.3, 0.2])])[0]
    assert found.order[0].item.id == "i2"
    alone = ranker(engine, permutations=3).rank_many([request([0.4]), request([])])
    assert [len(one.order) for one in alone] == [1, 0]
