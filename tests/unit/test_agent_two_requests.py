"""Two requests in one message: neither is lost, and places mean the screen they were said of."""

import pytest
from agent_talk import act, products_of, reading, talk, tools_of, words_of

from llmrec.agent.agent import Agent
from llmrec.agent.events import Products, ToolCalled
from llmrec.agent.recognised import turns_down_all
from llmrec.reading.lines import read_line
from llmrec.reading.tracing import traced

TEA = ("a teapot", "find | thing teapot")


def test_a_question_about_the_screen_is_answered_before_the_wish_changes_it(agent):
    conversation, _ = talk(agent, TEA)
    second = conversation.now.shown[1]
    message = "up to 60 please, and how much does the second hold?"
    after, events = talk(
        agent, (message, "refine | max 60 || product | item 2"), after=conversation
    )
    assert tools_of(events) == ["product_question", "recommend"]
    assert second.title in words_of(events)
    assert [limit.amount for limit in after.now.constraints.of("max_price")] == [60]
    assert all(float(product["price"]) <= 60 for product in products_of(events))


def test_a_question_of_the_whole_screen_is_asked_of_what_the_wish_brings(agent):
    conversation, _ = talk(agent, TEA)
    message = "in blue, and is it dishwasher safe?"
    after, events = talk(agent, (message, "refine | colour: blue || product"), after=conversation)
    assert tools_of(events)[0] == "recommend"
    assert set(tools_of(events)[1:]) == {"product_question"}
    assert len(tools_of(events)) - 1 == min(3, len(after.now.shown))


@pytest.mark.parametrize(
    "line", ["find | thing teapot || shop", "find | thing teapot | max 80 || order"]
)
def test_a_wish_and_the_shop_are_both_answered(agent, line):
    _, events = talk(agent, ("a teapot under 80, and can I send it back?", line))
    assert len(products_of(events)) == 3
    kinds = [type(event) for event in events]
    # The words about the shop come behind the products.
    assert kinds.index(Products) < len(kinds) - 1 - kinds[::-1].index(type(events[-2]))
    assert "Source" in words_of(events)


def test_two_things_are_both_shown_and_numbered_through(agent):
    message = "a teapot up to 40 and a torch"
    line = "find | thing teapot | max 40 || find | thing torch"
    conversation, events = talk(agent, (message, line))
    lists = [event.cards for event in events if isinstance(event, Products)]
    assert [[card.number for card in cards] for cards in lists] == [[1, 2, 3], [4, 5, 6]]
    assert [product.number for product in conversation.now.shown] == [1, 2, 3, 4, 5, 6]
    uses = [event.arguments for event in events if isinstance(event, ToolCalled)]
    assert [use["query"] for use in uses] == ["teapot", "torch"]
    # Who says a sum once mostly means it of both.
    assert [limit.amount for limit in conversation.now.constraints.held] == [40]
    assert conversation.now.words == ("torch",)
    turn = conversation.turns[-1]
    assert turn.products == tuple(product.id for product in conversation.now.shown)


def test_the_second_of_two_things_can_be_pointed_at_and_undone(agent):
    message = "a teapot and a torch"
    line = "find | thing teapot || find | thing torch"
    conversation, _ = talk(agent, TEA)
    before = conversation.now
    conversation, _ = talk(agent, (message, line), after=conversation)
    torch = conversation.now.shown[3]
    conversation, events = talk(agent, ("the fourth", "find | item 4"), after=conversation)
    assert tools_of(events) == ["describe"] and conversation.now.focus == torch.number
    conversation, _ = talk(agent, ("undo", "undo"), after=conversation)
    assert conversation.now.words == before.words and len(conversation.now.shown) == 3


def test_what_finds_nothing_leaves_the_other_things_products_on_the_screen(agent):
    line = "find | thing teapot || find | thing torch | max 1 | in stock"
    conversation, events = talk(agent, ("a teapot, and a torch for 1 euro", line))
    assert len(products_of(events)) == 3 == len(conversation.now.shown)
    assert "no price limit" in words_of(events)


