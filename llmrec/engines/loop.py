"""An asyncio loop in a thread of its own, for code that is called from ordinary threads.

Requests to a server wait nearly all of their time. On one loop hundreds of them wait at once, and
a deadline cancels each where it stands, which closes its connection: the server gives the work up.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import nullcontext
from typing import Any, TypeVar

from llmrec.engines.calls import Deadline
from llmrec.errors import EngineError
from llmrec.leaving import check_wanted, current_leaving

__all__ = ["LoopThread", "limited"]

_T = TypeVar("_T")


class LoopThread:
    """Runs coroutines for other threads until it is closed.

    Args:
        name: of what it works for, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._closed = False
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    def check_open(self) -> None:
        """Raise :class:`EngineError` once it is closed."""
        if self._closed:
            raise self._closed_error()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """What ``coroutine`` returns or raises; a caller that is interrupted cancels it.

        Raises:
            EngineError: the loop is closed, or was meanwhile.
            Abandoned: whoever this thread works for has left; the coroutine is cancelled.
        """
        future = self._submit(coroutine)
        if future is None:
            raise self._closed_error()
        caller = current_leaving()
        try:
            with caller.waking(future.cancel) if caller else nullcontext():
                return future.result()
        except CancelledError:
            check_wanted()
            raise self._closed_error() from None
        finally:
            # Does nothing to a coroutine that has ended; an interrupted caller's ends here.
            future.cancel()

    def start(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run ``coroutine`` and do not wait: a garbage collector may call from the loop itself."""
        self._submit(coroutine)

    def close(self) -> None:
        """Cancel what is running and end the thread; again does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _closed_error(self) -> EngineError:
        return EngineError(f"{self._name} has been closed.", hint="Load the engine again.")

    def _submit(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T] | None:
        # Under the lock, so that nothing is handed over behind the closing, where nobody runs it.
        with self._lock:
            if self._closed:
                coroutine.close()
                return None
            if self._process != os.getpid():
                # A fork has no threads but the one that forked: nobody would ever answer.
                coroutine.close()
                raise EngineError(
                    f"{self._name} was opened by another process.",
                    hint="Load the engine in each process, behind the fork.",
                )
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)


async def limited(
    work: Callable[[], Coroutine[Any, Any, _T]],
    deadline: Deadline,
    out_of_time: Callable[[], EngineError],
) -> _T:
    """What ``work`` returns, or ``out_of_time``'s error when the deadline has cancelled it."""
    try:
        return await asyncio.wait_for(work(), deadline.left)
    except asyncio.TimeoutError:
        raise out_of_time() from None


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
