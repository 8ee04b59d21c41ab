"""A refusal is listed once and dropped once; of what nothing is called that is said."""

import pytest
from agent_talk import products_of, talk, words_of

from llmrec.agent.events import ConstraintsChanged
from llmrec.agent.replies import spoken, to_drop
from llmrec.agent.state import Conversation

QUESTS = {
    "en": ("a teapot", "find | thing teapot"),
    "de": ("eine Teekanne", "find | thing Teekanne"),
    "zh": ("茶壶", "find | thing 茶壶"),
}


@pytest.mark.parametrize(
    ("language", "message", "line", "text", "words"),
    [
        ("en", "not black", "refine | without black", "no “black”", "black is fine"),
        ("en", "nothing made of glass", "refine | without glass", "no “glass”", "glass is fine"),
        ("de", "kein Glas", "refine | without Glas", "kein „Glas“", "Glas ist in Ordnung"),
        ("de", "nicht schwarz", "refine | without schwarz", "kein „schwarz“", None),
        ("zh", "不要黑色", "refine | without 黑色", "不要“黑色”", "黑色也可以"),
    ],
)
def test_a_refusal_is_listed_once_and_dropped_once(agent, language, message, line, text, words):
    before, _ = talk(agent, QUESTS[language])
    refused, events = talk(agent, (message, line), after=before)
    (refusal,) = refused.now.constraints.held
    assert spoken(refusal, language) == text
    changed = [event for event in events if isinstance(event, ConstraintsChanged)]
    assert [limit.text for event in changed for limit in event.held] == [text]
    assert refused.now.constraints.filters() != before.now.constraints.filters()
    assert to_drop(refusal, language) == words or words is None
    dropped, events = talk(agent, to_drop(refusal, language), after=refused)
    assert not dropped.now.constraints.held
    assert words_of(events).count(text) == 1


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("black is fine after all", "drop | drop not"),
        ("any colour is fine", "drop | drop colour"),
        ("now in black", "refine | colour: black"),
    ],
)
def test_all_of_a_refusal_goes_with_what_takes_it_back(agent, message, line):
    refused, _ = talk(agent, QUESTS["en"], ("not black", "refine | without black"))
    filters = refused.now.constraints.filters()
    assert filters.not_words and filters.not_attributes
    dropped, _ = talk(agent, (message, line), after=refused)
    filters = dropped.now.constraints.filters()
    assert not filters.not_words and not filters.not_attributes


def test_one_of_two_refusals_goes_and_the_other_stays(agent):
    both = ("no glass, nothing black", "refine | without glass | without black")
    refused, _ = talk(agent, QUESTS["en"], both)
    assert [limit.said for limit in refused.now.constraints.held] == ["glass", "black"]
    left, _ = talk(agent, ("glass is fine", "drop | drop not"), after=refused)
    assert [limit.said for limit in left.now.constraints.held] == ["black"]


def test_a_refusal_takes_the_place_of_the_same_wish_and_goes_back_to_json(agent):
    refused, _ = talk(
        agent,
        ("a black teapot", "find | thing teapot | colour: black"),
        ("not black", "refine | without black"),
    )
    assert [limit.kind for limit in refused.now.constraints.held] == ["refusal"]
    assert Conversation.model_validate_json(refused.model_dump_json()) == refused


@pytest.mark.parametrize(
    ("language", "message", "line", "sentence"),
    [
        (
            "en",
            "no glitter, no unicorns",
            "refine | without glitter | without unicorns",
            "I find no “glitter” or “unicorns” in brands, titles and fields",
        ),
        (
            "en",
            "not Acme, and no frills",
            "refine | no brand Acme | without frills",
            "I find no “Acme” or “frills” in brands, titles and fields",
        ),
        ("de", "kein Glitzer bitte", "refine | without Glitzer", "„Glitzer“ finde ich in Marken"),
        ("zh", "不要独角兽", "refine | without 独角兽", "没有找到“独角兽”"),
    ],
)
def test_what_nothing_matches_is_said_once_and_the_list_stays(
    agent, language, message, line, sentence
):
    before, _ = talk(agent, QUESTS[language])
    after, events = talk(agent, (message, line), after=before)
    assert words_of(events).count(sentence) == 1
    assert after.now.shown == before.now.shown and products_of(events)
    assert after.now.constraints == before.now.constraints


def test_of_two_things_what_nothing_matches_is_said_once(agent):
    line = "find | thing teapot | without glitter || find | thing torch"
    _, events = talk(agent, ("a teapot and a torch, no glitter", line))
    assert words_of(events).count("“glitter”") == 1
    assert len(products_of(events)) > 3


def test_a_name_of_the_glossary_is_refused_by_its_english_word(agent, monkeypatch):
    # No title, field or category has the German word, and no translator is needed for it.
    monkeypatch.setattr(agent.vocabulary, "translator", None)
    before, _ = talk(agent, QUESTS["de"])
    refused, _ = talk(agent, ("keine Daunen", "refine | without Daunen"), after=before)
    (refusal,) = refused.now.constraints.held
    assert spoken(refusal, "de") == "kein „Daunen“"
    assert "down" in refused.now.constraints.filters().not_words
