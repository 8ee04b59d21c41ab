"""Backpressure: so many calls at a time, so many that wait, and for so long; others are refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from llmrec.errors import Overloaded, TookTooLong
from llmrec.server.flow import Flow

if TYPE_CHECKING:
    from llmrec.server.metrics import Metrics

__all__ = ["Gate"]

T = TypeVar("T")


class Gate:
    """Runs blocking calls in threads of its own.

    Args:
        name: for the metrics.
        running: calls that run at a time.
        waiting: calls that may wait for that.
        wait_s: how long they may.
        timeout_s: how long a caller waits for a call that runs.
        metrics: where it counts.
    """

    def __init__(
        self,
        name: str,
        *,
        running: int,
        waiting: int,
        wait_s: float,
        timeout_s: float,
        metrics: Metrics,
    ) -> None:
        self._name = name
        self._places = anyio.Semaphore(running)
        self._threads = ThreadPoolExecutor(running, thread_name_prefix=f"llmrec-{name}")
        self._may_wait, self._wait_s, self._timeout_s = waiting, wait_s, timeout_s
        self._metrics = metrics
        self._waiting = metrics.waiting.labels(name)
        self._running = metrics.running.labels(name)
        self._queued = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises.

        A call that takes too long cannot be stopped: it keeps its place until it has ended, so that
        never more than ``running`` are at work.

        Raises:
            Overloaded: too many wait already, or no place became free in time.
            TookTooLong: the call ran for longer than ``timeout_s``.
        """
        await self._enter()
        call = asyncio.get_running_loop().run_in_executor(self._threads, work)
        call.add_done_callback(self._leave)
        done, _ = await asyncio.wait([call], timeout=self._timeout_s)
        if not done:
            raise self._too_long()
        return call.result()

    async def stream(self, values: Iterator[T]) -> AsyncGenerator[T | None, None]:
        """What ``values`` gives, as it comes; ``None`` each time that nothing came for a while.

        The first step takes the place, and raises what :meth:`run` would for want of one; it gives
        ``None``. Closing this closes ``values``, as soon as their next value has come.

        Raises:
            TookTooLong: all of it took longer than ``timeout_s``.
        """
        await self._enter()
        loop = asyncio.get_running_loop()
        flow: Flow[T] = Flow(values, loop)
        call = loop.run_in_executor(self._threads, flow.pump)
        call.add_done_callback(self._leave)
        deadline = loop.time() + self._timeout_s
        try:
            yield None
            async for value in flow.until(deadline):
                yield value
        except asyncio.TimeoutError:
            raise self._too_long() from None
        finally:
            flow.stop()

    def close(self) -> None:
        """Wait for what runs, and end the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _enter(self) -> None:
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            await self._wait()
        self._running.inc()

    async def _wait(self) -> None:
        if self._queued >= self._may_wait:
            raise self._refusal("full")
        self._queued += 1
        self._waiting.inc()
        try:
            with anyio.move_on_after(self._wait_s) as limit:
                await self._places.acquire()
        finally:
            self._queued -= 1
            self._waiting.dec()
        if limit.cancelled_caught:
            raise self._refusal("waited")

    def _too_long(self) -> TookTooLong:
        self._metrics.rejected.labels("timeout").inc()
        return TookTooLong(
            f"No answer within {self._timeout_s:g} seconds.",
            hint="Ask for less: a smaller k, no reasons, no descriptions.",
        )

    def _refusal(self, reason: str) -> Overloaded:
        self._metrics.rejected.labels(reason).inc()
        return Overloaded(
            "The server has as many requests as it can take.",
            hint="Try again after the seconds that Retry-After names.",
        )

    def _leave(self, call: asyncio.Future[Any]) -> None:
        self._running.dec()
        self._places.release()
        if not call.cancelled():
            call.exception()  # has been asked for, or nobody waits for it any more
