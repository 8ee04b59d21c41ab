"""Conversations with the assistant: said, streamed, kept, listed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse

from llmrec.catalog.scopes import Scope
from llmrec.errors import NotAllowed
from llmrec.server import talking
from llmrec.server.access import Shopper
from llmrec.server.bodies.chat import ChatBody, SessionId, SessionOut, SessionsOut, WhoseQuery
from llmrec.server.bodies.errors import failures
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices
from llmrec.server.streams import STREAMED, EventStream, sent_lines

__all__ = ["router"]

router = APIRouter(tags=["conversations"], route_class=KeyFirst)

_Whose = Annotated[WhoseQuery, Query()]


@router.post(
    "/v1/chat",
    response_class=StreamingResponse,
    responses={**STREAMED, **failures(401, 403, 404, 422, 429, 502, 507)},
)
async def chat(
    body: ChatBody, request: Request, caller: Shopper, services: TheServices
) -> StreamingResponse:
    """Say something to the assistant; the answer streams.

    The events are ``session``, those of `llmrec.agent.events`, and at the end ``done`` or
    ``failed``. Cards come before the words of their products.
    """
    shop, user = services.shop, caller.shopper(body.user)
    conversation = await services.reads.run(
        lambda: talking.find_session(shop, body.session, user, body.language), caller.who
    )
    if (turn := talking.stored_turn(conversation, body)) is not None:
        events = services.reads.stream(talking.told_again(shop, conversation, turn), caller.who)
    else:
        events = services.model.stream(talking.reply(shop, conversation, body), caller.who)
    await anext(events)  # takes a place, or raises while the status can still say so
    id, request_id = conversation.id, request.state.request_id
    first = {"type": "session", "session": id}
    lines = sent_lines(events, talking.chat_wire(id, request_id), request_id, first)
    return EventStream(events, lines)


@router.get("/v1/sessions", responses=failures(401, 403, 422, 429))
async def list_sessions(caller: Shopper, services: TheServices, whose: _Whose) -> SessionsOut:
    """A shopper's conversations, the one spoken in last first."""
    named = caller.shopper(whose.user)
    lines = await services.reads.run(lambda: services.shop.sessions.list(named), caller.who)
    return SessionsOut.model_validate({"sessions": lines})


@router.get("/v1/sessions/{id}", responses=failures(401, 403, 404, 422, 429))
async def get_session(
    id: Annotated[SessionId, Path()], caller: Shopper, services: TheServices, whose: _Whose
) -> SessionOut:
    """What was said in a conversation, and which limits hold in it."""
    named = caller.shopper(whose.user)
    return await services.reads.run(
        lambda: talking.session_page(services.shop, id, named), caller.who
    )


@router.delete(
    "/v1/sessions/{id}", status_code=204, responses=failures(401, 403, 404, 422, 429, 507)
)
async def delete_session(
    id: Annotated[SessionId, Path()], caller: Shopper, services: TheServices, whose: _Whose
) -> None:
    """Delete one conversation, for good; what was liked in it stays in the event log.

    A shopper's key deletes its own; one that belongs to nobody goes by its id and an admin's key.
    """
    named = caller.shopper(whose.user)
    if caller.scope is Scope.MERCHANT:
        raise NotAllowed("A merchant's key deletes no conversation.", hint="Use an admin's key.")
    shop = services.shop

    def work() -> None:
        shop.sessions.remove(talking.find_session(shop, id, named).id)

    await services.writes.run(work, caller.who)
