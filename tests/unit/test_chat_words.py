"""Words that come one by one in a terminal: where a line ends."""

import io

import pytest
from rich.console import Console

from llmrec.cli.chat_view import WrappedReply


def printed(text, *, width=20, terminal=True):
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    flow = WrappedReply(console)
    pieces = text.split(" ")
    for piece in pieces[:-1]:
        flow.write(piece + " ")
    flow.write(pieces[-1] + "\n")
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Kurz gesagt: Material: Stahl", ["Kurz gesagt:", "Material: Stahl"]),
        ("exactly twenty cells then", ["exactly twenty cells", "then"]),
        ("a pot\nof clay from the garden", ["a pot", "of clay from the", "garden"]),
        ("茶壶茶壶茶壶 茶壶茶壶", ["茶壶茶壶茶壶", "茶壶茶壶"]),
        ("two  spaces stay", ["two  spaces stay"]),
    ],
)
def test_lines_end_between_words(text, lines):
    assert printed(text) == "\n".join(lines) + "\n"


def test_a_word_longer_than_a_line_is_left_to_the_terminal():
    assert printed("a " + "x" * 30 + " b") == "a\n" + "x" * 30 + "\nb\n"


def test_what_is_no_terminal_gets_long_lines():
    text = "far more words than twenty cells would hold"
    assert printed(text, terminal=False) == f"{text}\n"
