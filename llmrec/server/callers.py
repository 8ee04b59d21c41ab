"""Callers: whose key it is that came with a request, and for whom it speaks."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.catalog.keys import KeyStore
from llmrec.catalog.scopes import Scope
from llmrec.errors import KeyRefused, NotAllowed

__all__ = ["Caller", "identify"]


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        key: the key's id; ``None`` on a server without keys.
        scope: what the key is for.
        user: the one shopper that a shopper's key speaks for.
        address: from where.
    """

    key: str | None
    scope: Scope
    user: str | None = None
    address: str = ""

    @property
    def who(self) -> str:
        """Against whom it counts: the key, or on a server without keys the address."""
        return self.key or f"address {self.address}"

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
    owner = keys.find(key) if key else None
    if owner:
        return Caller(owner.id, owner.scope, owner.user)
    if key is None and not keys.any():
        return Caller(None, Scope.ADMIN)
    raise KeyRefused(
        "The key is not known." if key else "This request has no key.",
        hint="Send 'Authorization: Bearer KEY'; keys come from llmrec keys create.",
    )
