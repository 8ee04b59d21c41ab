"""What a thing need not be: a wish for it ends, nothing is refused, and the list stays."""

import pytest
from agent_talk import products_of, talk, words_of

from llmrec.agent.need_not import need_not_be


@pytest.mark.parametrize(
    ("message", "phrases"),
    [
        ("it doesn't have to be wood", ("wood",)),
        ("need not be red, just cheap", ("red",)),
        ("it doesn't necessarily need to be made of glass", ("glass",)),
        ("needn't be blue or green", ("blue", "green")),
        ("not necessarily in black", ("black",)),
        ("muss nicht aus Holz sein", ("Holz",)),
        ("es muss kein Leder sein", ("Leder",)),
        ("nicht unbedingt rot", ("rot",)),
        ("braucht nicht blau zu sein", ("blau",)),
        ("不一定要红色的", ("红色",)),
        ("不必是木头的，便宜就行", ("木头",)),
        ("it must not be red", ()),
        ("muss rot sein", ()),
        ("不要红色", ()),
        ("不用电的", ()),
    ],
)
def test_what_need_not_be_is_read_off_the_message(message, phrases):
    assert need_not_be(message) == phrases


@pytest.mark.parametrize(
    ("quest", "message", "line"),
    [
        ("a teapot", "it doesn't have to be wood", "drop | drop material"),
        ("a teapot", "need not be red", "refine | without red"),
        ("a teapot", "it need not be black", "refine | colour: black"),
        ("eine Teekanne", "muss nicht aus Glas sein", "refine | without Glas"),
        ("eine Teekanne", "muss nicht rot sein", "drop | drop colour"),
        ("茶壶", "不一定要红色的", "refine | without 红色"),
    ],
)
def test_where_it_was_not_asked_for_nothing_is_kept_away_and_the_list_stays(
    agent, quest, message, line
):
    before, _ = talk(agent, (quest, f"find | thing {quest.split()[-1]}"))
    after, events = talk(agent, (message, line), after=before)
    assert after.now.constraints == before.now.constraints
    assert after.now.shown == before.now.shown and products_of(events)
    assert need_not_be(message)[0] in words_of(events)
    assert "such limit" not in words_of(events)


@pytest.mark.parametrize(
    ("quest", "wish", "message", "drop"),
    [
        ("a glass teapot", "material: glass", "it need not be glass", "drop | drop material"),
        ("a black teapot", "colour: black", "needn't be black", "refine | without black"),
        (
            "a teapot, red or black",
            "colour: red | colour: black",
            "need not be red",
            "drop | drop colour",
        ),
        ("teapot aus Glas", "material: Glas", "muss kein Glas sein", "refine | without Glas"),
        ("a foldable teapot", "feature: foldable", "need not be foldable", "drop | drop feature"),
        ("黑色的 teapot", "colour: 黑色", "不一定要黑色的", "drop | drop colour"),
    ],
)
def test_where_it_was_asked_for_it_no_longer_is(agent, quest, wish, message, drop):
    before, _ = talk(agent, (quest, f"find | thing teapot | {wish}"))
    after, events = talk(agent, (message, drop), after=before)
    assert before.now.constraints.held and not after.now.constraints.held
    assert products_of(events)


def test_another_limit_of_the_same_kind_stays(agent):
    before, _ = talk(agent, ("a glass teapot", "find | thing teapot | material: glass"))
    after, _ = talk(agent, ("it need not be steel", "drop | drop material"), after=before)
    assert after.now.constraints == before.now.constraints


def test_a_word_of_the_thing_goes(agent):
    quest = ("a red blanket", "find | thing red blanket")
    after, events = talk(agent, quest, ("need not be red", "drop | drop colour"))
    assert after.now.words == ("blanket",)
    assert "no longer" in words_of(events) and products_of(events)
