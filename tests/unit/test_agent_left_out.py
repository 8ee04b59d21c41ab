"""Things that are left out, or asked for otherwise, where the catalogue has titles alone."""

import pytest
from agent_talk import products_of, talk, tools_of, words_of
from tool_shop import make_store, open_shop

from llmrec.agent.agent import Agent
from llmrec.types import Item

TITLES = [
    *("Small glass cake stand", "Large glass cake stand", "Pink glass cake stand"),
    *("Teapot with roses", "Teapot with hearts", "Tea towel with roses", "Mug with roses"),
]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    items = [Item(f"i{n}", title) for n, title in enumerate(TITLES)]
    with open_shop(make_store(tmp_path_factory.mktemp("bare") / "shop", items)) as shop:
        yield Agent(shop)


def titles_of(events):
    return [one["title"] for one in products_of(events)]


def test_what_is_left_out_stays_away_until_it_is_looked_for(bare):
    conversation, events = talk(bare, "something with roses, no teapots")
    assert titles_of(events) and not any("Teapot" in one for one in titles_of(events))
    conversation, events = bare.answer(conversation, "no mugs either")
    assert titles_of(events)[:1] == ["Tea towel with roses"]
    assert not any("Mug" in one or "Teapot" in one for one in titles_of(events))
    conversation, events = bare.answer(conversation, "a teapot")
    assert "No longer asked for: no “teapots”." in words_of(events)
    assert any("Teapot" in one for one in titles_of(events))
    (held,) = conversation.now.constraints.held
    assert (held.kind, held.values) == ("not_word", ("mugs",))


def test_why_a_product_is_left_out_is_told(bare):
    _, events = talk(bare, "roses, no teapots", "why not the Teapot with roses?")
    assert "is kept away by: no “teapots”" in words_of(events)


def test_one_shown_but_otherwise_is_searched_by_its_title_and_these_words(bare):
    _, events = talk(bare, "cake stand")
    place = titles_of(events).index("Large glass cake stand") + 1
    conversation, events = talk(bare, "cake stand", f"number {place} but pink")
    assert tools_of(events) == ["recommend"]
    assert conversation.now.words == ("Large glass cake stand", "pink")
    assert titles_of(events)[0] == "Pink glass cake stand"
    assert "Large glass cake stand" not in titles_of(events)
