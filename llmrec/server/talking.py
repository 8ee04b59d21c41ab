"""A reply of the assistant: its events, stored in time, and as they are told to a stranger.

The stream begins with ``session`` and ends with ``done`` or ``failed``. What ``answered`` or
``done`` acknowledges is stored.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from llmrec import errors
from llmrec.agent.events import (
    AgentEvent,
    Answered,
    Card,
    Done,
    Failed,
    Products,
    ProductWords,
    Words,
)
from llmrec.agent.tools.products import product_fields
from llmrec.agent.turn import held_now
from llmrec.leaving import check_wanted
from llmrec.reading.prompt import plain
from llmrec.server.bodies.chat import SessionOut
from llmrec.server.failures import detail_of
from llmrec.server.streams import Data, Wire, words_data

if TYPE_CHECKING:
    from llmrec.agent.agent import Agent
    from llmrec.agent.state import Conversation, Turn
    from llmrec.server.bodies.chat import ChatBody
    from llmrec.server.shop import Shop
    from llmrec.types import Language

__all__ = ["chat_wire", "find_session", "reply", "session_page", "stored_turn", "told_again"]


def find_session(
    shop: Shop, id: str | None, user: str | None, language: Language | None = None
) -> Conversation:
    """A conversation of ``user``, or a new one, which begins in ``language`` (English).

    Raises:
        NotFound: it does not exist, or is somebody else's; the two are not told apart.
    """
    if id is None:
        return shop.sessions.start(user, language or "en")
    try:
        found = shop.sessions.load(id, user)
    except errors.NotFound:
        found = None
    if found is None or found.user != user:
        raise errors.NotFound("There is no such conversation.", hint="Begin a new one.")
    return found


def stored_turn(conversation: Conversation, body: ChatBody) -> Turn | None:
    """The turn that this message was already, if the caller says which one it is to be.

    Raises:
        DataError: it is neither the last one nor the next.
    """
    turns = conversation.turns
    if body.turn is None or body.turn == len(turns) + 1:
        return None
    if turns and body.turn == len(turns) and turns[-1].said == plain(body.message):
        return turns[-1]
    raise errors.DataError(
        f"the conversation has {len(turns)} turns, and this is not the last one again.",
        field="turn",
        hint="Read it with GET /v1/sessions/ID, and send the number of the next turn.",
    )


def told_again(shop: Shop, conversation: Conversation, turn: Turn) -> Iterator[AgentEvent]:
    """What can be told of a turn that is stored: its products, without reasons, and its words."""
    items = shop.recommender.store.items(turn.products)
    if turn.products:
        known = [items[id] for id in turn.products if id in items]
        numbered = enumerate(map(product_fields, known), start=1)
        yield Products(cards=tuple(Card(number=n, product=fields) for n, fields in numbered))
    yield Words(text=f"{turn.answered}\n")
    yield Done(conversation=conversation)


def session_page(shop: Shop, id: str, user: str | None) -> SessionOut:
    """A conversation to look at; raises what finding it does."""
    found = find_session(shop, id, user)
    currency = next(iter(shop.agent.vocabulary.currencies), None)
    held = held_now(found.now.constraints, found.language, currency)
    return SessionOut.of(found, held)


def reply(shop: Shop, conversation: Conversation, body: ChatBody) -> Iterator[AgentEvent]:
    """The agent's events, blocking; the conversation is stored before ``answered`` comes.

    What cannot be stored, or is not wanted any more, leaves nothing behind: the turn then takes
    back what it has written to the event log. Nor does a turn that failed and can be tried again:
    the stream ends with ``failed``.

    Raises:
        NotFound: it was deleted while the reply ran, and so is not stored again.
        Abandoned: the caller has left.
    """
    shop.load()
    failed, events = False, _asked(shop.agent, conversation, body)
    for event in events:
        failed = failed or isinstance(event, Failed)
        if isinstance(event, Failed) and event.retryable:
            # Stored, the turn could not be sent again under its number.
            events.close()
            yield event
            return
        if isinstance(event, Answered):
            try:
                check_wanted()
                _keep(shop, event.conversation, known=body.session is not None)
            except BaseException as error:
                events.throw(error)
        if not (failed and isinstance(event, Words)):  # they would tell the error in its own words
            yield event


def _keep(shop: Shop, conversation: Conversation, *, known: bool) -> None:
    try:
        shop.sessions.save(conversation, known=known)
    except errors.NotFound:
        raise errors.NotFound(
            "This conversation was deleted meanwhile.", hint="Begin a new one."
        ) from None


def _asked(
    agent: Agent, conversation: Conversation, body: ChatBody
) -> Generator[AgentEvent, None, None]:
    if body.act is None:
        return agent.reply(conversation, body.message)
    return agent.act(conversation, body.message, body.act.action(conversation.now))


def chat_wire(session: str, request_id: str) -> Wire:
    """How the agent's events go out; the conversation itself stays the server's."""

    def sent(event: AgentEvent) -> tuple[Data | None, Data | None]:
        if isinstance(event, (Answered, Done)):
            # GET /v1/sessions/ID tells what was said.
            spoken = {"session": session, "language": event.conversation.language}
            done = {"type": "done", **spoken}
            return ({"type": "answered", **spoken} if isinstance(event, Answered) else None), done
        if isinstance(event, Failed):
            kind = getattr(errors, event.error, errors.LLMRecError)
            detail = detail_of(kind, event.message, event.hint, request_id)
            return {"type": "failed", **detail.model_dump()}, None
        if isinstance(event, ProductWords):
            return words_data(event, request_id), None
        return event.model_dump(mode="json"), None

    return sent
