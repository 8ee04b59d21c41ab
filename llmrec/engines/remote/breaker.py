"""Stop asking a server that fails, and find out with one request whether it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

__all__ = ["CircuitBreaker"]


class CircuitBreaker:
    """Closed, open, or open with one probe under way (Nygard, "Release It!", 2007).

    Closed lets everything pass. After ``failures`` failures in a row it is open for ``reset_s``
    seconds. Then one request, the probe, passes: its success closes the breaker, its failure opens
    it for another ``reset_s``.

    Args:
        failures: failures in a row that open it.
        reset_s: seconds until the probe.
        clock: seconds that only grow.

    >>> now = 0.0
    >>> breaker = CircuitBreaker(1, 10.0, clock=lambda: now)
    >>> breaker.failed()
    >>> breaker.enter()
    10.0
    >>> now = 10.0
    >>> breaker.enter(), breaker.enter()
    (0.0, 10.0)
    >>> breaker.succeeded()
    >>> breaker.enter()
    0.0
    """

    def __init__(
        self, failures: int, reset_s: float, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._limit = failures
        self._reset_s = reset_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests are held back."""
        return self._next_probe is not None

    @property
    def wait_s(self) -> float:
        """Seconds until a request may pass; 0 if it may now."""
        with self._lock:
            return self._wait()

    def enter(self) -> float:
        """Ask to pass: 0 if the request may go, else the seconds until it is worth asking again.

        Who passes an open breaker is the probe; until its end is reported, or ``reset_s`` has gone
        by, nobody else passes.
        """
        with self._lock:
            wait = self._wait()
            if not wait and self._next_probe is not None:
                self._next_probe = self._clock() + self._reset_s
            return wait

    def succeeded(self) -> None:
        """The server has answered: close."""
        with self._lock:
            self._failures, self._next_probe = 0, None

    def failed(self) -> None:
        """The server could not be reached, or broke: count, and open at the limit."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._limit:
                self._next_probe = self._clock() + self._reset_s

    def _wait(self) -> float:
        if self._next_probe is None:
            return 0.0
        return max(0.0, self._next_probe - self._clock())
