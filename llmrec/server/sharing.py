"""The event loop is one thread for all callers: what many requests of one caller share of it.

All of this is used by that thread alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeGuard, TypeVar

__all__ = ["Lookups", "Rota"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Lookups(Generic[K, T]):
    """Looks things up, once for all who ask for the same at the same time.

    Nobody gets an answer that was looked for before the question: who comes while one is under way
    waits for the next one, with all others who come until that begins. So two look-ups answer two
    hundred requests of one key, and what was revoked before a request is refused.

    Args:
        find: looks one thing up.
    """

    def __init__(self, find: Callable[[K], Awaitable[T]]) -> None:
        self._find = find
        self._running: dict[K, asyncio.Task[T]] = {}
        self._following: dict[K, asyncio.Task[T]] = {}

    async def get(self, key: K) -> T:
        """What a look-up finds that begins from now on; raises what it raises."""
        following = self._following.get(key)
        if not _alive(following):
            following = asyncio.ensure_future(self._look(key, self._running.get(key)))
            following.add_done_callback(_asked)
            self._following[key] = following
        # Whoever leaves must not cancel what others wait for.
        return await asyncio.shield(following)

    async def _look(self, key: K, before: asyncio.Task[T] | None) -> T:
        if _alive(before):
            await asyncio.wait([before])
        mine = self._running[key] = self._following.pop(key)
        try:
            return await self._find(key)
        finally:
            # The next one has not begun yet: it waits for this one's end.
            if self._running.get(key) is mine:
                del self._running[key]


class Rota:
    """Lets requests begin one at each round of the loop, one of each caller in turn.

    To read and check a long body takes milliseconds. Two hundred of them in one round would keep
    everybody else waiting for all; so a caller waits for its own, and for one of each other.
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}
        self._calling: asyncio.Task[None] | None = None

    async def turn(self, who: str) -> None:
        """Wait for the turn."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(who, deque()).append(mine)
        if not _alive(self._calling):
            self._calling = asyncio.ensure_future(self._call())
        await mine

    async def _call(self) -> None:
        while self._lines:
            for who in list(self._lines):
                waiting = self._next(who)
                if waiting is not None:
                    waiting.set_result(None)
                    # One round wakes it, and in the next one all else has its turn.
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)

    def _next(self, who: str) -> asyncio.Future[None] | None:
        """The first of a caller's requests whose client is still there."""
        line, waiting = self._lines[who], None
        while line and waiting is None:
            first = line.popleft()
            waiting = first if _alive(first) else None
        if not line:
            del self._lines[who]
        return waiting


def _alive(future: asyncio.Future[Any] | None) -> TypeGuard[asyncio.Future[Any]]:
    """Whether something will still come of it; an application may have had another loop before."""
    if future is None or future.done():
        return False
    return future.get_loop() is asyncio.get_running_loop()


def _asked(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()  # asked for here, should all have left who wanted to know
