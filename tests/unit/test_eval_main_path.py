"""The main path under evaluation: what its workspace knows, what is cached, what is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifact_cards import make_card
from eval_data import make_folder, make_rows

from llmrec.artifacts import Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.engines import ScriptedEngine
from llmrec.errors import ConfigError, WorkspaceError
from llmrec.eval import EvalData, open_data
from llmrec.eval.data.eval_data import fingerprint
from llmrec.eval.data.items import ItemTable
from llmrec.eval.data.splits import Part
from llmrec.eval.judging.asking import ask
from llmrec.eval.judging.evaluate import JudgingSettings, judge
from llmrec.eval.main_path.cache import AnswerCache, digest_of
from llmrec.eval.main_path.cached_engine import CachedEngine
from llmrec.eval.main_path.cached_retriever import _asked, retrieval_context
from llmrec.eval.main_path.details import as_recommendations, llm_details
from llmrec.eval.main_path.recommenders import (
    open_main_path,
    open_retriever,
    path_settings,
)
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.retrieval import RetrievalRequest, build_index
from llmrec.types import EventKind, Filters, HistoryEntry


@pytest.fixture(autouse=True)
def small_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMREC_MODELS__ENCODER", "hashing")
    monkeypatch.setenv("LLMREC_MODELS__ENGINE", "scripted")
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvalData:
    return open_data(make_folder(tmp_path_factory.mktemp("path") / "shop-data"))


def log_of(shop: Workspace) -> set[tuple[str, str]]:
    with CatalogStore.open(shop.database_url) as store:
        return {(one.user, one.item) for batch in store.iter_events() for one in batch}


def targets(data: EvalData, part: Part) -> set[tuple[str, str]]:
    return {(case.user, one) for case in data.split.cases(part) for one in case.target_ids}


def test_the_workspace_knows_nothing_that_is_asked(data: EvalData, tmp_path: Path) -> None:
    valid = evaluation_shop(data, "valid", folder=tmp_path / "eval")
    train = {(one.user, one.item) for one in data.split.train}
    assert log_of(valid) == train
    test = evaluation_shop(data, "test", folder=tmp_path / "eval")
    assert log_of(test) == train | targets(data, "valid")
    assert not log_of(test) & targets(data, "test")
    # The other part's log is another database of the same folder, and stays as it was.
    assert test.path == valid.path and log_of(valid) == train
    with CatalogStore.open(test.database_url) as store:
        assert store.count_items() == len(data.items)


def test_popularity_and_togetherness_are_counted_from_that_log(
    data: EvalData, tmp_path: Path
) -> None:
    """An item that only validation targets have is popular for the test, and not before."""
    rows = make_rows()
    for row in rows:
        if row["split"] == "valid":
            row["item_id"] = "fresh"
    items = [{"item_id": one["item_id"], "title": "thing"} for one in rows]
    unique = list({item["item_id"]: item for item in items}.values())
    odd = open_data(make_folder(tmp_path / "odd", rows, unique))
    only = {"retrieval": {"weights": {"popular": 1.0, "text": 0, "lexical": 0, "together": 0}}}
    found: dict[Part, list[str]] = {}
    parts: tuple[Part, Part] = ("valid", "test")
    for part in parts:
        shop = evaluation_shop(odd, part, folder=tmp_path / "eval", overrides=only)
        with open_retriever(odd, part, shop, cached=False) as retriever:
            (found[part],) = retriever.recommend_many([[]], k=len(odd.items))
    assert found["test"][0] == "fresh"
    assert found["valid"].index("fresh") > len(odd.items) // 2


def test_a_shops_own_workspace_is_left_alone(data: EvalData, tmp_path: Path) -> None:
    shop = Workspace.init(tmp_path / "shop")
    with CatalogStore.open(shop.database_url) as store:
        store.write_items(data.items.items)
        store.write_events([one for one in data.split.train])
        build_index(shop, store, HashingEncoder())
        before = store.revision()
    with pytest.raises(WorkspaceError, match="own workspace; its log may hold the answers"):
        evaluation_shop(data, "test", folder=shop.path)
    (shop.path / "llmrec.toml").write_text("version = 1\n[retrieval]\ncandidates = 7\n")
    opened = open_data(shop.path)
    own = evaluation_shop(opened, "test")
    assert own.settings.retrieval.candidates == 7 and own.path != shop.path
    assert own.chroma_dir.is_dir()
    assert log_of(own).isdisjoint(targets(opened, "test"))
    with CatalogStore.open(shop.database_url) as store:
        assert store.revision() == before
    with open_retriever(opened, "test", own) as retriever:
        (answer,) = retriever.recommend_many([opened.split.test[0].history], k=5)
    assert len(answer) == 5


def test_a_folder_of_other_data_is_refused(data: EvalData, tmp_path: Path) -> None:
    evaluation_shop(data, "test", folder=tmp_path / "eval")
    with pytest.raises(WorkspaceError, match="was made for evaluating 'shop-data'"):
        evaluation_shop(replace(data, sha256="0" * 64), "test", folder=tmp_path / "eval")


ASKED = {"ranking": {"llm_weight": 0.2}}


@pytest.fixture
def shop(data: EvalData, tmp_path: Path) -> Iterator[Workspace]:
    yield evaluation_shop(data, "test", folder=tmp_path / "eval", overrides=ASKED)


def test_a_second_run_with_another_weight_does_not_call_the_model(
    data: EvalData, shop: Workspace
) -> None:
    engine, cases = ScriptedEngine(), data.split.test
    with open_main_path(data, "test", shop, engine=engine) as path:
        first = ask(path, cases, 20, history="events")
        assert path.cache is not None and not path.cache.used()
    asked, passes = len(engine.prompts), engine.forward_passes
    assert passes > 0
    heavier = shop.settings.ranking.model_copy(update={"llm_weight": 1.0})
    other = Workspace(shop.path, shop.settings.model_copy(update={"ranking": heavier}))
    with open_main_path(data, "test", other, engine=engine) as path:
        second = ask(path, cases, 5, history="events")
        assert path.cache is not None and path.cache.used()
    assert (len(engine.prompts), engine.forward_passes) == (asked, passes)
    assert [one.ids[:5] for one in first] != [one.ids for one in second]
    for one, two in zip(first, second, strict=True):
        assert one.llm and two.llm
        assert one.llm["log_probs"] == two.llm["log_probs"]
        assert one.llm["candidates"] == two.llm["candidates"]
    with open_main_path(data, "test", shop, engine=engine, cached=False) as path:
        again = ask(path, cases, 20, history="events")
    assert engine.forward_passes > passes
    assert [one.ids for one in again] == [one.ids for one in first]


def test_what_changes_a_score_changes_the_key(tmp_path: Path, tiny_model: Path) -> None:
    cache = AnswerCache(tmp_path / "cache.db")
    engine = ScriptedEngine()

    def calls(cached: CachedEngine, prompt: str, labels: list[str]) -> int:
        before = len(engine.prompts)
        (scores,) = cached.score_labels([prompt], [labels])
        assert np.exp(scores).sum() == pytest.approx(1) and scores.dtype == np.float32
        return len(engine.prompts) - before

    one = CachedEngine(engine, cache)
    assert calls(one, "(A) tea\n(", ["A", "B"]) == 1
    assert calls(one, "(A) tea\n(", ["A", "B"]) == 0
    assert calls(one, "(A) mug\n(", ["A", "B"]) == 1
    assert calls(one, "(A) tea\n(", ["A", "C"]) == 1
    weighed = CachedEngine(engine, cache, weights=tiny_model)
    assert calls(weighed, "(A) tea\n(", ["A", "B"]) == 1
    assert calls(CachedEngine(engine, cache, weights=tiny_model), "(A) tea\n(", ["A", "B"]) == 0
    cache.close()
    (tmp_path / "bad.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(WorkspaceError, match="cannot be used"):
        AnswerCache(tmp_path / "bad.db")


@pytest.mark.parametrize(
    "other",
    [
        {"query": "Wasserkocher"},
        {"query": "茶壶"},
        {"subject": ("kettle",)},
        {"recipient": "my sister"},
        {"thing": "Lampe"},
        {"filters": Filters(in_stock=True)},
        {"now": datetime(2026, 1, 1, tzinfo=timezone.utc)},
        {"history": (HistoryEntry(item="a"), HistoryEntry(item="b"))},
        {"history": (HistoryEntry(item="a", kind=EventKind.VIEW),)},
    ],
)
def test_every_part_of_a_request_counts_in_the_key(other: dict[str, Any]) -> None:
    plain = RetrievalRequest((HistoryEntry(item="a"),))
    assert len(fields(plain)) == 7, "a new field: name it among the cases above"
    keys = {digest_of(*_asked(one)) for one in (plain, replace(plain, **other))}
    assert len(keys) == 2


@pytest.mark.parametrize(
    "field", [{"stock": 0}, {"added_at": datetime(2026, 1, 1, tzinfo=timezone.utc)}, {"stock": 3}]
)
def test_what_retrieval_reads_of_an_item_counts_in_the_hash(
    data: EvalData, field: dict[str, Any]
) -> None:
    first, *others = data.items.items
    changed = ItemTable.of([replace(first, **field), *others])
    assert fingerprint(data.split, changed) != data.sha256 == fingerprint(data.split, data.items)


def test_a_plan_knows_the_adapters_files_and_prompt(tmp_path: Path) -> None:
    """The name of a folder stays when it is trained anew: a resumed run would mix the two."""
    source = open_data(make_folder(tmp_path / "shop-data"))
    home = Workspace.init(tmp_path / "home")
    folder = home.models_dir / "mine"
    folder.mkdir(parents=True)
    data = replace(source, shop=home.path)
    overrides = {"ranking": {"adapter": "mine", "llm_weight": 0.2}}
    plans = []
    for weights in (b"before", b"after"):
        (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
        (folder / "adapter_model.safetensors").write_bytes(weights)
        shop = evaluation_shop(data, "test", folder=tmp_path / "eval", overrides=overrides)
        plans.append(path_settings(data, shop, llm=True)["ranking"])
    assert plans[0] != plans[1] and plans[0]["adapter"] == plans[1]["adapter"] == "mine"
    assert plans[0]["share"] == 0.2 and plans[0]["prompt"].startswith("rank.")
    with open_main_path(data, "test", shop, cached=False) as path:
        assert "learned from the answers" in path.notes[0]
    with open_main_path(source, "test", evaluation_shop(source, "test"), cached=False) as path:
        assert not path.notes


def promote_ranker(workspace: Workspace) -> None:
    def fill(folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}", encoding="utf-8")

    store = Artifacts(workspace.models_dir)
    store.promote("ranker", store.publish("ranker", fill, make_card("ranker")).version)


def test_a_ranker_is_taken_from_the_evaluations_own_workspace_or_by_name(tmp_path: Path) -> None:
    """What serves in the shop has learned from the answers: only who names it gets it."""
    source = open_data(make_folder(tmp_path / "shop-data"))
    home = Workspace.init(tmp_path / "home")
    data = replace(source, shop=home.path)
    promote_ranker(home)
    shop = evaluation_shop(data, "test", folder=tmp_path / "eval", overrides=ASKED)
    assert path_settings(data, shop, llm=True)["ranking"]["adapter"] is None
    named = evaluation_shop(
        data,
        "test",
        folder=tmp_path / "eval",
        overrides={"ranking": {"adapter": "ranker/0001", "llm_weight": 0.2}},
    )
    promoted = shop
    for asked in (named, promoted):
        if asked is promoted:
            promote_ranker(shop)
        assert path_settings(data, asked, llm=True)["ranking"]["adapter"] == "ranker/0001"
        with open_main_path(data, "test", asked, cached=False) as path:
            history = list(data.split.test[0].history)
            assert path.recommend_many([history], k=5)[0].trace.adapter == "ranker/0001"


def test_an_adapter_counts_by_its_files(
    tmp_path: Path, tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    from llmrec.engines import load_engine

    engine = load_engine("transformers", str(tiny_model))
    cache = AnswerCache(tmp_path / "cache.db")
    cached = CachedEngine(engine, cache, weights=tiny_model)
    prompt, labels = "Answer: (", ["A", "B", "C"]

    def scored() -> list[float]:
        return [float(x) for x in cached.score_labels([prompt], [labels], adapters=["x"])[0]]

    cached.load_adapter("x", tiny_adapters[0])
    first = scored()
    assert scored() == first and cache.hits == 1
    cached.load_adapter("x", tiny_adapters[1])
    assert scored() != first and cache.hits == 1
    (plain,) = cached.score_labels([prompt], [labels])
    (direct,) = engine.score_labels([prompt], [labels])
    np.testing.assert_array_equal(plain, direct)
    cache.close()
    engine.close()


def test_more_than_the_model_ranks_is_not_asked_of_it(data: EvalData, shop: Workspace) -> None:
    with (
        open_main_path(data, "test", shop, engine=ScriptedEngine()) as path,
        pytest.raises(ConfigError, match="Lists of 21 were asked for, but the model ranks 20"),
    ):
        path.recommend_many([["i001"]], k=21)


def test_details_tell_lift_and_words(data: EvalData, shop: Workspace) -> None:
    cases = data.split.test
    with open_main_path(data, "test", shop, engine=ScriptedEngine()) as path:
        answers = ask(path, cases, 20, history="events")
        outcome = judge(data.split, cases, answers, items=data.items)
        found = llm_details(path, outcome, words=2)
    assert json.loads(json.dumps(found)) == found
    assert found["lift"]["users"] == len(cases)
    assert found["llm_weight"] == 0.2
    assert found["words"]["reasons"]["texts"] > 0
    assert found["prompt_tokens"] > 50 and found["degraded"] == 0


def test_what_would_not_serve_is_not_asked(data: EvalData, tmp_path: Path) -> None:
    shop = evaluation_shop(data, "test", folder=tmp_path / "eval")
    engine, cases = ScriptedEngine(), data.split.test[:4]
    with open_main_path(data, "test", shop, engine=engine) as path:
        answers = ask(path, cases, 5, history="events")
        outcome = judge(data.split, cases, answers, JudgingSettings(ks=(5,)), items=data.items)
        found = llm_details(path, outcome)
    assert engine.forward_passes == 0 and "lift" not in found
    assert found["llm_weight"] == 0 and found["prompt_tokens"] == 0


def test_answers_come_back_from_disk_as_recommendations(data: EvalData, shop: Workspace) -> None:
    with open_main_path(data, "test", shop, engine=ScriptedEngine()) as path:
        case = data.split.test[0]
        (whole,) = path.recommend_many([case.history], k=10)
        (answer,) = ask(path, [case], 10, history="events")
    back = as_recommendations(answer)
    before = {one.id: one.scores for one in whole.considered}
    assert {one.id for one in back.considered} == set(before)
    for one in back.considered:
        assert one.scores["llm"] == before[one.id]["llm"]
        assert one.scores["retrieval"] == before[one.id]["retrieval"]


def test_what_was_learned_serves_one_part_only_and_counts_in_the_cache(
    data: EvalData, tmp_path: Path
) -> None:
    """An encoder for the test may have learned what validation asks."""
    valid, test = (evaluation_shop(data, part, folder=tmp_path / "e") for part in ("valid", "test"))
    before = {one.part: retrieval_context(one, "encoder", "data", "part") for one in (valid, test)}
    assert before["valid"] == before["test"]
    artifacts = Artifacts(test.models_dir)
    made = artifacts.publish("fusion", lambda folder: None, make_card("fusion"))
    artifacts.promote("fusion", made.version)
    assert Artifacts(valid.models_dir).current("fusion") is None
    assert retrieval_context(valid, "encoder", "data", "part") == before["valid"]
    assert retrieval_context(test, "encoder", "data", "part") != before["test"]
    assert path_settings(data, test, llm=False)["learned"] == {"fusion": "0001"}
    assert "learned" not in path_settings(data, valid, llm=False)
