"""Who asks, and what they may: from the key in the request to the caller that a route sees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from llmrec.catalog.keys import KeyStore
from llmrec.catalog.scopes import Scope
from llmrec.errors import KeyRefused, NotAllowed
from llmrec.server.loopback import is_loopback
from llmrec.server.services import TheServices

__all__ = ["Admin", "Caller", "Merchant", "Shopper", "bearer", "identify", "needs"]

bearer = HTTPBearer(auto_error=False, description="A key of `llmrec keys create`.")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        key: the key's id; ``None`` on a server without keys.
        scope: what the key is for.
        user: the one shopper that a shopper's key speaks for.
    """

    key: str | None
    scope: Scope
    user: str | None = None

    def shopper(self, named: str | None) -> str | None:
        """The shopper that a request concerns: the named one, or the key's own.

        Raises:
            NotAllowed: the key speaks for somebody else. That a shopper is unknown is not told.
        """
        if self.scope is not Scope.SHOPPER or named in (None, self.user):
            return named or self.user
        raise NotAllowed(
            "This key speaks for its own shopper only.",
            hint="Leave the user out, or name yours.",
        )


def identify(keys: KeyStore, key: str | None) -> Caller:
    """Whose key it is; without one, everybody is admin where no key was ever made.

    Raises:
        KeyRefused: there is no key, or it opens nothing.
    """
    found = keys.find(key) if key else None
    if found:
        return Caller(found.id, found.scope, found.user)
    if key is None and not keys.any():
        return Caller(None, Scope.ADMIN)
    raise KeyRefused(
        "The key is not known." if key else "This request has no key.",
        hint="Send 'Authorization: Bearer KEY'; keys come from llmrec keys create.",
    )


def needs(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, whose key must reach ``scope`` and have requests left."""

    async def caller(request: Request, services: TheServices, sent: _Credentials) -> Caller:
        key = sent.credentials if sent else None
        found = await anyio.to_thread.run_sync(identify, services.shop.keys, key)
        request.state.key = found.key
        if not found.scope.reaches(scope):
            raise NotAllowed(
                f"This asks for the scope '{scope.value}', the key has '{found.scope.value}'.",
                hint="Use a key of that scope.",
            )
        if found.key:
            await services.rates.count(found.scope, found.key)
        elif not (services.insecure or is_loopback(request.url.hostname or "")):
            # A web page anywhere may send its visitors' browsers here under a name of its own.
            raise NotAllowed(
                "A server without keys answers to the names of its own machine only.",
                hint="Make a key with: llmrec keys create --scope admin",
            )
        return found

    return caller


def _depends(scope: Scope) -> Any:
    return Depends(needs(scope))


Shopper = Annotated[Caller, _depends(Scope.SHOPPER)]
Merchant = Annotated[Caller, _depends(Scope.MERCHANT)]
Admin = Annotated[Caller, _depends(Scope.ADMIN)]