def test_others_are_shown_with_the_wish_beside_it(agent):
    conversation, _ = talk(agent, TEA)
    shown = {product.id for product in conversation.now.shown}
    line = "refine | max 90 || none"
    conversation, events = talk(agent, ("none of these, up to 90", line), after=conversation)
    assert tools_of(events) == ["recommend"] and products_of(events)
    assert not shown & {product["id"] for product in products_of(events)}


def test_thanks_beside_a_wish_ask_for_nothing(agent):
    _, events = talk(agent, ("thanks! a teapot", "find | thing teapot || talk"))
    assert "Happy to help" not in words_of(events) and len(products_of(events)) == 3


class Gone(Exception):
    """The shopper has left."""


def test_whoever_leaves_between_two_requests_has_changed_nothing(agent):
    message = "under 40, and do you ship to Norway?"
    agent = reading(agent, TEA, (message, "refine | max 40 || shop"))
    conversation, _ = talk(agent, "a teapot")
    reply = agent.reply(conversation, message)
    for event in reply:
        if isinstance(event, Products):
            break
    with pytest.raises(Gone):
        reply.throw(Gone())
    assert conversation.now.constraints.held == ()


class ReaderOfTwo:
    """Reads a question where there is a screen, and a wish where there is none."""

    def read(self, message, context=None, currency=None):
        line = "find | thing torch" if context is None else "product"
        found = read_line("find | thing teapot" if message == "a teapot" else line)
        on_screen = len(context.on_screen) if context else 0
        return traced(message, found, on_screen=on_screen, has_context=context is not None)


def test_whether_the_shop_has_something_is_no_question_about_the_screen(demo_shop):
    agent = Agent(demo_shop, reader=ReaderOfTwo())
    conversation, _ = talk(agent, "a teapot")
    after, events = talk(agent, "do you have a torch?", after=conversation)
    assert tools_of(events) == ["recommend"] and after.now.words == ("torch",)
    _, events = talk(agent, "is the first a torch?", after=conversation)
    assert set(tools_of(events)) == {"product_question"}


def test_a_question_without_an_answer_is_named_beside_one_that_has_one(agent):
    message = "how much does the second hold, and does it sing?"
    _, events = talk(agent, TEA, (message, "product | item 2"))
    assert "To “does it sing?” I find no answer." in words_of(events)


def test_what_is_wished_for_is_no_question_about_the_product_on_the_screen(agent):
    conversation, _ = talk(agent, TEA)
    message = "what does it hold? And do you have a nice tea caddy?"
    line = "find | thing tea caddy || product | item 1"
    _, events = talk(agent, (message, line), after=conversation)
    asked = [event.arguments for event in events if isinstance(event, ToolCalled)]
    questions = [arguments["question"] for arguments in asked if "question" in arguments]
    assert questions == ["what does it hold?"]


def test_praise_that_is_read_as_a_question_to_the_shop_is_not_answered(agent):
    conversation, _ = talk(agent, TEA)
    message = "this is pretty, I could put it on the shelf. How much does the second hold?"
    _, events = talk(agent, (message, "product | item 2 || shop"), after=conversation)
    assert tools_of(events) == ["product_question"]
    assert "documents" not in words_of(events)


def test_what_is_told_beside_a_question_is_not_asked_of_the_shop(agent):
    message = "And gold plating, is that possible? If not I'll plate it myself, no problem."
    _, events = talk(agent, (message, "shop"))
    asked = [event.arguments for event in events if isinstance(event, ToolCalled)]
    assert not [
        use for use in asked if "myself" in use["question"] and "gold" not in use["question"]
    ]


@pytest.mark.parametrize(
    "message", ["Lovely, that's it then. Do you ship to Norway?", "就它了。能寄到挪威吗？"]
)
def test_what_is_settled_on_beside_a_question_is_in_the_cart(agent, message):
    conversation, _ = talk(agent, TEA)
    after, events = talk(agent, (message, "order | item 1 || shop"), after=conversation)
    assert tools_of(events)[0] == "feedback" and "shop_question" in tools_of(events)
    assert [mark.item for mark in after.now.marks] == [conversation.now.shown[0].id]


