"""Why a product is shown or is not, and how products differ."""

import pytest
from agent_talk import cards_of, talk, words_of

from llmrec.agent.agent import Agent
from llmrec.agent.events import Table
from llmrec.agent.language import language_of


@pytest.mark.parametrize(
    ("message", "why", "said"),
    [
        ("ein Zelt für zwei Personen", "warum 1?", "Kurz gesagt:"),
        ("two-person tent", "why 1?", "You asked for"),
        ("帐篷", "为什么推荐第一个？", "它"),
    ],
)
def test_reasons_are_in_the_shoppers_language(demo_shop, message, why, said):
    """The tents are English and the engine writes English: what is in another is from fields."""
    agent = Agent(demo_shop, k=5)
    conversation, events = talk(agent, message)
    cards = cards_of(events)
    language = conversation.language
    reasons = {card.product["title"]: card.reason for card in cards}
    assert all(language_of(text, language) == language for text in reasons.values()), reasons
    _, events = agent.answer(conversation, why)
    assert said in words_of(events)


def test_why_not_names_what_keeps_a_product_away(agent):
    _, events = talk(agent, "from Tamperley under 20", "why not the Skerry 2 two-person tent?")
    assert words_of(events) == (
        "Skerry 2 two-person tent is kept away by: brand Tamperley (it says: Kestrelwick); "
        "at most 20 EUR (it says: 219 EUR).\n"
    )


def test_of_many_products_on_the_screen_the_first_five_are_compared(demo_shop):
    conversation, events = talk(Agent(demo_shop, k=10), "something nice", "compare them")
    table = next(one for one in events if isinstance(one, Table))
    assert len(conversation.now.shown) == 10
    assert table.titles == tuple(one.title for one in conversation.now.shown[:5])


def test_compared_products_stand_side_by_side(agent):
    conversation, events = talk(agent, "a tent", "compare 1 and 3")
    (table,) = [one for one in events if isinstance(one, Table)]
    assert table.titles == (conversation.now.shown[0].title, conversation.now.shown[2].title)
    assert "price" in dict(table.rows)


@pytest.mark.parametrize(
    ("message", "compared"),
    [
        ("how do they differ?", True),
        ("what's the difference?", True),
        ("what is different about them?", True),
        ("how are they different?", True),
        ("what's different", True),
        ("show me different tents", False),
        ("differently shaped tents", False),
    ],
)
def test_different_products_are_looked_for_and_differences_compared(agent, message, compared):
    _, events = talk(agent, "a tent", message)
    assert any(isinstance(one, Table) for one in events) == compared
