"""The main path on the demo store with vLLM: the ranking that transformers gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmrec import Recommender, Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.config import EngineSettings
from llmrec.demo import events_file, featured_shoppers, items_files
from llmrec.embedding import load_encoder
from llmrec.engines import Engine, load_engine
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, smollm2: Path, minilm: Path) -> Workspace:
    workspace = Workspace.init(tmp_path_factory.mktemp("demo") / "shop")
    ingest_items(workspace, items_files())
    ingest_events(workspace, [events_file()])
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, load_encoder(workspace.settings.models.encoder))
    return workspace


@pytest.fixture(scope="module")
def shop(workspace: Workspace, smollm2_engine: Engine) -> Iterator[Recommender]:
    # Quoted words, which ship, ask no model.
    overrides = {"explain": {"words": "model"}, "ranking": {"llm_weight": 0.2}}
    asked = Workspace.open(workspace.path, overrides=overrides)
    with Recommender.open(asked, engine=smollm2_engine) as recommender:
        yield recommender


@pytest.fixture(scope="module")
def plain_shop(workspace: Workspace) -> Iterator[Recommender]:
    settings = EngineSettings(device="cpu", precision="fp32", context=2048)
    engine = load_engine("transformers", "smollm2-135m-instruct", settings)
    asked = Workspace.open(workspace.path, overrides={"ranking": {"llm_weight": 0.2}})
    with Recommender.open(asked, engine=engine) as recommender:
        yield recommender
    engine.close()


def test_rankings_are_those_of_transformers(shop: Recommender, plain_shop: Recommender) -> None:
    histories = [shop.history_of(user) for user in featured_shoppers()]
    found = shop.recommend_many(histories, k=20, explain=False)
    expected = plain_shop.recommend_many(histories, k=20, explain=False)
    for one, other in zip(found, expected, strict=True):
        assert one.ids == other.ids
        assert len(one) == 20
        scores = [item.scores["llm"] for item in one], [item.scores["llm"] for item in other]
        assert scores[0] == pytest.approx(scores[1], abs=1e-3)


def test_reasons_and_descriptions_are_written_and_checked(shop: Recommender) -> None:
    answer = shop.recommend(user=featured_shoppers()[0], k=3, describe=1)
    assert len(answer) == 3
    assert answer.trace.model == "smollm2-135m-instruct"
    assert answer.trace.forward_passes == 20  # a server counts each candidate's prompt
    assert not answer.trace.degraded
    assert answer[0].description
    reasons = [one.reason for one in answer if one.reason]
    assert reasons and all(one.text and one.evidence for one in reasons)


def test_the_same_request_again_is_read_from_the_cache(
    shop: Recommender, smollm2_engine: Engine
) -> None:
    counts, user = smollm2_engine.counts, featured_shoppers()[1]
    shop.recommend(user=user, k=5, explain=False, query="a quiet present")
    prompt, cached = counts.prompt_tokens, counts.cached_tokens
    shop.recommend(user=user, k=5, explain=False, query="a quiet present")
    assert counts.cached_tokens - cached > 0.9 * (counts.prompt_tokens - prompt)