def test_what_the_product_answers_the_shop_is_not_asked(agent):
    message = "how much does the second hold? can I send it back?"
    conversation, _ = talk(agent, TEA)
    _, events = talk(agent, (message, "product | item 2 || shop"), after=conversation)
    asked = [
        event.arguments["question"]
        for event in events
        if isinstance(event, ToolCalled) and event.name == "shop_question"
    ]
    assert "can I send it back?" in asked and "how much does the second hold?" not in asked


def test_what_others_say_is_one_question_of_several(agent):
    message = "how much does the second hold? what do people say about it?"
    conversation, _ = talk(agent, TEA)
    second = conversation.now.shown[1]
    _, events = talk(agent, (message, "product | item 2"), after=conversation)
    calls = [(event.name, event.arguments) for event in events if isinstance(event, ToolCalled)]
    assert [name for name, _ in calls] == ["product_question", "reviews"]
    assert all(arguments["product"] == second.id for _, arguments in calls)


def test_why_not_beside_a_wish_is_answered_once_and_the_wish_holds(agent):
    message = "why not the Assam? show me something under 30"
    after, events = talk(agent, TEA, (message, "why || refine | max 30"))
    assert words_of(events).count("The shop has nothing that is called “Assam”.") == 1
    assert [limit.amount for limit in after.now.constraints.of("max_price")] == [30]
    assert all(float(product["price"]) <= 30 for product in products_of(events))


@pytest.mark.parametrize("line", ["product | item 1 || why", "product || shop", "why || shop"])
def test_why_not_is_answered_once_beside_another_question(agent, line):
    message = "why not the unicycle? and what is the first made of?"
    _, events = talk(agent, TEA, (message, line))
    assert words_of(events).count("nothing that is called “unicycle”") == 1
    assert {"product_question", "shop_question"} & {*tools_of(events)}


def test_reviews_are_told_once_and_the_shop_is_asked(agent):
    message = "how heavy is the second, and what do reviewers say? can I send it back?"
    _, events = talk(agent, TEA, (message, "product | item 2 || shop"))
    assert tools_of(events).count("reviews") == 1
    shop = [
        event.arguments["question"]
        for event in events
        if isinstance(event, ToolCalled) and event.name == "shop_question"
    ]
    assert "can I send it back?" in shop


def test_reviews_beside_a_wish_are_of_what_their_question_names(agent):
    message = "what do people say about the French press? up to 60 please"
    _, events = talk(agent, TEA, (message, "refine | max 60 || product"))
    assert {*tools_of(events)} == {"recommend", "reviews"}
    assert "French press 1 l: 6" in words_of(events)


def test_the_shop_is_asked_where_reviews_are_one_of_several_questions(agent):
    message = "is it any good? can I send it back?"
    _, events = talk(agent, TEA, (message, "shop"))
    assert "shop_question" in tools_of(events)


def test_no_question_of_many_is_lost(agent):
    asked = [f"does it have {thing}?" for thing in ("a lid", "wheels", "a clock", "fins", "ears")]
    more = ["is it cursed?", "does it sing?", "does it fly?"]
    message = " ".join(["how much does the second hold?", *asked, *more])
    _, events = talk(agent, TEA, (message, "product | item 2"))
    assert tools_of(events) == ["product_question"] * 6
    assert all(f"“{question}”" in words_of(events) for question in (*asked[-1:], *more))


@pytest.mark.parametrize("message", ["neither of those, up to 90", "都不喜欢，最多90"])
def test_what_is_turned_down_by_plain_words_beside_a_wish_does_not_come_again(agent, message):
    conversation, _ = talk(agent, TEA)
    first = {product.id for product in conversation.now.shown}
    after, _ = talk(agent, (message, "refine | max 90"), after=conversation)
    assert not first & {product.id for product in after.now.shown}


