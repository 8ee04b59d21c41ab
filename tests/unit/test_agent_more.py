"""Others of the same: more, anything else, cheaper."""

from decimal import Decimal

import pytest
from agent_talk import products_of, talk, words_of
from demo_words import demo_items
from tool_shop import make_store, open_shop

from llmrec.agent.agent import Agent
from llmrec.types import Item


def test_more_shows_others_until_there_are_none(agent):
    conversation, events = talk(agent, "from Limberlow, under 15 euros")
    seen = []
    while products_of(events):
        ids = [one["id"] for one in products_of(events)]
        assert not set(ids) & set(seen)
        seen += ids
        conversation, events = agent.answer(conversation, "more")
    assert words_of(events) == "That was all that fits.\n"
    allowed = [one for one in demo_items() if one.brand == "Limberlow" and one.price <= 15]
    assert sorted(seen) == sorted(one.id for one in allowed)


@pytest.mark.parametrize(
    "message",
    [
        *("do you have anything else?", "what else do you have", "any other options?"),
        *("something else", "habt ihr noch etwas anderes?", "还有别的吗"),
    ],
)
def test_anything_else_is_more_of_the_same(agent, message):
    before, events = talk(agent, "from Limberlow")
    after, later = agent.answer(before, message)
    ids = [{one["id"] for one in products_of(some)} for some in (events, later)]
    assert len(ids[1]) == 3 and not ids[0] & ids[1]
    assert after.now.constraints == before.now.constraints and not after.now.words


@pytest.mark.parametrize(
    "message", ["anything else below 15", "anything else that is below 15€", "was anderes unter 15"]
)
def test_anything_else_may_have_a_limit(agent, message):
    before, events = talk(agent, "from Limberlow")
    after, later = agent.answer(before, message)
    assert after.now.constraints.filters().max_price == 15 and not after.now.words
    ids = [{one["id"] for one in products_of(some)} for some in (events, later)]
    assert ids[1] and not ids[0] & ids[1]


def test_cheaper_stays_with_the_subject_or_says_that_nothing_is(tmp_path):
    items = [
        Item("CHAIR", "Office chair", price=Decimal(200), currency="EUR"),
        Item("LOW", "Office chair, low", price=Decimal(90), currency="EUR"),
        Item("PEN", "Ballpoint pen", price=Decimal(2), currency="EUR"),
    ]
    with open_shop(make_store(tmp_path / "shop", items)) as small:
        conversation, events = talk(Agent(small), "office chair")
        assert {one["id"] for one in products_of(events)} == {"CHAIR", "LOW"}
        assert "Only 2 fit" in words_of(events)
        _, events = Agent(small).answer(conversation, "cheaper")
    assert not products_of(events)
    assert words_of(events) == (
        "Nothing about “office chair” fits all of it: at most 89.99 EUR.\n"
        "Without “at most 89.99 EUR” there would be 2; say “no price limit”.\n"
    )
