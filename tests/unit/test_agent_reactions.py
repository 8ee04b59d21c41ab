"""Likes and dislikes in a conversation, what they leave in the log, and how they are taken back."""

from agent_talk import cards_of, products_of, talk, tools_of, words_of

from llmrec.errors import EngineUnavailable
from llmrec.types import EventKind


def test_likes_of_a_known_shopper_are_in_the_log_and_undo_takes_them_out(demo_shop, agent):
    before = len(demo_shop.store.history("newcomer"))
    conversation, _ = talk(agent, "a teapot", "not the second", user="newcomer")
    (event,) = demo_shop.store.history("newcomer")[before:]
    assert event.kind is EventKind.DISLIKE
    conversation, events = agent.answer(conversation, "undo")
    assert len(demo_shop.store.history("newcomer")) == before
    assert [one["id"] for one in products_of(events)] == [one.id for one in conversation.now.shown]
    assert not conversation.now.marks


def test_undo_takes_back_a_change_and_not_a_question(agent):
    conversation, _ = talk(agent, "a teapot", "under 40", "why 2", "compare 1 and 2", "undo")
    assert conversation.now.constraints.held == () and len(conversation.now.shown) == 3


def test_a_reply_that_fails_or_is_closed_leaves_nothing_in_the_log(demo_shop, agent):
    conversation, _ = talk(agent, "a teapot", user="hasty")
    reply = agent.reply(conversation, "not the first")
    while not demo_shop.store.history("hasty"):
        next(reply)
    reply.close()
    assert demo_shop.store.history("hasty") == [] and not conversation.now.marks
    demo_shop.engine.fail_with = EngineUnavailable("gone")
    try:
        after, _ = agent.answer(conversation, "I like the first")
    finally:
        demo_shop.engine.fail_with = None
    assert demo_shop.store.history("hasty") == [] and after.now == conversation.now


def test_what_was_liked_keeps_its_place_and_it_means_that(agent):
    before, _ = talk(agent, "a teapot")
    after, events = agent.answer(before, "I like the second")
    second = before.now.shown[1]
    assert after.now.shown[1].id == second.id and after.now.words == ("teapot",)
    cards = cards_of(events)
    assert [card.number for card in cards] == [one.number for one in after.now.shown]
    _, events = agent.answer(after, "how much is it?")
    assert tools_of(events) == ["product_question"]
    price = f"{second.price:f}".removesuffix(".00")
    assert words_of(events) == f"{second.title}: {price} EUR\n"


def test_a_like_with_a_limit_that_forbids_it_keeps_it_not(agent):
    before, _ = talk(agent, "a teapot")
    _, events = agent.answer(before, "I like the second, but cheaper")
    assert before.now.shown[1].id not in [one["id"] for one in products_of(events)]
