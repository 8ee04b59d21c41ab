"""The places of a gate and the line before it: who is next, and how much of it anybody may have.

Nobody has more than a share of the places, so that some are left for others; who waits and has
fewest places is next; and where the line is full, who has most in it gives way. Whoever opens
fifty requests at once waits for them alone.
"""

from __future__ import annotations

from collections import Counter

import anyio

__all__ = ["NoPlace", "Places"]


class NoPlace(Exception):
    """There is no place, and ``reason`` says why: ``full`` or ``waited``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Ticket:
    """A place in the line: whose, and what has become of it."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.called = anyio.Event()
        self.has_place = False


class Places:
    """Places that are taken and given back, all by the event loop's thread.

    Args:
        running: how many there are.
        waiting: how many may wait for one.
        wait_s: for how many seconds.
        share: the largest part of them that one caller may have, above 0 and up to 1.
    """

    def __init__(self, running: int, waiting: int, wait_s: float, share: float) -> None:
        self._free, self._may_wait, self._wait_s = running, waiting, wait_s
        self._most = max(1, int(running * share))
        self._taken: Counter[str] = Counter()
        self._line: list[_Ticket] = []

    @property
    def running(self) -> int:
        """How many places are taken."""
        return self._taken.total()

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._line)

    def taken_by(self, who: str) -> int:
        """How many places a caller has."""
        return self._taken[who]

    async def take(self, who: str) -> None:
        """Wait for a place; whoever leaves meanwhile, leaves the line.

        Raises:
            NoPlace: the line is full of callers who have no more in it than this one, somebody
                with fewer took the place in the line, or the wait took too long.
        """
        if self._free and self._taken[who] < self._most:
            self._give(who)  # whoever waits now waits for a share
            return
        self._make_room(who)
        ticket = _Ticket(who)
        self._line.append(ticket)
        try:
            with anyio.move_on_after(self._wait_s) as limit:
                await ticket.called.wait()
        except BaseException:
            if ticket.has_place:  # it came in the moment in which its caller left
                self.give_back(who)
            raise
        finally:
            if ticket in self._line:
                self._line.remove(ticket)
        if not ticket.has_place:
            raise NoPlace("waited" if limit.cancelled_caught else "full")

    def give_back(self, who: str) -> None:
        """Let another have the place of ``who``."""
        self._taken[who] -= 1
        if not self._taken[who]:
            del self._taken[who]  # callers come and go; the counter must not grow with them
        self._free += 1
        while self._free and (ticket := self._next()) is not None:
            self._line.remove(ticket)
            self._give(ticket.who)
            ticket.has_place = True
            ticket.called.set()

    def _give(self, who: str) -> None:
        self._free -= 1
        self._taken[who] += 1

    def _next(self) -> _Ticket | None:
        """Of those who may have one more, the first of those who have fewest."""
        may = [ticket for ticket in self._line if self._taken[ticket.who] < self._most]
        return min(may, key=lambda ticket: self._taken[ticket.who], default=None)

    def _make_room(self, who: str) -> None:
        if len(self._line) < self._may_wait:
            return
        waiting = Counter(ticket.who for ticket in self._line)
        greedy, most = max(waiting.items(), key=lambda pair: pair[1], default=("", 0))
        # With the place that it takes it must not have more than who loses it.
        if most <= waiting[who] + 1:
            raise NoPlace("full")
        last = next(ticket for ticket in reversed(self._line) if ticket.who == greedy)
        self._line.remove(last)
        last.called.set()
