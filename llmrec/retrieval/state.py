"""Everything retrieval keeps in memory, at one revision of the catalogue and one of the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from llmrec.artifacts import Artifacts
from llmrec.catalog.snapshot import Snapshot
from llmrec.catalog.store import CatalogStore, Revision
from llmrec.config import Workspace
from llmrec.retrieval.behaviour import BehaviourShelf, ServedEncoder
from llmrec.retrieval.cache import cache_key
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.encoded import EncodedTexts
from llmrec.retrieval.events import EventTable
from llmrec.retrieval.fusion import Blend, ReciprocalRanks
from llmrec.retrieval.learned import LearnedBlend, serving_fusion
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.retrieval.ratings import Ratings
from llmrec.retrieval.receivers import Receivers
from llmrec.retrieval.sources.base import Source
from llmrec.retrieval.sources.behaviour import BehaviourSource
from llmrec.retrieval.sources.lexical import LexicalSource, texts_digest
from llmrec.retrieval.sources.named import NamedSource, TitledSource
from llmrec.retrieval.sources.new import NewSource
from llmrec.retrieval.sources.next import NextSource
from llmrec.retrieval.sources.popular import PopularSource
from llmrec.retrieval.sources.query import QuerySource
from llmrec.retrieval.sources.text import TextSource
from llmrec.retrieval.sources.together import TogetherSource
from llmrec.retrieval.spaces import NamesShelf, TextSpace, TextSpaces
from llmrec.retrieval.vectors import VectorSearch
from llmrec.types import BoolArray

__all__ = ["Learned", "Marks", "State", "learned_revision", "load_state"]

Learned: TypeAlias = tuple[tuple[int, ...] | None, tuple[int, ...] | None]
"""Revisions of the artifacts ``behaviour`` and ``fusion``; see :meth:`Artifacts.revision`."""

_OF_EVENTS = frozenset({"together", "next"})
_OF_TEXTS = frozenset({"lexical"})
"""Reading all texts of a catalogue takes seconds, and each event makes a new state."""


class Marks(NamedTuple):
    """What a state was made from; equal marks mean an equal state.

    ``version`` is that of the items' vectors, ``names`` that of their names' vectors.
    """

    revision: Revision
    version: str
    learned: Learned
    names: str = ""

    @property
    def log_apart(self) -> tuple[int, str, Learned, str]:
        """All but the mark of the event log."""
        return self.revision.items, self.version, self.learned, self.names


@dataclass(frozen=True)
class State:
    """One consistent picture; replaced as a whole, never changed.

    ``cold`` says of each catalogue row whether its item has no events, bool ``[n_items]``.
    """

    marks: Marks
    snapshot: Snapshot
    log: EventTable
    matrix: VectorMatrix
    spaces: TextSpaces
    popular: PopularSource
    cold: BoolArray
    served: ServedEncoder | None
    sources: Mapping[str, Source]
    blend: Blend
    ratings: Ratings
    receivers: Receivers
    notes: tuple[str, ...] = ()

    @property
    def search(self) -> VectorSearch:
        """Over the items' vectors by the shop's own text encoder."""
        return self.spaces.default.search


def load_state(
    workspace: Workspace,
    store: CatalogStore,
    collection: VectorCollection,
    texts: EncodedTexts,
    names: NamesShelf,
    shelf: BehaviourShelf,
    old: State | None,
) -> State:
    """Read what has changed since ``old``, and keep the rest of it.

    Args:
        workspace: whose catalogue.
        store: the catalogue and the log.
        collection: the items' vectors.
        texts: the encoder that made them.
        names: their names' vectors, if there are some.
        shelf: the behaviour encoder that serves.
        old: the state before, if there was one.
    """
    # Revisions first: what changes while we read is then seen as newer by the next look.
    info = collection.info()
    marks = Marks(store.revision(), info.version, learned_revision(workspace), names.version())
    same = _unchanged(old.marks if old else None, marks)
    snapshot = old.snapshot if old and same.items else Snapshot.load(store)
    # A new price or stock leaves every item in its row, and all that knows rows only as it is.
    same_rows = old is not None and old.snapshot.ids == snapshot.ids
    log = old.log if old and same.events else _log(workspace, store, marks.revision)
    matrix = old.matrix if old and same.index else _matrix(workspace, collection, old)
    if old and same_rows and same.index:
        default = old.spaces.default
    else:
        default = TextSpace(texts, VectorSearch(collection, matrix, snapshot.row))
    named = old.spaces.names if old and same_rows and same.names else names.fetch(snapshot.row)
    if old and same_rows and same.index and same.learned:
        served = old.served
    else:
        served = _served(workspace, shelf, snapshot, matrix, info.fingerprint)
    popular = _popular(workspace, snapshot, log)
    kept = {
        name: source
        for name, source in (old.sources if old else {}).items()
        if (name in _OF_EVENTS and same_rows and same.events) or (name in _OF_TEXTS and same.items)
    }
    return State(
        marks=marks,
        snapshot=snapshot,
        log=log,
        matrix=matrix,
        spaces=TextSpaces(snapshot, default, named),
        popular=popular,
        cold=log.missing(snapshot.row),
        served=served,
        sources=_sources(workspace, store, snapshot, log, default.search, popular, served, kept),
        blend=old.blend if old and same.learned else _blend(workspace),
        ratings=old.ratings if old and same.events else _ratings(workspace, store),
        receivers=old.receivers if old and same.items else Receivers(snapshot),
        notes=_notes(served, snapshot),
    )


@dataclass(frozen=True)
class _Unchanged:
    """Which of the things that a state is made from are as they were."""

    items: bool
    events: bool
    index: bool
    learned: bool
    names: bool


def _unchanged(before: Marks | None, now: Marks) -> _Unchanged:
    """Nothing is as it was where there was no state."""
    if before is None:
        return _Unchanged(items=False, events=False, index=False, learned=False, names=False)
    return _Unchanged(
        items=before.revision.items == now.revision.items,
        events=before.revision.events == now.revision.events,
        index=before.version == now.version,
        learned=before.learned == now.learned,
        names=before.names == now.names,
    )


def learned_revision(workspace: Workspace) -> Learned:
    """Changes when what serves of the learned parts does; two ``stat``, nothing is read."""
    artifacts = Artifacts(workspace.models_dir)
    return artifacts.revision("behaviour"), artifacts.revision("fusion")


def _blend(workspace: Workspace) -> Blend:
    """What was learned, unless somebody has set weights by hand: who does means them."""
    settings = workspace.settings.retrieval
    fitted = None
    if not settings.weights_by_hand:
        fitted = serving_fusion(Artifacts(workspace.models_dir))
    if fitted is None:
        return ReciprocalRanks(settings.weights, settings.rrf_k)
    return LearnedBlend(fitted, settings.weights)


def _served(
    workspace: Workspace,
    shelf: BehaviourShelf,
    snapshot: Snapshot,
    matrix: VectorMatrix,
    text_encoder: str,
) -> ServedEncoder | None:
    if workspace.settings.retrieval.weights.get("behaviour", 0) <= 0 or shelf.revision() is None:
        return None
    return shelf.fetch(snapshot.ids, matrix, text_encoder)


def _notes(served: ServedEncoder | None, snapshot: Snapshot) -> tuple[str, ...]:
    """What is wrong with a model that serves: one of another shop would quietly find nothing."""
    if served is None or any(
        id in snapshot.row for id in served.encoder.item_ids[: served.encoder.known]
    ):
        return ()
    return (
        f"the behaviour encoder {served.version} has learned of none of the catalogue's items: "
        "train it anew",
    )


def _matrix(workspace: Workspace, collection: VectorCollection, old: State | None) -> VectorMatrix:
    if old is not None:
        collection.reopen()
    return VectorMatrix.load(collection, workspace.cache_dir)


def _log(workspace: Workspace, store: CatalogStore, revision: Revision) -> EventTable:
    key = cache_key("in order", workspace.database_url, revision.events, store.count_events())
    return EventTable.load(store, workspace.cache_dir, key)


def _ratings(workspace: Workspace, store: CatalogStore) -> Ratings:
    return Ratings(store, workspace.settings.ingest.rating_scale)


def _popular(workspace: Workspace, snapshot: Snapshot, log: EventTable) -> PopularSource:
    half_life = workspace.settings.retrieval.popular_half_life_days
    return PopularSource(log, snapshot.row, snapshot.added_at, half_life)


def _sources(
    workspace: Workspace,
    store: CatalogStore,
    snapshot: Snapshot,
    log: EventTable,
    search: VectorSearch,
    popular: PopularSource,
    served: ServedEncoder | None,
    kept: Mapping[str, Source],
) -> dict[str, Source]:
    """Those of weight above 0, in a fixed order.

    ``kept`` holds those of the state before that are as they would be made anew.
    """
    settings = workspace.settings.retrieval

    def lexical() -> Source:
        key = cache_key("with spelling", workspace.database_url, texts_digest(store))
        return LexicalSource.load(store, workspace.cache_dir, key)

    def together() -> Source:
        return TogetherSource(log, snapshot.row, settings.together_half_life_days)

    def following() -> Source:
        return NextSource(log, snapshot.row, settings.next_window, settings.next_half_life)

    makers: dict[str, Callable[[], Source]] = {
        "text": lambda: TextSource(search),
        "query": lambda: QuerySource(),
        "lexical": lambda: kept.get("lexical") or lexical(),
        "titled": lambda: TitledSource(snapshot),
        "named": lambda: NamedSource(snapshot),
        "together": lambda: kept.get("together") or together(),
        "popular": lambda: popular,
        "new": lambda: NewSource(snapshot.added_at),
        "next": lambda: kept.get("next") or following(),
    }
    if served is not None:
        known = VectorSearch(served.collection, served.matrix, snapshot.row)
        makers["behaviour"] = lambda: BehaviourSource(known)
    return {name: make() for name, make in makers.items() if settings.weights.get(name, 0) > 0}
