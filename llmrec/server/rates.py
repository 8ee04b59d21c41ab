"""How many requests a key may make: a moving window for each key, in this process's memory."""

from __future__ import annotations

import time
from collections.abc import Mapping

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from llmrec.catalog.scopes import Scope
from llmrec.errors import ConfigError, RateExceeded

__all__ = ["STRANGER", "Rates"]

STRANGER = "stranger"
"""Under this name stands the rate of requests without a good key, for each address."""


class Rates:
    """Counts requests or events; several server processes count each for itself.

    Args:
        rates: by scope, and of :data:`STRANGER`, as the settings write them.
        of: what is counted.
        setting: where the rates are set.

    Raises:
        ConfigError: a rate cannot be read, or its scope is none.
    """

    def __init__(
        self, rates: Mapping[str, str], of: str = "requests", setting: str = "server.rates"
    ) -> None:
        self._of = of
        self._limits = {
            _named(name, setting): _parse(name, text, setting) for name, text in rates.items()
        }
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, scope: Scope, who: str, number: int = 1) -> None:
        """Count ``number`` requests or events of ``who``, all or none.

        Raises:
            RateExceeded: there are too many; says after how many seconds there is room again.
        """
        words = f"This key may make {{}} {self._of} in {{}} seconds"
        await self._count(scope.value, who, words, number)

    async def count_stranger(self, address: str) -> None:
        """Count a request with a wrong key or none; good keys of the same address go on.

        Raises:
            RateExceeded: it is one too many.
        """
        words = "This address may send {} requests without a good key in {} seconds"
        await self._count(STRANGER, address, words, 1)

    async def _count(self, name: str, who: str, words: str, number: int) -> None:
        limit = self._limits.get(name)
        # A limit of the same numbers counts for several names in one window: so the name is in it.
        if limit is None or await self._windows.hit(limit, name, who, cost=number):
            return
        window = await self._windows.get_window_stats(limit, name, who)
        hint, none = "Try again after the seconds that Retry-After names.", ""
        if number > 1:
            hint = f"Send at most {limit.amount} at once, and the rest later."
            none = f"; of these {number} none was counted"
        raise RateExceeded(
            f"{words.format(limit.amount, limit.get_expiry())}{none}.",
            hint=hint,
            retry_after=max(window.reset_time - time.time(), 0.0) or 1.0,
        )


def _named(name: str, setting: str) -> str:
    names = [*(scope.value for scope in Scope), STRANGER]
    if name in names:
        return name
    raise ConfigError(
        f"{setting}: '{name}' is not a scope.", hint=f"Scopes are {', '.join(names)}."
    )


def _parse(name: str, text: str, setting: str) -> RateLimitItem:
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigError(
            f"{setting}: '{text}' for {name} is not a rate.",
            hint='Write it like "100/minute" or "5 per second".',
        ) from error
