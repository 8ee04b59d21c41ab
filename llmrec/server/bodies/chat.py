"""What is said to the assistant, and what is kept of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints

from llmrec.agent.events import Held
from llmrec.agent.state import Conversation
from llmrec.server.bodies.acts import ActBody
from llmrec.server.bodies.base import Body, Out, Query, UserId, Whole
from llmrec.types import EventKind, Language

__all__ = ["ChatBody", "SessionId", "SessionOut", "SessionsOut", "WhoseQuery"]

# The whole id: its first digits alone could be guessed.
SessionId: TypeAlias = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class ChatBody(Body):
    """A message in a conversation."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user": "S042", "message": "a kettle under 40 euros"}]}
    )

    message: Annotated[Query, StringConstraints(min_length=1)]
    session: SessionId | None = Field(None, description="to go on with; left out: a new one")
    user: UserId | None = Field(None, description="left out: the key's own, or a stranger")
    language: Language | None = Field(
        None, description="of a new conversation, until the shopper's words are in another"
    )
    turn: Whole | None = Field(
        None,
        ge=1,
        description="which turn of the conversation this is to be, from 1: sent again, because the "
        "answer was lost, it is not done twice, and what was said then is told again",
    )
    act: ActBody | None = Field(
        None, description="what a button means; the message then only stands among the turns"
    )


class WhoseQuery(Body):
    """Whose conversations are meant."""

    user: UserId | None = Field(None, description="left out: the key's own, or strangers")


class TurnOut(Out):
    """What was said; ``products`` are the ids of those that were shown."""

    said: str
    answered: str
    products: tuple[str, ...]
    at: datetime | None


class SessionOut(Out):
    """A conversation: what was said, oldest first, and what holds in it now.

    ``limits`` are the words for the constraints in ``held``; ``shown`` are the ids of the products
    that a message can speak of, ``marks`` what the shopper did with products in it, by their ids.
    """

    id: str
    user: str | None
    language: str
    turns: tuple[TurnOut, ...]
    limits: tuple[str, ...]
    held: tuple[Held, ...]
    shown: tuple[str, ...]
    marks: dict[str, EventKind]

    @classmethod
    def of(cls, conversation: Conversation, held: tuple[Held, ...]) -> SessionOut:
        """The conversation as it goes out."""
        return cls(
            id=conversation.id,
            user=conversation.user,
            language=conversation.language,
            turns=tuple(map(TurnOut.model_validate, conversation.turns)),
            limits=tuple(one.text for one in held),
            held=held,
            shown=tuple(one.id for one in conversation.now.shown),
            marks={mark.item: mark.kind for mark in conversation.now.marks},
        )


class SessionLineOut(Out):
    """A conversation in a list; ``title`` is how it began."""

    id: str
    title: str
    turns: int
    started: datetime
    said: datetime


class SessionsOut(Out):
    """A shopper's conversations, the one spoken in last first."""

    sessions: tuple[SessionLineOut, ...]
