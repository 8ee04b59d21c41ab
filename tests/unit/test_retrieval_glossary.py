"""Common names of things in German and Chinese are read as English titles have them."""

from __future__ import annotations

import pytest

from llmrec.retrieval.glossary import in_english


@pytest.mark.parametrize(
    ("query", "english"),
    [
        ("Schlafsäcke", "sleeping bag"),
        ("warme Schlafsäcke für die Kinder", "warm sleeping bag children"),
        ("Reiseschlafsack", "travel sleeping bag"),
        ("Gießkannen", "watering can"),
        ("GARTENSCHLAUCH", "garden hose"),
        ("Grüner Tee", "green tea"),
        ("Zelt für vier Personen", "tent four people"),
        ("茶壶", "teapot"),
        ("玻璃的茶壶", "glass teapot"),
        ("便宜的狗零食", "cheap dog treats"),
        ("双肩包", "backpack"),
    ],
)
def test_a_common_name_is_read_in_english(query: str, english: str) -> None:
    assert in_english(query, lambda word: False) == english


@pytest.mark.parametrize(
    "query",
    ["Fernglas", "Lichterkette", "Zahnrad", "空气炸锅", "床头灯", "吉他", "für", "的", "", "!?"],
)
def test_a_longer_word_is_not_the_one_that_ends_it(query: str) -> None:
    assert in_english(query, lambda word: False) is None


@pytest.mark.parametrize(("query", "title"), [("Teekanne", "Teekanne"), ("圆底炒锅", "炒锅")])
def test_what_titles_have_as_it_is_stays(query: str, title: str) -> None:
    assert in_english(query, lambda word: word == title) is None


def test_a_name_that_titles_have_stays_among_the_words() -> None:
    assert in_english("Skerry Zelt", lambda word: word == "Skerry") == "Skerry tent"
    assert in_english("Skerry Zelt", lambda word: False) == "tent"


def test_a_long_text_is_read_once() -> None:
    assert in_english("Zelt " * 2_000, lambda word: False) == "tent"
    assert in_english("帐篷" * 2_000, lambda word: False) == "tent"
