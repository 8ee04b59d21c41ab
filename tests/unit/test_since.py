"""Going on from what serves: what is new, what is kept, and what was gained."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from test_behaviour_training import ITEMS, QUICK, catalogue, walks

from llmrec.artifacts import Artifact, Artifacts, Card, CardData
from llmrec.config import Workspace
from llmrec.embedding.behaviour import load_behaviour, save_behaviour
from llmrec.errors import ConfigError, DataError, ModelError
from llmrec.finetune.behaviour import BehaviourResult, continue_behaviour, train_behaviour
from llmrec.finetune.behaviour.continuing import (
    Origin,
    check_shape,
    continuing_start,
    hold_out_new,
    new_targets,
)
from llmrec.finetune.behaviour.sequences import in_order, make_sequences
from llmrec.finetune.earlier import hold_back
from llmrec.finetune.seen import SEEN_NAME, event_hashes, log_key, read_seen, save_seen
from llmrec.finetune.since import LAST, going_on
from llmrec.types import Event, EventKind

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def events_of(user: str, items: str, first: int = 0) -> list[Event]:
    return [Event(user, item, position=first + place) for place, item in enumerate(items)]


def published(
    shop: Workspace, events: list[Event], *, seen: bool = True, **card: object
) -> Artifact:
    about = CardData(
        sha256="a" * 64,
        events=len(events),
        users=1,
        items=1,
        last=max((event.at for event in events if event.at), default=None),
    )
    store = Artifacts(shop.models_dir)
    made = store.publish(
        "behaviour",
        lambda folder: save_seen(events, folder) if seen else None,
        Card(kind="behaviour", data=about, seed=0, seconds=0, **card),
    )
    return store.promote("behaviour", made.version)


def test_an_event_is_known_again_whatever_it_is_worth_and_wherever_the_clock_stands() -> None:
    at = START.astimezone(timezone(timedelta(hours=2)))
    first = [Event("u", "a", at=START, value=3.0), Event("u", "b", position=1)]
    again = [Event("u", "b", position=1, value=1.0), Event("u", "a", at=at)]
    assert log_key(first) == log_key(again)
    others = [
        Event("u", "a", at=START + timedelta(microseconds=1)),
        Event("u", "a", EventKind.LIKE, START),
        Event("v", "a", at=START),
        Event("u", "b", position=2),
        Event("u", "\ud800"),
    ]
    assert len(set(event_hashes([*first, *others]).tolist())) == 7


def test_new_is_what_was_not_learned_also_without_times_and_out_of_order(tmp_path: Path) -> None:
    shop = Workspace.init(tmp_path)
    old = [Event("u", "a", at=START + timedelta(days=9)), *events_of("v", "xy")]
    published(shop, old)
    late = Event("u", "b", at=START)
    more = events_of("v", "z", first=2)
    since = going_on(shop, "behaviour", LAST)
    assert since.new([*old, late, *more]) == {late, *more}
    named = going_on(shop, "behaviour", START + timedelta(days=10))
    day = Event("u", "c", at=START + timedelta(days=10))
    assert named.new([old[0], late, day]) == {day}
    # Learned before is never new, however early a moment is named.
    assert going_on(shop, "behaviour", START).new([old[0], late]) == {late}
    with pytest.raises(DataError, match="user 'v' has no time") as error:
        named.new(more)
    assert "--since alone" in error.value.hint


def test_without_hashes_the_last_moment_counts_and_without_that_there_is_an_error(
    tmp_path: Path,
) -> None:
    shop = Workspace.init(tmp_path)
    with pytest.raises(ModelError, match="No learned 'behaviour' serves") as error:
        going_on(shop, "behaviour", LAST)
    assert "llmrec train behaviour" in error.value.hint
    known, later = (Event("u", item, at=START + timedelta(days=n)) for n, item in enumerate("ab"))
    published(shop, [known], seen=False)
    assert going_on(shop, "behaviour", LAST).new([known, later]) == {later}
    published(shop, events_of("u", "ab"), seen=False)
    with pytest.raises(ModelError, match="does not say what it has learned"):
        going_on(shop, "behaviour", LAST)
    damaged = published(shop, events_of("u", "ab"))
    (damaged.folder / SEEN_NAME).write_bytes(b"\x93NUMPY")
    assert read_seen(damaged.folder) is None
    with pytest.raises(ModelError, match="does not say what it has learned"):
        going_on(shop, "behaviour", LAST)


def test_half_of_the_new_items_are_held_out_at_most_and_the_newest_of_a_shopper() -> None:
    known = in_order([*events_of("u", "abacad"), *events_of("v", "xyz"), *events_of("w", "p")])
    new = {one for one in known if one.item in "acdzp"}
    assert new_targets(known, new) == {"u": [3, 5], "v": [2]}
    train, held = hold_out_new(known, new, 99, 0)
    assert len(held) == 1 and held[0].targets[0].item in "dz"
    assert len(train) + 1 == len(known)
    assert len(hold_out_new(known, new, 99, 0, share=1.0)[1]) == 2
    assert {one.targets[0].item for one in hold_out_new(known, new, 99, 0, share=1.0)[1]} == {*"dz"}


def test_only_new_items_are_asked_for_with_what_came_before_them() -> None:
    known = in_order([*events_of("u", "abcdea"), *events_of("v", "ab"), *events_of("w", "b")])
    row = {item: place for place, item in enumerate("abcde")}
    new = {one for one in known if one.item == "d" or (one.user == "u" and one.position == 5)}
    made = make_sequences(known, row, {}, new=new, history=2)
    assert made.items.tolist() == [row[one] for one in "bcd"]
    assert made.fresh.tolist() == [False, False, True] and made.users == 1
    with pytest.raises(DataError):
        make_sequences(known, row, {}, new=set(), history=2)


def test_those_with_one_new_item_are_dealt_out_to_training_and_validation() -> None:
    known = in_order([event for user in "uvwx" for event in events_of(user, "abc")])
    new = {one for one in known if one.item == "c" and one.user != "x"}
    new |= {one for one in known if one.user == "w" and one.item == "b"}
    held = hold_back(known, new)
    assert [(one.user, one.item) for one in held.train] == [("u", "c"), ("w", "b")]
    assert [(one.user, one.item) for one in held.validation] == [("v", "c"), ("w", "c")]
    assert held.short == 1 and held.new == 4
    assert {history.user for history in held.histories} == {*"uvw"}
    assert not {*held.train, *held.validation} & {*held.known}


@pytest.fixture(scope="module")
def before() -> BehaviourResult:
    """Trained while everybody took seven steps at a time."""
    settings = QUICK.model_copy(update={"epochs": 12, "patience": 12, "refit": True})
    return train_behaviour(walks(), catalogue(), settings)


def later() -> list[Event]:
    """Then they come back and take eleven."""
    last = {one.user: one for one in in_order(walks())}
    return [
        Event(
            user, ITEMS[(int(one.item[1:]) + 11 * step) % 30], at=START + timedelta(days=40 + step)
        )
        for user, one in last.items()
        for step in (1, 2, 3)
    ]


def origin_of(before: BehaviourResult, folder: Path, new: list[Event]) -> Origin:
    folder.mkdir(exist_ok=True)
    save_behaviour(before.encoder.taught(), folder)
    return Origin("behaviour/0001", load_behaviour(folder), frozenset(new))


def test_what_changed_is_learned_and_the_gain_is_paired(
    before: BehaviourResult, tmp_path: Path
) -> None:
    new = later()
    settings = QUICK.model_copy(update={"epochs": 25, "patience": 5, "refit": True})
    origin = origin_of(before, tmp_path / "old", new)
    after = continue_behaviour([*walks(), *new], catalogue(), settings, origin)
    assert after.before is not None and len(after.before.ndcg) == len(after.scores.ndcg)
    assert after.scores.main > after.before.main + 0.2
    assert after.new == sum(map(len, new_targets(in_order([*walks(), *new]), set(new)).values()))
    assert after.refitted and len(after.learned) == len(walks()) + len(new)
    again = continue_behaviour([*walks(), *new], catalogue(), settings, origin)
    np.testing.assert_array_equal(after.encoder.item_vectors(), again.encoder.item_vectors())


class Killed(Exception):
    """Stands for a kill at this very moment."""


def test_a_killed_one_goes_on_as_if_nothing_had_been(
    before: BehaviourResult, tmp_path: Path
) -> None:
    new = later()
    settings = QUICK.model_copy(update={"epochs": 4, "save_every": 1, "refit": True})
    origin = origin_of(before, tmp_path / "old", new)
    whole = continue_behaviour([*walks(), *new], catalogue(), settings, origin)
    steps = 0

    def kill(report: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise Killed

    folder = tmp_path / "training"
    with pytest.raises(Killed):
        continue_behaviour(
            [*walks(), *new], catalogue(), settings, origin, folder=folder, progress=kill
        )
    resumed = continue_behaviour([*walks(), *new], catalogue(), settings, origin, folder=folder)
    assert resumed.best == whole.best
    np.testing.assert_array_equal(resumed.encoder.item_vectors(), whole.encoder.item_vectors())


def test_it_starts_where_the_old_one_stood_and_new_items_start_as_their_text(
    before: BehaviourResult, tmp_path: Path
) -> None:
    new = [*later(), Event("u000", "new", at=START + timedelta(days=60))]
    origin = origin_of(before, tmp_path / "old", new)
    known = in_order([*walks(), *new])
    run = origin.run(known, catalogue(), QUICK)
    assert run.ids == (*ITEMS, "new")
    network = run.stepper().network
    found = network.item_vectors().detach().numpy()
    old = origin.encoder.extended(catalogue().ids, catalogue().texts)
    np.testing.assert_allclose(
        found, old.item_vectors()[[old.row[id] for id in run.ids]], atol=1e-6
    )


def test_what_would_be_another_network_is_refused(before: BehaviourResult, tmp_path: Path) -> None:
    shop = Workspace.init(tmp_path / "shop")
    parent = published(shop, walks(), settings=QUICK.model_dump(mode="json"))
    start = continuing_start(parent)
    assert start["dim"] == 16 and start["epochs"] < 100
    check_shape(parent, QUICK.model_copy(update={"learning_rate": 1e-4}))
    with pytest.raises(ConfigError, match="dim = 32: behaviour/0001 was trained with 16"):
        check_shape(parent, QUICK.model_copy(update={"dim": 32}))
    origin = origin_of(before, tmp_path / "old", later())
    other = catalogue()
    with pytest.raises(ModelError, match="text vectors"):
        origin.check(type(other)(other.ids, other.texts, "another-encoder"))


def test_a_damaged_parent_is_named(before: BehaviourResult, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    origin_of(before, folder, [])
    (folder / "weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"weights\.safetensors is damaged"):
        load_behaviour(folder)
    shop = Workspace.init(tmp_path / "shop")
    parent = published(shop, walks())
    shutil.rmtree(parent.folder)
    with pytest.raises(ModelError, match="no version '0001'"):
        going_on(shop, "behaviour", LAST)
