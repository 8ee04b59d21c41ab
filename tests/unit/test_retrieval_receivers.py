"""Whom products are made for, and whom a request names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llmrec.catalog.snapshot import Snapshot
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.retrieval.receivers import Receivers, wanted_by
from llmrec.types import Item

ITEMS = (
    Item("dog", "Raincoat, small", category=("Pets", "Dogs")),
    Item("cat", "Cave in felted wool", category=("Pets", "Cats")),
    Item("baby", "Sleeping sack 6-18 months", category=("Baby & Kids", "Baby")),
    Item("blocks", "Blocks", category=("Baby & Kids", "Toys"), attributes={"age": ["2-5 years"]}),
    Item(
        "game", "Card game", category=("Baby & Kids", "Toys"), attributes={"age": ["from 8 years"]}
    ),
    Item("titled", "Travel blanket for dogs", category=("Travel",)),
    Item("pack", "Children's backpack", category=("Hiking",)),
    Item("cable", "Cat 6 cable", category=("Office",)),
    Item("bun", "Hot dog bun tray", category=("Kitchen",)),
    Item("cheese", "Cheese, aged 12-18 months", category=("Pantry",)),
    Item("spinach", "Baby spinach seeds", category=("Garden",)),
    Item("tent", "Tunnel tent", category=("Hiking",)),
    Item("glass", "Magnifier", category=("Office",), attributes={"age": ["from 50 years"]}),
)


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    workspace = Workspace.init(tmp_path / "shop")
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(ITEMS)
        return Snapshot.load(store)


@pytest.mark.parametrize(
    ("query", "recipient", "left_out"),
    [
        ("raincoat", None, set()),
        ("magnifier for my grandma", None, {"dog", "cat", "baby", "titled", "blocks"}),
        ("magnifier for a 30-year-old", None, {"dog", "cat", "baby", "titled", "blocks", "glass"}),
        ("any kind of harness", None, set()),
        ("what kind of lead do you have", None, set()),
        ("which kind is best", None, set()),
        ("Rucksack für mein Kind", None, {"dog", "cat", "baby", "titled"}),
        ("rucksack kind", None, {"dog", "cat", "baby", "titled"}),
        ("raincoat, not for dogs", None, {"dog", "titled"}),
        ("Regenjacke, nicht für Hunde", None, {"dog", "titled"}),
        ("Decke, keine Hunde oder Katzen", None, {"dog", "titled", "cat"}),
        ("雨衣 不要狗狗的", None, {"dog", "titled"}),
        ("雨衣 不是给狗狗的", None, {"dog", "titled"}),
        ("雨衣，不是给狗", None, {"dog", "titled"}),
        ("雨衣，不是给猫的", None, {"cat"}),
        ("雨衣 不给狗和猫用", None, {"dog", "titled", "cat"}),
        ("垫子 不要狗尾草", None, set()),
        ("blanket not for babies", None, {"baby"}),
        ("not for dogs, for my cat", None, {"dog", "titled", "baby", "blocks", "game", "pack"}),
        ("not only for dogs", None, {"cat", "baby", "blocks", "game", "pack"}),
        ("no spill cup for my dog", None, {"cat", "baby", "blocks", "game", "pack"}),
        ("raincoat for me", None, {"dog", "cat", "baby", "titled", "blocks"}),
        ("raincoat for my dog", None, {"cat", "baby", "blocks", "game", "pack"}),
        ("raincoat", "my labrador", set()),
        ("game for a 9-year-old", None, {"dog", "cat", "baby", "blocks", "titled", "glass"}),
        ("game", "my two-year-old", {"dog", "cat", "baby", "game", "titled", "glass"}),
        ("Spiel für meine Katze", None, {"dog", "baby", "blocks", "game", "titled", "pack"}),
        ("bag for the boys", None, {"dog", "cat", "baby", "titled"}),
        ("help me with the dishes", None, set()),
    ],
)
def test_what_is_made_for_others_is_left_out(
    snapshot: Snapshot, query: str, recipient: str | None, left_out: set[str]
) -> None:
    barred = Receivers(snapshot).barred(wanted_by(query, recipient))
    assert {snapshot.ids[row] for row in np.flatnonzero(barred)} == left_out


@pytest.mark.parametrize(
    ("query", "recipient", "back"),
    [
        ("raincoat", None, {"dog", "cat", "baby", "titled"}),
        ("dog raincoat", None, {"cat", "baby"}),
        ("raincoat", "Toby", set()),
    ],
)
def test_what_is_made_for_animals_and_babies_steps_back_unless_somebody_is_named(
    snapshot: Snapshot, query: str, recipient: str | None, back: set[str]
) -> None:
    steps_back = Receivers(snapshot).steps_back(wanted_by(query, recipient))
    assert {snapshot.ids[row] for row in np.flatnonzero(steps_back)} == back


def test_a_shop_for_pets_has_nothing_step_back(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "pets")
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items([*ITEMS[:2], ITEMS[-1]])
        pets = Snapshot.load(store)
    assert not Receivers(pets).steps_back(wanted_by("raincoat")).any()
