"""The line that a shopper types: history between sessions, completion of slash commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["make_reader"]


def make_reader(history: Path, commands: Sequence[str]) -> Callable[[], str | None]:
    """A function that reads one line; ``None`` at the end. Without a terminal it reads plainly."""
    if not sys.stdin.isatty():
        return _piped
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.formatted_text import HTML
    from prompt_toolkit.history import FileHistory

    history.parent.mkdir(parents=True, exist_ok=True)
    # Commands begin with a slash, which is no part of a word otherwise.
    completer = WordCompleter(list(commands), sentence=True)
    session: PromptSession[str] = PromptSession(
        HTML("<b><ansicyan>you&gt;</ansicyan></b> "),
        history=FileHistory(str(history)),
        completer=completer,
        complete_while_typing=False,
    )

    def read() -> str | None:
        try:
            return session.prompt().strip()
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None

    return read


def _piped() -> str | None:
    line = sys.stdin.readline()
    return line.strip() if line else None
