"""``llmrec chat`` without a terminal: every slash command, sessions, scripts, a stopped reply."""

import io
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console
from scripted_lines import reading_by
from tool_shop import make_demo_store, make_store, open_shop
from typer.testing import CliRunner

from llmrec import Recommender, Workspace
from llmrec.agent.agent import Agent
from llmrec.agent.events import Answered, ConstraintsChanged, Products, ProductWords
from llmrec.agent.profile_edits import ProfileEdits
from llmrec.agent.sessions import Sessions
from llmrec.agent.state import Conversation
from llmrec.cli.chat import line_reader
from llmrec.cli.chat_actions import HELP
from llmrec.cli.chat_loop import COMMANDS, ChatLoop
from llmrec.cli.chat_view import WrappedReply, Writing, show
from llmrec.cli.main import app
from llmrec.engines import ScriptedEngine
from llmrec.errors import EngineUnavailable, LLMRecError
from llmrec.types import EventKind, Item

LINES = {
    "hello": "talk",
    "a teapot": "find | thing teapot",
    "a teapot under 60 euros": "find | thing teapot | max 60",
    "under 40": "refine | max 40",
    "cheaper": "refine | sort cheapest",
    "why 1": "why | item 1",
    "why 1?": "why | item 1",
    "compare 1 and 2": "compare | item 1 | item 2",
    "put the first in the cart": "order | item 1",
    "I take the second": "order | item 2",
    "undo": "undo",
}


@pytest.fixture(scope="module", autouse=True)
def reader():
    with reading_by(LINES):
        yield


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_demo_store(tmp_path_factory.mktemp("demo") / "shop")


@pytest.fixture
def chat(workspace):
    def run(*lines, options=()):
        result = CliRunner().invoke(
            app, ["chat", "-w", str(workspace.path), *options], input="\n".join(lines) + "\n"
        )
        if isinstance(result.exception, LLMRecError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout.split(HELP.splitlines()[-1], 1)[-1]

    return run


def test_a_conversation_by_words_and_by_commands(chat):
    printed = chat(
        "a teapot under 60 euros", "/why 1", "/compare 1 2", "/describe 1", "/together 1", "/undo",
        "/more", "/dislike 1", "/filters", "/drop price", "/drop 1", "/filters", "/trace",
        "/history", "/like 1", "/cart 1", "/quit", "never read",
    )  # fmt: skip
    for said in (
        "at most 60 EUR",
        "Found for “teapot”:",
        "They differ in:",
        "Other shoppers chose these together with",
        "Taken back.",
        "Now: at most 60 EUR; not ",
        "No longer asked for: at most 60 EUR.",
        "No limits hold.",
        "recommend(k=3, query=teapot)",
        "you> /compare 1 2",
        "Noted: you like",
        "is in the cart",
    ):
        assert said in printed
    assert "never read" not in printed


def test_an_empty_line_stands_between_replies(chat):
    hello = "Happy to help. What are you looking for?"
    assert chat("hello", "hello") == f"\n\n{hello}\n\n{hello}\n\n"


def test_a_limit_is_one_label_without_other_styles(workspace):
    with open_shop(workspace) as shop:
        limits = next(
            event
            for event in Agent(shop).answer(Conversation(), "a teapot under 60 euros")[1]
            if isinstance(event, ConstraintsChanged)
        )
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard")
    show(console, limits, WrappedReply(console))
    assert "\x1b[30;46m at most 60 EUR \x1b[0m" in console.file.getvalue()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/nonsense", "There is no /nonsense. See: /help"),
        ("/like two", "'two' is no number of a product. Give the number on its card"),
        ("/compare 1", "is no number"),
        ("/like 9", "Nothing is shown yet"),
        ("/drop", "Nothing is named to drop"),
        ("/drop price", "That is open already"),
        ("/export", "No file is named."),
        ("/resume 123", "There is no conversation '123'."),
        ("/profile pin tea", "A stranger has no profile."),
        ("/profile", "I know nothing of you yet."),
        ("/undo", "There is nothing to take back."),
    ],
)
def test_what_cannot_be_done_is_said_and_the_talk_goes_on(chat, line, said):
    printed = " ".join(chat(line, "/filters").split())
    assert said in printed and "No limits hold." in printed


