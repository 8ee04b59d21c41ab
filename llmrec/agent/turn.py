"""A turn in progress: what all its steps share, and the plain ways of saying and asking."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeAlias

from llmrec.agent.asking import ToolUse, event_of, shopper_in, subject_of
from llmrec.agent.constraints import Constraints, Shown
from llmrec.agent.events import (
    AgentEvent,
    Card,
    ConstraintsChanged,
    Held,
    Thinking,
    ToolCalled,
    ToolReturned,
    Words,
)
from llmrec.agent.language import Language
from llmrec.agent.product_words import product_words
from llmrec.agent.reducer import Note
from llmrec.agent.replies import say, sought, spoken, to_drop
from llmrec.agent.shopper import Shopper
from llmrec.agent.state import Conversation, Mark, Situation, Turn, Unsettled
from llmrec.agent.tools.base import ToolResult
from llmrec.agent.tools.feedback import FeedbackResult
from llmrec.answer_events import AnswerEvent
from llmrec.errors import LLMRecError
from llmrec.leaving import working_for
from llmrec.types import Event, EventKind

if TYPE_CHECKING:
    from llmrec.agent.agent import Agent

__all__ = ["Steps", "TurnInProgress", "held_now"]

Steps: TypeAlias = Iterator[AgentEvent]
Called: TypeAlias = Generator[AgentEvent, None, ToolResult]
Begun: TypeAlias = Generator[AgentEvent, None, tuple[ToolResult, Iterator[AnswerEvent]]]


@dataclass
class TurnInProgress:
    """One message being answered.

    The conversation given stays as it is.

    Attributes:
        message: what the shopper has said.
        text: what of it is to be read: all but an answer to what the assistant has asked.
        now: what will hold after the turn.
        said: the lines said so far.
        shown: ids of the products shown in this turn.
        not_again: ids of those that a wish of this turn must not bring again.
        unsettled: sums and names whose sign is asked about in this turn.
        written: what has gone to the event log in this turn.
        erased: what was taken out of it.
        finished: nothing is to be asked any more.
        undoing: ``now`` is the situation before, and cannot be undone in its turn.
        behind: cards shown in this turn, and the events that will have their words.
        answered: questions of the message that have an answer.
        unanswered: those that have none so far, beside one that has.
        things: what the message wishes for, by its words.
    """

    agent: Agent
    conversation: Conversation
    message: str
    text: str
    language: Language
    now: Situation
    said: list[str] = field(default_factory=list)
    shown: tuple[str, ...] = ()
    not_again: tuple[str, ...] = ()
    unsettled: tuple[Unsettled, ...] = ()
    written: list[Event] = field(default_factory=list)
    erased: list[Event] = field(default_factory=list)
    finished: bool = False
    undoing: bool = False
    behind: list[tuple[Sequence[Card], Iterator[AnswerEvent]]] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    unanswered: list[str] = field(default_factory=list)
    things: tuple[str, ...] = ()

    @property
    def shopper(self) -> Shopper:
        """Whoever asks, in the situation that will hold."""
        subject = subject_of(self.now, self.language, self.agent.vocabulary.things)
        user = self.conversation.user
        return shopper_in(self.agent.shop, user, self.now, self.language, subject)

    @property
    def spoken_of(self) -> Shown | None:
        """The product on the screen that was spoken of last."""
        return next((one for one in self.now.shown if one.number == self.now.focus), None)

    @property
    def sought(self) -> str | None:
        """What is looked for, as it is told."""
        return sought(self.now, self.language)

    @property
    def currency(self) -> str | None:
        """What the shop mostly prices in."""
        return next(iter(self.agent.vocabulary.currencies), None)

    def say(self, key: str, **values: object) -> Steps:
        """A sentence of the templates."""
        return self.speak(say(key, self.language, **values))

    def speak(self, text: str) -> Steps:
        """Words as they are, piece by piece, on a line of their own."""
        text = text.strip()
        self.said.append(text)
        pieces = text.split(" ")
        for number, piece in enumerate(pieces, start=1):
            yield Words(text=piece + ("\n" if number == len(pieces) else " "))

    def call(self, name: str, arguments: Mapping[str, Any]) -> Called:
        """Ask a tool for this shopper in the situation that will hold."""
        yield ToolCalled(name=name, arguments=arguments)
        shopper = self.shopper
        result = ToolUse(name, arguments).call(self.agent.shop, shopper)
        if isinstance(result, FeedbackResult) and result.new and shopper.user is not None:
            entry = result.entry
            self.written.append(Event(shopper.user, result.item.id, result.kind, entry.at))
        yield ToolReturned(name=name, result=result.to_dict())
        return result

    def begin(self, use: ToolUse) -> Begun:
        """Ask a tool for products that are shown at once; their words come behind."""
        yield ToolCalled(name=use.name, arguments=use.arguments)
        result, behind = use.begin(self.agent.shop, self.shopper)
        yield ToolReturned(name=use.name, result=result.to_dict())
        return result, behind

    def words_behind(self) -> Steps:
        """The words of the products that this turn has shown, each as it is written."""
        if any(card.pending for cards, _ in self.behind for card in cards):
            yield Thinking(step="writing")
        for cards, events in self.behind:
            yield from product_words(cards, events)

    def refuse(self, note: Note) -> Steps:
        """Say why a change cannot be made."""
        return self.say(note.kind, text=note.text)

    def changed(self, **parts: object) -> None:
        """Let these parts of the situation be others."""
        self.now = self.now.model_copy(update=parts)

    def mark(self, item: str, title: str, kind: EventKind) -> Steps:
        """Note what the shopper does with a product; of a known shopper it goes to the log."""
        result = yield from self.call("feedback", {"product": item, "kind": kind.value})
        assert isinstance(result, FeedbackResult)
        marks = tuple(mark for mark in self.now.marks if mark.item != item or mark.kind is not kind)
        new = Mark(item=item, title=title, kind=kind, at=result.entry.at)
        self.changed(marks=(*marks, new))

    def settle_marks(self) -> Steps:
        """Bring the log to what the marks say: new dislikes go in, what was taken back out."""
        for mark in self.now.marks:
            if mark.at is None:
                yield from self.mark(mark.item, mark.title, mark.kind)
        if self.conversation.user is None:
            return
        back = [mark for mark in self.now.marks if mark not in self.conversation.now.marks]
        events = [event_of(self.conversation.user, mark) for mark in back if mark.at is not None]
        new = [event for event in events if event not in self.written]
        if new:  # an undo brings back what was taken back
            self.agent.shop.store.write_events(new)
            self.written += new
        for mark in set(self.conversation.now.marks) - set(self.now.marks):
            event = event_of(self.conversation.user, mark)
            if self.agent.shop.store.delete_event(event):
                self.erased.append(event)

    def take_back(self) -> None:
        """Leave everything as it was before this turn, the event log too."""
        self.now, self.undoing = self.conversation.now, False
        self.behind = []
        store = self.agent.shop.store
        # Nobody waits for a turn that is cut off; taking it back must go to its end all the same.
        with working_for(None), suppress(LLMRecError):  # there is a failure to tell of already
            for event in self.written:
                store.delete_event(event)
            if self.erased:
                store.write_events(self.erased)

    def constraints_changed(self) -> Steps:
        """The list of what holds, if it is another than before."""
        if self.now.constraints != self.conversation.now.constraints:
            held = held_now(self.now.constraints, self.language, self.currency)
            yield ConstraintsChanged(held=held)

    def after(self) -> Conversation:
        """The conversation when this turn is over."""
        turn = Turn(
            said=self.message,
            answered="\n".join(self.said),
            products=self.shown,
            at=datetime.now(timezone.utc),
        )
        spoken_in = self.conversation.model_copy(
            update={"language": self.language, "unsettled": self.unsettled}
        )
        undone = spoken_in.undone() if self.undoing else None
        if undone is not None:
            return undone.to(self.now).said(turn)
        return spoken_in.to(self.now).said(turn)


def held_now(
    constraints: Constraints, language: Language, currency: str | None
) -> tuple[Held, ...]:
    """Every constraint with its words."""
    return tuple(
        Held(constraint=one, text=spoken(one, language, currency), drop=to_drop(one, language))
        for one in constraints.held
    )
