"""Questions about what is shown and about the shop."""

import pytest
from agent_talk import products_of, talk, tools_of, words_of

A_TENT = ("a tent", "find | thing tent")
WATERPROOF = ("is it waterproof?", "product")
THE_SECOND = ("the second", "find | item 2")


def test_one_product_alone_is_described(agent):
    _, events = talk(agent, A_TENT, THE_SECOND)
    assert tools_of(events) == ["describe"]


def test_a_question_of_all_that_is_shown_is_answered_for_each(agent):
    conversation, events = talk(agent, A_TENT, WATERPROOF)
    assert tools_of(events) == ["product_question"] * 3
    assert all(one.title in words_of(events) for one in conversation.now.shown)


def test_a_question_without_a_place_is_of_the_one_spoken_of(agent):
    conversation, events = talk(agent, A_TENT, THE_SECOND, WATERPROOF)
    assert tools_of(events) == ["product_question"]
    assert conversation.now.shown[1].title in words_of(events)


@pytest.mark.parametrize(
    ("message", "tools"),
    [
        (("how much is the second?", "product | item 2"), ["product_question"]),
        (("is there a discount?", "shop"), ["shop_question"]),
        (("where is my order?", "order"), []),
        (("which one is the cheapest?", "compare"), ["compare"]),
        (("the second", "find | item 2"), ["describe"]),
        (("why that one?", "why | item 2"), ["explain"]),
    ],
)
def test_questions_go_to_the_tool_that_answers_them_and_change_nothing(agent, message, tools):
    before, _ = talk(agent, ("a teapot", "find | thing teapot"))
    after, events = talk(agent, message, after=before)
    assert tools_of(events) == tools and not products_of(events)
    assert after.now.words == ("teapot",) and after.now.constraints == before.now.constraints
    assert after.now.shown == before.now.shown


def test_an_order_is_declined_and_the_shop_named(agent):
    _, events = talk(agent, ("let me talk to a person", "order"))
    assert words_of(events).startswith("I cannot look into orders, change them")


def test_what_is_taken_goes_to_the_cart(agent):
    conversation, events = talk(agent, A_TENT, ("I take the second", "order | item 2"))
    (mark,) = conversation.now.marks
    assert (mark.item, mark.kind.value) == (conversation.now.shown[1].id, "cart")
    assert tools_of(events) == ["feedback"]


def test_a_question_before_anything_is_shown_is_not_looked_for(agent):
    conversation, events = talk(agent, ("how much is it?", "product"))
    assert "Nothing is shown yet" in words_of(events) and not conversation.now.words
