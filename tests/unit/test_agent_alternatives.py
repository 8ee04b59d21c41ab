"""Alternatives: a list for each that the shop knows, one wish where it knows none of them."""

import pytest
from agent_talk import products_of, talk, tools_of, words_of

from llmrec.agent.constraints.held import FOR_WHOM
from llmrec.agent.events import ToolCalled


@pytest.mark.parametrize(
    ("message", "line", "thing", "query"),
    [
        (
            "a zither or an oboe",
            "find | thing zither || find | thing oboe",
            "zither or oboe",
            "zither oboe",
        ),
        ("a zither or an oboe", "find | thing zither | use: oboe", "zither or oboe", "zither oboe"),
        (
            "Yorkshire or PG Tips",
            "find | thing Yorkshire | brand Tips | brand PG",
            "Yorkshire or PG Tips",
            "Yorkshire PG Tips",
        ),
        (
            "Zither oder eine Oboe unter 20",
            "find | thing Zither | max 20 || find | thing Oboe | max 20",
            "Zither oder Oboe",
            "Zither Oboe",
        ),
        (
            "eine Zither oder eine Oboe",
            "find | thing Zither | use: eine Oboe",
            "Zither oder Oboe",
            "Zither Oboe",
        ),
        ("古筝或者唢呐", "find | thing 古筝 | use: 或者唢呐", "古筝或者唢呐", "古筝 唢呐"),
        ("古筝或者唢呐", "find | thing 古筝 || find | thing 唢呐", "古筝或者唢呐", "古筝 唢呐"),
        (
            "a zither, an oboe or a lute",
            "find | thing zither || find | thing oboe || find | thing lute",
            "zither, oboe or lute",
            "zither, oboe lute",
        ),
    ],
)
def test_what_the_shop_knows_none_of_is_one_wish(agent, message, line, thing, query):
    after, events = talk(agent, (message, line))
    assert after.now.words == (thing,) and after.now.wishes == ()
    searches = [event.arguments for event in events if isinstance(event, ToolCalled)]
    assert [search["query"] for search in searches] == [query]
    assert words_of(events).count(thing) == 1


@pytest.mark.parametrize("second", ["|| find | thing {}", "| use: {}", "| brand {}", ""])
@pytest.mark.parametrize(
    ("message", "first", "other"),
    [
        ("a teapot or a lamp", "teapot", "lamp"),
        ("a zither or a teapot", "zither", "teapot"),
    ],
)
def test_what_the_shop_knows_is_a_list_of_its_own(agent, message, first, other, second):
    line = f"find | thing {first} {second.format(other)}"
    after, events = talk(agent, (message, line))
    searches = [event.arguments for event in events if isinstance(event, ToolCalled)]
    assert [search["query"] for search in searches] == [first, other]
    assert after.now.wishes == ()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("a zither and an oboe", "find | thing zither || find | thing oboe"),
        ("a zither. An oboe, or is that rude?", "find | thing zither || find | thing oboe"),
    ],
)
def test_two_things_without_a_choice_stay_two(agent, message, line):
    _, events = talk(agent, (message, line))
    assert len([tool for tool in tools_of(events) if tool in ("recommend", "search")]) == 2


@pytest.mark.parametrize(
    "line",
    [
        "find | thing socks | colour: red | colour: orange",
        "find | thing red || find | thing orange socks",
    ],
)
def test_two_colours_of_one_thing_are_one_wish(agent, line):
    after, _ = talk(agent, ("red or orange socks", line))
    assert after.now.words == ("socks",)
    assert [limit.said for limit in after.now.constraints.held] == ["red, orange"]


def test_what_is_no_alternative_stays_what_it_was_read_as(agent):
    after, _ = talk(agent, ("a teapot or something for two", "find | thing teapot | people: two"))
    assert after.now.words == ("teapot",) and after.now.wishes == ("2 people",)


def test_brands_that_are_not_here_are_told_in_one_sentence(agent):
    line = "find | thing teapot | brand Brio | brand Acme"
    _, events = talk(agent, ("an Acme or Brio teapot", line))
    assert "of the brand “Acme” or “Brio”;" in words_of(events)
    assert words_of(events).count("of the brand") == 1 and products_of(events)


@pytest.mark.parametrize(
    ("message", "line", "heading"),
    [
        ("a bed for my dog", "find | thing bed | for my dog", "“bed for my dog”"),
        (
            "ein Bett für meinen Hund",
            "find | thing Bett | for meinen Hund",
            "Bett für meinen Hund“",
        ),
        (
            "Puzzle für Kinder und eine Lampe",
            "find | thing Puzzle | for Kinder || find | thing Lampe",
            "Puzzle für Kinder“",
        ),
    ],
)
def test_headings_have_the_shoppers_words_for_who_gets_it(agent, message, line, heading):
    after, events = talk(agent, (message, line))
    assert heading in words_of(events)
    assert any(wish.name == FOR_WHOM for wish in after.now.constraints.of("wish"))
