"""Places kept for items without events: where they are, who gets them, and when there are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from artifact_cards import make_card
from hypothesis import given
from hypothesis import strategies as st
from retrieval_shop import make_shop

from llmrec.artifacts import Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.retrieval.cold import COLD, cold_share, with_places
from llmrec.retrieval.learned import Feature, FusionWeights, save_fusion
from llmrec.types import Candidate, Event, EventKind, Filters, HistoryEntry, Item, SourceHit

TEXT = HashingEncoder()


def made(names: Sequence[str]) -> list[Candidate]:
    """Candidates with falling scores; those whose name begins with ``c`` are cold."""
    return [Candidate(name, 10.0 - place, {}) for place, name in enumerate(names)]


def placed(fused: Sequence[str], cold: Sequence[str], share: float) -> list[str]:
    found = with_places(made(fused), made(cold), share, lambda id: id.startswith("c"))
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    return [one.item for one in found]


WARM = ["w1", "w2", "w3", "w4", "w5", "w6"]


@pytest.mark.parametrize(
    ("fused", "cold", "share", "expected"),
    [
        (WARM, ["c1", "c2"], 0.5, ["w1", "c1", "w2", "c2", "w3", "w4"]),
        (WARM, ["c1", "c2", "c3"], 1 / 3, ["w1", "w2", "c1", "w3", "w4", "c2"]),
        (WARM, ["c1"], 0.15, WARM),  # less than one place
        (WARM, [], 0.5, WARM),
        (WARM, ["c1"], 0.0, WARM),
        (WARM[:1], ["c1"], 0.5, ["w1"]),
        (WARM[:1], ["c1"], 1.0, ["c1"]),
        (WARM, ["c1"], 1.0, ["c1", *WARM[:5]]),  # fewer cold ones than places
        (["c1", "c2"], ["c2", "c1"], 1.0, ["c1", "c2"]),  # all are cold: nothing to move
        (["w1", "c9", "w2", "w3"], ["c1"], 0.5, ["w1", "c9", "w2", "c1"]),  # stands by itself
        (["w1", "w2", "w3", "c1", "w4"], ["c1", "c2"], 0.4, ["w1", "w2", "c1", "w3", "c2"]),
        ([], ["c1"], 1.0, []),
    ],
)
def test_places(fused: list[str], cold: list[str], share: float, expected: list[str]) -> None:
    assert placed(fused, cold, share) == expected


@given(
    natural=st.lists(st.booleans(), max_size=30),
    extra=st.integers(0, 20),
    share=st.floats(0, 1),
)
def test_each_beginning_of_a_list_has_its_share(
    natural: list[bool], extra: int, share: float
) -> None:
    fused = [f"{'c' if cold else 'w'}{place}" for place, cold in enumerate(natural)]
    cold = [f"c-{number}" for number in range(extra)] + [one for one in fused if one[0] == "c"]
    names = placed(fused, cold, share)
    assert len(set(names)) == len(names) == len(fused)
    assert [one for one in names if one[0] == "w"] == [one for one in fused if one[0] == "w"][
        : sum(one[0] == "w" for one in names)
    ]
    for length in range(1, len(names) + 1):
        here = sum(name[0] == "c" for name in names[:length])
        assert here >= min(int(share * length), len(set(cold)))


def test_a_moved_one_scores_between_its_neighbours() -> None:
    fused = [Candidate("w1", 9.0, {}), Candidate("w2", 7.0, {}), Candidate("w3", 4.0, {})]
    cold = [Candidate("c1", 99.0, {COLD: SourceHit(1, 99.0)})]
    found = with_places(fused, cold, 0.5, lambda id: id == "c1")
    assert [(one.item, one.score) for one in found] == [("w1", 9.0), ("c1", 8.0), ("w2", 7.0)]
    assert found[1].sources == {COLD: SourceHit(1, 99.0)}


def test_the_share_is_that_of_the_allowed_and_has_a_limit() -> None:
    cold = np.array([True, True, False, False])
    everything = np.ones(4, bool)
    assert cold_share(cold, everything, 1.0) == 0.5
    assert cold_share(cold, everything, 0.1) == 0.1
    assert cold_share(cold, np.array([True, False, True, True]), 1.0) == pytest.approx(1 / 3)
    assert cold_share(cold, ~cold, 1.0) == cold_share(cold, ~everything, 1.0) == 0.0


SOLD = [
    Item(f"{kind}{number:02d}", f"{word} {kind} number{number}", brand="Acme")
    for kind, word in (("lamp", "bright"), ("mug", "warm"))
    for number in range(40)
]
NEW = [
    Item("new-lamp", "bright lamp brandnew", brand="Brio"),
    Item("new-mug", "warm mug brandnew", brand="Brio"),
    Item("new-rope", "long rope brandnew", brand="Brio"),
    Item("new-lantern", "bright lantern lamp", brand="Corva"),
]
LAMPS = tuple(HistoryEntry(item=f"lamp{number:02d}") for number in range(3))


def events() -> list[Event]:
    """Shoppers of lamps and shoppers of mugs; each of these items was taken by several."""
    return [
        Event(f"{kind}-{user:02d}", f"{kind}{(user + step) % 40:02d}", EventKind.PURCHASE)
        for kind in ("lamp", "mug")
        for user in range(40)
        for step in range(8)
    ]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    shop = make_shop(tmp_path_factory.mktemp("cold") / "shop", [*SOLD, *NEW], events())
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, TEXT)
    return shop


def opened(shop: Workspace, places: float = 0.1) -> Retriever:
    # So that next to nothing brings up a new item by itself.
    weights = {"text": 0.01, "lexical": 0.01, "together": 5.0, "next": 5.0}
    settings = {"retrieval": {"weights": weights, "cold_places": places}}
    return Retriever.open(Workspace.open(shop.path, overrides=settings), encoder=TEXT)


@pytest.fixture(scope="module")
def retriever(indexed: Workspace) -> Iterator[Retriever]:
    with opened(indexed) as one:
        yield one


def names(retriever: Retriever, n: int = 25, **rest: object) -> list[str]:
    request = RetrievalRequest(**{"history": LAMPS, **rest})  # type: ignore[arg-type]
    return [candidate.item for candidate in retriever.retrieve(request, n).candidates]


def test_a_new_item_comes_to_those_whose_taste_it_fits(retriever: Retriever) -> None:
    # 4 of the 81 items that he has not are cold: the 21st place is the first that is due.
    assert names(retriever).index("new-lamp") == 20
    mugs = tuple(HistoryEntry(item=f"mug{number:02d}") for number in range(3))
    assert names(retriever, history=mugs).index("new-mug") == 20


def test_none_where_no_place_is_due(indexed: Workspace, retriever: Retriever) -> None:
    with opened(indexed, places=0.0) as without:
        assert not {item.id for item in NEW} & set(names(without))
        assert names(retriever, n=20) == names(without, n=20)
        assert COLD not in retriever.retrieve(RetrievalRequest(LAMPS), 20).by_source


def test_filters_hold_for_them_and_seen_ones_stay_away(retriever: Retriever) -> None:
    corva = Filters(brands=("Acme", "Corva"))
    assert {item.id for item in NEW} & set(names(retriever, 78, filters=corva)) == {"new-lantern"}
    assert "new-lamp" not in names(retriever, filters=Filters(not_items=("new-lamp",)))
    seen = (*LAMPS, HistoryEntry(item="new-lamp"))
    assert names(retriever, 30, history=seen).index("new-lantern") > 20
    hated = (*LAMPS, HistoryEntry(item="new-lamp", kind=EventKind.DISLIKE))
    assert "new-lamp" not in names(retriever, 81, history=hated, filters=Filters(allow_seen=True))


def test_a_candidate_says_what_found_it(retriever: Retriever) -> None:
    answer = retriever.retrieve(RetrievalRequest(LAMPS), 25)
    above, one, below = answer.candidates[19:22]
    assert above.score > one.score > below.score
    assert one.sources[COLD].rank == answer.by_source[COLD] == 1
    # Beside that, where the sources put it among all items: not first, as among cold ones.
    assert one.sources["lexical"].rank > 1 and "next" not in one.sources


def test_words_and_strangers_get_no_such_places(indexed: Workspace, retriever: Retriever) -> None:
    with opened(indexed, places=0.0) as without:
        for rest in ({"query": "warm mug"}, {"history": ()}):
            assert names(retriever, **rest) == names(without, **rest)


def test_what_was_learned_judges_them_too(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", [*SOLD, *NEW], events())
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, TEXT)
    with opened_with(shop, {"first": 0.01}) as retriever:
        assert names(retriever).index("new-lamp") == 20
    with opened_with(shop, {"rank": 0.0}) as retriever:  # then nothing can speak for them
        assert not {item.id for item in NEW} & set(names(retriever))


def opened_with(shop: Workspace, lexical: dict[Feature, float]) -> Retriever:
    """With a fusion that serves: ``next``, and ``lexical`` as it is given."""
    weights: dict[str, dict[Feature, float]] = {
        name: {"rank": 0.0} for name in ("text", "together", "popular", "new")
    }
    fitted = FusionWeights(
        depth=100, weights={**weights, "next": {"first": 1.0}, "lexical": lexical}
    )
    artifacts = Artifacts(shop.models_dir)
    one = artifacts.publish("fusion", lambda at: save_fusion(fitted, at), make_card("fusion"))
    artifacts.promote("fusion", one.version)
    return Retriever.open(shop, encoder=TEXT)


def test_an_item_is_no_longer_cold_after_its_first_event(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", [*SOLD, *NEW], events())
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, TEXT)
        with opened(shop) as retriever:
            assert "new-lamp" in names(retriever)
            store.write_events([Event("somebody", "new-lamp", EventKind.PURCHASE)])
            answer = retriever.retrieve(RetrievalRequest(LAMPS), 80)
            (one,) = [candidate for candidate in answer.candidates if candidate.item == "new-lamp"]
            assert COLD not in one.sources and answer.by_source[COLD] == 2
