"""A conversation with the agent in a test: what was said, and what the last answer showed.

A message is a text, or a pair of a text and the line that a reader's model would write of it
(:mod:`llmrec.reading.lines`); a text alone is the name of what is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from llmrec.agent.agent import Agent
from llmrec.agent.events import AgentEvent, Card, Done, Failed, Products, ToolCalled, Words
from llmrec.agent.state import Conversation
from llmrec.cli.chat_actions import action_of
from llmrec.reading.prompt import plain
from llmrec.reading.scripted import ScriptedReader

Message: TypeAlias = str | tuple[str, str]

MORE = ("more", "more")
UNDO = ("undo", "undo")


def reading(agent: Agent, *messages: Message) -> Agent:
    """The same assistant, with a reader that knows the lines of these messages."""
    lines = {plain(message[0]): message[1] for message in messages if not isinstance(message, str)}
    reader = ScriptedReader(lines) if lines else agent.reader
    return Agent(agent.shop, k=agent.k, reader=reader, edits=agent.edits)


def talk(
    agent: Agent, *messages: Message, user: str | None = None, after: Conversation | None = None
) -> tuple[Conversation, list[AgentEvent]]:
    """Say these one after the other; the conversation then, and the last answer's events."""
    conversation, events = after or Conversation(user=user), list[AgentEvent]()
    scripted = (
        reading(agent, *messages) if any(isinstance(one, tuple) for one in messages) else agent
    )
    for message in messages:
        text = message if isinstance(message, str) else message[0]
        conversation, events = scripted.answer(conversation, text)
        assert not any(isinstance(event, Failed) for event in events), events
    return conversation, events


def act(
    agent: Agent, conversation: Conversation, command: str
) -> tuple[Conversation, list[AgentEvent]]:
    """What a slash command does: the conversation then, and all events."""
    action = action_of(command)
    assert action is not None, command
    events = list(agent.act(conversation, command, action))
    last = events[-1]
    assert isinstance(last, Done)
    return last.conversation, events


def words_of(events: Iterable[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Words))


def cards_of(events: Iterable[AgentEvent]) -> list[Card]:
    return [card for event in events if isinstance(event, Products) for card in event.cards]


def products_of(events: Iterable[AgentEvent]) -> list[dict[str, Any]]:
    return [card.product for card in cards_of(events)]


def tools_of(events: Iterable[AgentEvent]) -> list[str]:
    return [event.name for event in events if isinstance(event, ToolCalled)]
