"""The reader's line: written and read back, cut off, and with parts that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.reading.grammar import ATTRIBUTES
from llmrec.reading.lines import INTENTS, Line, Part, PartKind, read_line, write_line, write_part

VALUED: tuple[PartKind, ...] = ("thing", "max", "min", "around", "brand", "no brand")
VALUED += ("without", "for", "sort", "item", "drop")

# What the reader sees of a message: one line, single spaces, no bar.
words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="|"))
values = st.lists(words.filter(bool), min_size=1, max_size=4).map(" ".join)
parts = st.one_of(
    st.builds(Part, st.sampled_from(VALUED), values),
    st.builds(Part, st.just("attribute"), values, st.sampled_from(ATTRIBUTES.split())),
    st.just(Part("in stock")),
)
lines = st.builds(
    Line,
    st.sampled_from(sorted(INTENTS)),
    st.lists(parts, max_size=6, unique=True).map(tuple),
)


@given(lines)
def test_a_line_is_read_as_it_was_written(said: Line) -> None:
    assert read_line(write_line(said)) == said


@given(lines, st.integers(0, 400))
def test_a_line_that_is_cut_off_loses_its_end_alone(said: Line, length: int) -> None:
    whole = write_line(said)
    found = read_line(whole[:length])
    if found is None:
        assert length < len(said.intent)
        return
    complete = whole[: length + 1].count("|") - 1
    # The part that was cut may be shorter, or none; those before it are whole.
    assert found.parts[: max(0, complete)] == said.parts[: max(0, complete)]
    assert len(found.parts) <= len(said.parts)


@given(st.text())
def test_any_text_is_a_line_or_none(text: str) -> None:
    found = read_line(text)
    assert found is None or found.intent in INTENTS


@pytest.mark.parametrize(
    "line",
    ["", " ", "|", "kettle", "Find | thing kettle", "finds", "thing kettle | find", "| find"],
)
def test_a_line_without_an_intent_is_none(line: str) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize("intent", sorted(INTENTS))
def test_an_intent_alone_is_a_line(intent: str) -> None:
    assert read_line(f" {intent}\n") == Line(intent)


@pytest.mark.parametrize(
    "part",
    [
        "max",
        "max ",
        "no brand",
        "colour:",
        "colour: ",
        "colour red",
        "Colour: red",
        "in stoc",
        "stock",
        "price 30",
        "maximum 30",
        "",
        "drop",
        "drop ",
    ],
)
def test_a_part_that_is_none_is_left_out(part: str) -> None:
    found = read_line(f"find | thing kettle | {part} | max 30")
    assert found == Line("find", (Part("thing", "kettle"), Part("max", "30")))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("thing rain jacket", Part("thing", "rain jacket")),
        ("max a tenner", Part("max", "a tenner")),
        ("brand Acme", Part("brand", "Acme")),
        ("no brand Acme", Part("no brand", "Acme")),
        ("without nuts", Part("without", "nuts")),
        ("for my mother", Part("for", "my mother")),
        ("in stock", Part("in stock")),
        ("sort cheapest", Part("sort", "cheapest")),
        ("item 2", Part("item", "2")),
        ("drop brand", Part("drop", "brand")),
        ("colour: red", Part("attribute", "red", "colour")),
        ("battery_life: 10: hours", Part("attribute", "10: hours", "battery_life")),
        ("thing colour: red", Part("thing", "colour: red")),
        ("no brand max", Part("no brand", "max")),
        ("thing 电饭煲", Part("thing", "电饭煲")),
    ],
)
def test_each_kind_of_part_is_read_and_written(text: str, part: Part) -> None:
    assert read_line(f"find | {text}") == Line("find", (part,))
    assert write_part(part) == text


def test_a_part_that_is_said_twice_counts_once() -> None:
    found = read_line("find | brand Acme | max 30 | brand Acme | brand Bolt")
    assert found == Line("find", (Part("brand", "Acme"), Part("max", "30"), Part("brand", "Bolt")))


def test_a_bar_or_a_line_break_in_a_value_begins_no_part() -> None:
    said = Line("find", (Part("thing", "lamp | max 1\n| drop all"),))
    assert write_line(said) == "find | thing lamp / max 1 / drop all"


def test_parts_are_found_by_kind_in_their_order() -> None:
    said = Line("find", (Part("max", "30"), Part("thing", "lamp"), Part("min", "20")))
    assert said.of("min", "max") == (Part("max", "30"), Part("min", "20"))
    assert said.of("brand") == ()
