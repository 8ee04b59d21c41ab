"""What a key of the HTTP server is for, and what is known of a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

__all__ = ["ApiKey", "Scope"]


class Scope(str, Enum):
    """What a key is for; each may do what the one before it may."""

    SHOPPER = "shopper"
    MERCHANT = "merchant"
    ADMIN = "admin"

    def reaches(self, needed: Scope) -> bool:
        """Whether this is ``needed`` or more.

        >>> Scope.MERCHANT.reaches(Scope.SHOPPER), Scope.MERCHANT.reaches(Scope.ADMIN)
        (True, False)
        """
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class ApiKey:
    """A key as it is known once it was shown: by its id. ``user`` is set for shoppers' keys."""

    id: str
    scope: Scope
    user: str | None
    made_at: datetime
    revoked_at: datetime | None = None
