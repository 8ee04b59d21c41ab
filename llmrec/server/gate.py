"""Backpressure: so many calls at a time, so many that wait, and for so long; others are refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from llmrec.errors import Overloaded, TookTooLong
from llmrec.leaving import Leaving, working_for
from llmrec.server.flow import Flow
from llmrec.server.places import NoPlace, Places

if TYPE_CHECKING:
    from llmrec.server.metrics import Metrics

__all__ = ["Gate"]

T = TypeVar("T")


class Gate:
    """Runs blocking calls in threads of its own.

    A call whose caller has left, or has waited for too long, ends at its next step
    (:mod:`llmrec.leaving`). Until then it keeps its place, so that never more than ``running`` are
    at work.

    Args:
        name: for the metrics.
        running: calls that run at a time.
        waiting: calls that may wait for that.
        wait_s: how long they may.
        timeout_s: how long a caller waits for a call that runs.
        metrics: where it counts.
        share: the largest part of the places that one caller may have.
        finishes: whether what has begun goes on to its end though its caller has left: what
            writes must.
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
        share: float = 1.0,
        finishes: bool = False,
    ) -> None:
        self._places = Places(running, waiting, wait_s, share)
        self._threads = ThreadPoolExecutor(running, thread_name_prefix=f"llmrec-{name}")
        self._timeout_s, self._finishes = timeout_s, finishes
        self._metrics = metrics
        metrics.waiting.labels(name).set_function(lambda: self._places.waiting)
        metrics.running.labels(name).set_function(lambda: self._places.running)

    @property
    def places(self) -> Places:
        """Who has places here; only for the event loop's thread."""
        return self._places

    async def run(self, work: Callable[[], T], who: str = "") -> T:
        """What ``work`` returns or raises.

        Args:
            work: is told by :func:`~llmrec.leaving.check_wanted` that the caller has left.
            who: asks, and has no more than a share of the places.

        Raises:
            Overloaded: too many wait already, or no place became free in time.
            TookTooLong: the call ran for longer than ``timeout_s``.
        """
        caller = Leaving(who)
        call = await self._begin(who, caller, work)
        try:
            done, _ = await asyncio.wait([call], timeout=self._timeout_s)
        finally:
            caller.leave()
        if not done:
            raise self._too_long()
        return call.result()

    async def stream(self, values: Iterator[T], who: str = "") -> AsyncGenerator[T | None, None]:
        """What ``values`` gives, as it comes; ``None`` each time that nothing came for a while.

        The first step takes the place, and raises what :meth:`run` would for want of one; it gives
        ``None``. Closing this closes ``values``, at their next step.

        Raises:
            TookTooLong: all of it took longer than ``timeout_s``.
        """
        caller, loop = Leaving(who), asyncio.get_running_loop()
        flow: Flow[T] = Flow(values, loop, caller)
        call = await self._begin(who, caller, flow.pump)
        deadline = loop.time() + self._timeout_s
        try:
            yield None
            async for value in flow.until(deadline):
                yield value
            # Whoever is told that it is over may ask again at once: the place is free by then.
            await asyncio.wait([call])
        except asyncio.TimeoutError:
            raise self._too_long() from None
        finally:
            caller.leave()

    def close(self) -> None:
        """Wait for what runs, and end the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _begin(self, who: str, caller: Leaving, work: Callable[[], T]) -> asyncio.Future[T]:
        try:
            await self._places.take(who)
        except NoPlace as error:
            raise self._refusal(error.reason) from None
        works_for = None if self._finishes else caller
        call = asyncio.get_running_loop().run_in_executor(
            # With the request's context: what it writes belongs to the operation that it is.
            self._threads,
            partial(copy_context().run, _work, works_for, work),
        )
        call.add_done_callback(partial(self._leave, who))
        return call

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

    def _leave(self, who: str, call: asyncio.Future[Any]) -> None:
        self._places.give_back(who)
        if not call.cancelled():
            call.exception()  # has been asked for, or nobody waits for it any more


def _work(caller: Leaving | None, work: Callable[[], T]) -> T:
    with working_for(caller):
        return work()
