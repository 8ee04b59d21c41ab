"""Why a product is shown, and how products differ."""

import pytest
from agent_talk import cards_of, talk, tools_of, words_of

from llmrec.agent.agent import Agent
from llmrec.agent.events import Table
from llmrec.agent.replies import say
from llmrec.explain import sentences_of

A_TENT = ("a tent", "find | thing tent")


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (
            ("ein Zelt für zwei Personen", "find | thing Zelt | people: zwei Personen"),
            ("warum 1?", "why | item 1"),
        ),
        (
            ("two-person tent", "find | thing two-person tent"),
            ("why 1?", "why | item 1"),
        ),
        (("帐篷", "find | thing 帐篷"), ("为什么推荐第一个？", "why | item 1")),
    ],
)
def test_reasons_are_in_the_shoppers_language(demo_shop, message, why):
    """Sentences of products in that language are quoted; of others the values that answer."""
    agent = Agent(demo_shop, k=5)
    conversation, events = talk(agent, message)
    cards = cards_of(events)
    # The shop's tents are described in English.
    assert any(card.origin == "quote" for card in cards) or conversation.language != "en"
    for card in (one for one in cards if one.reason):
        item = demo_shop.store.item(card.product["id"])
        quoted = any(sentence.text in card.reason for sentence in sentences_of(item.description))
        assert card.origin == ("quote" if quoted else "fields"), card.reason
        assert not quoted or item.language == conversation.language
        assert message[0] not in card.reason
    _, events = talk(agent, why, after=conversation)
    near = say("why_near", conversation.language, title=cards[0].product["title"])
    assert (cards[0].reason or near).split(".")[0] in words_of(events)


def test_why_of_the_whole_screen_gives_a_reason_for_each(agent):
    conversation, events = talk(agent, A_TENT, ("why these?", "why"))
    assert tools_of(events) == ["explain"] * 3
    assert all(one.title in words_of(events) for one in conversation.now.shown)
    assert conversation.now.focus is None


def test_why_without_a_place_is_of_the_one_spoken_of(agent):
    conversation, events = talk(agent, A_TENT, ("the second", "find | item 2"), ("why?", "why"))
    assert tools_of(events) == ["explain"]
    assert conversation.now.shown[1].title in words_of(events)


def test_of_many_products_on_the_screen_the_first_five_are_compared(demo_shop):
    agent = Agent(demo_shop, k=10)
    conversation, events = talk(agent, ("tea", "find | thing tea"), ("compare them", "compare"))
    table = next(event for event in events if isinstance(event, Table))
    assert len(conversation.now.shown) == 10
    assert table.titles == tuple(one.title for one in conversation.now.shown[:5])


def test_compared_products_stand_side_by_side_with_what_each_is_better_in(agent):
    compare = ("compare 1 and 3", "compare | item 1 | item 3")
    conversation, events = talk(agent, A_TENT, compare)
    (table,) = [event for event in events if isinstance(event, Table)]
    first, _, third = conversation.now.shown
    assert table.titles == (first.title, third.title)
    assert "price" in dict(table.rows)
    assert ": cheaper (" in words_of(events) and "Of these" not in words_of(events)


def test_asked_which_one_to_take_the_assistant_names_one(agent):
    conversation, events = talk(agent, A_TENT, ("which would you take?", "compare"))
    assert f"Of these, {conversation.now.shown[0].title} comes first" in words_of(events)


def test_one_product_alone_is_compared_with_nothing(agent):
    _, events = talk(agent, A_TENT, ("compare the first", "compare | item 1"))
    assert not tools_of(events) and words_of(events).strip()
