"""How many requests a key may make: a moving window for each key, in this process's memory."""

from __future__ import annotations

import time
from collections.abc import Mapping

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from llmrec.catalog.scopes import Scope
from llmrec.errors import ConfigError, RateExceeded

__all__ = ["Rates"]


class Rates:
    """Counts requests; several server processes count each for itself.

    Args:
        rates: by scope, as the settings write them.

    Raises:
        ConfigError: a rate cannot be read, or its scope is none.
    """

    def __init__(self, rates: Mapping[str, str]) -> None:
        self._limits = {_scope(name): _parse(name, text) for name, text in rates.items()}
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, scope: Scope, who: str) -> None:
        """Count one request of ``who``.

        Raises:
            RateExceeded: it is one too many; says after how many seconds there is room again.
        """
        limit = self._limits.get(scope)
        if limit is None or await self._windows.hit(limit, who):
            return
        window = await self._windows.get_window_stats(limit, who)
        raise RateExceeded(
            f"This key may make {limit.amount} requests in {limit.get_expiry()} seconds.",
            hint="Try again after the seconds that Retry-After names.",
            retry_after=max(window.reset_time - time.time(), 0.0) or 1.0,
        )


def _scope(name: str) -> Scope:
    try:
        return Scope(name)
    except ValueError as error:
        raise ConfigError(
            f"server.rates: '{name}' is not a scope.",
            hint=f"Scopes are {', '.join(one.value for one in Scope)}.",
        ) from error


def _parse(name: str, text: str) -> RateLimitItem:
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigError(
            f"server.rates: '{text}' for {name} is not a rate.",
            hint='Write it like "100/minute" or "5 per second".',
        ) from error
