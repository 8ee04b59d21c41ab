"""What is looked for, and for whom: what joins it, replaces it, or leaves it as it is."""

import pytest
from agent_talk import products_of, talk, tools_of, words_of


def test_a_gift_sets_the_history_aside(demo_shop, agent):
    user = "shopper-116"
    own, _ = talk(agent, "something nice", user=user)
    gift, events = talk(agent, "something nice for my mother", user=user)
    assert "your own history does not count" in words_of(events)
    assert own.now.shown != gift.now.shown


@pytest.mark.parametrize(
    "message",
    [
        *("thank you for your help", "sure", "that sounds good", "hi there, how are you?", "bye"),
        *("das klingt gut", "vielen Dank", "听起来不错", "谢谢你的帮助"),
    ],
)
def test_courtesy_is_answered_and_leaves_everything_as_it_is(agent, message):
    before, _ = talk(agent, "a teapot under 80", "tell me about the second")
    after, events = agent.answer(before, message)
    assert after.now == before.now
    assert words_of(events).strip() and not products_of(events) and not tools_of(events)


def test_a_detail_joins_the_quest_and_another_thing_replaces_it(agent):
    conversation, _ = talk(agent, "a teapot", "it's for my brother, he likes cooking")
    assert conversation.now.words == ("teapot", "cooking")
    assert conversation.now.recipient == "my brother"
    conversation, _ = agent.answer(conversation, "I also need a headlamp")
    assert conversation.now.words == ("headlamp",)


def test_something_for_a_place_is_not_found_for_for_it(agent):
    _, events = talk(agent, "something for the balcony")
    assert words_of(events).startswith("Found for “balcony”:")


@pytest.mark.parametrize(
    "message",
    [
        *("hi, what's new for me?", "surprise me", "what would you recommend?", "any ideas"),
        *("something nice", "show me something good", "zeig mir was Schönes"),
        *("was empfiehlst du mir?", "überrasch mich", "有什么推荐吗？", "推荐一下吧"),
    ],
)
def test_a_wish_that_names_no_thing_is_not_searched(agent, message):
    conversation, events = talk(agent, message)
    assert tools_of(events) == ["recommend"] and len(products_of(events)) == 3
    assert conversation.now.words == ()
    assert talk(agent, "teapot under 40", message)[0].now.words == ("teapot",)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("what do you recommend for tea?", ("tea",)),
        ("recommend me something for tea", ("tea",)),
        ("surprise eggs", ("surprise eggs",)),
    ],
)
def test_a_wish_that_names_a_thing_is_searched(agent, message, words):
    assert talk(agent, message)[0].now.words == words
