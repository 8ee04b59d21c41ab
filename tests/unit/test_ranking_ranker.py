"""Ranking: each candidate apart, a permutation of them, beside the retriever, only if it pays."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from artifact_cards import make_card
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrec.artifacts import Artifacts, Figure
from llmrec.config import RankingSettings
from llmrec.engines import Engine, ScriptedEngine
from llmrec.errors import AdapterMismatch, ContextOverflow, HistoryError, ModelError
from llmrec.prompting import rank_prompt_version
from llmrec.ranking import LIFT, Ranker, Ranking, RankRequest, ShareOf, fuse, standardise
from llmrec.types import Candidate, HistoryEntry, Item, SourceHit

Pairs = tuple[tuple[Candidate, Item], ...]


def pairs(scores: Sequence[float]) -> Pairs:
    return tuple(
        (
            Candidate(f"i{n}", score, {"text": SourceHit(n + 1, score)}),
            Item(f"i{n}", f"thing number {n}"),
        )
        for n, score in enumerate(scores)
    )


def request(scores: Sequence[float], query: str | None = None) -> RankRequest:
    return RankRequest(((HistoryEntry(text="a thing"), None),), query, pairs(scores))


def ranker(engine: Engine | None = None, llm_weight: float = 0.2, **values: object) -> Ranker:
    used = engine or ScriptedEngine()
    return Ranker(lambda: used, RankingSettings(llm_weight=llm_weight, **values))


def liking(title: str) -> Callable[[str, Sequence[str]], list[float]]:
    """A score function that says yes to one product."""
    return lambda prompt, labels: [5.0 * (f"Product: {title}\n" in prompt), 0.0]


@given(
    scores=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    opinions=st.lists(st.floats(-50, 50), min_size=60, max_size=60),
    weight=st.floats(1e-6, 1),
    query=st.none() | st.text(max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_the_order_is_a_permutation(
    scores: list[float], opinions: list[float], weight: float, query: str | None
) -> None:
    def score(prompt: str, labels: Sequence[str]) -> list[float]:
        return [opinions[hash(prompt) % 60], 0.0]

    asked = request(scores, query)
    ranking = ranker(ScriptedEngine(score=score), weight).rank_many([asked])[0]
    ids = sorted(row.item.id for row in ranking.order)
    assert ids == sorted(item.id for _, item in asked.candidates)
    assert all(row.candidate.item == row.item.id for row in ranking.order)
    final = [row.score for row in ranking.order]
    assert final == sorted(final, reverse=True) and all(map(math.isfinite, final))


def test_log_odds_are_those_of_yes_over_no() -> None:
    engine = ScriptedEngine(score=liking("thing number 1"), temperature=1.0)
    (ranking,) = ranker(engine, 1.0).rank_many([request([0.3, 0.2, 0.1])])
    odds = {row.item.id: row.log_odds for row in ranking.order}
    assert odds == pytest.approx({"i0": 0.0, "i1": 5.0, "i2": 0.0}, abs=1e-5)


def test_a_request_is_one_scoring_call_of_a_prompt_for_each_candidate() -> None:
    engine = ScriptedEngine()
    ranking = ranker(engine).rank_many([request([0.1] * 50)])[0]
    assert engine.forward_passes == ranking.forward_passes == 1
    assert len(engine.prompts) == 50
    head = engine.prompts[0][: engine.prompts[0].index("Product: ")]
    assert all(prompt.startswith(head) for prompt in engine.prompts)
    assert not any("thing number" in prompt[len(head) + 20 :] for prompt in engine.prompts)
    whole = sum(map(engine.count_tokens, engine.prompts))
    assert ranking.prompt_tokens == whole - 49 * engine.count_tokens(head)


def test_a_batch_is_one_scoring_call() -> None:
    engine = ScriptedEngine()
    rankings = ranker(engine).rank_many([request([0.1, 0.2]), request([]), request([0.3] * 7)])
    assert engine.forward_passes == 1
    assert [len(ranking.order) for ranking in rankings] == [2, 0, 7]
    assert rankings[1].forward_passes == rankings[1].prompt_tokens == 0


def test_nothing_to_rank_asks_nobody() -> None:
    engine = ScriptedEngine()
    assert ranker(engine).rank_many([]) == []
    assert ranker(engine).rank_many([request([])])[0].order == ()
    assert engine.forward_passes == 0


def test_any_order_is_any_other_order_exactly() -> None:
    candidates = list(pairs([0.1 * n for n in range(20)]))
    engine, found = ScriptedEngine(), []
    for seed in range(5):
        random.Random(seed).shuffle(candidates)
        found += ranker(engine).rank_many([RankRequest((), "number 7", tuple(candidates))])
    assert all(ranking.order == found[0].order for ranking in found)


def test_what_else_is_on_the_list_changes_no_opinion() -> None:
    def odds(ranking: Ranking) -> dict[str, float]:
        return {row.item.id: row.log_odds for row in ranking.order}

    huge = Item("huge", "a very long name indeed " * 40, brand="of many " * 9)
    few = request([0.1, 0.2, 0.3], "number 2")
    many = RankRequest(few.history, few.query, (*few.candidates, (Candidate("huge", 0, {}), huge)))
    alone, beside = ranker().rank_many([few, many])
    assert odds(alone) == {id: value for id, value in odds(beside).items() if id != "huge"}


@pytest.mark.parametrize(("weight", "first"), [(0.01, "i0"), (1.0, "i3")])
def test_the_weight_goes_from_retriever_to_model(weight: float, first: str) -> None:
    engine = ScriptedEngine(score=liking("thing number 3"))
    ranking = ranker(engine, weight).rank_many([request([0.9, 0.5, 0.4, 0.1])])[0]
    assert ranking.order[0].item.id == first


def test_the_fused_score_by_hand() -> None:
    # z([3, 1]) = [1, -1]; [0, 2] - 1 = [-1, 1]; w = .25 -> .75 - .25, -.75 + .25
    assert fuse([3, 1], [0, 2], 0.25).tolist() == [0.5, -0.5]
    assert standardise([0.1] * 7).tolist() == [0.0] * 7
    assert standardise([]).size == 0


def test_ties_go_to_retrieval_then_id() -> None:
    engine = ScriptedEngine(score=lambda prompt, labels: [0.0] * len(labels))
    even = ranker(engine, 1.0).rank_many([request([0.1, 0.3, 0.2, 0.3])])[0]
    assert [row.item.id for row in even.order] == ["i1", "i3", "i2", "i0"]


def test_only_recent_history_is_shown() -> None:
    engine = ScriptedEngine()
    past = tuple((HistoryEntry(text=f"entry{n}"), None) for n in range(5_000))
    ranker(engine, history_items=3).rank_many([RankRequest(past, None, pairs([0.1, 0.2]))])
    shown = [line for line in engine.prompts[0].splitlines() if line.startswith("- ")]
    assert shown == ["- entry4997", "- entry4998", "- entry4999"]


def test_an_item_twice_is_refused() -> None:
    with pytest.raises(HistoryError, match="'i0' is a candidate twice"):
        ranker().rank_many([RankRequest((), None, pairs([0.1]) * 2)])


def test_a_small_context_is_refused_before_anything_runs() -> None:
    engine = ScriptedEngine(context_window=100)
    with pytest.raises(ContextOverflow):
        ranker(engine).rank_many([request([0.1] * 20)])
    assert engine.forward_passes == 0


def never() -> Engine:
    raise AssertionError("the language model is not to be loaded")


def unasked(**values: object) -> str | None:
    model = Ranker(never, RankingSettings(**values))
    model.prepare([request([0.1, 0.2])])
    (ranking,) = model.rank_many([request([0.1, 0.2])])
    assert ranking.order == ()
    return ranking.unasked


def test_without_a_share_no_model_is_even_loaded() -> None:
    assert unasked() == "no ranking adapter has shown a lift here"
    assert unasked(llm_weight=0) == "ranking.llm_weight is 0"


def promoted(
    models: Path, low: float, weight: float | None = 0.4, prompt: str | None = None
) -> str:
    """A version that serves, whose lift's interval begins at ``low``."""

    def fill(folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}")

    lift = {LIFT: Figure(mean=low + 0.01, low=low, high=low + 0.02, n=900)}
    extra = {"llm_weight": weight, "prompt": prompt or rank_prompt_version()}
    store = Artifacts(models)
    made = store.publish("ranker", fill, make_card("ranker", metrics=lift, extra=extra))
    return store.promote("ranker", made.version).name


