"""The grammar of a line: it takes what is copied from the message, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrec.errors import WeightsMissing
from llmrec.reading.grammar import ATTRIBUTES, line_grammar
from llmrec.reading.lines import INTENTS, Part, read_line
from llmrec.reading.prompt import plain
from llmrec.sections import ReaderSettings

llguidance = pytest.importorskip("llguidance", reason="pip install 'llmrec[local]'")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """The tokenizer of the reader's base if it is here, else one whose tokens are bytes."""
    from llmrec.weights import locate

    try:
        file = Path(locate(ReaderSettings().base)) / "tokenizer.json"
    except WeightsMissing:
        return llguidance.LLTokenizer("byte")
    return llguidance.LLTokenizer(str(file))


def matcher(tokenizer: Any, grammar: str) -> Any:
    made = llguidance.LLMatcher(tokenizer, llguidance.grammar_from("lark", grammar), log_level=0)
    assert not made.is_error(), made.get_error()
    return made


class Takes:
    """Whether the grammar of a message takes a line."""

    def __init__(self, tokenizer: Any, message: str, on_screen: int = 0) -> None:
        self._tokenizer = tokenizer
        self._matcher = matcher(tokenizer, line_grammar(message, on_screen))

    def __call__(self, line: str) -> bool:
        tokens = self._tokenizer.tokenize_str(f" {line}")
        own = self._matcher.deep_copy()
        taken = own.validate_tokens(tokens) == len(tokens) and own.consume_tokens(tokens)
        return bool(taken and own.is_accepting())


MESSAGE = "A nut-free, red Acme lamp (not Bolt's) for my mum: under $1,299.99 or two hundred!"


@pytest.mark.parametrize(
    "line",
    [
        "find",
        "find | thing lamp",
        "find | thing gift",
        "find | thing Acme lamp",
        "find | brand Acme | no brand Bolt's",
        "find | no brand Bolt",
        "find | colour: red",
        "find | without nut",
        "find | feature: nut-free",
        "find | for my mum",
        "find | max 1,299.99",
        "find | min two hundred",
        "find | around two hundred",
        "refine | in stock | sort cheapest",
        "drop | drop max | drop all | drop colour",
        "find | thing lamp" + " | colour: red" * 15,
        "find | thing A nut-free red Acme lamp (not Bolt's for my mum",
        *INTENTS,
    ],
)
def test_a_line_that_copies_is_taken(tokenizer: Any, line: str) -> None:
    assert Takes(tokenizer, MESSAGE)(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "buy",
        "Find",
        "find |",
        "find | thing",
        "find | thing kettle",
        "find | thing lam",
        "find | thing amp",
        "find | brand Bol",
        "find | brand acme",
        "find | colour: blue",
        "find | price: red",
        "find | max 1,299",
        "find | max 299.99",
        "find | max 200",
        "find | max two",
        "find | max lamp",
        "find | sort height",
        "find | drop everything",
        "find | item 1",
        "find | thing lamp | | max two hundred",
        "find | thing lamp" + " | colour: red" * 16,
        "find | thing " + " ".join(["lamp"] * 13),
    ],
)
def test_a_line_that_does_not_copy_is_not_taken(tokenizer: Any, line: str) -> None:
    assert not Takes(tokenizer, MESSAGE)(line)


@pytest.mark.parametrize(("on_screen", "last"), [(0, 0), (1, 1), (3, 3), (9, 9), (40, 9)])
def test_a_place_is_one_on_the_screen(tokenizer: Any, on_screen: int, last: int) -> None:
    takes = Takes(tokenizer, "the second", on_screen)
    assert [n for n in range(12) if takes(f"product | item {n}")] == list(range(1, last + 1))


def test_without_a_number_there_is_no_sum(tokenizer: Any) -> None:
    takes = Takes(tokenizer, "a cheap lamp")
    assert not takes("find | max cheap") and takes("find | thing cheap lamp")


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("sugarless gum", "find | without sugar"),
        ("laktosefreie Milch", "find | without laktose"),
        ("nur noch die roten", "refine | colour: rot"),
        ("a 500ml bottle", "find | capacity: 500ml"),
        ("a 12-pack", "find | pack: 12"),
        ("AT&T case", "find | compatible_with: AT&T"),
        ("lamps/torches", "find | thing torches"),
        ("under 30€", "find | max 30"),
    ],
)
def test_words_are_taken_without_what_hangs_on_them(
    tokenizer: Any, message: str, line: str
) -> None:
    assert Takes(tokenizer, message)(line)


def test_of_chinese_any_piece_is_taken(tokenizer: Any) -> None:
    takes = Takes(tokenizer, "想买个红色的电饭煲,三百以内,不要Acme牌", 2)
    for line in (
        "find | thing 电饭煲",
        "find | thing 饭",
        "find | thing 电饭煲 | colour: 红色 | max 三百 | no brand Acme | item 2",
    ):
        assert takes(line), line
    for line in ("find | thing 茶壶", "find | max 三", "find | max 300", "find | thing 红电饭煲"):
        assert not takes(line), line


ENDS = ".,;:!?)"
"""What hangs on a word's end is no part of a value."""

HOSTILE = [
    '{"intent": "find", "max": 30}',
    '"',
    '"""quotes""" and \'single\'',
    "back\\slash \\n \\u0041 \\\\",
    "find | max 30 || drop all",
    "start: /x/ %ignore %regex {}",
    "%llguidance {}",
    "word: WORD # comment // comment",
    "🎁🎉 for my 👩‍👩‍👧, 🇩🇪 30€",
    "想买个电饭煲,三百以内",
    '想买"电饭煲" \\ | {"substring_chars": 1} 🎁',
    "/.*/i [a-z]+ (?:x)",
    "$(rm -rf) ${x} <|im_end|> <|endoftext|>",
    "x" * 2_000,
    "ab " * 700,
    " ".join(f"w{n}" for n in range(500)),
    " ".join(str(n) for n in range(500)),
    "电" * 2_000,
    "".join(chr(0x4E00 + n) for n in range(2_000)),
    "'" * 2_000,
    "?!",
    "e\u0301" * 900,
    "لمبة حمراء تحت ٣٠",
    "лампа до 30",
]


@pytest.mark.parametrize("message", HOSTILE, ids=lambda text: text[:20])
def test_any_message_has_a_grammar(tokenizer: Any, message: str) -> None:
    text = plain(message)
    takes = Takes(tokenizer, text, 3)
    assert takes("talk") and takes("find | thing gift | item 3 | in stock")
    assert not takes("find | thing notinthemessage")
    first = text.split()[0].rstrip(ENDS)
    if 0 < len(first) <= 64:
        assert takes(f"find | thing {first}")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60).map(plain).filter(lambda text: any(c.isalnum() for c in text)))
def test_any_short_text_has_a_grammar_that_takes_its_words(tokenizer: Any, text: str) -> None:
    takes = Takes(tokenizer, text)
    word = text.split()[0].rstrip(ENDS)
    assert takes(f"find | thing {word or 'gift'}")


def test_what_the_grammar_names_is_what_a_line_has() -> None:
    names = ATTRIBUTES.split()
    assert names == sorted(set(names))
    for name in names:
        found = read_line(f"find | {name}: x")
        assert found is not None and found.parts == (Part("attribute", "x", name),)
