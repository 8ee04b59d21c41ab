"""The assistant of one shop: conversations go in and come out, nothing of them is kept here."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from llmrec.agent.constraints import Vocabulary
from llmrec.agent.events import AgentEvent, Done
from llmrec.agent.state import Conversation
from llmrec.agent.turns import Action, take_turn
from llmrec.catalog.forgetting import operation
from llmrec.embedding.languages import multilingual_beside

if TYPE_CHECKING:
    from llmrec.agent.profile_edits import ProfileEdits
    from llmrec.embedding.protocol import TextEncoder
    from llmrec.reading.loading import Reader
    from llmrec.recommender import Recommender

__all__ = ["Agent"]


class Agent:
    """Answers messages. Safe to share between threads and conversations.

    Args:
        shop: whose products; stays the caller's to close.
        k: how many products an answer shows.
        reader: what reads messages; by default the shop's.
        edits: what shoppers have said of their profiles.
        names_lag_s: for how many seconds the names that messages are read by (brands, categories,
            values) may be those before a change of the catalogue; each new price is a change, and
            all items are read for them.
    """

    def __init__(
        self,
        shop: Recommender,
        *,
        k: int = 3,
        reader: Reader | None = None,
        edits: ProfileEdits | None = None,
        names_lag_s: float = 30.0,
    ) -> None:
        self.shop = shop
        self.k = k
        self.edits = edits
        self._reader = reader
        self._lock = threading.Lock()
        self._names_lag_s = names_lag_s
        self._vocabulary: tuple[int, float, Vocabulary] | None = None

    @property
    def reader(self) -> Reader:
        """What reads messages; loads its model when it is first asked.

        Raises:
            LLMRecError: as :func:`~llmrec.reading.loading.load_reader`.
        """
        if self._reader is None:
            self._reader = self.shop.reader
        return self._reader

    @property
    def vocabulary(self) -> Vocabulary:
        """The catalogue's names, as they are now or were a moment ago."""
        revision, now = self.shop.store.revision().items, time.monotonic()
        with self._lock:
            kept = self._vocabulary
            if kept is None or (kept[0] != revision and now - kept[1] >= self._names_lag_s):
                kept = (revision, now, Vocabulary.of_store(self.shop.store, self._multilingual))
                self._vocabulary = kept
            return kept[2]

    def _multilingual(self) -> TextEncoder | None:
        return multilingual_beside(self.shop.retriever.encoder)

    def reply(self, conversation: Conversation, message: str) -> Generator[AgentEvent, None, None]:
        """Answer a message, event by event; the last is :class:`~llmrec.agent.events.Done`.

        Closing the iterator early cancels the reply: the conversation given still holds, and what
        was written to the event log in this turn is taken out again.

        Errors of ours come as :class:`~llmrec.agent.events.Failed`; none is raised.
        """
        return take_turn(self, conversation, message)

    def act(
        self, conversation: Conversation, message: str, action: Action
    ) -> Generator[AgentEvent, None, None]:
        """As :meth:`reply`, for what has not to be read: a button, a slash command.

        Args:
            conversation: it keeps its language.
            message: how the action stands among the turns, such as ``/like 2``.
            action: a command, or changes of the constraints.
        """
        return take_turn(self, conversation, message, action)

    def answer(
        self, conversation: Conversation, message: str
    ) -> tuple[Conversation, list[AgentEvent]]:
        """The whole reply at once: the conversation after it, and all events."""
        with operation():
            events = list(self.reply(conversation, message))
        last = events[-1]
        assert isinstance(last, Done)
        return last.conversation, events
