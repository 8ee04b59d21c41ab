"""A purchase beside another request: both are done, and none is made of what is only asked."""

import pytest
from agent_talk import products_of, talk, tools_of, words_of

from llmrec.agent.buying import order_in
from llmrec.types import EventKind

TEAPOTS = ("a teapot", "find | thing teapot")


def carted(conversation):
    """The places on the screen of what is in the cart."""
    numbers = {product.id: product.number for product in conversation.now.shown}
    marks = (mark for mark in conversation.now.marks if mark.kind is EventKind.CART)
    return [numbers.get(mark.item) for mark in marks]


@pytest.mark.parametrize(
    ("message", "order"),
    [
        ("I'll take the second, and do you ship to Austria?", "I'll take the second"),
        ("Do you ship to Austria? I'll take the second.", "I'll take the second."),
        ("I take the second, how long is delivery", "I take the second"),
        ("Den zweiten nehme ich, und liefert ihr nach Wien?", "Den zweiten nehme ich"),
        ("Ich nehme die zweite und wie lange dauert das?", "Ich nehme die zweite"),
        ("第二个我要了,另外你们寄到奥地利吗?", "第二个我要了"),
        ("can I buy the second?", "can I buy the second?"),
        ("do you ship to Austria?", "do you ship to Austria?"),
    ],
)
def test_an_order_is_what_is_told_beside_the_questions(message, order):
    assert order_in(message) == order


@pytest.mark.parametrize("item", [" | item 2", ""])
@pytest.mark.parametrize(
    "message",
    [
        "I'll take the second, and do you ship to Austria?",
        "I'll take the second. Can I return it if it is not what she wants?",
        "Den zweiten nehme ich, und liefert ihr nach Österreich?",
        "Ich nehme den zweiten und wie lange dauert die Lieferung?",
        "第二个我要了，另外你们寄到奥地利吗？",
    ],
)
def test_a_purchase_and_a_question_to_the_shop_are_both_done(agent, message, item):
    before, _ = talk(agent, TEAPOTS)
    after, events = talk(agent, (message, f"order{item} || shop"), after=before)
    assert carted(after) == [2]
    first, *others = tools_of(events)
    assert first == "feedback" and {*others} == {"shop_question"}


@pytest.mark.parametrize("item", [" | item 2", ""])
@pytest.mark.parametrize(
    "message",
    [
        "I'll take the second, and now a lamp",
        "Ich nehme den zweiten, und jetzt eine Lampe",
        "第二个我要了,再看看台灯",
    ],
)
def test_a_purchase_is_of_the_screen_before_the_wish_changes_it(agent, message, item):
    before, _ = talk(agent, TEAPOTS)
    second = before.now.shown[1]
    thing = next(word for word in ("lamp", "Lampe", "台灯") if word in message)
    after, events = talk(agent, (message, f"order{item} || find | thing {thing}"), after=before)
    assert [mark.item for mark in after.now.marks] == [second.id]
    assert after.now.words == (thing,) and products_of(events)


@pytest.mark.parametrize("item", ["", " | item 2", " | item 1"])
def test_it_is_the_product_that_was_spoken_of(agent, item):
    before, _ = talk(agent, TEAPOTS, ("how heavy is the second?", "product | item 2"))
    message = "I'll take it, do you ship to Austria?"
    after, events = talk(agent, (message, f"order{item} || shop"), after=before)
    assert carted(after) == [2] and tools_of(events)[-1] == "shop_question"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("I'll take the second, and do you ship to Austria?", "shop"),
        ("can I order the second to Austria?", "shop"),
        ("where is my order, and do you ship to Austria?", "order || shop"),
        ("I might take the second if it fits, does it?", "product | item 2"),
    ],
)
def test_no_purchase_is_made_of_what_was_not_read_as_one(agent, message, line):
    before, _ = talk(agent, TEAPOTS)
    after, _ = talk(agent, (message, line), after=before)
    assert carted(after) == []


def test_a_purchase_beside_a_question_of_an_order_is_made_once(agent):
    before, _ = talk(agent, TEAPOTS)
    message = "I'll take the second. And where is my order of last week?"
    after, events = talk(agent, (message, "order | item 2 || order"), after=before)
    assert carted(after) == [2] and tools_of(events).count("feedback") == 1
    assert "cannot look into orders" in words_of(events)


def test_what_is_only_asked_about_is_not_bought_too(agent):
    before, _ = talk(agent, TEAPOTS, ("a lamp", "find | thing lamp"))
    earlier = agent.shop.store.item(before.turns[0].products[0])
    message = f"I'll take the second, and is the {earlier.title} in stock?"
    after, _ = talk(agent, (message, "order | item 2 || product"), after=before)
    assert carted(after) == [2]


def test_a_place_that_is_not_shown_is_not_bought_as_another(agent):
    before, _ = talk(agent, ("a teapot under 35", "find | thing teapot | max 35"))
    number = len(before.now.shown)
    word, place = {1: ("second", 2), 2: ("third", 3), 3: ("fourth", 4)}[number]
    line = f"order | item {number}"
    after, events = talk(agent, (f"I'll take the {word}", line), after=before)
    assert carted(after) == [] and f"Nothing numbered {place} is shown." in words_of(events)
