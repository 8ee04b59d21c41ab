"""``llmrec read``: one message or many, the contract's keys, and what is said of bad lines."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from llmrec import Workspace
from llmrec.cli.main import app
from llmrec.errors import ConfigError, DataError, LLMRecError, WorkspaceError
from llmrec.parts import Parts
from llmrec.reading import Reading, ReadingContext, Traced
from llmrec.reading.lines import Part
from llmrec.reading.reading import READING_VERSION, Intent
from llmrec.reading.scripted import ScriptedReader

CHAT_PAGE = (Path(__file__).parents[2] / "docs" / "chat.md").read_text(encoding="utf-8")
KEYS = [
    "intent",
    "looking_for",
    "min",
    "max",
    "around",
    "currency",
    "brands",
    "not_brands",
    "attributes",
    "not",
    "for_whom",
    "in_stock",
    "sort",
    "refers_to",
    "drops",
]
NOTHING = {
    **dict.fromkeys(KEYS),
    **{key: [] for key in ("brands", "not_brands", "not", "refers_to", "drops")},
    "attributes": {},
}
LINES = {
    "a red kettle under 30 euros, no Acme": "find | thing kettle | max 30 | no brand Acme "
    "| colour: red",
    "the second in stock": "refine | item 2 | in stock",
    "不要塑料的": "refine | without 塑料",
    "a mug under 30": "find | thing mug | max 30 | max 20",
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMREC_MODELS__ENGINE", "scripted")
    return Workspace.init(tmp_path / "shop").path


@pytest.fixture
def scripted(monkeypatch):
    """Has the shop read by these lines."""
    monkeypatch.setattr(Parts, "reader", ScriptedReader(LINES))


class Listener:
    """A reader that keeps what it is asked, and is sure of nothing."""

    def __init__(self):
        self.asked = []

    def read(self, message, context=None, currency=None):
        self.asked.append((message, context, currency))
        unsure = (Part("max", "30"), Part("attribute", "red", "colour"))
        return Traced(Reading(intent="find"), unsure, (Part("no brand", "Acme"),))


@pytest.fixture
def listener(monkeypatch):
    heard = Listener()
    monkeypatch.setattr(Parts, "reader", heard)
    return heard


def run(*arguments, lines=None):
    given = lines if lines is None or isinstance(lines, bytes) else "".join(f"{x}\n" for x in lines)
    return CliRunner().invoke(app, ["read", *map(str, arguments)], input=given)


def answers(result):
    if isinstance(result.exception, LLMRecError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_message_has_exactly_the_keys_of_the_contract(shop):
    (one,) = answers(run("-w", shop, "a kettle"))
    assert list(one) == KEYS
    assert one == NOTHING | {"intent": "find", "looking_for": "a kettle"}


def test_what_else_it_asks_for_is_printed_on_request(shop, monkeypatch):
    line = "find | thing mug || shop"
    monkeypatch.setattr(Parts, "reader", ScriptedReader({"a mug, do you ship?": line}))
    (plain,) = answers(run("-w", shop, "a mug, do you ship?"))
    (whole,) = answers(run("-w", shop, "--also", "a mug, do you ship?"))
    assert list(plain) == KEYS and whole.pop("also") == [NOTHING | {"intent": "shop_question"}]
    assert whole == plain == NOTHING | {"intent": "find", "looking_for": "mug"}


def test_what_a_message_says_stands_under_its_key(shop, scripted):
    (one,) = answers(run("-w", shop, "a red kettle under 30 euros, no Acme"))
    assert one == NOTHING | {
        "intent": "find",
        "looking_for": "kettle",
        "max": 30,
        "currency": "EUR",
        "not_brands": ["Acme"],
        "attributes": {"colour": "red"},
    }


def test_the_page_shows_what_is_printed(shop, scripted):
    example = re.search(r'\$ llmrec read -w myshop "(.+)"\n(\{.+\})\n', CHAT_PAGE)
    assert run("-w", shop, example[1]).stdout == f"{example[2]}\n"


def test_the_page_lists_every_key_of_this_version():
    section = CHAT_PAGE.split("## What a message means\n")[1].split("\n## ")[0]
    table = section.split("| key | value |\n")[1].split("\n\n")[0]
    named = [
        cell for row in table.splitlines() for cell in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert named == KEYS
    assert all(f"`{intent}`" in section for intent in get_args(Intent))
    assert list(Reading(intent="find").to_dict()) == KEYS
    assert f"version {READING_VERSION}" in section


def test_context_and_currency_reach_the_reader(shop, listener):
    context = '{"looking_for": "tent", "held": {"max": 200}, "on_screen": ["Tarn 2"], "id": 7}'
    answers(run("-w", shop, "cheaper", "--context", context, "--currency", "aud"))
    expected = ReadingContext("tent", {"max": 200}, ("Tarn 2",))
    assert listener.asked == [("cheaper", expected, "AUD")]


def test_of_a_context_each_part_may_be_absent_or_null(shop, listener):
    for context in ("{}", '{"looking_for": null, "held": null, "on_screen": null}', "null"):
        answers(run("-w", shop, "more", "--context", context))
    assert [context for _, context, _ in listener.asked] == [ReadingContext()] * 2 + [None]


def test_details_name_what_is_not_held(shop, listener):
    (one,) = answers(run("-w", shop, "a kettle", "--details"))
    assert list(one) == [*KEYS, "unsure", "untraced"]
    assert one["unsure"] == ["max 30", "colour: red"] and one["untraced"] == ["no brand Acme"]


def test_a_sum_that_the_message_lacks_is_untraced(shop, scripted):
    (one,) = answers(run("-w", shop, "--details", "a mug under 30"))
    assert (one["max"], one["unsure"], one["untraced"]) == (30, [], ["max 20"])


@pytest.mark.parametrize("message", ["", "   ", "?!"])
def test_a_message_without_a_word_is_small_talk(shop, message):
    assert answers(run("-w", shop, "--", message)) == [NOTHING | {"intent": "smalltalk"}]
    in_line = answers(run("-w", shop, "--stdin", lines=[json.dumps(message)]))
    assert in_line == [NOTHING | {"intent": "smalltalk"}]


def test_two_thousand_characters_are_read(shop):
    message = "kettle " * 285 + "lid !"
    assert len(message) == 2_000
    assert answers(run("-w", shop, message))[0]["looking_for"] == message
    longer = answers(run("-w", shop, "--stdin", lines=[json.dumps(message + "x" * 9_000)]))
    assert longer[0]["looking_for"] == message[:2_000]


def test_lines_are_answered_in_their_order(shop, scripted):
    context = {"looking_for": "mug", "held": {}, "on_screen": ["Mug", "Cup"], "note": "passed over"}
    rows = [
        "a tent",
        {"message": "the second in stock", "context": context, "shop_currency": "EUR", "want": {}},
        {"message": "不要塑料的", "context": {}},
        {"message": "a stove", "context": None, "shop_currency": None},
    ]
    result = run("-w", shop, "--stdin", lines=[json.dumps(row) for row in rows])
    first, second, third, fourth = answers(result)
    assert (first["looking_for"], fourth["looking_for"]) == ("a tent", "a stove")
    assert (second["intent"], second["refers_to"], second["in_stock"]) == ("refine", [2], True)
    assert third["not"] == ["塑料"] and "塑料" in result.stdout
    assert all(list(one) == KEYS for one in (first, second, third, fourth))


def test_context_and_currency_of_a_line_go_over_the_options(shop, listener):
    rows = [
        "a",
        {"message": "b", "context": None},
        {"message": "c", "context": {"looking_for": "mat"}, "shop_currency": "JPY"},
    ]
    options = ("--context", '{"looking_for": "tent"}', "--currency", "EUR")
    answers(run("-w", shop, "--stdin", *options, lines=[json.dumps(row) for row in rows]))
    tent, mat = ReadingContext("tent"), ReadingContext("mat")
    assert listener.asked == [("a", tent, "EUR"), ("b", None, "EUR"), ("c", mat, "JPY")]


def test_empty_lines_a_byte_order_mark_and_carriage_returns_are_passed_over(shop):
    given = b'\xef\xbb\xbf"a tent"\r\n\r\n  \n"a stove"'
    found = answers(run("-w", shop, "--stdin", lines=given))
    assert [one["looking_for"] for one in found] == ["a tent", "a stove"]
    assert answers(run("-w", shop, "--stdin", lines=b"")) == []


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("a tent", None, "no valid JSON"),
        (b'"\xff"', None, "not UTF-8"),
        ("[" * 100_000, None, "lists within lists"),
        ("7", None, "neither a string nor an object, but a number"),
        ('["a tent"]', None, "but a list"),
        ('{"text": "a tent"}', "message", "there is none"),
        ('{"message": null}', "message", "must be a string, not null"),
        ('{"message": 7}', "message", "must be a string, not a number"),
        ('{"message": "x", "context": "tent"}', "context", "an object or null, not a string"),
        (
            '{"message": "x", "context": {"on_screen": "Tarn 2"}}',
            "context.on_screen",
            "a list or null, not a string",
        ),
        (
            '{"message": "x", "context": {"on_screen": [{"title": "Tarn 2"}]}}',
            "context.on_screen",
            "a title in it must be a string, not an object",
        ),
        (
            '{"message": "x", "context": {"looking_for": ["tent"]}}',
            "context.looking_for",
            "a string or null, not a list",
        ),
        ('{"message": "x", "context": {"held": []}}', "context.held", "not a list"),
        (
            '{"message": "x", "context": {"held": {"attributes": "red"}}}',
            "context.held.attributes",
            "an object or null, not a string",
        ),
        ('{"message": "x", "shop_currency": 1}', "shop_currency", "not a number"),
        ('{"message": "x", "shop_currency": "EURO5"}', "shop_currency", "an unknown currency"),
    ],
)
def test_a_bad_line_is_named_after_the_lines_before_it(shop, line, field, reason):
    bad = line if isinstance(line, bytes) else line.encode()
    result = run("-w", shop, "--stdin", lines=b'"a tent"\n\n' + bad + b'\n"a stove"\n')
    assert [json.loads(one)["looking_for"] for one in result.stdout.splitlines()] == ["a tent"]
    error = result.exception
    assert isinstance(error, DataError) and reason in error.message
    assert (error.row, error.field) == (3, field) and error.message.startswith("standard input")
    assert error.hint


def test_a_bad_line_ends_the_process_with_one_sentence(shop):
    command = [sys.executable, "-m", "llmrec.cli", "read", "--stdin", "-w", str(shop)]
    given = '"a tent"\n{"message": 7}\n'
    done = subprocess.run(command, input=given, capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 1
    assert "standard input, row 2, field 'message'" in done.stderr
    assert "Traceback" not in done.stderr


def test_each_answer_comes_before_the_next_line_is_written(shop):
    command = [sys.executable, "-m", "llmrec.cli", "read", "--stdin", "-w", str(shop)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for thing in ("tent", "stove"):
            process.stdin.write(json.dumps(thing).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["looking_for"] == thing
        process.stdin.close()
    assert process.returncode == 0


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_a_bar_at_the_terminal_leaves_the_answers_in_the_pipe(shop):
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "llmrec.cli", "read", "--stdin", "-w", str(shop)]
    environment = os.environ | {"TERM": "xterm"}
    done = subprocess.run(
        command, input=b'"a tent"\n', stdout=subprocess.PIPE, stderr=theirs, env=environment
    )
    os.close(theirs)
    with io.FileIO(ours) as terminal:
        shown = terminal.read(65_536).decode()
    assert json.loads(done.stdout)["looking_for"] == "a tent"
    assert "Reading" in shown and "looking_for" not in shown


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ("tent", "--context: no valid JSON"),
        ('["tent"]', "--context: it must be an object or null, not a list"),
        ('{"on_screen": 7}', "--context: field 'on_screen': it must be a list or null"),
        ('{"held": {"attributes": []}}', "field 'held.attributes'"),
    ],
)
def test_a_context_that_is_none_is_said(shop, context, message):
    error = run("-w", shop, "cheaper", "--context", context).exception
    assert isinstance(error, ConfigError) and message in error.message
    assert "looking_for" in error.hint


def test_an_unknown_currency_is_said(shop):
    error = run("-w", shop, "a tent", "--currency", "gold").exception
    assert isinstance(error, ConfigError)
    assert error.message == "--currency: 'gold' is an unknown currency."


@pytest.mark.parametrize("arguments", [(), ("a tent", "--stdin")])
def test_either_a_message_or_lines_are_read(shop, arguments):
    result = run("-w", shop, *arguments)
    assert result.exit_code == 2 and "Give a message, or --stdin" in result.stderr


def test_without_a_workspace_the_default_settings_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMREC_WORKSPACE", raising=False)
    monkeypatch.setenv("LLMREC_READER__ENGINE", "scripted")
    result = run("a kettle")
    assert answers(result) == [NOTHING | {"intent": "find", "looking_for": "a kettle"}]
    assert "The default settings hold" in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())


def test_without_a_workspace_a_variable_that_cannot_be_understood_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMREC_WORKSPACE", raising=False)
    monkeypatch.setenv("LLMREC_READER__ENGINE", "abacus")
    error = run("a kettle").exception
    assert isinstance(error, ConfigError)
    assert error.message.startswith("The environment: setting 'reader.engine'")


def test_a_workspace_that_is_named_must_be_there(tmp_path, monkeypatch):
    assert isinstance(run("-w", tmp_path, "a kettle").exception, WorkspaceError)
    monkeypatch.setenv("LLMREC_WORKSPACE", str(tmp_path))
    assert isinstance(run("a kettle").exception, WorkspaceError)


def test_the_help_has_an_example():
    assert "Example" in run("--help").stdout