def test_conversations_are_resumed_where_they_were(chat, workspace):
    options = ("--user", "ann")
    chat("a teapot under 60 euros", options=options)
    chat("something for the garden", options=options)
    listed = chat("/sessions", options=options)
    ids = re.findall(r"^([0-9a-f]{8}) ", listed, re.MULTILINE)
    assert len(ids) == 2 and "a teapot under 60 euros" in listed
    assert "at most 60 EUR" in chat("/filters", options=(*options, "--resume", ids[-1]))
    assert "at most 60 EUR" in chat(f"/resume {ids[-1]}", "/filters", options=options)
    assert "Now:" not in chat("/new", "/filters", options=(*options, "--resume", "last"))
    with pytest.raises(LLMRecError, match="no conversation"):
        chat(options=("--user", "eve", "--resume", ids[-1]))


def test_an_exported_conversation_can_be_replayed(chat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chat("a teapot under 60 euros", "cheaper", "/export talk.md", options=("--user", "bea"))
    exported = (tmp_path / "talk.md").read_text("utf-8")
    assert exported.startswith("# a teapot under 60 euros\nShopper: bea\n")
    replayed = chat(options=("--script", "talk.md"))
    assert "> cheaper" in replayed and "*recommend: k=3, query=teapot*" in replayed


def test_a_replay_stores_nothing(chat, workspace, tmp_path):
    script = tmp_path / "talk.md"
    said = "> a teapot\n> put the first in the cart\n> I take the second\n"
    script.write_text(f"Shopper: rex\n\n{said}", "utf-8")
    printed = chat(options=("--script", str(script)))
    assert printed.count("*feedback: ") == 2
    with open_shop(workspace) as shop:
        assert shop.store.history("rex") == []
    assert chat("/sessions", options=("--user", "rex")).strip() == ""


def test_a_transcript_replayed_writes_itself_again(chat, tmp_path):
    script = tmp_path / "talk.txt"
    script.write_text("a teapot under 60 euros\nwhy 1\ncompare 1 and 2\nundo", "utf-8")
    first = chat(options=("--script", str(script)))
    script.write_text(first, "utf-8")
    assert chat(options=("--script", str(script))) == first
    assert "> why 1" in first and "| price |" in first and "[at most 60 EUR]" in first


def test_a_script_that_is_not_there_is_an_error(chat, tmp_path):
    with pytest.raises(LLMRecError, match="cannot be read"):
        chat(options=("--script", str(tmp_path / "none.md")))


def test_the_profile_is_read_corrected_and_forgotten(chat, workspace):
    options = ("--user", "shopper-116")
    printed = chat(
        "/profile", "/profile pin  I camp with a small car ", "/profile remove 2", "/profile",
        options=options,
    )  # fmt: skip
    lines = re.findall(r"^(\d)\. (.+)$", printed, re.MULTILINE)
    first = [text for _, text in lines[: [n for n, _ in lines].index("1", 1)]]
    last = [text for _, text in lines[-len(first) :]]
    assert any("products, such as" in line for line in first)
    assert last[0] == "I camp with a small car (yours)" and first[0] not in last
    printed = chat("/forget", "/profile", "/sessions", options=options)
    assert re.search(r"Deleted: \d+ events, \d+ conversations, 2 lines of the profile", printed)
    assert "I know nothing of you yet." in printed
    with open_shop(workspace) as shop:
        assert shop.store.history("shopper-116") == []


@pytest.fixture
def looping(workspace):
    """A loop of a shopper's name, over a shop and stores of its own."""
    with (
        open_shop(workspace) as shop,
        Sessions.open(workspace.database_url) as sessions,
        ProfileEdits.open(workspace.database_url) as edits,
    ):

        def begin(user):
            console = Console(file=io.StringIO())
            return ChatLoop(Agent(shop), sessions, edits, sessions.start(user), console)

        yield begin


def test_a_stopped_reply_keeps_the_conversation(looping):
    loop = looping("zoe")
    loop.handle("a teapot")
    before = loop.conversation
    lines = iter(["under 40", None])
    real = loop.agent.reply

    def stopped(conversation, message):
        for event in real(conversation, message):
            if isinstance(event, Answered):
                raise KeyboardInterrupt
            yield event

    loop.agent.reply = stopped
    loop.run(lambda: next(lines))
    assert loop.conversation == before and loop.sessions.latest("zoe") == before
    history = loop.agent.shop.store.history("zoe")
    assert not [one for one in history if one.kind is EventKind.LIKE]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("a teapot", "This conversation was deleted elsewhere; a new one begins."),
        ("ich suche eine Lampe", "Dieses Gespräch wurde anderswo gelöscht; ein neues beginnt."),
    ],
)
def test_what_is_deleted_elsewhere_is_not_stored_again(looping, workspace, first, said):
    loop = looping("yves")
    loop.handle(first)
    with Sessions.open(workspace.database_url) as elsewhere:
        elsewhere.remove(loop.conversation.id)
    loop.handle("/filters")
    assert loop.console.file.getvalue().count(said) == 1
    assert loop.sessions.list("yves") == []
    loop.handle("a mug")
    assert loop.console.file.getvalue().count(said) == 1
    (kept,) = loop.sessions.list("yves")
    assert kept.title == "a mug"
    loop.sessions.forget("yves")


