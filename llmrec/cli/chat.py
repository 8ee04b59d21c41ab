"""``llmrec chat``: a conversation with the shop at the terminal, or a transcript replayed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.errors import DataError

if TYPE_CHECKING:
    from llmrec.agent.agent import Agent
    from llmrec.cli.pictures import Pictures
    from llmrec.recommender import Recommender

__all__ = ["chat"]


class ShowPictures(str, Enum):
    """Which products' pictures are shown."""

    NONE = "none"
    LOCAL = "local"
    WEB = "web"


def chat(
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Whose event log and conversations.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=20, help="Products per answer.")] = 3,
    resume: Annotated[
        str | None,
        typer.Option("--resume", help="Go on with a conversation: how its id begins, or last."),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            help="Replay the messages of this file (lines that begin with >) and print the "
            "transcript as Markdown; nothing is stored.",
        ),
    ] = None,
    pictures: Annotated[
        ShowPictures,
        typer.Option(
            help="Products' pictures, where output is a terminal: none, those that are files "
            "here, or those at web addresses too, which are then fetched."
        ),
    ] = ShowPictures.NONE,
    workspace: WorkspaceOption = None,
) -> None:
    """Talk to the shop: say what you look for, narrow it, compare, ask why, take it back.

    In English, German and Chinese. /help says what else there is; Ctrl-C stops a reply and keeps
    the conversation.

    Example: [bold]llmrec chat --user S042[/]
    """
    from llmrec.agent.agent import Agent
    from llmrec.recommender import Recommender
    from llmrec.requests import as_user

    user = as_user(user)
    with Recommender.open(workspace) as shop:
        agent = Agent(shop, k=k)
        if script is not None:
            _replay(agent, script, user)
        else:
            _talk(agent, user, resume, _pictures(shop, pictures))


def _pictures(shop: Recommender, wanted: ShowPictures) -> Pictures | None:
    """What shows pictures; nothing does so in a pipe or a file."""
    if wanted is ShowPictures.NONE or not console.is_terminal:
        return None
    from llmrec.cli.pictures import Pictures

    return Pictures(console, shop.workspace.path, fetch=wanted is ShowPictures.WEB)


def _talk(agent: Agent, user: str | None, resume: str | None, pictures: Pictures | None) -> None:
    from llmrec.agent.profile_edits import ProfileEdits
    from llmrec.agent.sessions import Sessions
    from llmrec.cli.chat_actions import HELP
    from llmrec.cli.chat_loop import COMMANDS, ChatLoop

    workspace = agent.shop.workspace
    url = workspace.database_url
    with Sessions.open(url) as sessions, ProfileEdits.open(url) as edits:
        conversation = None
        if resume is not None:
            conversation = (
                sessions.latest(user) if resume == "last" else sessions.load(resume, user)
            )
        agent.edits = edits
        conversation = conversation or sessions.start(user)
        loop = ChatLoop(agent, sessions, edits, conversation, console, pictures=pictures)
        console.print(f"{HELP}\n", markup=False, highlight=False)
        loop.run(line_reader(workspace.cache_dir / "chat-history", COMMANDS))


def line_reader(history: Path, commands: Sequence[str]) -> Callable[[], str | None]:
    """A function that reads a line of the shopper; it gives ``None`` at the end.

    In a terminal prompt-toolkit reads it, where it is installed.

    Args:
        history: the file with the lines of earlier sessions.
        commands: slash commands that are completed.
    """
    if not sys.stdin.isatty():
        return _piped
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.formatted_text import HTML
        from prompt_toolkit.history import FileHistory
    except ImportError:
        notes.print(
            "For earlier lines and completion run: pip install 'llmrec[chat]'",
            markup=False,
            highlight=False,
        )
        return lambda: _typed(lambda: input("you> "))

    history.parent.mkdir(parents=True, exist_ok=True)
    # Commands begin with a slash, which is no part of a word otherwise.
    completer = WordCompleter(list(commands), sentence=True)
    session: PromptSession[str] = PromptSession(
        HTML("<b><ansicyan>you&gt;</ansicyan></b> "),
        history=FileHistory(str(history)),
        completer=completer,
        complete_while_typing=False,
    )
    return lambda: _typed(session.prompt)


def _typed(ask: Callable[[], str]) -> str | None:
    """A line from the keyboard; Ctrl-C empties it, Ctrl-D ends the conversation."""
    try:
        return ask().strip()
    except KeyboardInterrupt:
        return ""
    except EOFError:
        return None


def _piped() -> str | None:
    line = sys.stdin.readline()
    return line.strip() if line else None


def _replay(agent: Agent, script: Path, user: str | None) -> None:
    from llmrec.agent.transcript import read_script, replayed
    from llmrec.cli.chat_actions import action_of

    try:
        text = script.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"The script cannot be read: {error}.", file=str(script), hint="Name a UTF-8 file."
        ) from error
    for line in replayed(agent, read_script(text), user, action_of):
        typer.echo(line)
