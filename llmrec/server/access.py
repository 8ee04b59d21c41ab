"""What a route asks of its callers: a key that reaches far enough and has requests left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from llmrec.catalog.scopes import Scope
from llmrec.errors import KeyRefused, NotAllowed
from llmrec.server.callers import Caller
from llmrec.server.loopback import is_loopback
from llmrec.server.services import Services, TheServices
from llmrec.server_settings import ServerSettings

__all__ = ["Admin", "Caller", "Merchant", "Needs", "Shopper"]

_bearer = HTTPBearer(auto_error=False, description="A key of `llmrec keys create`.")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Needs:
    """A dependency: the caller, whose key must reach a scope and have requests left.

    Args:
        scope: the key's, at least.
        unless: settings under which no key is asked for.
    """

    def __init__(self, scope: Scope, unless: Callable[[ServerSettings], bool] | None = None):
        self.scope = scope
        self._unless = unless

    async def __call__(self, request: Request, services: TheServices, _: _Credentials) -> Caller:
        """The caller; admitted before the body was read where the route sees to that."""
        admitted: Caller | None = getattr(request.state, "caller", None)
        return admitted or await self.admit(request, services)

    async def admit(self, request: Request, services: Services) -> Caller:
        """Let the caller in, or refuse; what is refused counts in the rates too.

        Raises:
            KeyRefused: there is no key, or it opens nothing.
            NotAllowed: it opens other things, or there are no keys and the caller is a stranger.
            RateExceeded: it has been used too often, or this address has sent too many wrong ones.
        """
        address = request.client.host if request.client else ""
        if self._unless is not None and self._unless(services.settings):
            caller = Caller(None, self.scope, address=address)
        else:
            caller = await self._admitted(request, services, address)
        request.state.caller = caller
        return caller

    async def _admitted(self, request: Request, services: Services, address: str) -> Caller:
        sent = await _bearer(request)
        key = sent.credentials if sent else None
        try:
            caller = replace(await services.callers.get(key), address=address)
        except KeyRefused:
            await services.rates.count_stranger(address)
            raise
        request.state.key = caller.key
        if caller.key or not is_loopback(address):
            await services.rates.count(caller.scope, caller.who)
        if not caller.scope.reaches(self.scope):
            raise NotAllowed(
                f"This asks for the scope '{self.scope.value}', "
                f"the key has '{caller.scope.value}'.",
                hint="Use a key of that scope.",
            )
        if not (caller.key or services.insecure or is_loopback(request.url.hostname or "")):
            # A web page anywhere may send its visitors' browsers here under a name of its own.
            raise NotAllowed(
                "A server without keys answers to the names of its own machine only.",
                hint="Make a key with: llmrec keys create --scope admin",
            )
        return caller


def _depends(scope: Scope) -> Any:
    return Depends(Needs(scope))


Shopper = Annotated[Caller, _depends(Scope.SHOPPER)]
Merchant = Annotated[Caller, _depends(Scope.MERCHANT)]
Admin = Annotated[Caller, _depends(Scope.ADMIN)]
