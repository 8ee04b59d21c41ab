"""What is looked for, and for whom: what joins it, replaces it, or leaves it as it is."""

import pytest
from agent_talk import products_of, talk, tools_of, words_of

TEAPOT = ("a teapot under 80", "find | thing teapot | max 80")
THE_SECOND = ("tell me about the second", "find | item 2")
SHOPPER = "shopper-116"


def test_a_gift_sets_the_history_aside(agent):
    own, _ = talk(agent, ("a present", "find | thing gift"), user=SHOPPER)
    for_her = ("a present for my mother", "find | thing gift | for my mother")
    gift, events = talk(agent, for_her, user=SHOPPER)
    assert "your own history does not count" in words_of(events)
    assert own.now.shown != gift.now.shown


def test_what_is_for_me_brings_the_history_back(agent):
    gift = ("a present for my mother", "find | thing gift | for my mother")
    conversation, events = talk(agent, gift, ("no, for me", "refine | for me"), user=SHOPPER)
    assert conversation.now.recipient is None
    assert words_of(events).strip() and products_of(events)


def test_a_present_of_no_kind_is_not_searched_and_what_they_like_is_asked(agent):
    gift = ("a present for my mother", "find | thing gift | for my mother")
    conversation, events = talk(agent, gift)
    assert tools_of(events) == ["recommend"] and len(products_of(events)) == 3
    assert conversation.now.words == ()
    assert words_of(events).endswith("What do they like, and how much may it cost?\n")
    _, events = talk(agent, ("under 40", "refine | max 40"), after=conversation)
    assert "What do they like" not in words_of(events)


@pytest.mark.parametrize("message", ["thank you", "das klingt gut", "谢谢你的帮助"])
def test_courtesy_is_answered_and_leaves_everything_as_it_is(agent, message):
    before, _ = talk(agent, TEAPOT, THE_SECOND)
    after, events = talk(agent, (message, "talk"), after=before)
    assert after.now == before.now
    assert words_of(events).strip() and not products_of(events) and not tools_of(events)


def test_a_detail_joins_the_quest_and_another_thing_replaces_it(agent):
    brother = (
        "it's for my brother, he likes cooking",
        "refine | for my brother | feature: cooking",
    )
    conversation, _ = talk(agent, TEAPOT, brother)
    assert conversation.now.query == "cooking teapot"
    assert conversation.now.recipient == "my brother"
    headlamp = ("I also need a headlamp", "find | thing headlamp")
    conversation, _ = talk(agent, headlamp, after=conversation)
    assert conversation.now.words == ("headlamp",)
    assert conversation.now.recipient == "my brother"
    assert conversation.now.constraints.filters().max_price == 80


def test_another_thing_gives_up_the_brand_of_the_last_and_says_so(agent):
    quest = ("a Tamperley teapot in stock", "find | thing teapot | brand Tamperley | in stock")
    conversation, events = talk(agent, quest, ("now a headlamp", "find | thing headlamp"))
    assert conversation.now.constraints.held == ()
    assert "No longer asked for: brand Tamperley; in stock." in words_of(events)


def test_the_same_thing_named_again_is_not_looked_for_twice(agent):
    again = ("a green teapot", "refine | thing teapot | finish: green")
    conversation, _ = talk(agent, TEAPOT, again)
    assert conversation.now.query == "green teapot"


def test_more_like_one_asks_for_what_is_near_it_and_keeps_the_limits(agent):
    like = ("like the second, under 60", "refine | item 2 | max 60")
    before, _ = talk(agent, TEAPOT)
    conversation, events = talk(agent, like, after=before)
    assert tools_of(events) == ["similar"]
    assert conversation.now.ask.product == before.now.shown[1].id
    assert all(float(product["price"]) <= 60 for product in products_of(events))


def test_what_says_nothing_is_asked_what_is_looked_for(agent):
    conversation, events = talk(agent, ("hm", "refine"))
    assert words_of(events) == "What are you looking for?\n"
    assert not conversation.now.shown


def test_what_nothing_is_called_is_said_and_the_nearest_shown(agent):
    _, events = talk(agent, ("a flux capacitor", "find | thing flux capacitor"))
    assert words_of(events).startswith("Nothing here is called “flux capacitor”.")
