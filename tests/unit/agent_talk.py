"""A conversation with the agent in a test: what was said, and what the last answer showed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llmrec.agent.agent import Agent
from llmrec.agent.events import AgentEvent, Card, Failed, Products, ToolCalled, Words
from llmrec.agent.state import Conversation


def talk(
    agent: Agent, *messages: str, user: str | None = None
) -> tuple[Conversation, list[AgentEvent]]:
    """Say these one after the other; the conversation then, and the last answer's events."""
    conversation, events = Conversation(user=user), list[AgentEvent]()
    for message in messages:
        conversation, events = agent.answer(conversation, message)
        assert not any(isinstance(one, Failed) for one in events), events
    return conversation, events


def words_of(events: Iterable[AgentEvent]) -> str:
    return "".join(one.text for one in events if isinstance(one, Words))


def cards_of(events: Iterable[AgentEvent]) -> list[Card]:
    return [card for one in events if isinstance(one, Products) for card in one.cards]


def products_of(events: Iterable[AgentEvent]) -> list[dict[str, Any]]:
    return [card.product for card in cards_of(events)]


def tools_of(events: Iterable[AgentEvent]) -> list[str]:
    return [one.name for one in events if isinstance(one, ToolCalled)]
