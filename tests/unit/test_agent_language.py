"""The language of a message, and when the conversation's own is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.agent.language import LANGUAGES, language_of


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("under 40", "en"),
        ("unter 40", "de"),
        ("cheaper", "en"),
        ("billiger", "de"),
        ("hello", "en"),
        ("Hallo!", "de"),
        ("warum die erste?", "de"),
        ("something for my mother", "en"),
        ("etwas für meine Mutter", "de"),
        ("a tent for two", "en"),
        ("Zelt für zwei Personen", "de"),
        ("Größe L", "de"),
        ("a teapot from Lindenkranz under 40 euros", "en"),
        ("Show me the Ostfriesische Mischung again please", "en"),
        ("便宜一点", "zh"),
        ("40元以下的茶壶", "zh"),
        ("in stock", "en"),
        ("nur auf Lager", "de"),
        ("不要 Tamperley", "zh"),
        ("do you have 禾灶 pans", "en"),
    ],
)
def test_what_is_said_decides(message, language):
    assert all(language_of(message, current) == language for current in LANGUAGES)


@pytest.mark.parametrize("message", ["", "ok", "40", "Tamperley", "?!", "1 2", "🙂"])
@pytest.mark.parametrize("current", LANGUAGES)
def test_what_does_not_say_keeps_the_language(message, current):
    assert language_of(message, current) == current


@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_any_text_has_one_of_the_languages(message, current):
    assert language_of(message, current) in LANGUAGES
