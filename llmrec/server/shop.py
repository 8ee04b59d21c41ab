"""What the server answers from: one recommender for all requests, opened and closed with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llmrec.answer_events import AnswerComplete, AnswerEvent, AnswerRanked
from llmrec.config import Workspace
from llmrec.errors import LLMRecError, LockedError, Overloaded
from llmrec.leaving import working_for
from llmrec.recommender import Recommender
from llmrec.types import Recommendations, Trace

if TYPE_CHECKING:
    from llmrec.agent.agent import Agent
    from llmrec.agent.profile_edits import ProfileEdits
    from llmrec.agent.sessions import Sessions
    from llmrec.catalog.keys import KeyStore
    from llmrec.engines.protocol import Engine
    from llmrec.server.activity import Activity

__all__ = ["CountedRecommender", "Shop"]

_LAG_S = 10.0
_DEGRADED = "the language model failed"
_log = logging.getLogger("llmrec.server.shop")


class CountedRecommender(Recommender):
    """Says of each answer how it came about, whoever asked: a route, or the assistant.

    What its trace says of a model that failed goes to the log; strangers read no address there.

    Attributes:
        count: is told the trace of each answer.
    """

    count: Callable[[Trace], None] | None = None

    def recommend_many(self, *args: Any, **options: Any) -> list[Recommendations]:
        """As the main path does it."""
        answers = super().recommend_many(*args, **options)
        for answer in answers:
            self._count(answer)
        return [_for_strangers(answer) for answer in answers]

    def recommend_stream(self, *args: Any, **options: Any) -> Iterator[AnswerEvent]:
        """As the main path does it."""
        return self._counted(super().recommend_stream(*args, **options))

    def _counted(self, events: Iterator[AnswerEvent]) -> Iterator[AnswerEvent]:
        for event in events:
            if isinstance(event, AnswerComplete):
                self._count(event.answer)
            if isinstance(event, (AnswerRanked, AnswerComplete)):
                event = replace(event, answer=_for_strangers(event.answer))
            yield event

    def _count(self, answer: Recommendations) -> None:
        if answer.trace.degraded:
            _log.warning("degraded", extra={"fields": {"words": answer.trace.degraded}})
        if self.count is not None:
            self.count(answer.trace)


def _for_strangers(answer: Recommendations) -> Recommendations:
    if not answer.trace.degraded:
        return answer
    return replace(answer, trace=replace(answer.trace, degraded=_DEGRADED))


class Shop:
    """A workspace, open for serving. Threads may share it.

    Args:
        workspace: the shop's folder with its settings.
        engine: a language model to use instead of the configured one.
    """

    def __init__(self, workspace: Workspace, *, engine: Engine | None = None) -> None:
        self.workspace = _lagging(workspace)
        self.recommender = CountedRecommender(self.workspace, engine=engine)
        self._loading = threading.Lock()
        self._failure: LLMRecError | None = None
        self._loaded = False
        self._opened = False

    @cached_property
    def keys(self) -> KeyStore:
        """The keys of this workspace."""
        from llmrec.catalog.keys import KeyStore

        return KeyStore.open(self.workspace.database_url)

    @cached_property
    def agent(self) -> Agent:
        """The assistant, for all conversations."""
        from llmrec.agent.agent import Agent

        return Agent(self.recommender)

    @cached_property
    def sessions(self) -> Sessions:
        """The conversations that are kept."""
        from llmrec.agent.sessions import Sessions

        return Sessions.open(self.workspace.database_url)

    @cached_property
    def edits(self) -> ProfileEdits:
        """What shoppers have said of their profiles."""
        from llmrec.agent.profile_edits import ProfileEdits

        return ProfileEdits.open(self.workspace.database_url)

    @cached_property
    def activity(self) -> Activity:
        """What shoppers did by day."""
        from llmrec.server.activity import Activity

        return Activity(self)

    def open(self) -> None:
        """Open the catalogue, bring the index up to date, load the model; again does nothing.

        What may work later, such as a model server that is not up yet, is tried again by
        :meth:`ready` and with each request.

        Raises:
            LLMRecError: something that will not mend by itself.
        """
        if self._opened:
            return
        self._opened = True
        _ = self.keys, self.recommender.store, self.sessions, self.edits, self.agent
        _ = self.activity
        with suppress(LockedError):  # somebody else is writing just now; else with the first list
            _ = self.recommender.exposures
        self._index()
        try:
            self.load()
        except LLMRecError as error:
            if not error.retryable:
                raise
            _log.warning("not ready", extra={"fields": {"error": type(error).__name__}})

    def load(self) -> None:
        """Open all that an answer needs, unless that was done.

        One thread does it; others do not wait for it, because a server that is away can take long.

        Raises:
            LLMRecError: some of it cannot be opened now, or is being opened.
        """
        if self._loaded:
            return
        if not self._loading.acquire(blocking=False):
            raise self._not_yet()
        try:
            with working_for(None):  # everybody waits for it, not only who asked first
                self._open_parts()
            self._loaded = True
        except LLMRecError as error:
            self._failure = error
            raise
        finally:
            self._loading.release()

    def ready(self) -> None:
        """Say at once whether all is open; if not, try again aside.

        Raises:
            LLMRecError: what keeps it from being open.
        """
        if not self._loaded:
            threading.Thread(target=self._mend, name="llmrec-mend", daemon=True).start()
            raise self._not_yet()

    def _mend(self) -> None:
        with suppress(LLMRecError):
            self.load()

    def _not_yet(self) -> LLMRecError:
        return self._failure or Overloaded("The model is being loaded.", hint="Try again.")

    def _open_parts(self) -> None:
        _ = self.recommender.retriever
        try:
            _ = self.recommender.rankers, self.recommender.writer, self.recommender.reader
        except LLMRecError:
            # With a fallback each request tries by itself, and is answered in any case.
            if self.workspace.settings.ranking.on_engine_failure == "raise":
                raise

    def close(self) -> None:
        """Give everything back; nothing works afterwards."""
        if "retriever" in self.recommender.__dict__:
            self.recommender.retriever.close()
        self.recommender.close()
        for name in ("keys", "sessions", "edits"):
            if name in self.__dict__:
                getattr(self, name).close()

    def _index(self) -> None:
        """What a killed server had stored but not indexed is indexed now."""
        from llmrec.embedding import load_encoder
        from llmrec.retrieval import build_index

        encoder = load_encoder(self.workspace.settings.models.encoder)
        with suppress(LockedError):  # somebody else is indexing just now
            report = build_index(self.workspace, self.recommender.store, encoder)
            fields = {"encoded": report.encoded, "updated": report.updated}
            _log.info("indexed", extra={"fields": {**fields, "removed": report.removed}})


def _lagging(workspace: Workspace) -> Workspace:
    """Among many requests there are many events: they must not cost each answer the whole log."""
    retrieval = workspace.settings.retrieval
    if retrieval.log_lag_s is not None:
        return workspace
    lagging = retrieval.model_copy(update={"log_lag_s": _LAG_S})
    settings = workspace.settings.model_copy(update={"retrieval": lagging})
    return replace(workspace, settings=settings)