def test_every_command_is_completed_and_explained():
    assert "/quit" in COMMANDS
    assert all(name in HELP for name in COMMANDS if name not in ("/over", "/cart"))


DOCS = (Path(__file__).parents[2] / "docs" / "chat.md").read_text("utf-8")


def test_the_documented_python_runs(workspace, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    exec(compile(code.replace("myshop", str(workspace.path)), "chat.md", "exec"), {})
    assert "Found for “teapot”:" in capsys.readouterr().out


@pytest.fixture(scope="module")
def writing(tmp_path_factory):
    """A shop whose words the model writes: of English products, for English words."""
    items = [
        Item(f"t{n}", f"Teapot no. {n}", description="Holds a litre.", language="en")
        for n in range(1, 6)
    ]
    made = make_store(tmp_path_factory.mktemp("writing") / "shop", items)
    settings = made.path / "llmrec.toml"
    settings.write_text(settings.read_text() + '\n[explain]\nwords = "model"\n', "utf-8")
    return Workspace.open(made.path)


def test_in_a_pipe_words_stand_behind_the_cards_under_their_numbers(chat, writing):
    printed = [chat("a teapot", options=("-w", str(writing.path))) for _ in range(2)]
    assert printed[0] == printed[1]
    cards, _, behind = printed[0].partition("\n1. ")
    titles = re.findall(r"─ (\d\. Teapot no\. \d)", cards)
    assert [title[0] for title in titles] == ["1", "2", "3"]
    assert [line[:3] for line in f"1. {behind}".strip().splitlines()] == ["1. ", "2. ", "3. "]


def test_a_transcript_has_the_words_under_their_cards(chat, writing, tmp_path):
    script = tmp_path / "script.md"
    script.write_text("> a teapot\n", "utf-8")
    options = ("-w", str(writing.path), "--script", str(script))
    text = CliRunner().invoke(app, ["chat", *options]).stdout
    lines = text.splitlines()
    cards = [place for place, line in enumerate(lines) if re.match(r"\d\. \*\*Teapot", line)]
    assert len(cards) == 3 and all(lines[place + 1].startswith("   ") for place in cards)
    script.write_text(text, "utf-8")
    assert CliRunner().invoke(app, ["chat", *options]).stdout == text


def test_ctrl_c_while_words_come_keeps_the_answer(writing):
    with (
        open_shop(writing) as shop,
        Sessions.open(writing.database_url) as sessions,
        ProfileEdits.open(writing.database_url) as edits,
    ):
        console = Console(file=io.StringIO())
        agent = Agent(shop)
        loop = ChatLoop(agent, sessions, edits, sessions.start("zoe"), console)
        real = agent.reply

        def stopped(conversation, message):
            for event in real(conversation, message):
                if isinstance(event, ProductWords):
                    raise KeyboardInterrupt
                yield event

        agent.reply = stopped
        lines = iter(["a teapot", None])
        loop.run(lambda: next(lines))
        assert [turn.said for turn in loop.conversation.turns] == ["a teapot"]
        assert sessions.latest("zoe") == loop.conversation
        assert "the answer is kept" in console.file.getvalue()


def test_a_model_that_fails_to_write_is_told_once_and_costs_no_card(writing):
    away = EngineUnavailable("It is away.")
    engine = ScriptedEngine(fail_with=away, fail_on=("generate", "stream"))
    with Recommender.open(writing, engine=engine) as shop:
        console = Console(file=io.StringIO())
        view, flow = Writing(console), WrappedReply(console)
        for event in Agent(shop).reply(Conversation(), "a teapot"):
            if isinstance(event, Products):
                view.await_words(event.cards)
            if isinstance(event, ProductWords):
                view.show(event)
            show(console, event, flow)
        printed = console.file.getvalue()
    assert printed.count("It is away.") == 1 and view.left == 0
    assert printed.count("(from the product's fields)") == 3 and "Teapot no." in printed


class Keyboard(io.StringIO):
    """Lines from a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_prompt_toolkit_the_line_is_read_plainly(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Keyboard("  a teapot \n"))
    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)  # its import fails
    read = line_reader(tmp_path / "history", COMMANDS)
    assert (read(), read()) == ("a teapot", None)
    assert "pip install 'llmrec[chat]'" in capsys.readouterr().err
