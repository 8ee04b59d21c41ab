"""Keeps retrieval's state current: loads it anew when the catalogue, the log or the index changed.

Where the settings let counts over the whole log lag behind it, a change of the log alone is caught
up with aside, and answers go on with the last counts meanwhile. A shopper's own events are read
from the log at each request and never lag.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from llmrec.errors import LLMRecError
from llmrec.retrieval.state import Marks, State

__all__ = ["StateKeeper"]

_log = logging.getLogger("llmrec.retrieval")


class StateKeeper:
    """Threads may share it.

    Args:
        look: what a state that is loaded now would be marked with.
        load: loads a state, given the one before it.
        lag_s: for how long a state may be older than the log.
    """

    def __init__(
        self,
        look: Callable[[], Marks],
        load: Callable[[State | None], State],
        lag_s: float = 0.0,
    ) -> None:
        self._look, self._load, self._lag_s = look, load, lag_s
        self._state: State | None = None
        self._loaded_at = 0.0
        self._loading = threading.Lock()

    def current(self) -> State:
        """The state of now, but for the lag that is allowed; raises what looking and loading do."""
        state, marks = self._state, self._look()
        if state is not None and state.marks == marks:
            return state
        if state is not None and self._lag_s and state.marks.log_apart == marks.log_apart:
            if time.monotonic() - self._loaded_at >= self._lag_s:
                self._catch_up()
            return state
        with self._loading:
            return self._renew()

    def renew(self) -> None:
        """Bring the state up to date, whatever lag is allowed; nothing if none was loaded."""
        with self._loading:
            if self._state is not None:
                self._renew()

    def close(self) -> bool:
        """Let the state go, when nobody loads any more; whether there was one."""
        with self._loading:
            state, self._state = self._state, None
        return state is not None

    def _renew(self) -> State:
        # Another thread may have done it while this one waited.
        state = self._state
        if state is None or state.marks != self._look():
            state = self._state = self._load(state)
            self._loaded_at = time.monotonic()
        return state

    def _catch_up(self) -> None:
        """Load in a thread of its own, unless somebody is loading already."""
        if not self._loading.acquire(blocking=False):
            return
        try:
            threading.Thread(target=self._renew_aside, name="llmrec-log", daemon=True).start()
        except BaseException:
            self._loading.release()
            raise

    def _renew_aside(self) -> None:
        try:
            if self._state is not None:  # it was not closed meanwhile
                self._renew()
        except LLMRecError as error:
            # The next answer tries again; what is wrong for good fails there in the open.
            _log.warning("the log could not be read anew: %s", type(error).__name__)
            self._loaded_at = time.monotonic()
        finally:
            self._loading.release()
