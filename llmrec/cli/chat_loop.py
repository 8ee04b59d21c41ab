"""One conversation at the terminal: lines in, replies out, every turn stored."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from llmrec.agent.events import (
    AgentEvent,
    Answered,
    Card,
    Products,
    ProductWords,
    Thinking,
    ToolCalled,
)
from llmrec.agent.memory import forget
from llmrec.agent.profile import profile_of
from llmrec.agent.profile_edits import ProfileEdits
from llmrec.agent.profile_line import ProfileLine
from llmrec.agent.replies import say
from llmrec.agent.sessions import Sessions
from llmrec.agent.state import Conversation
from llmrec.catalog.forgetting import operation
from llmrec.cli.chat_actions import ACTIONS, HELP, action_of
from llmrec.cli.chat_view import WrappedReply, Writing, show, show_scores
from llmrec.cli.pictures import Pictures
from llmrec.config import disk_errors
from llmrec.errors import ConfigError, LLMRecError, NotFound, TurnConflict

if TYPE_CHECKING:
    from llmrec.agent.agent import Agent

__all__ = ["COMMANDS", "ChatLoop"]


@dataclass
class ChatLoop:
    """What a conversation at a terminal needs.

    Attributes:
        agent: who answers.
        sessions: where every turn goes.
        edits: what shoppers have said of their profiles.
        conversation: as it is now.
        console: where replies are printed.
        calls: the tools asked for the last answer that needed some.
        cards: the products shown last.
        pictures: shows theirs, if they are wanted.
    """

    agent: Agent
    sessions: Sessions
    edits: ProfileEdits
    conversation: Conversation
    console: Console
    calls: list[ToolCalled] = field(default_factory=list)
    cards: tuple[Card, ...] = ()
    pictures: Pictures | None = None

    def run(self, read: Callable[[], str | None]) -> None:
        """Read and answer until the end; Ctrl-C stops a reply and keeps the conversation."""
        while (line := read()) is not None and line != "/quit":
            if not line:
                continue
            try:
                with operation():
                    self.handle(line)
            except LLMRecError as error:
                self.console.print(str(error), style="yellow", markup=False)
            except KeyboardInterrupt:
                self.console.print("\n(stopped; nothing was changed)")
            self.console.print()

    def handle(self, line: str) -> None:
        """Answer one line.

        Raises:
            LLMRecError: a slash command cannot be done, or the turn cannot be stored.
        """
        name, _, argument = line.partition(" ")
        if plain := self._plain().get(name):
            plain(argument.strip())
            return
        if not line.startswith("/"):
            self.reply(self.agent.reply(self.conversation, line))
            return
        action = action_of(line)
        if action is None:
            raise ConfigError(f"There is no {name}.", hint="See: /help")
        self.reply(self.agent.act(self.conversation, line, action))

    def reply(self, events: Generator[AgentEvent, None, None]) -> None:
        """Show a reply as it comes, and store the turn when all but products' words is there."""
        calls: list[ToolCalled] = []
        status, flow = self.console.status("…"), WrappedReply(self.console)
        writing = Writing(self.console)
        answered = False
        try:
            for event in events:
                if isinstance(event, (Thinking, ToolCalled)):
                    status.start()
                else:
                    status.stop()
                if isinstance(event, ToolCalled):
                    calls.append(event)
                elif isinstance(event, Products):
                    self.cards = event.cards
                    writing.await_words(event.cards)
                elif isinstance(event, ProductWords):
                    writing.show(event)
                    if writing.left:
                        status.start()
                elif isinstance(event, Answered):
                    try:
                        self._keep(event.conversation)
                    except LLMRecError as error:
                        events.throw(error)  # the turn takes back what it has written to the log
                    self.calls = calls or self.calls
                    answered = True
                show(self.console, event, flow, self.pictures)
        except KeyboardInterrupt:
            if not answered:
                raise
            self.console.print("\n(no further words; the answer is kept)")
        finally:
            status.stop()

    def _keep(self, conversation: Conversation) -> None:
        """Store a conversation and go on with it, unless it was deleted elsewhere meanwhile."""
        try:
            # A conversation with turns was saved before: save refuses it if it was deleted since.
            self.sessions.save(conversation, known=bool(self.conversation.turns))
        except NotFound:
            self.console.print(say("deleted_elsewhere", conversation.language))
            self._new()
        except TurnConflict:
            self.conversation = self.sessions.load(conversation.id, conversation.user)
            raise
        else:
            self.conversation = conversation

    def _plain(self) -> Mapping[str, Callable[[str], None]]:
        return {
            "/help": lambda _: self.console.print(HELP, markup=False, highlight=False),
            "/history": lambda _: self._history(),
            "/trace": lambda _: show_scores(self.console, self.calls, self.cards),
            "/sessions": lambda _: self._sessions(),
            "/resume": self._resume,
            "/new": lambda _: self._new(),
            "/export": self._export,
            "/profile": self._profile,
            "/forget": lambda _: self._forget(),
        }

    def _history(self) -> None:
        for turn in self.conversation.turns:
            self.console.print(f"you> {turn.said}", style="cyan", markup=False)
            self.console.print(turn.answered, markup=False, highlight=False)

    def _sessions(self) -> None:
        for session in self.sessions.list(self.conversation.user):
            when = f"{session.said.astimezone():%Y-%m-%d %H:%M}"
            self.console.print(
                f"{session.id[:8]}  {when}  {session.turns:>3} turns  {session.title}", markup=False
            )

    def _resume(self, id: str) -> None:
        self.conversation = self.sessions.load(id, self.conversation.user)
        self._history()

    def _new(self) -> None:
        self.conversation = self.sessions.start(self.conversation.user)

    def _export(self, name: str) -> None:
        if not name:
            raise ConfigError("No file is named.", hint="Say /export chat.md.")
        path = Path(name).expanduser()
        text = "\n".join(_exported(self.conversation))
        with disk_errors(path):
            path.write_text(text, encoding="utf-8")
        self.console.print(f"Written to {path}.", markup=False)

    def _profile(self, words: str) -> None:
        """Read the profile; "pin WORDS" adds a line, "remove N" takes one away."""
        verb, _, argument = words.partition(" ")
        user = self.conversation.user
        if verb and user is None:
            raise ConfigError("A stranger has no profile.", hint="Name yourself: --user NAME.")
        if verb == "pin" and user:
            self.edits.pin(user, argument)
        elif verb == "remove" and user:
            self.edits.remove(user, self._line(argument).key)
        lines = self._lines()
        for number, line in enumerate(lines, start=1):
            mark = " (yours)" if line.pinned else ""
            self.console.print(f"{number}. {line}{mark}", markup=False, highlight=False)
        if not lines:
            self.console.print(say("profile_none", self.conversation.language))

    def _lines(self) -> list[ProfileLine]:
        user, language = self.conversation.user, self.conversation.language
        shop = self.agent.shop
        return profile_of(shop.store, self.edits, user, language, shop.settings.ingest.rating_scale)

    def _line(self, number: str) -> ProfileLine:
        lines = self._lines()
        if not number.isdecimal() or not 0 < int(number) <= len(lines):
            raise ConfigError(f"The profile has no line '{number}'.", hint="See: /profile")
        return lines[int(number) - 1]

    def _forget(self) -> None:
        user = self.conversation.user
        if user is not None:
            shop = self.agent.shop
            gone = forget(shop.store, self.sessions, self.edits, shop.exposures, user)
            if gone.events:
                shop.count_anew()
            self.console.print(
                f"Deleted: {gone.events} events, {gone.sessions} conversations, "
                f"{gone.edits} lines of the profile."
            )
        self._new()


def _exported(conversation: Conversation) -> Iterator[str]:
    yield f"# {conversation.turns[0].said if conversation.turns else 'Nothing was said'}"
    if conversation.user:
        yield f"Shopper: {conversation.user}"
    for turn in conversation.turns:
        yield from ("", f"> {turn.said}", "", turn.answered)
    yield ""


_PLAIN = ("/help", "/history", "/trace", "/sessions", "/resume", "/new", "/export", "/profile")
COMMANDS = tuple(sorted((*_PLAIN, *ACTIONS, "/forget", "/quit")))
"""Every slash command, for completion."""
