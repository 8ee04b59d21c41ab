"""What a message changes: a golden table of three languages, and what must never happen."""

import re
from pathlib import Path

import pytest
from demo_words import demo_context, spoken
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrec.agent.constraints import Context, Shown, Vocabulary, read_message
from llmrec.agent.constraints.reader import MAX_MESSAGE
from llmrec.types import Item

GOLDEN = Path(__file__).parents[1] / "golden" / "critiques.txt"


def golden_lines() -> dict[str, list[str]]:
    """The table by language: ``message → changes → words left → what is unclear``."""
    blocks = GOLDEN.read_text("utf-8").strip().split("\n\n")
    tables = (block.split("\n") for block in blocks)
    return {head.removeprefix("# "): lines for head, *lines in tables}


def as_golden(message: str) -> str:
    read = read_message(message, demo_context())
    parts = [message, "; ".join(map(spoken, read.changes)) or "-", read.rest or "-"]
    return " → ".join([*parts, *([", ".join(read.unclear)] if read.unclear else [])])


@pytest.mark.parametrize("line", [line for lines in golden_lines().values() for line in lines])
def test_a_message_changes_what_the_table_says(line):
    assert as_golden(line.split(" → ")[0]) == line


def test_the_table_covers_three_languages():
    counts = {language: len(lines) for language, lines in golden_lines().items()}
    assert set(counts) == {"English", "Deutsch", "中文"} and min(counts.values()) >= 40


@pytest.mark.parametrize("case", [str.upper, str.lower, lambda text: f"  {text} !"])
def test_case_and_frame_make_no_difference(case):
    for message in ("under 40 euros", "nicht diese Marke", "more like the second", "in blue"):
        plain, varied = (read_message(one, demo_context()) for one in (message, case(message)))
        assert [spoken(one).casefold() for one in varied.changes] == [
            spoken(one).casefold() for one in plain.changes
        ]


def test_a_title_on_the_screen_is_a_reference():
    read = read_message("more like the Glass pour-over carafe 700 ml", demo_context())
    assert [spoken(one) for one in read.changes] == ["more like 2"]


def test_words_that_are_also_a_title_stay_words():
    shop = Context(Vocabulary(), (Shown(1, "a", "Running shoes"), Shown(2, "b", "Ink")))
    assert read_message("running shoes under 100", shop).rest == "Running shoes"
    assert read_message("black ink", shop).rest == "black ink"


def test_names_of_another_shop_mean_nothing_here():
    shop = Context(Vocabulary.of_items([Item("a", "Lamp", brand="Acme")]))
    assert read_message("only Tamperley", shop).changes == ()
    assert [spoken(one) for one in read_message("only ACME", shop).changes] == ["brand Acme"]


def test_a_brand_that_is_a_word_needs_its_spelling_or_a_mark():
    shop = Context(Vocabulary.of_items([Item("a", "Phone", brand="Apple")]))
    assert read_message("apple juice", shop).changes == ()
    assert [spoken(one) for one in read_message("an Apple phone", shop).changes] == ["brand Apple"]
    assert [spoken(one) for one in read_message("from apple", shop).changes] == ["brand Apple"]


SAID = re.findall(r"\S+", GOLDEN.read_text("utf-8").replace("→", ""))
ODD = ["…", "\x00", "'", "((", "\\d", "{}", "%s", "<b>", "１２", "₤", "\u202e", "🙂"]


def test_a_number_is_no_colour():
    items = [Item("a", "Lamp", attributes={"colour": "blue 77", "size": "77"})]
    shop = Context(Vocabulary.of_items(items))
    assert read_message("not 77", shop).changes == ()
    assert [spoken(one) for one in read_message("in 77", shop).changes] == ["size 77 (1)"]


pieces = st.sampled_from([*SAID, *ODD])


@given(st.lists(pieces, max_size=30).map(" ".join) | st.text(max_size=200))
@settings(deadline=None, max_examples=300)
def test_no_message_breaks_the_grammar_and_the_same_is_read_alike(message):
    read = read_message(message, demo_context())
    assert read == read_message(message, demo_context())
    assert len(read.rest) <= MAX_MESSAGE and "\x1f" not in read.rest


def test_numbers_on_the_screen_are_not_prices():
    many = tuple(Shown(n, str(n), f"Lamp number {n}") for n in range(1, 13))
    shop = Context(Vocabulary(), many)
    assert [spoken(one) for one in read_message("cheaper than 12", shop).changes] == [
        "cheaper than 12"
    ]
    assert [spoken(one) for one in read_message("cheaper than 13", shop).changes] == ["at most 13"]
    assert [spoken(one) for one in read_message("under 12", shop).changes] == ["at most 12"]
