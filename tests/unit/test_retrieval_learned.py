"""Learned fusion: what its weights do, that it serves once promoted, and what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from artifact_cards import make_card
from retrieval_shop import make_events, make_items, make_shop

from llmrec.artifacts import Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.errors import ModelError, WorkspaceError
from llmrec.retrieval import RetrievalRequest, RetrievalResult, Retriever, build_index
from llmrec.retrieval.fusion import fuse
from llmrec.retrieval.learned import (
    FEATURES,
    FUSION_NAME,
    FusionWeights,
    LearnedBlend,
    features,
    load_fusion,
    save_fusion,
)
from llmrec.retrieval.sources.base import Hits
from llmrec.types import Filters, HistoryEntry

TEXT = HashingEncoder()
ITEMS = make_items(80)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    shop = make_shop(tmp_path / "shop", ITEMS, make_events(ITEMS, users=40))
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, TEXT)
    return shop


def promote(shop: Workspace, fill: Callable[[Path], None]) -> None:
    artifacts = Artifacts(shop.models_dir)
    artifacts.promote("fusion", artifacts.publish("fusion", fill, make_card("fusion")).version)


def only(source: str) -> FusionWeights:
    others = ("text", "lexical", "together", "next", "popular", "new")
    weights = {name: {"rank": 1.0 if name == source else 0.0} for name in others}
    return FusionWeights(depth=100, weights=weights)


def request(**rest: object) -> RetrievalRequest:
    return RetrievalRequest((HistoryEntry(item="i0001"), HistoryEntry(item="i0005")), **rest)  # type: ignore[arg-type]


def asked(answer: RetrievalResult) -> set[str]:
    return set(answer.by_source) - {"query", "titled", "named"}  # say nothing without words


def hits(rows: list[int], scores: list[float]) -> Hits:
    return Hits(np.array(rows, np.int64), np.array(scores, np.float32))


def test_features_fall_with_the_rank_and_end_at_the_depth() -> None:
    table = features(hits([4, 2, 9, 1], [5.0, 3.0, 1.0, 0.0]), 3)
    spread = np.std([5.0, 3.0, 1.0])
    column = dict(zip(FEATURES, table.T, strict=True))
    np.testing.assert_allclose(column["first"], [1, 2 / 3, 1 / 2, 0])
    np.testing.assert_allclose(column["rank"], [1, 61 / 62, 61 / 63, 0])
    np.testing.assert_allclose(column["score"], [4 / spread, 2 / spread, 0, 0])
    assert not features(hits([], []), 3).size
    assert not features(hits([1, 2], [7.0, 7.0]), 3)[:, FEATURES.index("score")].any()


def test_scores_are_the_sum_of_what_sources_say() -> None:
    weights = FusionWeights(depth=10, weights={"x": {"first": 3.0}, "y": {"first": 1.0}})
    found = {"x": hits([0, 1], [2, 1]), "y": hits([1, 2], [2, 1])}
    fused = fuse(found, LearnedBlend(weights, {}), ["a", "b", "c"], n=3)
    assert [(one.item, round(one.score, 4)) for one in fused] == [("a", 3), ("b", 3), ("c", 0.6667)]
    assert {name: hit.rank for name, hit in fused[1].sources.items()} == {"x": 2, "y": 1}


def test_a_source_that_was_not_fitted_keeps_its_ratio_to_those_that_were() -> None:
    weights = FusionWeights(depth=10, weights={"x": {"first": 3.0}, "gone": {"score": 0.5}})
    blend = LearnedBlend(weights, {"x": 1.0, "gone": 1.0, "fresh": 0.5, "off": 0.0})
    assert blend.uses("fresh") and not blend.uses("off") and not blend.uses("stranger")
    # 3 + 0.5 * 2 is what the two fitted ones are worth, for 2 by hand.
    assert blend.parts("fresh", hits([1], [1.0])).tolist() == [1.0]


def test_it_serves_once_promoted_and_no_more_when_taken_back(shop: Workspace) -> None:
    with Retriever.open(shop, encoder=TEXT) as retriever:
        before = retriever.retrieve(request(), 10)
        promote(shop, lambda folder: save_fusion(only("next"), folder))
        learned = retriever.retrieve(request(), 10)
        assert asked(learned) == {"next"} and len(learned.candidates) == 10
        assert learned.candidates[0].score == 1.0
        promote(shop, lambda folder: save_fusion(only("text"), folder))
        assert asked(retriever.retrieve(request(), 10)) == {"text"}
        artifacts = Artifacts(shop.models_dir)
        artifacts.rollback("fusion")
        artifacts.rollback("fusion")
        assert retriever.retrieve(request(), 10) == before


def test_filters_hold_and_the_answer_is_full(shop: Workspace) -> None:
    promote(shop, lambda folder: save_fusion(only("next"), folder))
    brands = {item.id: item.brand for item in ITEMS}
    with Retriever.open(shop, encoder=TEXT) as retriever:
        answer = retriever.retrieve(request(filters=Filters(brands=("Acme",))), 80)
    assert len(answer.candidates) == answer.matching > 0
    assert {brands[candidate.item] for candidate in answer.candidates} == {"Acme"}


def test_words_and_strangers_get_what_was_set_by_hand(shop: Workspace) -> None:
    promote(shop, lambda folder: save_fusion(only("next"), folder))
    with Retriever.open(shop, encoder=TEXT) as retriever:
        assert {"query", "popular"} <= set(
            retriever.retrieve(request(query="red lamp"), 5).by_source
        )
        # Also words that the encoder cannot read.
        assert "lexical" in retriever.retrieve(request(query="台灯"), 5).by_source
        assert "popular" in retriever.retrieve(RetrievalRequest(), 5).by_source


@pytest.mark.parametrize("how", ["file", "flag", "variable"])
def test_weights_set_by_hand_go_over_what_was_learned(
    shop: Workspace, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(shop, lambda folder: save_fusion(only("next"), folder))
    flags = None
    if how == "file":
        with (shop.path / "llmrec.toml").open("a") as file:
            file.write("[retrieval.weights]\ntext = 1.0\nnext = 0\n")
    elif how == "flag":
        flags = {"retrieval": {"weights": {"text": 1.0}}}
    else:
        monkeypatch.setenv("LLMREC_RETRIEVAL__WEIGHTS", '{"text": 1.0}')
    mine = Workspace.open(shop.path, overrides=flags)
    assert mine.settings.retrieval.weights_by_hand and not shop.settings.retrieval.weights_by_hand
    with Retriever.open(mine, encoder=TEXT) as retriever:
        assert set(retriever.retrieve(request(), 5).by_source) == {"text"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "fusion.json is missing"),
        ("{", "cannot be read"),
        ('{"format": 1, "depth": 100, "weights": {"text": {"rank": -1}}}', "weights.text.rank"),
        ('{"format": 1, "depth": 100, "weights": {"text": {"colour": 1}}}', "weights.text.colour"),
        ('{"peft_type": "LORA"}', "depth"),
    ],
)
def test_what_is_damaged_or_foreign_is_said(shop: Workspace, text: str | None, words: str) -> None:
    def fill(folder: Path) -> None:
        if text is not None:
            (folder / FUSION_NAME).write_text(text, encoding="utf-8")

    promote(shop, fill)
    with pytest.raises(ModelError, match=words) as error:
        Retriever.open(shop, encoder=TEXT)
    assert "llmrec models rollback fusion" in error.value.hint


def test_one_of_a_newer_llmrec_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / FUSION_NAME).write_text('{"format": 2}', encoding="utf-8")
    with pytest.raises(WorkspaceError, match="newer llmrec"):
        load_fusion(tmp_path)
