"""Shoppers: what is known of one can be read, corrected and forgotten."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path, Query

from llmrec.catalog.scopes import Scope
from llmrec.errors import NotAllowed
from llmrec.server.access import Shopper
from llmrec.server.bodies.base import Id, UserId
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.users import ForgottenOut, ProfileChange, ProfileOut, ProfileQuery
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices

if TYPE_CHECKING:
    from llmrec.server.shop import Shop

__all__ = ["router"]

router = APIRouter(tags=["users"], route_class=KeyFirst)

_PROFILE = "/v1/users/{user:path}/profile"
_UserId = Annotated[UserId, Path(examples=["S042"])]
# What an older llmrec kept under a name that is nobody's can be removed by that name.
_AnyName = Annotated[Id, Path(examples=["S042"])]
_Query = Annotated[ProfileQuery, Query()]


@router.get(_PROFILE, responses=failures(401, 403, 404, 422, 429))
async def get_profile(
    user: _UserId, caller: Shopper, services: TheServices, query: _Query
) -> ProfileOut:
    """What is known of a shopper, line by line."""
    caller.shopper(user)
    return await services.reads.run(
        lambda: _profile(services.shop, user, query.language), caller.who
    )


@router.post(_PROFILE, responses=failures(401, 403, 404, 422, 429, 507))
async def change_profile(
    user: _UserId,
    body: ProfileChange,
    caller: Shopper,
    services: TheServices,
    query: _Query,
) -> ProfileOut:
    """Correct it: keep a line of the shopper's own, take one away."""
    caller.shopper(user)
    shop = services.shop

    def work() -> ProfileOut:
        if body.pin is not None:
            shop.edits.pin(user, body.pin)
        if body.remove is not None:
            shop.edits.remove(user, body.remove)
        return _profile(shop, user, query.language)

    return await services.writes.run(work, caller.who)


@router.delete("/v1/users/{user:path}", responses=failures(401, 403, 404, 422, 429, 507))
async def forget_user(user: _AnyName, caller: Shopper, services: TheServices) -> ForgottenOut:
    """Forget a shopper: events, reviews, conversations, profile, what experiments showed, keys.

    Asks for an admin's key, or the shopper's own.
    """
    caller.shopper(user)
    if caller.scope is Scope.MERCHANT:
        raise NotAllowed("A merchant's key forgets nobody.", hint="Use an admin's key.")
    return await services.writes.run(lambda: _forget(services.shop, user), caller.who)


def _profile(shop: Shop, user: str, language: Literal["en", "de", "zh"]) -> ProfileOut:
    from llmrec.agent.profile import profile_of

    scale = shop.workspace.settings.ingest.rating_scale
    lines = profile_of(shop.recommender.store, shop.edits, user, language, scale)
    return ProfileOut.model_validate({"lines": lines})


def _forget(shop: Shop, user: str) -> ForgottenOut:
    from llmrec.agent.memory import forget

    # The keys at last: should the rest fail, the shopper can ask again.
    main = shop.recommender
    gone = forget(main.store, shop.sessions, shop.edits, main.exposures, user)
    if gone.events:
        main.count_anew()
    return ForgottenOut(**asdict(gone), keys=shop.keys.forget(user))
