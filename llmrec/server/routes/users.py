"""Shoppers: what is kept of one can be forgotten."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from llmrec.catalog.scopes import Scope
from llmrec.errors import NotAllowed
from llmrec.server.access import Shopper
from llmrec.server.bodies.base import Id, Out
from llmrec.server.bodies.errors import failures
from llmrec.server.services import TheServices

__all__ = ["ForgottenOut", "router"]

router = APIRouter(tags=["users"])


class ForgottenOut(Out):
    """What was removed; zeros for somebody who was not known."""

    events: int
    keys: int = Field(description="keys of this shopper, which open nothing any more")


@router.delete("/v1/users/{user:path}", responses=failures(401, 403, 422, 429, 507))
async def forget_user(
    user: Annotated[Id, Path(examples=["S042"])], caller: Shopper, services: TheServices
) -> ForgottenOut:
    """Forget a shopper: events and keys. Asks for an admin's key, or the shopper's own."""
    caller.shopper(user)
    if caller.scope is Scope.MERCHANT:
        raise NotAllowed("A merchant's key forgets nobody.", hint="Use an admin's key.")
    shop = services.shop

    def work() -> ForgottenOut:
        # The keys at last: should the rest fail, the shopper can ask again.
        events = shop.recommender.store.forget_user(user)
        return ForgottenOut(events=events, keys=shop.keys.forget(user))

    return await services.writes.run(work)
