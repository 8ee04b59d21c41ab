"""Which product a message means: places, titles' words, "it", and what is said of all."""

import pytest
from agent_talk import talk, tools_of, words_of

from llmrec.agent.constraints.changes import Reference
from llmrec.agent.events import ToolCalled
from llmrec.agent.naming import (
    asks_for_things,
    asks_of_all,
    best_named,
    only_points,
    place_in,
    surely_named,
    titles_named,
)

TEA = ("a teapot", "find | thing teapot")
"""Shows a cast-iron teapot, "Glass teapot with steel basket 1 l" and a third thing."""

BAGS = ("sleeping bags", "find | thing sleeping bag")
"""Shows a synthetic bag, "Ember 5 down sleeping bag" and "Silk sleeping bag liner"."""

CAST_IRON, GLASS, BAG = "KIT-026", "KIT-027", "OUT-008"


def products_asked(events):
    """The products that tools were asked about, in order."""
    calls = [event.arguments for event in events if isinstance(event, ToolCalled)]
    return [arguments["product"] for arguments in calls if "product" in arguments]


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("is the first waterproof?", 1),
        ("why not the last?", -1),
        ("warum nicht das letzte?", -1),
        ("any reviews of 2?", 2),
        ("was sagen andere über 3?", 3),
        ("第二个多重", 2),
        ("第2款好吗", 2),
        ("第二?", 2),
        ("最后一个多重", -1),
    ],
)
def test_a_place_on_the_screen_is_seen(message, place):
    assert place_in(message) == Reference(place)


@pytest.mark.parametrize(
    "message",
    [
        "does it last?",
        "how long will it last",
        "enough for a family of 4?",
        "something over 40?",
        "is it fine as my first tent?",
        "is it good for a second day out?",
        "not for the first time",
        "taugt das als mein erstes Zelt?",
        "zum ersten Mal",
        "第一次买,好洗吗?",
        "第二天能送到吗",
        "第二个月还能退吗",
        "最后能便宜点吗",
    ],
)
def test_a_number_of_something_else_is_no_place(message):
    assert place_in(message) is None and not only_points(message)


TITLES = ["Cast-iron pot 0.8 l", "Glass pot with a steel basket 1 l", "生铁锅 2 升"]


@pytest.mark.parametrize(
    ("message", "named", "surely"),
    [
        ("is the glass one heavy?", [1], [1]),
        ("is the new glass one heavy?", [1], [1]),
        ("is the cast-iron heavy?", [0], [0]),
        ("does it have a glass lid?", [1], []),
        ("with a steel basket", [1], [1]),
        ("is it with a lid?", [], []),
        ("why 1?", [], []),
        ("8 people?", [0], []),
        ("这个铁锅多重", [2], [2]),
        ("铁锅多重", [2], []),
    ],
)
def test_a_title_is_surely_named_by_two_words_or_behind_an_article(message, named, surely):
    assert [*titles_named(message, TITLES)] == named
    assert surely_named(message, TITLES) == surely


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Haben Sie Wasserkocher?", True),
        ("Gibt es Wasserkocher?", True),
        ("Führen Sie Wasserkocher?", True),
        ("do you have kettles?", True),
        ("有水壶吗?", True),
        ("挺好,有没有水壶?", True),
        ("有点小,贵吗?", False),
        ("Haben Sie die in Blau?", False),
        ("Gibt es das auch in Rot?", False),
        ("do you have it in red?", False),
        ("卖这个吗?", False),
        ("haben Sie das zweite noch?", False),
    ],
)
def test_to_ask_for_things_points_at_nothing_on_the_screen(message, expected):
    assert asks_for_things(message, ["Oak board"]) is expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("are they all dishwasher safe?", True),
        ("which one is the lightest?", True),
        ("which teapot is the lightest?", True),
        ("are both waterproof?", True),
        ("sind alle spülmaschinenfest?", True),
        ("welche ist leichter?", True),
        ("哪个最轻?", True),
        ("都防水吗?", True),
        ("which colour is it?", False),
        ("which size is the teapot?", False),
        ("does the lid work on all hobs?", False),
        ("welche Farbe hat der Deckel?", False),
        ("它防水吗?", False),
    ],
)
def test_a_question_of_all_is_known_by_its_words(message, expected):
    assert asks_of_all(message) is expected


@pytest.mark.parametrize("message", ["are they all dishwasher safe?", "which one is the lightest?"])
def test_a_question_of_all_is_not_of_the_product_spoken_of_last(agent, message):
    spoken, _ = talk(agent, TEA, ("why the first?", "why | item 1"))
    _, events = talk(agent, (message, "product"), after=spoken)
    assert products_asked(events) == [product.id for product in spoken.now.shown]
    _, events = talk(agent, ("is it heavy?", "product"), after=spoken)
    assert products_asked(events) == [CAST_IRON]


def test_a_figure_of_a_title_is_not_the_place_that_is_asked_about(agent):
    _, events = talk(agent, TEA, ("why 1?", "why | item 1"))
    assert products_asked(events) == [CAST_IRON]


