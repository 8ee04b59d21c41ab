"""Three human dialogues replayed through scripts/bench/shopdial.py, where the data is at hand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "bench"))

from shopdial import SETTINGS, Replay, figures
from shopdial_data import (
    PRODUCTS,
    SHOPPER,
    TALK,
    Names,
    Utterance,
    named_next,
    names_by_category,
    read_dialogues,
    read_products,
    rule_of,
)

from llmrec import Recommender, Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.embedding import HashingEncoder
from llmrec.retrieval import build_index
from llmrec.types import Item

DOME, LAMP = Item("dome", "Dome tent, for two"), Item("lamp", "Lamp, steel")


def said(goal, *intents):
    return rule_of(Utterance(SHOPPER, "", goal, frozenset(intents)))


def test_annotations_without_a_counterpart_are_left_out():
    assert said("recommendation", "disclose", "answer").tools is PRODUCTS
    assert said("meta", "greeting").tools == {TALK}
    assert said("recommendation", "answer") is said("qa") is said("meta", "o_question") is None


def test_the_next_answer_is_the_whole_of_what_the_human_says_then():
    turns = [
        Utterance(SHOPPER, "hello"),
        Utterance(SHOPPER, "a tent"),
        Utterance("Wizard", "one moment"),
        Utterance("Wizard", "the Dome"),
        Utterance(SHOPPER, "and light?"),
        Utterance("Wizard", "a lamp"),
    ]
    names = Names([DOME, LAMP], everyday=())
    asked = [named_next(turns, at, names) for at in (0, 1, 4)]
    assert asked == [{"dome"}, {"dome"}, {"lamp"}]


@pytest.mark.integration
@pytest.mark.shared_data
def test_three_dialogues_run_without_failure_or_forbidden_products(shared_data, tmp_path):
    source = shared_data / "mg_shopdial"
    if not source.is_dir():
        pytest.skip(f"no dialogues in {source}")
    Workspace.init(tmp_path / "shop")
    workspace = Workspace.open(
        tmp_path / "shop",
        overrides={**SETTINGS, "models": {"engine": "scripted", "encoder": "hashing"}},
    )
    products, dialogues = read_products(source), read_dialogues(source)
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(products)
        build_index(workspace, store, HashingEncoder())
    with Recommender.open(workspace) as shop:
        replay = Replay(shop, names_by_category(dialogues, products))
        some = list(dialogues.items())[:3]
        turns = [turn for id, utterances in some for turn in replay.dialogue(id, utterances)]
    found = figures(turns)
    spoken = sum(one.speaker == SHOPPER for _, utterances in some for one in utterances)
    assert (found["turns"], found["failures"]) == (spoken, 0), [t.failed for t in turns]
    assert found["forbidden or unknown products"] == 0 < found["products shown"]
    assert 0 < found["tool fits"]["mean"] < 1
    assert any(turn.named and turn.recall("assistant", 10) for turn in turns)
