"""Whether whoever asked still waits: work that nobody waits for any more ends at its next step.

A thread cannot be stopped from outside. So whoever runs work for somebody gives it a
:class:`Leaving`, and the work looks at it where it can stop without leaving anything half done:
between two tokens of a text, two batches of prompts, two stages of a recommendation. Work for which
nobody gave one is never abandoned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["Abandoned", "Leaving", "check_wanted", "current_leaving", "working_for"]


class Abandoned(BaseException):
    """Raised within work whose caller has left.

    No :class:`Exception`, as a cancelled task's error is none: a fallback that answers without the
    model when that fails must not answer somebody who has gone. Who catches it cleans up and raises
    it again.
    """


class Leaving:
    """Says whether the caller has left; threads may share it.

    Args:
        who: the caller, for those who let callers take turns.

    >>> caller = Leaving()
    >>> caller.leave()
    >>> with working_for(caller):
    ...     check_wanted()
    Traceback (most recent call last):
    llmrec.leaving.Abandoned
    """

    def __init__(self, who: str = "") -> None:
        self.who = who
        self._lock = threading.Lock()
        self._left = False
        self._callbacks: list[Callable[[], object]] = []

    @property
    def left(self) -> bool:
        """Whether nobody waits any more."""
        return self._left

    def leave(self) -> None:
        """Let the work end at its next step; again does nothing."""
        with self._lock:
            callbacks, self._callbacks, self._left = self._callbacks, [], True
        for callback in callbacks:
            callback()

    def check(self) -> None:
        """Raise :class:`Abandoned` once the caller has left."""
        if self._left:
            raise Abandoned

    @contextmanager
    def waking(self, callback: Callable[[], object]) -> Iterator[None]:
        """Call ``callback`` if the caller leaves within the block, or has left before it.

        For threads that wait and cannot look: it runs in the thread that leaves.
        """
        with self._lock:
            if not self._left:
                self._callbacks.append(callback)
        try:
            if self._left:
                callback()
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)


_current: ContextVar[Leaving | None] = ContextVar("llmrec_leaving", default=None)


@contextmanager
def working_for(caller: Leaving | None) -> Iterator[None]:
    """Within the block this thread works for ``caller``; ``None``: for all, to the end."""
    before = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(before)


def current_leaving() -> Leaving | None:
    """Whom this thread works for; ``None``: for somebody who stays."""
    return _current.get()


def check_wanted() -> None:
    """Raise :class:`Abandoned` if the caller of this thread's work has left."""
    caller = _current.get()
    if caller is not None:
        caller.check()
