"""What a shopper of the demo store is shown for words: what answers them, and no more.

Each request is one that was laughed at in a conversation (eval/results/chat): a soup base for a
labrador to chew on, a helmet among jackets, the seeds of a chilli called Lantern.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from llmrec import Filters, Recommender, Workspace
from llmrec.agent.agent import Agent
from llmrec.agent.events import AgentEvent, Words
from llmrec.agent.replies import say
from llmrec.agent.state import Conversation
from llmrec.catalog.store import CatalogStore
from llmrec.demo import items_files
from llmrec.embedding import load_encoder
from llmrec.ingest import ingest_items
from llmrec.reading.scripted import ScriptedReader
from llmrec.retrieval import build_index

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recommender]:
    workspace = Workspace.init(tmp_path_factory.mktemp("relevance") / "shop")
    ingest_items(workspace, items_files())
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, load_encoder(workspace.settings.models.encoder))
    with Recommender.open(workspace.path, overrides={"models": {"engine": "scripted"}}) as opened:
        yield opened


def _shown(
    shop: Recommender, query: str, recipient: str | None = None, **limits: object
) -> list[str]:
    answer = shop.recommend(
        (), 5, query, Filters(**limits), explain=False, recipient=recipient, cut=True
    )
    assert [one.rank for one in answer] == [*range(1, len(answer) + 1)]
    return [one.item.title for one in answer]


def test_only_the_chew_is_to_chew(shop: Recommender) -> None:
    assert _shown(shop, "chew", "my labrador") == ["Chew root, medium"]


def test_of_what_is_not_here_that_is_said(shop: Recommender) -> None:
    answer = shop.recommend((), 5, "tennis racket", explain=False, cut=True)
    assert answer.trace.unlike is not None
    assert all(one.fit == "near" for one in answer)


def test_a_name_is_no_lantern(shop: Recommender) -> None:
    assert _shown(shop, "lantern") == ["Tent lantern with dimmer"]
    assert _shown(shop, "lantern", max_price=25) == []


def test_loose_tea_is_tea(shop: Recommender) -> None:
    assert _shown(shop, "loose tea") == ["Breakfast blend loose leaf 250 g"]


def test_jackets_have_no_helmet_among_them(shop: Recommender) -> None:
    titles = _shown(shop, "jackets")
    assert titles
    assert all("jacket" in title for title in titles)


def test_no_cushion_is_an_umbrella(shop: Recommender) -> None:
    assert _shown(shop, "waterproof umbrella", max_price=30) == []


def test_no_dry_bag_is_a_sleeping_bag_whatever_is_too_dear(shop: Recommender) -> None:
    titles = _shown(shop, "sleeping bags")
    assert all("sleeping bag" in title for title in titles)
    assert not titles[0].endswith("liner")
    assert _shown(shop, "sleeping bags", max_price=60) == ["Silk sleeping bag liner"]


def test_tents_come_before_what_is_for_them(shop: Recommender) -> None:
    titles = _shown(shop, "tent")
    assert [title.endswith("tent") for title in titles] == [True] * 4 + [False]


def test_a_raincoat_for_people_comes_first_and_for_me_there_is_no_other(shop: Recommender) -> None:
    assert _shown(shop, "raincoat")[-1] == "Dog raincoat"
    assert _shown(shop, "raincoat")[0].startswith("Sleet rain jacket")
    assert all(title.startswith("Sleet") for title in _shown(shop, "raincoat for me"))
    assert _shown(shop, "raincoat", "my dog")[0] == "Dog raincoat"


@pytest.mark.parametrize(
    ("query", "recipient"),
    [("sleeping sack for a 9-year-old", None), ("sleeping sack", "the boys")],
)
def test_nothing_for_babies_comes_for_older_children(
    shop: Recommender, query: str, recipient: str | None
) -> None:
    assert not any("months" in title or "tog" in title for title in _shown(shop, query, recipient))
    assert "Sleeping sack 6-18 months, 2.5 tog" in _shown(shop, "sleeping sack for a baby")


def test_without_the_cut_the_list_is_full_and_says_what_answers(shop: Recommender) -> None:
    answer = shop.recommend((), 5, "chew", explain=False)
    assert len(answer) == 5
    assert [one.fit for one in answer] == ["answer", *["none"] * 4]
    assert answer.trace.answering == 1
    assert answer.trace.unlike is None
    assert [one.fit for one in shop.recommend(["OUT-008"], 3, explain=False)] == [None] * 3


def test_a_conversation_says_how_many_fit_and_which_limit_keeps_the_rest_away(
    shop: Recommender,
) -> None:
    reader = ScriptedReader({"a lantern": "find | thing lantern", "under 25": "refine | max 25"})
    agent = Agent(shop, reader=reader)
    conversation, events = agent.answer(Conversation(), "a lantern")
    assert say("fewer_answer", "en", count=1) in _words(events)
    conversation, events = agent.answer(conversation, "under 25")
    assert say("no_such_fit_at_all", "en", text="lantern") in _words(events)
    assert "Without “at most 25 EUR” there would be" in _words(events)
    assert not conversation.now.shown


def test_of_another_thing_it_is_said_that_it_was_not_meant(shop: Recommender) -> None:
    question = "why not the Paper floor lamp?"
    agent = Agent(shop, reader=ScriptedReader({"a teapot": "find | thing teapot", question: "why"}))
    conversation, _ = agent.answer(Conversation(), "a teapot")
    _, events = agent.answer(conversation, question)
    assert "it is not what “teapot” means" in _words(events)
    assert "place" not in _words(events)


def _words(events: Sequence[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Words))