def test_an_adapter_that_has_shown_a_lift_serves_with_its_weight(tmp_path: Path) -> None:
    share = ShareOf(tmp_path, RankingSettings())
    assert (share().weight, share().reason) == (0, "no ranking adapter has shown a lift here")
    promoted(tmp_path, 0.001)
    assert share().weight == 0.4
    promoted(tmp_path, -0.001)
    assert share().reason == "no ranking adapter has shown a lift here"
    assert ShareOf(tmp_path, RankingSettings(adapter="ranker/0001"))().weight == 0.4
    assert ShareOf(tmp_path, RankingSettings(llm_weight=0.7))().weight == 0.7
    assert ShareOf(tmp_path, RankingSettings(adapter="none"))().weight == 0
    promoted(tmp_path, 0.001, weight=0.0)
    assert share().weight == 0


def test_who_has_learned_from_histories_is_not_asked_about_words(tmp_path: Path) -> None:
    promoted(tmp_path, 0.001)
    engine, share = ScriptedEngine(), ShareOf(tmp_path, RankingSettings())
    model = Ranker(lambda: engine, RankingSettings(), share=share)
    told, worded = model.rank_many([request([0.1, 0.2]), request([0.1, 0.2], "tea")])
    assert told.unasked is None and len(told.order) == len(engine.prompts) == 2
    assert worded.order == () and worded.unasked == (
        "no ranking adapter has shown a lift here for requests in words"
    )
    by_hand = ShareOf(tmp_path, RankingSettings(llm_weight=0.2))
    (ranking,) = Ranker(lambda: engine, RankingSettings(), share=by_hand).rank_many(
        [request([0.1, 0.2], "tea")]
    )
    assert ranking.unasked is None


def test_an_adapter_of_another_prompt_is_refused(tmp_path: Path) -> None:
    promoted(tmp_path, 0.001, prompt="rank.v1-9e3f5a00")
    share = ShareOf(tmp_path, RankingSettings())()
    assert share.weight == 0 and "was trained for the prompt rank.v1-9e3f5a00" in share.reason
    with pytest.raises(AdapterMismatch, match=r"prompt rank\.v1-9e3f5a00") as told:
        ShareOf(tmp_path, RankingSettings(llm_weight=0.2))()
    assert "llmrec train ranker" in told.value.hint
    assert ShareOf(tmp_path, RankingSettings(llm_weight=0.2, adapter="none"))().weight == 0.2


def test_an_adapter_that_is_not_there_is_told(tmp_path: Path) -> None:
    for name in ("nobody", "ranker/0042"):
        with pytest.raises(ModelError, match=name.rpartition("/")[2]):
            ShareOf(tmp_path, RankingSettings(adapter=name))()


def test_settings_that_mean_nothing_any_more_are_told_and_ignored() -> None:
    with pytest.warns(FutureWarning, match=r"ranking\.permutations is ignored"):
        assert RankingSettings(permutations=4) == RankingSettings()
