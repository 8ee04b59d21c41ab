"""Refusals in one language, names of the catalogue in another; by the encoder that ships."""

import pytest

from llmrec.agent.constraints.changes import Without
from llmrec.agent.constraints.translation import Translator
from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.agent.quest import quest_of
from llmrec.agent.state import Situation
from llmrec.embedding.universal import UniversalEncoder
from llmrec.reading import Reading

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


@pytest.mark.parametrize(("language", "is_kept_away"), [("de", True), ("en", False)])
def test_a_refusal_in_german_is_held_in_the_words_of_english_titles(agent, language, is_kept_away):
    vocabulary = Vocabulary.of_store(agent.shop.store, UniversalEncoder)
    reading = Reading(intent="find", looking_for="Bett", not_=("Hunde",))
    quest = quest_of(reading, "Ein Bett, aber nichts für Hunde", Situation(), vocabulary, language)
    limits = [limit for change in quest.changes for limit in getattr(change, "limits", ())]
    # Titles are compared by stems: one of the two forms leaves out both.
    assert bool({Without("dog"), Without("dogs")} & {*limits}) == is_kept_away
    assert quest.absent == (() if is_kept_away else ("Hunde",))