@pytest.mark.parametrize(
    ("message", "product"),
    [
        ("does it have a glass lid?", CAST_IRON),
        ("is it heavier than the glass one?", GLASS),
        ("ist sie schwerer als die glass teapot?", GLASS),
    ],
)
def test_it_goes_before_a_word_that_another_title_has_without_an_article(agent, message, product):
    spoken, _ = talk(agent, TEA, ("why the first?", "why | item 1"))
    _, events = talk(agent, (message, "product | item 1"), after=spoken)
    assert products_asked(events) == [product]


@pytest.mark.parametrize(
    ("message", "product"),
    [("do people like its glass?", CAST_IRON), ("do people like the glass one?", GLASS)],
)
def test_reviews_are_of_the_same_product_as_a_question_would_be(agent, message, product):
    spoken, _ = talk(agent, TEA, ("why the first?", "why | item 1"))
    _, events = talk(agent, (message, "product | item 1"), after=spoken)
    assert tools_of(events) == ["reviews"] and products_asked(events) == [product]


@pytest.mark.parametrize(
    ("message", "product"),
    [
        ("how heavy is the first? I had the Ember 5 down before", CAST_IRON),
        ("how heavy is the Ember 5 down?", "OUT-007"),
    ],
)
def test_a_place_on_the_screen_goes_before_a_name_of_an_earlier_one(agent, message, product):
    _, events = talk(agent, BAGS, TEA, (message, "product | item 1"))
    assert products_asked(events) == [product]


@pytest.mark.parametrize(
    "message",
    [
        "where is my order of the cast-iron teapot?",
        "I need to speak to a person about the glass one, how long does it take?",
        "Ich möchte mit jemandem über die Glass teapot sprechen",
        "wo bleibt meine Bestellung der Glass teapot?",
        "get me a human, I want the glass one",
        "我要找人工问一下这个铁锅",
        "我的订单第二个到哪了",
    ],
)
@pytest.mark.parametrize("line", ["order", "order | item 2"])
def test_who_asks_for_a_person_or_an_order_gets_the_contact(agent, message, line):
    after, events = talk(agent, TEA, (message, line))
    assert not after.now.marks and not tools_of(events)
    assert "service@alderhaus.example" in words_of(events)


@pytest.mark.parametrize(
    ("message", "carted"),
    [
        ("I'll take the glass one", [GLASS]),
        ("please add the glass one to my basket", [GLASS]),
        ("ich nehme die Glass teapot", [GLASS]),
        ("I'll take the cast-iron one and the glass one", [CAST_IRON, GLASS]),
        ("I'll take the second", [GLASS]),
        ("how long does the glass one take?", []),
        ("would I have to order the glass one?", []),
        ("I would take the glass one if it was cheaper", []),
        ("I'll take glass", []),
    ],
)
def test_what_the_reader_does_not_name_goes_to_the_cart_where_words_leave_no_doubt(
    agent, message, carted
):
    after, events = talk(agent, TEA, (message, "order"))
    assert [mark.item for mark in after.now.marks] == carted
    assert carted or "is in the cart" not in words_of(events)
    assert carted or "Glass teapot" in words_of(events)  # what may be meant is offered


@pytest.mark.parametrize(
    "message",
    [
        "I'll take the first, down is too warm and silk too thin for me",
        "I'll take the first, silk and down are too warm for me",
    ],
)
def test_a_place_is_taken_alone_though_other_titles_have_words_of_the_message(agent, message):
    after, _ = talk(agent, BAGS, (message, "order | item 1"))
    assert [mark.item for mark in after.now.marks] == [BAG]


@pytest.mark.parametrize(
    ("message", "count"),
    [
        ("I'll take the first, it's for my silk wedding", 1),
        ("I'll take the first and the silk liner", 2),
    ],
)
def test_one_common_word_takes_nothing_of_an_earlier_screen(agent, message, count):
    after, _ = talk(agent, BAGS, TEA, (message, "order | item 1"))
    assert len(after.now.marks) == count and after.now.marks[0].item == CAST_IRON


LAMPS = ["Wren 600 headlamp for running", "Reading lamp with clamp", "Wren 300 headlamp"]


@pytest.mark.parametrize(
    ("message", "places"),
    [
        ("69 is too much, 40 would do. Is the Wren 300 ok for running too?", [2]),
        ("Not the 600, I meant the Wren 300. What does that one weigh?", [2]),
        ("nicht die 600, die 300 bitte: wie schwer ist die?", [2]),
        ("is the Wren 600 heavier than the Wren 300?", [0, 2]),
    ],
)
def test_of_several_titles_the_one_that_is_spelt_out_is_named(message, places):
    assert best_named(message, LAMPS) == places


def test_a_word_as_it_is_written_names_the_title_that_writes_it_so():
    titles = ["Stacking rings, beech", "Throwing ring, floating", "Felt sewing kit"]
    assert [*titles_named("does the ring float in a lake?", titles)] == [1]
    assert [*titles_named("are the rings heavy?", titles)] == [0]
