"""Cross-fitting: the retriever that makes examples has not seen what they ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from retrieval_shop import make_events, make_items, make_shop

from llmrec.artifacts import Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.config import RankingSettings, Workspace
from llmrec.embedding import HashingEncoder
from llmrec.engines import ScriptedEngine
from llmrec.errors import DataError
from llmrec.finetune import build_examples
from llmrec.finetune.behaviour import (
    BehaviourSettings,
    EpochReport,
    StepReport,
    publish_behaviour,
    shop_data,
    train_behaviour,
)
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.finetune.earlier import earlier_shop, hold_back
from llmrec.finetune.example_files import kept_examples
from llmrec.retrieval import Retriever, build_index
from llmrec.types import Event

TINY = BehaviourSettings(dim=16, layers=1, history=8, epochs=2, precision="fp32", seed=3)


def events_of(user: str, items: str) -> list[Event]:
    return [Event(user, item, position=place) for place, item in enumerate(items)]


def test_the_last_two_new_items_are_held_back_and_nothing_behind_them_is_known() -> None:
    held = hold_back(in_order([*events_of("u", "abacabdb"), *events_of("v", "xyx")]))
    assert "".join(one.item for one in held.known) == "aba" + "xyx"
    assert [one.item for one in held.train] == ["c"]
    assert [one.item for one in held.validation] == ["d"]
    assert held.short == 1
    assert "".join(one.item for one in held.histories) == "abacd"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    items = make_items(60)
    shop = make_shop(tmp_path_factory.mktemp("earlier") / "shop", items, make_events(items, 40))
    settings = shop.settings.model_copy(
        update={"models": shop.settings.models.model_copy(update={"encoder": "hashing"})}
    )
    shop = Workspace(shop.path, settings)
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, HashingEncoder())
    data = shop_data(shop)
    result = train_behaviour(data.events, data.catalogue, TINY)
    publish_behaviour(shop, result, TINY, data.events)
    return shop


def test_no_part_of_the_retriever_has_seen_a_target(shop: Workspace) -> None:
    made = earlier_shop(shop)
    targets = {(one.user, one.item) for one in (*made.held.train, *made.held.validation)}
    assert len(targets) > 40
    with CatalogStore.open(made.workspace.database_url) as store:
        log = [event for batch in store.iter_events() for event in batch]
        assert log and not targets & {(one.user, one.item) for one in log}
        with CatalogStore.open(shop.database_url) as whole:
            assert store.count_items() == whole.count_items()
            assert store.count_events() < whole.count_events()
        with Retriever.open(made.workspace, store) as retriever:
            assert retriever._state is not None and retriever._state.served is not None
            assert retriever._state.log.users.size == len(log)
    encoder = Artifacts(made.workspace.models_dir).current("behaviour")
    serving = Artifacts(shop.models_dir).current("behaviour")
    assert encoder is not None and serving is not None
    assert encoder.card.data.events == len(log) < serving.card.data.events
    assert made.workspace.path.is_relative_to(shop.models_dir)
    made.remove()
    assert not made.workspace.path.exists()


def test_a_stop_in_the_encoders_training_costs_nothing(shop: Workspace) -> None:
    def stop(report: EpochReport | StepReport) -> None:
        if isinstance(report, EpochReport):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        earlier_shop(shop, seed=1, progress=stop)
    epochs: list[int] = []
    made = earlier_shop(
        shop,
        seed=1,
        progress=lambda one: epochs.append(one.epoch) if isinstance(one, EpochReport) else None,
    )
    best = Artifacts(shop.models_dir).current("behaviour")
    assert best is not None and epochs == list(range(2, best.card.extra["best_epoch"] + 1))
    epochs.clear()
    assert earlier_shop(shop, seed=1).workspace.path == made.workspace.path and not epochs
    made.remove()


def test_a_log_too_short_to_hold_anything_back_is_an_error(tmp_path: Path) -> None:
    items = make_items(5)
    short = make_shop(tmp_path / "shop", items, [Event("u", items[0].id)])
    with pytest.raises(DataError, match="No user of 1 has three different items") as error:
        earlier_shop(short)
    assert error.value.hint


def test_examples_ask_for_what_was_held_back(shop: Workspace, tmp_path: Path) -> None:
    made = earlier_shop(shop)
    histories = made.held.histories
    with (
        CatalogStore.open(made.workspace.database_url) as store,
        Retriever.open(made.workspace, store) as retriever,
    ):

        def build(**options: object):
            return build_examples(
                histories, retriever, store, ScriptedEngine(), RankingSettings(), **options
            )  # type: ignore[arg-type]

        train = kept_examples(tmp_path / "train.jsonl", lambda: build(skip=1))
        valid = build(insert=False)
    wanted = {one.user: one.item for one in made.held.train}
    later = {one.user: one.item for one in made.held.validation}
    assert len(train.examples) == len(wanted)
    for one in train.examples:
        assert one.candidates[one.target] == wanted[one.user]
        assert later[one.user] not in one.candidates
        assert len(one.retrieval) == len(one.candidates)
    assert all(
        one.retrieved and one.candidates[one.target] == later[one.user] for one in valid.examples
    )
    assert valid.counts.missed == len(later) - len(valid.examples) > 0
    again = kept_examples(tmp_path / "train.jsonl", lambda: pytest.fail("made twice"))
    assert again == train and again.sha256 == train.sha256
    made.remove()
