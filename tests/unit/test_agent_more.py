"""Others of the same: more, none of these, cheaper."""

from decimal import Decimal

import pytest
from agent_talk import MORE, products_of, talk, words_of
from demo_words import demo_items
from tool_shop import make_store, open_shop

from llmrec.agent.agent import Agent
from llmrec.types import Item

LIMBERLOW = ("from Limberlow", "find | brand Limberlow")


def test_more_shows_others_until_there_are_none(agent):
    start = ("from Limberlow, under 15 euros", "find | brand Limberlow | max 15")
    conversation, events = talk(agent, start)
    seen = []
    while products_of(events):
        ids = [product["id"] for product in products_of(events)]
        assert not set(ids) & set(seen)
        seen += ids
        conversation, events = talk(agent, MORE, after=conversation)
    assert words_of(events) == "That was all that I find for it.\n"
    allowed = [item for item in demo_items() if item.brand == "Limberlow" and item.price <= 15]
    assert sorted(seen) == sorted(one.id for one in allowed)


@pytest.mark.parametrize("message", [MORE, ("none of these", "none")])
def test_more_and_none_of_these_show_others_of_the_same(agent, message):
    before, events = talk(agent, LIMBERLOW)
    after, later = talk(agent, message, after=before)
    ids = [{product["id"] for product in products_of(some)} for some in (events, later)]
    assert len(ids[1]) == 3 and not ids[0] & ids[1]
    assert after.now.constraints == before.now.constraints and not after.now.words


def test_cheaper_stays_with_the_subject_or_says_that_nothing_is(tmp_path):
    items = [
        Item("CHAIR", "Office chair", price=Decimal(200), currency="EUR"),
        Item("LOW", "Office chair, low", price=Decimal(90), currency="EUR"),
        Item("PEN", "Ballpoint pen", price=Decimal(2), currency="EUR"),
    ]
    with open_shop(make_store(tmp_path / "shop", items)) as small:
        agent = Agent(small)
        conversation, events = talk(agent, ("office chair", "find | thing office chair"))
        assert {product["id"] for product in products_of(events)} == {"CHAIR", "LOW"}
        assert "no more than 2" in words_of(events)
        low = next(one.number for one in conversation.now.shown if one.id == "LOW")
        cheaper = ("cheaper than the low one", f"refine | sort cheapest | item {low}")
        _, events = talk(agent, cheaper, after=conversation)
    assert not products_of(events)
    assert words_of(events) == (
        "I find nothing about “office chair” within all of it: at most 89.99 EUR.\n"
        "Without “at most 89.99 EUR” there would be 2; say “no price limit”.\n"
    )
