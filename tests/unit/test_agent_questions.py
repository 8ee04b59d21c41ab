"""Questions about what is shown and about the shop, and those that wait for a number."""

import pytest
from agent_talk import products_of, talk, tools_of, words_of


def test_a_question_of_which_is_answered_by_a_number(agent):
    conversation, _ = talk(agent, "something for the kitchen", "not that one")
    if not conversation.asked:  # the three may happen to be told apart
        pytest.fail("nothing was asked")
    second = conversation.now.shown[1]
    conversation, events = agent.answer(conversation, "the second")
    assert conversation.now.constraints.filters().not_items == (second.id,)
    assert second.id not in [one["id"] for one in products_of(events)]


def test_a_question_completed_by_a_number_is_the_question(agent):
    conversation, _ = talk(agent, "a tent", "is it waterproof?")
    conversation, events = agent.answer(conversation, "the second")
    assert tools_of(events) == ["product_question"]
    assert conversation.turns[-1].said == "the second"


def test_a_question_of_which_waits_for_its_number_through_courtesy(agent):
    conversation, _ = talk(agent, "a tent", "is it waterproof?", "sure", "the second")
    assert conversation.turns[-1].said == "the second"
    assert conversation.now.focus == 2 and conversation.now.words == ("tent",)


@pytest.mark.parametrize(
    ("message", "tool"),
    [
        ("how much is the second?", "product_question"),
        ("how big is it?", "product_question"),
        ("what's the price?", "product_question"),
        ("is it available in black?", "product_question"),
        ("wie teuer ist sie?", "product_question"),
        ("多少钱？", "product_question"),
        ("is there a discount?", "shop_question"),
        ("do you have any discounts?", "shop_question"),
        ("gibt es einen Rabatt?", "shop_question"),
        ("有折扣吗", "shop_question"),
        ("when will it arrive?", "shop_question"),
        ("which one is the cheapest?", "compare"),
    ],
)
def test_questions_go_to_the_tool_that_answers_them(agent, message, tool):
    before, _ = talk(agent, "a teapot", "tell me about the second")
    after, events = agent.answer(before, message)
    assert tools_of(events) == [tool]
    assert after.now.words == ("teapot",) and after.now.constraints == before.now.constraints


def test_what_else_goes_with_it_is_no_more(agent):
    _, events = talk(agent, "a teapot", "tell me about the second", "what else goes with it?")
    assert tools_of(events) == ["bought_together"]


def test_a_question_of_several_compares_them(agent):
    _, events = talk(agent, "a teapot", "how much are they?")
    assert tools_of(events) == ["compare"]


def test_a_question_before_anything_is_shown_is_not_looked_for(agent):
    conversation, events = talk(agent, "how much is it?")
    assert "Nothing is shown yet" in words_of(events) and not conversation.now.words
