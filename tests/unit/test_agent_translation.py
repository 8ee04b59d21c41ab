"""Refusals in one language, names of the catalogue in another; by the encoder that ships."""

import pytest
from agent_talk import products_of, talk, words_of

from llmrec.agent.constraints.translation import Translator
from llmrec.embedding.universal import UniversalEncoder

NAMES = ("chicken", "peas", "foam", "tools", "wood", "leaf tea", "scented", "steel")


@pytest.fixture(scope="module")
def translator():
    return Translator(NAMES, UniversalEncoder)


@pytest.mark.parametrize(
    ("word", "name"),
    [("Schaumstoff", "foam"), ("Werkzeug", "tools"), ("Holz", "wood"), ("香味", "scented")],
)
def test_a_word_of_another_language_finds_its_name(translator, word, name):
    assert translator.names_of(word) == (name,)


@pytest.mark.parametrize("word", ["Regenschirm", "电动", "Gebrauchsanweisung"])
def test_a_word_that_the_catalogue_has_not_finds_none(translator, word):
    assert translator.names_of(word) == ()


def test_what_is_looked_for_is_never_what_is_refused(translator):
    assert translator.names_of("花茶") == ("leaf tea",)
    assert translator.names_of("花茶", "茶") == ()


@pytest.mark.parametrize("names", [(), NAMES])
def test_without_an_encoder_or_names_nothing_is_found(names):
    assert Translator(names, lambda: None).names_of("Holz") == ()
    assert Translator((), UniversalEncoder).names_of("Holz") == ()


def test_a_refusal_in_german_keeps_english_titles_away(agent):
    bed = ("Ein Bett, aber nichts für Hunde", "find | thing Bett | without Hunde")
    conversation, events = talk(agent, bed)
    limits = conversation.now.constraints.of("not_word", "not_category")
    assert any("dog" in value.casefold() for limit in limits for value in limit.values)
    assert not any("dog" in product["title"].casefold() for product in products_of(events))
    assert "Hunde" not in words_of(events)
