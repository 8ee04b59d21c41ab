"""Each source against its definition, worked out by brute force or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from retrieval_shop import START, make_events, make_items, make_shop

from llmrec.catalog.item_text import item_text
from llmrec.catalog.store import CatalogStore
from llmrec.catalog.tokens import tokens
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.retrieval import build_index
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.events import KIND_WEIGHT, EventTable
from llmrec.retrieval.fusion import ReciprocalRanks, fuse
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.retrieval.sources.base import Context, Hits, Liked, best
from llmrec.retrieval.sources.lexical import LexicalSource
from llmrec.retrieval.sources.new import NewSource
from llmrec.retrieval.sources.popular import PopularSource
from llmrec.retrieval.sources.together import TogetherSource
from llmrec.retrieval.taste import taste_entries, taste_vector
from llmrec.retrieval.vectors import VectorSearch
from llmrec.types import Event, EventKind, HistoryEntry, Item

ITEMS = make_items(60)
EVENTS = make_events(ITEMS, users=50)
ROW = {item.id: row for row, item in enumerate(ITEMS)}
DAY = timedelta(days=1)


def context(allowed: Sequence[int] | None = None, **rest: object) -> Context:
    mask = np.ones(len(ITEMS), bool)
    if allowed is not None:
        mask[:] = False
        mask[list(allowed)] = True
    return Context(allowed=mask, **rest)  # type: ignore[arg-type]


def table(path: Path, events: Sequence[Event]) -> EventTable:
    shop = make_shop(path / "shop", ITEMS, events)
    with CatalogStore.open(shop.database_url) as store:
        return EventTable.load(store, shop.cache_dir, "key")


@given(
    scores=hnp.arrays(np.float32, st.integers(0, 40), elements=st.integers(0, 6)),
    depth=st.integers(1, 50),
)
def test_best_is_the_head_of_a_stable_sort(scores: np.ndarray, depth: int) -> None:
    rows = np.arange(len(scores), dtype=np.int64) * 3
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:depth]
    hits = best(rows, scores, depth)
    assert hits.rows.tolist() == [place * 3 for place in expected]
    assert hits.scores.tolist() == [scores[place] for place in expected]


def test_together_is_its_formula(tmp_path: Path) -> None:
    log = table(tmp_path, EVENTS)
    half_life = 50.0
    users = sorted({event.user for event in EVENTS})
    newest = max(event.at for event in EVENTS if event.at)
    chosen = np.zeros((len(users), len(ITEMS)))
    for event in EVENTS:
        assert event.at
        decay = max(0.5 ** ((newest - event.at) / DAY / half_life), 0.1)
        chosen[users.index(event.user), ROW[event.item]] += KIND_WEIGHT[event.kind] * decay
    chosen = np.minimum(chosen, 1)
    per_user = chosen.sum(axis=1)
    per_user[per_user == 0] = 1
    pairs = (chosen.T / np.sqrt(per_user)) @ chosen
    norms = np.sqrt(np.diag(pairs))
    norms[norms == 0] = 1
    similarity = pairs / np.sqrt(np.outer(norms, norms))
    np.fill_diagonal(similarity, 0)
    expected = similarity[4] * 1.0 + similarity[9] * 0.5
    source = TogetherSource(log, ROW, half_life)
    liked = (Liked(4, 1.0), Liked(-1, 0.8), Liked(9, 0.5))
    hits = source.top(context(liked=liked), 60)
    assert len(hits.rows) == (expected > 0).sum()
    np.testing.assert_allclose(hits.scores, expected[hits.rows], rtol=1e-4)
    assert hits.rows[0] == expected.argmax()


def test_together_filters_before_its_top(tmp_path: Path) -> None:
    source = TogetherSource(table(tmp_path, EVENTS), ROW, 90)
    liked = (Liked(4, 1.0), Liked(9, 0.5))
    everything = source.top(context(liked=liked), 60).rows.tolist()
    last = everything[-3:]
    assert source.top(context(last, liked=liked), 2).rows.tolist() == last[:2]


def test_popular_ranks_by_decayed_counts_and_fills_with_the_newest(tmp_path: Path) -> None:
    # One fresh purchase outweighs three of two half-lives ago; a dislike counts nothing.
    events = [
        Event("a", "i0001", at=START + 60 * DAY),
        *(Event(user, "i0002", at=START) for user in "abc"),
        Event("a", "i0003", EventKind.DISLIKE, at=START + 60 * DAY),
        Event("a", "gone", at=START + 60 * DAY),
    ]
    added = np.full(60, np.nan)
    added[[7, 8]] = [5.0, 9.0]
    source = PopularSource(table(tmp_path, events), ROW, added, half_life_days=30)
    hits = source.top(context(), 100)
    assert hits.rows.tolist() == [1, 2]
    np.testing.assert_allclose(hits.scores, [1.0, 0.75])
    every = source.fill(context().allowed, 100)
    assert every.rows.tolist()[:5] == [1, 2, 8, 7, 0]
    assert sorted(every.rows.tolist()) == list(range(60))
    assert source.fill(context([2, 5, 7]).allowed, 2).rows.tolist() == [2, 7]


def test_events_without_times_all_count_alike(tmp_path: Path) -> None:
    events = [Event("a", "i0001", position=1), Event("b", "i0001", position=1), Event("a", "i0002")]
    source = PopularSource(table(tmp_path, events), ROW, np.full(60, np.nan), 30)
    assert source.top(context(), 2).scores.tolist() == [2.0, 1.0]


def test_an_empty_log_is_no_obstacle(tmp_path: Path) -> None:
    log = table(tmp_path, [])
    assert TogetherSource(log, ROW, 90).top(context(liked=(Liked(1, 1.0),)), 5).rows.tolist() == []
    popular = PopularSource(log, ROW, np.full(60, np.nan), 30)
    assert len(popular.top(context(), 99).rows) == 0
    assert len(popular.fill(context().allowed, 99).rows) == 60


def test_new_knows_dates_only() -> None:
    added = np.array([3.0, np.nan, 9.0, 5.0])
    new = NewSource(added)
    allowed = np.ones(4, bool)
    assert new.top(Context(allowed), 9).rows.tolist() == [2, 3, 0]
    assert new.top(Context(allowed, now=6.0), 9).rows.tolist() == [3, 0]


def test_lexical_filters_before_its_top_and_reads_languages(tmp_path: Path) -> None:
    items = [
        Item("a", "Rote Tischlampen", description="für den Flur"),
        Item("b", "红色台灯", description="卧室"),
        Item("c", "Desk lamp", brand="Größe"),
        Item("d", "Teapot"),
    ]
    shop = make_shop(tmp_path / "shop", items)
    with CatalogStore.open(shop.database_url) as store:
        lexical = LexicalSource.load(store, shop.cache_dir, "key")

    def found(words: str, allowed: str = "abcd") -> list[str]:
        mask = np.array([item.id in allowed for item in items])
        hits = lexical.top(Context(mask, words=words), 4)
        return [items[row].id for row in hits.rows]

    assert found("tischlampe") == ["a"]
    assert found("台灯") == ["b"]
    assert found("LAMPS") == ["c"]
    assert found("grosse") == ["c"]
    assert found("lamp teapot", "d") == ["d"]
    assert found("unheard-of !!") == found("") == []


def test_lexical_over_nothing(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", [])
    with CatalogStore.open(shop.database_url) as store:
        lexical = LexicalSource.load(store, shop.cache_dir, "key")
    assert len(lexical.top(Context(np.empty(0, bool), words="lamp"), 3).rows) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mug", "Mugs"),
        ("dress", "dresses"),
        ("Lampe", "LAMPEN"),
        ("Straße", "strasse"),
        ("ｆｕｌｌ width", "full width"),
        ("café", "cafe"),
    ],
)
def test_words_that_meet(one: str, other: str) -> None:
    assert tokens(one) == tokens(other) != []


def test_words_that_do_not_meet() -> None:
    assert tokens("が") != tokens("か")
    assert tokens("glass") != tokens("glam")


def test_vector_search_is_exact_with_and_without_a_mask(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", ITEMS)
    encoder = HashingEncoder()
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, encoder)
    collection = VectorCollection.open(shop)
    matrix = VectorMatrix.load(collection, shop.cache_dir)
    assert matrix.ids == list(ROW)
    left = [id for id in ROW if id != "i0011"]  # deleted since it was indexed
    row = {id: place for place, id in enumerate(left)}
    search = VectorSearch(collection, matrix, row)
    asked = encoder.encode(["green lamp"])[0]
    scores = np.delete(matrix.vectors, 11, axis=0) @ asked
    draw = np.random.default_rng(1)
    for share in (1.0, 0.9, 0.5, 0.1, 0.0):
        allowed = draw.random(59) < share
        rows = np.flatnonzero(allowed)
        expected = rows[np.lexsort((rows, -scores[rows]))][:10]
        hits = search.top(asked, allowed, 10)
        np.testing.assert_allclose(hits.scores, scores[expected], rtol=1e-4, atol=1e-6)
    collection.close()


def test_a_wide_mask_asks_the_graph_and_an_adverse_one_falls_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmrec.retrieval.vectors._MAX_EXTRA", 0)
    monkeypatch.setattr("llmrec.retrieval.vectors._SMALL", 10)
    overrides = {"chroma": {"ef_search": 8}}
    shop = make_shop(tmp_path / "shop", ITEMS)
    encoder = HashingEncoder()
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, encoder)
    collection = VectorCollection.open(Workspace.open(shop.path, overrides=overrides))
    search = VectorSearch(collection, VectorMatrix.load(collection, shop.cache_dir), ROW)
    exact: list[int] = []

    def watched(*arguments: Any) -> Hits:
        exact.append(1)
        return VectorSearch.exact(search, *arguments)

    monkeypatch.setattr(search, "exact", watched)
    asked = encoder.encode(["green lamp"])[0]
    scores = encoder.encode([item_text(item) for item in ITEMS]) @ asked
    order = np.lexsort((np.arange(60), -scores))
    for forbidden, falls_back in ((order[1::2][:20], False), (order[:30], True)):
        allowed = np.ones(60, bool)
        allowed[forbidden] = False
        expected = [row for row in order if allowed[row]][:5]
        exact.clear()
        hits = search.top(asked, allowed, 5)
        np.testing.assert_allclose(hits.scores, scores[expected], rtol=1e-4)
        assert allowed[hits.rows].all()
        assert bool(exact) is falls_back
    collection.close()


def test_fusion_is_the_paper_s_formula_and_breaks_ties_by_row() -> None:
    def hits(*rows: int) -> Hits:
        return Hits(np.array(rows, np.int64), np.ones(len(rows), np.float32))

    ids = ["a", "b", "c", "d"]
    alike = ReciprocalRanks({"x": 1.0, "y": 1.0}, 60)
    fused = fuse({"x": hits(2, 0), "y": hits(3, 1, 0)}, alike, ids, n=3)
    assert [one.item for one in fused] == ["a", "c", "d"]
    assert fused[0].score == pytest.approx(1 / 62 + 1 / 63)
    assert {name: hit.rank for name, hit in fused[0].sources.items()} == {"x": 2, "y": 3}
    weighted = fuse(
        {"x": hits(2), "y": hits(3)}, ReciprocalRanks({"x": 1.0, "y": 2.0}, 60), ids, n=9
    )
    assert [one.item for one in weighted] == ["d", "c"]


def test_taste_counts_the_latest_of_each_thing_and_halves_with_age() -> None:
    history = [
        HistoryEntry(item="i0001"),
        HistoryEntry(item="i0002", kind=EventKind.VIEW),
        HistoryEntry(item="i0003", kind=EventKind.DISLIKE),
        HistoryEntry(text="a lamp"),
        HistoryEntry(item="unknown", text="a mug"),
        HistoryEntry(item="i0001"),
    ]
    taste = taste_entries(history, ROW, limit=3, half_life=1)
    assert [(one.item, one.text) for one in taste] == [
        ("i0001", None),
        (None, "a mug"),
        (None, "a lamp"),
    ]
    assert [one.weight for one in taste] == [1.0, 0.5, 0.25]
    everything = taste_entries(history, ROW, limit=9, half_life=1)
    assert (everything[-1].item, everything[-1].weight) == ("i0002", 0.4 / 8)


def test_a_taste_of_opposites_is_none() -> None:
    one = np.array([1, 0], np.float32)
    assert taste_vector([one, -one], [1, 1]) is None
    assert taste_vector([], []) is None
    vector = taste_vector([one, np.array([0, 1], np.float32)], [3, 4])
    np.testing.assert_allclose(vector, [0.6, 0.8], rtol=1e-6)
