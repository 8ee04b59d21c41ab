"""Whose turn it is at a model that reads for one call at a time.

A lock of Python's is nobody's in particular: a thread that gives it back between two tokens and
takes it again mostly gets it, and a long text keeps all other calls waiting to its end. Here
callers take turns, step by step, and a caller's calls in the order in which they came.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from llmrec.engines.calls import Deadline

__all__ = ["Turns"]


class _Place:
    """A thread in the line."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.woken = threading.Event()
        self.has_turn = False


class Turns:
    """Lets one thread at a time to the model: next is whose caller was served longest ago.

    A turn is not to be taken within a turn: it would wait for itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: list[_Place] = []
        self._taken = False
        self._served: dict[str, int] = {}  # by caller its last turn, while somebody waits

    @property
    def waiting(self) -> int:
        """How many threads stand in the line."""
        return len(self._line)

    @contextmanager
    def turn(self, deadline: Deadline) -> Iterator[None]:
        """Wait for the turn; it is over with the block.

        Raises:
            EngineTimeout: the deadline has passed before it came.
            Abandoned: the caller has left.
        """
        deadline.check()
        self._wait(deadline)
        try:
            yield
        finally:
            self._pass_on()

    def _wait(self, deadline: Deadline) -> None:
        place = _Place(deadline.caller.who if deadline.caller else "")
        with self._lock:
            if not self._taken:
                self._taken, self._served = True, {place.who: 1}
                return
            self._line.append(place)
        waking = deadline.caller.waking(place.woken.set) if deadline.caller else nullcontext()
        try:
            with waking:
                place.woken.wait(deadline.left)
            deadline.check()
        except BaseException:
            self._give_up(place)
            raise
        if not place.has_turn:  # timed out, and the deadline just not over by its own clock
            self._give_up(place)
            raise deadline.error()

    def _give_up(self, place: _Place) -> None:
        with self._lock:
            if not place.has_turn:
                self._line.remove(place)
                return
        self._pass_on()  # the turn came in the same moment

    def _pass_on(self) -> None:
        with self._lock:
            if self._line:
                # The first in the line of those who are equal.
                following = min(self._line, key=lambda place: self._served.get(place.who, 0))
                self._line.remove(following)
                self._served[following.who] = max(self._served.values()) + 1
                following.has_turn = True
                following.woken.set()
            else:
                self._taken = False
