"""The behaviour source: there when a version serves, exact, masked, and never behind."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from retrieval_shop import make_events, make_items, make_shop

from llmrec.artifacts import Artifacts, Card, CardData
from llmrec.catalog.locks import write_lock
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.embedding.behaviour import (
    BehaviourConfig,
    BehaviourEncoder,
    History,
    save_behaviour,
)
from llmrec.embedding.behaviour.network import BehaviourNetwork
from llmrec.embedding.behaviour.text_basis import TextBasis
from llmrec.errors import LockedError
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.retrieval import behaviour as behaviour_module
from llmrec.retrieval.behaviour import BehaviourShelf, behaviour_history, forget_behaviour
from llmrec.retrieval.collection import VectorCollection
from llmrec.types import EventKind, Filters, HistoryEntry, Item

TEXT = HashingEncoder()
ONLY = {"retrieval": {"weights": {"behaviour": 1.0}, "cold_places": 0}}


def make_encoder(ids: Sequence[str], seed: int = 1, fingerprint: str = "") -> BehaviourEncoder:
    texts = TEXT.encode([f"thing {id}" for id in ids])
    basis = TextBasis.of(texts, 8)
    config = BehaviourConfig(
        dim=8,
        layers=1,
        history=6,
        text_dim=64,
        text_rank=8,
        text_encoder=fingerprint or TEXT.fingerprint,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = BehaviourNetwork(config, len(ids), torch.from_numpy(basis.features(texts)))
        for weight in network.parameters():
            weight.data += 0.3 * torch.randn_like(weight)
        # Lengths differ widely, as popularity makes them.
        network.ids.weight.data *= torch.rand(len(ids), 1) * 5
    return BehaviourEncoder(network.eval(), tuple(ids), basis)


def publish(shop: Workspace, encoder: BehaviourEncoder) -> str:
    artifacts = Artifacts(shop.models_dir)
    data = CardData(sha256="0" * 64, events=1, users=1, items=1)
    card = Card(kind="behaviour", data=data, seed=0, seconds=0)
    made = artifacts.publish("behaviour", lambda folder: save_behaviour(encoder, folder), card)
    return artifacts.promote("behaviour", made.version).version


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    items = make_items(60)
    shop = make_shop(tmp_path_factory.mktemp("indexed") / "shop", items, make_events(items, 30))
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, TEXT)
    return shop.path


@pytest.fixture
def shop(indexed: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(indexed, tmp_path / "shop")
    return Workspace.open(tmp_path / "shop")


def ids_of(shop: Workspace) -> list[str]:
    with CatalogStore.open(shop.database_url) as store:
        return [item.id for batch in store.iter_items() for item in batch]


def history(*ids: str) -> tuple[HistoryEntry, ...]:
    return tuple(HistoryEntry(item=id) for id in ids)


def expected(encoder: BehaviourEncoder, seen: Sequence[str], n: int) -> list[str]:
    user = encoder.encode([History(seen)])[0]
    scores = encoder.item_vectors() @ user
    order = np.argsort(-scores, kind="stable")
    return [encoder.item_ids[row] for row in order if encoder.item_ids[row] not in seen][:n]


def found(retriever: Retriever, *seen: str, n: int = 10, **more: object) -> list[str]:
    request = RetrievalRequest(history=history(*seen), **more)  # type: ignore[arg-type]
    hits = retriever.retrieve(request, n).candidates
    return [hit.item for hit in hits if "behaviour" in hit.sources]


def test_without_a_version_that_serves_everything_is_as_before(shop: Workspace):
    with Retriever.open(shop, encoder=TEXT) as retriever:
        answer = retriever.retrieve(RetrievalRequest(history=history("i0001")), 5)
        assert "behaviour" not in answer.by_source


def test_it_answers_in_the_order_of_the_inner_products(shop: Workspace):
    encoder = make_encoder(ids_of(shop))
    publish(shop, encoder)
    with Retriever.open(Workspace.open(shop.path, overrides=ONLY), encoder=TEXT) as retriever:
        assert found(retriever, "i0001", "i0005") == expected(encoder, ("i0001", "i0005"), 10)
        # A new event moves the answer at once; what nobody knows does not.
        assert found(retriever, "i0001", "i0005", "i0033") == expected(
            encoder, ("i0001", "i0005", "i0033"), 10
        )
        assert found(retriever, "i0001", "nobody", "i0005") == found(retriever, "i0001", "i0005")


def test_it_is_fused_with_the_others_and_says_so(shop: Workspace):
    publish(shop, make_encoder(ids_of(shop)))
    with Retriever.open(shop, encoder=TEXT) as retriever:
        answer = retriever.retrieve(RetrievalRequest(history=history("i0001")), 8)
        assert answer.by_source["behaviour"] > 0 and answer.by_source["text"] > 0


def test_a_history_without_known_items_gets_nothing_from_it(shop: Workspace):
    publish(shop, make_encoder(ids_of(shop)))
    with Retriever.open(Workspace.open(shop.path, overrides=ONLY), encoder=TEXT) as retriever:
        assert not found(retriever) and not found(retriever, "nobody")
        words = RetrievalRequest(history=(HistoryEntry(text="a red kettle"),))
        answer = retriever.retrieve(words, 5)
        assert answer.by_source["behaviour"] == 0 and len(answer.candidates) == 5


def test_filters_hold_before_the_top_k(shop: Workspace):
    publish(shop, make_encoder(ids_of(shop)))
    filters = Filters(brands=("Acme",), max_price="60")
    with CatalogStore.open(shop.database_url) as store:
        items = {item.id: item for batch in store.iter_items() for item in batch}
    with Retriever.open(Workspace.open(shop.path, overrides=ONLY), encoder=TEXT) as retriever:
        kept = found(retriever, "i0001", n=60, filters=filters)
        matching = retriever.retrieve(RetrievalRequest(history("i0001"), filters=filters), 1)
    assert len(kept) == matching.matching > 0
    assert all(items[id].brand == "Acme" and items[id].price <= 60 for id in kept)


def test_another_version_is_noticed_while_it_runs(shop: Workspace):
    one, other = (make_encoder(ids_of(shop), seed) for seed in (1, 2))
    with Retriever.open(Workspace.open(shop.path, overrides=ONLY), encoder=TEXT) as retriever:
        assert not found(retriever, "i0001")
        publish(shop, one)
        assert found(retriever, "i0001") == expected(one, ("i0001",), 10)
        publish(shop, other)
        assert found(retriever, "i0001") == expected(other, ("i0001",), 10)
        Artifacts(shop.models_dir).rollback("behaviour")
        assert found(retriever, "i0001") == expected(one, ("i0001",), 10)


def test_a_new_item_comes_with_its_text_and_a_deleted_one_goes(shop: Workspace):
    encoder = make_encoder(ids_of(shop))
    publish(shop, encoder)
    with Retriever.open(Workspace.open(shop.path, overrides=ONLY), encoder=TEXT) as retriever:
        assert len(found(retriever, "i0001", n=99)) == 59
        with CatalogStore.open(shop.database_url) as store:
            store.write_items([Item("z-new", "thing i0007 once more")])
            store.delete_item("i0002")
            assert len(found(retriever, "i0001", n=99)) == 58  # not indexed yet
            build_index(shop, store, TEXT)
        everything = found(retriever, "i0001", n=99)
        assert "z-new" in everything and "i0002" not in everything and len(everything) == 59
        # It can also be what a shopper did.
        assert found(retriever, "z-new") != found(retriever, "i0001")


def test_vectors_of_another_text_encoder_stand_for_nothing(shop: Workspace):
    ids = ids_of(shop)
    publish(shop, make_encoder(ids[:50], fingerprint="another"))
    with Retriever.open(Workspace.open(shop.path, overrides=ONLY), encoder=TEXT) as retriever:
        assert set(found(retriever, "i0001", n=99)) <= set(ids[:50])


def collections(shop: Workspace) -> list[str]:
    collection = VectorCollection.open(shop)
    with collection._connection.use() as client:
        names = sorted(one.name for one in client.list_collections())
    collection.close()
    return names


def test_old_versions_leave_the_store(shop: Workspace):
    for seed in (1, 2, 3):
        publish(shop, make_encoder(ids_of(shop), seed))
        with Retriever.open(shop, encoder=TEXT):
            pass
    assert collections(shop) == ["behaviour-0003", "items"]


def test_a_kill_while_writing_is_mended(shop: Workspace, monkeypatch: pytest.MonkeyPatch):
    encoder = make_encoder(ids_of(shop))
    publish(shop, encoder)
    monkeypatch.setattr(behaviour_module, "_BATCH", 16)
    real = VectorCollection.upsert
    calls = []

    def break_off(self, ids, vectors, metadata):  # type: ignore[no-untyped-def]
        calls.append(len(ids))
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(self, ids, vectors, metadata)

    monkeypatch.setattr(VectorCollection, "upsert", break_off)
    only = Workspace.open(shop.path, overrides=ONLY)
    with pytest.raises(KeyboardInterrupt):
        Retriever.open(only, encoder=TEXT)
    with Retriever.open(only, encoder=TEXT) as retriever:
        assert found(retriever, "i0001") == expected(encoder, ("i0001",), 10)
    assert calls == [16, 16, 16, 16, 12]  # what was written before the kill was kept


def test_while_another_command_writes_it_waits_for_later(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
):
    publish(shop, make_encoder(ids_of(shop)))

    def held(workspace: Workspace, timeout: float = 2.0):  # type: ignore[no-untyped-def]
        raise LockedError("Another llmrec command is writing.")

    monkeypatch.setattr(behaviour_module, "write_lock", held)
    with Retriever.open(shop, encoder=TEXT) as retriever:
        answer = retriever.retrieve(RetrievalRequest(history=history("i0001")), 5)
        assert "behaviour" not in answer.by_source and len(answer.candidates) == 5
        monkeypatch.setattr(behaviour_module, "write_lock", write_lock)
        with CatalogStore.open(shop.database_url) as store:
            store.write_items([Item("z-new", "something")])
        answer = retriever.retrieve(RetrievalRequest(history=history("i0001")), 5)
        assert answer.by_source["behaviour"] > 0


def test_what_is_there_goes_on_while_another_command_writes(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
):
    publish(shop, make_encoder(ids_of(shop)))
    with Retriever.open(Workspace.open(shop.path, overrides=ONLY), encoder=TEXT) as retriever:
        before = found(retriever, "i0001")

        def held(workspace: Workspace, timeout: float = 2.0):  # type: ignore[no-untyped-def]
            raise LockedError("Another llmrec command is writing.")

        monkeypatch.setattr(behaviour_module, "write_lock", held)
        with CatalogStore.open(shop.database_url) as store:
            store.write_items([Item("z-new", "something")])
            build_index(shop, store, TEXT)
        assert found(retriever, "i0001") == before
        assert "z-new" not in found(retriever, "i0001", n=99)


def test_a_weight_of_nothing_asks_nothing(shop: Workspace):
    publish(shop, make_encoder(ids_of(shop)))
    off = {"retrieval": {"weights": {"text": 1.0}}}
    with Retriever.open(Workspace.open(shop.path, overrides=off), encoder=TEXT) as retriever:
        answer = retriever.retrieve(RetrievalRequest(history=history("i0001")), 5)
        assert set(answer.by_source) == {"text"}
    assert collections(shop) == ["items"]


def test_taste_is_read_without_what_was_disliked():
    entries = (
        HistoryEntry(item="a"),
        HistoryEntry(text="something"),
        HistoryEntry(item="b", kind=EventKind.VIEW),
        HistoryEntry(item="a", kind=EventKind.DISLIKE),
    )
    read = behaviour_history(entries)
    assert list(read.items) == ["b"] and list(read.kinds) == ["view"]
    again = behaviour_history((*entries, replace(entries[0])))
    assert list(again.items) == ["a", "b", "a"]


def test_nothing_serves_and_nothing_is_held(shop: Workspace):
    shelf = BehaviourShelf(shop)
    assert shelf.revision() is None
    shelf.close()


def test_the_parts_of_an_evaluation_share_chroma_and_nothing_learned(shop: Workspace):
    only = Workspace.open(shop.path, overrides=ONLY).settings
    parts = {name: Workspace(shop.path, only, name) for name in ("valid", "test")}
    encoders = {name: make_encoder(ids_of(shop), seed) for seed, name in enumerate(parts, 1)}
    for name, part in parts.items():
        publish(part, encoders[name])
    for name in ("valid", "test", "valid"):
        with Retriever.open(parts[name], encoder=TEXT) as retriever:
            assert found(retriever, "i0001") == expected(encoders[name], ("i0001",), 10)
    publish(shop, make_encoder(ids_of(shop), 3))
    with Retriever.open(shop, encoder=TEXT):
        pass
    assert collections(shop) == [
        "behaviour-0001",
        "items",
        "test-behaviour-0001",
        "valid-behaviour-0001",
    ]
    forget_behaviour(parts["valid"])
    assert collections(shop) == ["behaviour-0001", "items", "test-behaviour-0001"]
