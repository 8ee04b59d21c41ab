"""From an iterator that blocks a thread to one that the event loop can wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from llmrec.leaving import Leaving

__all__ = ["QUIET_S", "Flow"]

T = TypeVar("T")

QUIET_S = 10.0
"""Seconds without a value after which it is said that there is none yet."""


class Flow(Generic[T]):
    """Carries values from the thread that makes them to the loop that waits for them.

    Args:
        values: iterated over in the thread that calls :meth:`pump`, and closed there.
        loop: that waits.
        caller: wants no more values once it has left.
    """

    def __init__(
        self, values: Iterator[T], loop: asyncio.AbstractEventLoop, caller: Leaving
    ) -> None:
        self._values, self._loop, self._caller = values, loop, caller
        self._queue: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()

    def pump(self) -> None:
        """Make all values; what is raised goes the same way."""
        end: BaseException | None = None
        try:
            for value in self._values:
                if self._caller.left:
                    break
                self._put((value,))
        except BaseException as error:
            end = error
        finally:
            close = getattr(self._values, "close", None)
            if close is not None:
                with suppress(Exception):  # nobody reads any more
                    close()
            self._put(end)

    async def until(self, deadline: float) -> AsyncIterator[T | None]:
        """The values, and ``None`` whenever none has come for :data:`QUIET_S`.

        Args:
            deadline: by the loop's clock.

        Raises:
            asyncio.TimeoutError: it has passed.
        """
        while True:
            left = deadline - self._loop.time()
            try:
                found = await asyncio.wait_for(self._queue.get(), max(min(left, QUIET_S), 0))
            except asyncio.TimeoutError:
                if left <= QUIET_S:
                    raise
                yield None
                continue
            if found is None:
                return
            if isinstance(found, BaseException):
                raise found
            yield found[0]

    def _put(self, value: tuple[T] | BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._queue.put_nowait, value)
