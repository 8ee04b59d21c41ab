"""Likes and dislikes in a conversation, what they leave in the log, and how they are taken back."""

from agent_talk import UNDO, act, cards_of, products_of, talk, tools_of, words_of

from llmrec.agent.constraints.changes import Reference, Unwanted
from llmrec.errors import EngineUnavailable
from llmrec.types import EventKind

A_TEAPOT = ("a teapot", "find | thing teapot")


def test_likes_of_a_known_shopper_are_in_the_log_and_undo_takes_them_out(demo_shop, agent):
    before = len(demo_shop.store.history("newcomer"))
    conversation, _ = talk(agent, A_TEAPOT, user="newcomer")
    conversation, _ = act(agent, conversation, "/dislike 2")
    (event,) = demo_shop.store.history("newcomer")[before:]
    assert event.kind is EventKind.DISLIKE
    conversation, events = talk(agent, UNDO, after=conversation)
    assert len(demo_shop.store.history("newcomer")) == before
    assert [product["id"] for product in products_of(events)] == [
        one.id for one in conversation.now.shown
    ]
    assert not conversation.now.marks


def test_undo_brings_back_a_dislike_that_was_taken_back(demo_shop, agent):
    conversation, _ = talk(agent, A_TEAPOT, user="fickle")
    conversation, _ = act(agent, conversation, "/dislike 2")
    conversation, _ = act(agent, conversation, "/drop 1")
    assert demo_shop.store.history("fickle") == [] and not conversation.now.marks
    conversation, _ = talk(agent, UNDO, after=conversation)
    (event,) = demo_shop.store.history("fickle")
    assert event.kind is EventKind.DISLIKE and conversation.now.marks[0].item == event.item


def test_undo_takes_back_a_change_and_not_a_question(agent):
    conversation, _ = talk(
        agent,
        A_TEAPOT,
        ("under 40", "refine | max 40"),
        ("why 2", "why | item 2"),
        ("compare 1 and 2", "compare | item 1 | item 2"),
        UNDO,
    )
    assert conversation.now.constraints.held == () and len(conversation.now.shown) == 3


def test_a_reply_that_fails_or_is_closed_leaves_nothing_in_the_log(demo_shop, agent):
    conversation, _ = talk(agent, A_TEAPOT, user="hasty")
    reply = agent.act(conversation, "/dislike 1", (Unwanted(Reference(1)),))
    while not demo_shop.store.history("hasty"):
        next(reply)
    reply.close()
    assert demo_shop.store.history("hasty") == [] and not conversation.now.marks
    demo_shop.engine.fail_with = EngineUnavailable("gone")
    try:
        after, _ = act(agent, conversation, "/like 1")
    finally:
        demo_shop.engine.fail_with = None
    assert demo_shop.store.history("hasty") == [] and after.now == conversation.now


def test_what_was_liked_keeps_its_place_and_it_means_that(agent):
    before, _ = talk(agent, A_TEAPOT)
    after, events = act(agent, before, "/like 2")
    second = before.now.shown[1]
    assert after.now.shown[1].id == second.id and after.now.words == ("teapot",)
    cards = cards_of(events)
    assert [card.number for card in cards] == [one.number for one in after.now.shown]
    _, events = talk(agent, ("how much is it?", "product"), after=after)
    assert tools_of(events) == ["product_question"]
    price = f"{second.price:f}".removesuffix(".00")
    assert words_of(events) == f"{second.title}: {price} EUR\n"


def test_what_is_in_the_cart_stays_on_the_screen_and_undo_takes_it_out(demo_shop, agent):
    before, _ = talk(agent, A_TEAPOT, user="buyer")
    after, events = talk(agent, ("I take the first", "order | item 1"), after=before)
    assert after.now.shown == before.now.shown and not products_of(events)
    assert [one.kind for one in demo_shop.store.history("buyer")] == [EventKind.CART]
    talk(agent, UNDO, after=after)
    assert demo_shop.store.history("buyer") == []
