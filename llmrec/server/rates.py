"""How much a key may send: a moving window for each key, in this process's memory."""

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
    """Counts requests or events; several server processes count each for itself.

    Args:
        rates: by scope, as the settings write them.
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
            _scope(name, setting): _parse(name, text, setting) for name, text in rates.items()
        }
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, scope: Scope, who: str, number: int = 1) -> None:
        """Count ``number`` requests or events of ``who``, all or none.

        Raises:
            RateExceeded: there are too many; says after how many seconds there is room again.
        """
        limit = self._limits.get(scope)
        if limit is None or await self._windows.hit(limit, who, cost=number):
            return
        window = await self._windows.get_window_stats(limit, who)
        hint = "Try again after the seconds that Retry-After names."
        sent = ""
        if number > 1:
            sent = f"; of these {number} none was counted"
            hint = f"Send at most {limit.amount} at once, and the rest later."
        raise RateExceeded(
            f"This key may make {limit.amount} {self._of} in {limit.get_expiry()} seconds{sent}.",
            hint=hint,
            retry_after=max(window.reset_time - time.time(), 0.0) or 1.0,
        )


def _scope(name: str, setting: str) -> Scope:
    try:
        return Scope(name)
    except ValueError as error:
        raise ConfigError(
            f"{setting}: '{name}' is not a scope.",
            hint=f"Scopes are {', '.join(one.value for one in Scope)}.",
        ) from error


def _parse(name: str, text: str, setting: str) -> RateLimitItem:
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigError(
            f"{setting}: '{text}' for {name} is not a rate.",
            hint='Write it like "100/minute" or "5 per second".',
        ) from error