def test_a_product_of_an_earlier_screen_is_answered_for_by_its_name(agent):
    conversation, _ = talk(agent, TEA)
    item = conversation.now.shown[0]
    conversation, _ = talk(agent, ("a tent", "find | thing tent"), after=conversation)
    message = f"I meant the {item.title}. What does it cost?"
    _, events = talk(agent, (message, "product | item 1"), after=conversation)
    assert item.title in words_of(events)


def test_the_least_that_one_of_two_things_may_cost_is_not_the_others(agent):
    message = ("a tent over 200 and a mug", "find | thing tent | min 200 || find | thing mug")
    conversation, events = talk(agent, message)
    assert conversation.now.constraints.held == ()
    assert any("ug" in product["title"] for product in products_of(events))


def test_a_thing_with_another_head_is_another_thing(agent):
    line = "find | thing tent || find | thing tent footprint"
    _, events = talk(agent, ("a tent and a tent footprint", line))
    queries = [event.arguments["query"] for event in events if isinstance(event, ToolCalled)]
    assert queries == ["tent", "tent footprint"]


def test_a_product_of_the_second_list_can_be_liked(agent):
    two = ("a kettle or a lamp", "find | thing kettle || find | thing lamp")
    conversation, _ = talk(agent, two)
    number = conversation.now.shown[-1].number
    after, _ = act(agent, conversation, f"/like {number}")
    assert after.now.marks[-1].item == conversation.now.shown[-1].id
    assert after.now.focus is not None


def test_all_limits_are_dropped_beside_a_wish_that_points_at_the_screen(agent):
    conversation, _ = talk(agent, ("a teapot under 80", "find | thing teapot | max 80"))
    message = "forget all limits, more like the second"
    after, events = talk(agent, (message, "drop | drop all || refine | item 2"), after=conversation)
    assert "similar" in tools_of(events) and not after.now.constraints.of("max_price")


def test_a_refusal_holds_of_both_things_behind_what_is_dropped(agent):
    line = "drop | drop max || find | thing tent | without wool || find | thing lamp"
    conversation, _ = talk(agent, ("any price, a tent without wool, or a lamp", line))
    assert conversation.now.words == ("lamp",)
    assert [limit.said for limit in conversation.now.constraints.of("refusal")] == ["wool"]


def test_an_undo_beside_a_wish_can_be_undone(agent):
    conversation, _ = talk(
        agent,
        TEA,
        ("under 50", "refine | max 50"),
        ("only Tamperley", "refine | brand Tamperley"),
        ("go back, and in stock only", "undo || refine | in stock"),
    )
    kinds = [limit.kind for limit in conversation.now.constraints.held]
    assert kinds == ["max_price", "in_stock"]
    conversation, _ = talk(agent, ("undo", "undo"), after=conversation)
    assert [limit.kind for limit in conversation.now.constraints.held] == ["max_price"]


def test_a_limit_is_named_where_nothing_that_was_shown_fits_it(agent):
    conversation, _ = talk(agent, TEA)
    neither = ("neither of those. Up to 1 euro?", "refine | max 1")
    _, events = talk(agent, neither, after=conversation)
    assert "1.00" in words_of(events) or "1 EUR" in words_of(events)
    assert "all that I find" not in words_of(events)


def test_a_question_to_the_shop_that_no_document_answers_is_named(agent):
    message = "can I send it back? do you gift wrap with ribbons?"
    _, events = talk(agent, TEA, (message, "shop"))
    assert "Source" in words_of(events)
    assert "To “do you gift wrap with ribbons?” I find no answer." in words_of(events)
    assert "can I send it back?” I find" not in words_of(events)


@pytest.mark.parametrize(
    ("message", "is_all"),
    [
        ("这两款都不行，要大一点的", True),
        ("太贵了，都不要", True),
        ("Keines von beiden, bitte etwas aus Holz", True),
        ("None of them. In blue?", True),
        ("价格都不是问题", False),
        ("颜色都不是很重要，便宜点的", False),
        ("none of these with leather please", False),
        ("no, those are fine, but under 50 please", False),
    ],
)
def test_all_that_is_shown_is_turned_down_by_words_about_it_alone(message, is_all):
    assert turns_down_all(message) == is_all
