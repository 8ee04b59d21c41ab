"""The words of products in a conversation: behind the cards, each to its own, whatever fails."""

import pytest
from agent_talk import act, cards_of, talk
from tool_shop import make_store

from llmrec import Item, Recommender, Workspace
from llmrec.agent.agent import Agent
from llmrec.agent.events import Answered, Done, Failed, Products, ProductWords, Thinking
from llmrec.agent.product_words import filled
from llmrec.agent.state import Conversation
from llmrec.cli.chat_actions import action_of
from llmrec.engines import ScriptedEngine
from llmrec.errors import CatalogError, EngineUnavailable
from llmrec.reading.scripted import ScriptedReader

TEXT = " something to look at"  # holds of no product: then it is tried twice


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    items = [
        Item(f"t{n:02}", f"Teapot no. {n}", description="Holds a litre.", language="en")
        for n in range(12)
    ]
    made = make_store(tmp_path_factory.mktemp("words") / "shop", items)
    return Workspace.open(made.path, overrides={"explain": {"words": "model"}})


@pytest.fixture
def engine():
    return ScriptedEngine(generate=[TEXT])


@pytest.fixture
def agent(workspace, engine):
    with Recommender.open(workspace, engine=engine) as shop:
        yield Agent(shop, reader=ScriptedReader({"teapot": "find | thing teapot"}))


def words_behind(events):
    return [event for event in events if isinstance(event, ProductWords)]


def keys_of(events):
    """Number and product of the cards, and of their words."""
    cards = [(card.number, card.product["id"]) for card in cards_of(events)]
    return cards, [(event.number, event.product) for event in words_behind(events)]


def test_all_else_is_said_and_the_turn_counts_before_the_first_words(agent, engine):
    events = agent.reply(Conversation(), "teapot")
    before = []
    for event in events:
        before.append(event)
        if isinstance(event, Answered):
            break
    assert engine.decode_steps == 0
    assert all(card.pending and card.reason is None for card in cards_of(before))
    behind = list(events)
    assert behind[0] == Thinking(step="writing") and isinstance(behind[-1], Done)
    assert [type(event) for event in behind[1:-1]] == 3 * [ProductWords]
    assert before[-1].conversation == behind[-1].conversation
    cards, words = keys_of([*before, *behind])
    assert words == cards
    assert all(event.reason and event.origin == "fields" for event in words_behind(behind))


def test_a_product_that_keeps_its_place_does_not_take_the_words_of_another(agent):
    conversation, _ = talk(agent, "teapot", user="ann")
    _, events = act(agent, conversation, "/like 2")
    cards, words = keys_of(events)
    kept = conversation.now.shown[1].id
    assert cards[1] == (2, kept)
    assert words == [card for card in cards if card[1] != kept]


def test_a_whole_reply_has_each_cards_words_on_it(agent):
    _, events = talk(agent, "teapot")
    reasons = [event.reason for event in words_behind(events)]
    whole = filled(events)
    assert [card.reason for card in cards_of(whole)] == reasons and all(reasons)
    assert not any(card.pending for card in cards_of(whole)) and not words_behind(whole)


def test_who_stops_at_the_words_keeps_the_turn_and_what_was_liked(agent, engine):
    conversation, _ = talk(agent, "teapot", user="ben")
    events = agent.reply(conversation, "teapot")
    for event in events:
        if isinstance(event, ProductWords):
            break
    steps = engine.decode_steps
    events.close()
    assert engine.decode_steps == steps
    liked = agent.act(conversation, "/like 1", action_of("/like 1"))
    for event in liked:
        if isinstance(event, ProductWords):
            break
    liked.close()
    assert len(agent.shop.history_of("ben")) == 1


def test_who_cannot_keep_the_turn_has_it_taken_back_before_any_words(agent, engine):
    conversation, _ = talk(agent, "teapot", user="cem")
    steps = engine.decode_steps
    events = agent.act(conversation, "/like 1", action_of("/like 1"))
    for event in events:
        if isinstance(event, Answered):
            break
    assert len(agent.shop.history_of("cem")) == 1
    with pytest.raises(CatalogError):
        events.throw(CatalogError("The database is away."))
    assert agent.shop.history_of("cem") == [] and engine.decode_steps == steps


@pytest.mark.parametrize("error", [EngineUnavailable("It is away."), CatalogError("No database.")])
def test_what_fails_behind_the_cards_is_told_for_each_card(agent, engine, error, monkeypatch):
    if isinstance(error, EngineUnavailable):
        engine.fail_on, engine.fail_with = frozenset({"generate"}), error
    else:
        monkeypatch.setattr(type(agent.shop.store), "brands", failing(error))
    _, events = talk(agent, "teapot")
    cards, words = keys_of(events)
    assert words == cards and not any(isinstance(event, Failed) for event in events)
    assert {event.error for event in words_behind(events)} == {type(error).__name__}
    assert {event.origin for event in words_behind(events)} == {"fields"}


def failing(error):
    def fail(*_):
        raise error

    return fail


def test_in_the_default_the_words_are_on_the_cards_and_come_once_more(workspace, engine):
    quoting = Workspace.open(workspace.path)
    with Recommender.open(quoting, engine=engine) as shop:
        quick = Agent(shop, reader=ScriptedReader({"teapot": "find | thing teapot"}))
        _, events = talk(quick, "teapot")
    cards = cards_of(events)
    assert [card.reason for card in cards] == [event.reason for event in words_behind(events)]
    assert not any(card.pending for card in cards)
    assert Thinking(step="writing") not in events and engine.decode_steps == 0
    assert sum(isinstance(event, Products) for event in events) == 1
