"""Cross-fitting: the retriever that makes examples has not seen what they ask for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from retrieval_shop import make_events, make_items, make_shop

from llmrec.artifacts import Artifacts, Card, CardData
from llmrec.catalog.store import CatalogStore
from llmrec.config import RankingSettings, Workspace
from llmrec.embedding import HashingEncoder
from llmrec.engines import ScriptedEngine
from llmrec.errors import DataError
from llmrec.finetune import ExampleSet, build_examples
from llmrec.finetune.behaviour import (
    BehaviourSettings,
    EncoderStepReport,
    EpochReport,
    publish_behaviour,
    shop_data,
    train_behaviour,
)
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.finetune.earlier import (
    close_earlier,
    held_back,
    hold_back,
    hold_back_users,
    open_earlier,
)
from llmrec.finetune.example_files import kept_examples
from llmrec.finetune.ranker.shop import ExampleOptions, ranker_data, ranker_state
from llmrec.finetune.ranker.weight import fit_weight, lift_figure
from llmrec.retrieval import Retriever, build_index
from llmrec.retrieval.learned import FusionWeights, save_fusion, serving_fusion
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
    assert "".join(history.item for history in held.histories) == "abacd"


def test_more_of_a_long_history_is_asked_for_but_never_more_than_half_of_it() -> None:
    held = hold_back(in_order([*events_of("u", "abcdefghi"), *events_of("v", "xyz")]), per_user=3)
    assert [one.item for one in held.train] == ["f", "g", "h", "y"]
    assert [one.item for one in held.validation] == ["i", "z"]
    assert "".join(one.item for one in held.known) == "abcde" + "x"
    assert "".join(history.item for history in held.histories) == "abcdefghi" + "xyz"
    most = hold_back(in_order(events_of("u", "abcdefghi")), per_user=50)
    assert "".join(one.item for one in most.known) == "abcde"


def test_every_item_of_a_fold_is_asked_for_and_none_of_its_users_is_known() -> None:
    logs = {"u": "abacd", "v": "xyzzw", "w": "pqr", "x": "ee"}
    log = in_order([event for user, items in logs.items() for event in events_of(user, items)])
    first, second = (hold_back_users(log, fold, 2) for fold in range(2))
    assert [(one.user, one.item) for one in first.train] == [("u", "b"), ("u", "c"), ("w", "q")]
    assert "".join(history.item for history in first.histories) == "abac" + "pq"
    assert "".join(one.item for one in first.known) == "xyzz" + "ee"
    assert [(one.user, one.item) for one in second.train] == [("v", "y"), ("v", "z")]
    assert "".join(one.item for one in second.known) == "abac" + "pq" + "ee"
    assert first.short == second.short == 1


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
    data = shop_data(shop)
    held = held_back(data.events)
    made = open_earlier(shop, "part", data, held.known)
    targets = {(one.user, one.item) for one in (*held.train, *held.validation)}
    assert len(targets) > 40
    with CatalogStore.open(made.database_url) as store:
        log = [event for batch in store.iter_events() for event in batch]
        assert log and not targets & {(one.user, one.item) for one in log}
        with CatalogStore.open(shop.database_url) as whole:
            assert store.count_items() == whole.count_items()
            assert store.count_events() < whole.count_events()
        with Retriever.open(made, store) as retriever:
            assert retriever._keeper.current().served is not None
            assert retriever._keeper.current().log.users.size == len(log)
    encoder = Artifacts(made.models_dir).current("behaviour")
    serving = Artifacts(shop.models_dir).current("behaviour")
    assert encoder is not None and serving is not None
    assert encoder.card.data.events == len(log) < serving.card.data.events
    close_earlier(shop, "part")
    assert not made.models_dir.exists()
    assert not list(shop.cache_dir.glob("train-part*"))
    with CatalogStore.open(shop.database_url) as store, Retriever.open(shop, store) as retriever:
        assert retriever._keeper.current().served is not None


def test_the_fusion_that_serves_is_carried_over_where_it_is_wanted(shop: Workspace) -> None:
    data, artifacts = shop_data(shop), Artifacts(shop.models_dir)
    known = held_back(data.events).known
    weights = FusionWeights(depth=50, weights={"text": {"rank": 0.7}})
    about = CardData(sha256="a" * 64, events=1, users=1, items=1)
    card = Card(kind="fusion", data=about, seed=0, seconds=0)
    version = artifacts.publish("fusion", lambda folder: save_fusion(weights, folder), card).version

    def serving(fusion: bool = True) -> FusionWeights | None:
        made = open_earlier(shop, "part", data, known, fusion=fusion)
        return serving_fusion(Artifacts(made.models_dir))

    assert serving() is None
    before = ranker_state(shop)
    artifacts.promote("fusion", version)
    assert ranker_state(shop) != before
    assert serving(fusion=False) is None
    assert serving() == weights == serving()
    artifacts.rollback("fusion")
    assert serving() is None
    close_earlier(shop, "part")


def test_a_stop_in_the_encoders_training_costs_nothing(shop: Workspace) -> None:
    def stop(report: EpochReport | EncoderStepReport) -> None:
        if isinstance(report, EpochReport):
            raise KeyboardInterrupt

    data = shop_data(shop)
    known = held_back(data.events).known
    with pytest.raises(KeyboardInterrupt):
        open_earlier(shop, "stopped", data, known, progress=stop)
    epochs: list[int] = []
    made = open_earlier(
        shop,
        "stopped",
        data,
        known,
        progress=lambda one: epochs.append(one.epoch) if isinstance(one, EpochReport) else None,
    )
    best = Artifacts(shop.models_dir).current("behaviour")
    assert best is not None and epochs == list(range(2, best.card.extra["best_epoch"] + 1))
    epochs.clear()
    again = open_earlier(shop, "stopped", data, known)
    assert again.database_url == made.database_url and not epochs
    assert Artifacts(made.models_dir).numbers("behaviour") == ("0001",)
    close_earlier(shop, "stopped")


def test_a_log_too_short_to_hold_anything_back_is_an_error() -> None:
    with pytest.raises(DataError, match="No user of 1 has three different items") as error:
        held_back(events_of("u", "a"))
    assert error.value.hint


def test_examples_ask_for_what_was_held_back(shop: Workspace, tmp_path: Path) -> None:
    data = shop_data(shop)
    held = held_back(data.events)
    made = open_earlier(shop, "part", data, held.known)
    with (
        CatalogStore.open(made.database_url) as store,
        Retriever.open(made, store) as retriever,
    ):

        def build(targets: Iterable[Event], insert: bool) -> ExampleSet:
            return build_examples(
                held.histories,
                retriever,
                store,
                ScriptedEngine(),
                RankingSettings(),
                targets={(target.user, target.item) for target in targets},
                insert=insert,
            )

        train = kept_examples(tmp_path / "train.jsonl", lambda: build(held.train, True))
        valid = build(held.validation, False)
    wanted = {one.user: one.item for one in held.train}
    later = {one.user: one.item for one in held.validation}
    assert len(train.examples) == len(wanted)
    for example in train.examples:
        assert example.candidates[example.target] == wanted[example.user]
        assert later[example.user] not in example.candidates
        assert len(example.retrieval) == len(example.candidates)
    assert all(
        example.retrieved and example.candidates[example.target] == later[example.user]
        for example in valid.examples
    )
    assert valid.counts.missed == len(later) - len(valid.examples) > 0
    again = kept_examples(tmp_path / "train.jsonl", lambda: pytest.fail("made twice"))
    assert again == train and again.sha256 == train.sha256
    close_earlier(shop, "part")


def test_learning_the_negatives_by_heart_is_no_lift(shop: Workspace, tmp_path: Path) -> None:
    """What validation asks for may not be what no list of that shopper has called wrong."""
    for per_user in (1, 3):
        options = ExampleOptions(per_user=per_user, seed=1)
        folder = tmp_path / str(per_user)
        data = ranker_data(shop, ScriptedEngine(), folder, options)
        wrong: dict[str, set[str]] = {}
        for example in data.train.examples:
            chosen = example.candidates[example.target]
            wrong.setdefault(example.user, set()).update({*example.candidates} - {chosen})
        heart = [
            [-9.0 * (item in wrong.get(example.user, ())) for item in example.candidates]
            for example in data.validation.examples
        ]
        asked = data.validation.examples
        called = [e.candidates[e.target] in wrong.get(e.user, ()) for e in asked]
        assert any(called)
        fitted = fit_weight(heart, [e.retrieval for e in asked], [e.target for e in asked])
        low = lift_figure(fitted.lift).low
        assert low is not None and low <= 0
