"""Who the caller is, as far as the key says: what a page must know before it asks anything."""

from __future__ import annotations

from fastapi import APIRouter

from llmrec.catalog.scopes import Scope
from llmrec.server.access import Shopper
from llmrec.server.bodies.base import Out
from llmrec.server.bodies.errors import failures
from llmrec.server.intake import KeyFirst

__all__ = ["MeOut", "router"]

router = APIRouter(tags=["users"], route_class=KeyFirst)


class MeOut(Out):
    """The key's scope, and its shopper where it speaks for one."""

    scope: Scope
    user: str | None


@router.get("/v1/me", responses=failures(401, 403, 429))
async def me(caller: Shopper) -> MeOut:
    """Who the key speaks for; where no key was ever made, everybody is admin."""
    return MeOut(scope=caller.scope, user=caller.user)
