"""The indexer: makes the vector collection say what the catalogue says, at the least cost.

What is done is read from the collection's own metadata, never from a journal beside it: a run
that was killed at any moment is taken up by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from llmrec.catalog.bulk import batched
from llmrec.catalog.item_text import item_name, item_text
from llmrec.catalog.locks import write_lock
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import TextEncoder
from llmrec.embedding.languages import multilingual_beside
from llmrec.errors import IndexMismatch, IndexMissing
from llmrec.retrieval.collection import VectorCollection, empty_collection
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.retrieval.metadata import (
    TEXT_HASH,
    Metadata,
    change,
    item_metadata,
    name_metadata,
)
from llmrec.types import Item

__all__ = ["NAMES", "TEXTS", "IndexReport", "IndexedText", "build_index", "index_items"]

_LOOKUP = 1_000
_ENCODE = 256
"""Items encoded and written together: what a kill can cost."""


@dataclass(frozen=True)
class IndexedText:
    """What of an item a collection has the vectors of.

    Attributes:
        collection: its name.
        cache: name of its matrix in the cache.
        text: what is encoded.
        metadata: what is stored beside the vector, with the text's hash.
    """

    collection: str
    cache: str
    text: Callable[[Item], str]
    metadata: Callable[[Item], Metadata]


TEXTS = IndexedText("items", "vectors", item_text, item_metadata)
"""All that is said of an item, by the workspace's encoder."""

NAMES = IndexedText("item-names", "name-vectors", item_name, name_metadata)
"""Names by the multilingual encoder, where that reads other languages beside the default one. That
finds names by names better than by whole texts, and in a fifth of the time (004-retrieval.md)."""


@dataclass(frozen=True)
class IndexReport:
    """Counts of items.

    Attributes:
        encoded: new, or with another text than the one that was encoded.
        updated: only their metadata was written; the vector stayed.
        unchanged: nothing was written.
        removed: no longer in the catalogue.
        names: whose names the multilingual encoder has encoded, beside the default one.
    """

    encoded: int
    updated: int
    unchanged: int
    removed: int
    names: int = 0


def build_index(
    workspace: Workspace,
    store: CatalogStore,
    encoder: TextEncoder,
    progress: Callable[[int, int], None] | None = None,
    rebuild: bool = False,
) -> IndexReport:
    """Bring the vector collections of ``workspace`` up to date with the catalogue.

    Only items whose text changed are encoded; a new price or stock keeps the vector. Beside the
    default encoder the multilingual one makes a collection of names, where it is installed; where
    it no longer is, that collection is emptied, lest it grow stale.

    Args:
        workspace: where the collection lies.
        store: the catalogue.
        encoder: makes the vectors.
        progress: called with the number of texts done and of all texts.
        rebuild: encode everything anew.

    Raises:
        IndexMismatch: another encoder made the collection, and ``rebuild`` was not asked.
        LockedError: another command is writing to the workspace.
        VectorIndexError: Chroma failed, or its server is out of reach.
        DiskFull: no space left; what was written so far counts.
    """
    progress, beside = progress or _quiet, multilingual_beside(encoder)
    with write_lock(workspace):
        total = store.count_items()
        texts = total if beside is None else 2 * total
        report = _build(
            workspace, store, encoder, TEXTS, lambda done: progress(done, texts), rebuild
        )
        if beside is None:
            empty_collection(workspace, NAMES.collection)
            return report
        names = _build(
            workspace, store, beside, NAMES, lambda done: progress(total + done, texts), rebuild
        )
    return replace(report, names=names.encoded)


def _build(
    workspace: Workspace,
    store: CatalogStore,
    encoder: TextEncoder,
    what: IndexedText,
    progress: Callable[[int], None],
    rebuild: bool,
) -> IndexReport:
    try:
        collection = VectorCollection.create(
            workspace, encoder, rebuild=rebuild, of=what.collection
        )
    except IndexMismatch:
        if what is TEXTS:
            raise
        # Nobody has chosen this encoder: that its package is another one is no mistake of the shop.
        collection = VectorCollection.create(workspace, encoder, rebuild=True, of=what.collection)
    try:
        report = _Indexer(store, encoder, what, collection, progress).run()
        VectorMatrix.load(collection, workspace.cache_dir, what.cache)
    finally:
        collection.close()
    return report


def index_items(
    workspace: Workspace, store: CatalogStore, encoder: TextEncoder, ids: Collection[str]
) -> IndexReport:
    """Bring some items of the collections up to date: those of ``ids``, deleted ones too.

    What else may differ stays as it is, for :func:`build_index`. Raises what that raises.
    """
    with write_lock(workspace):
        collection = VectorCollection.create(workspace, encoder)
        try:
            report = _Indexer(store, encoder, TEXTS, collection, _quiet).run_some(ids)
        finally:
            collection.close()
        beside = multilingual_beside(encoder)
        names = _some_names(workspace, store, beside, ids) if beside is not None else 0
    return replace(report, names=names)


def _some_names(
    workspace: Workspace, store: CatalogStore, encoder: TextEncoder, ids: Collection[str]
) -> int:
    """Bring some names up to date, where a whole run has begun a collection of them."""
    try:
        collection = VectorCollection.open(workspace, NAMES.collection)
    except IndexMissing:
        return 0
    try:
        collection.check(encoder)
        return _Indexer(store, encoder, NAMES, collection, _quiet).run_some(ids).encoded
    except IndexMismatch:
        return 0
    finally:
        collection.close()


def _quiet(*done: int) -> None:
    pass


@dataclass
class _Indexer:
    store: CatalogStore
    encoder: TextEncoder
    what: IndexedText
    collection: VectorCollection
    progress: Callable[[int], None]
    done: int = 0
    encoded: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    writing: bool = False
    pending: list[tuple[Item, Metadata]] = field(default_factory=list)

    def run(self) -> IndexReport:
        # A run that was killed has left the mark on: its last writes want a new version too.
        self.writing = self.collection.info().writing
        self.progress(0)
        known: set[str] = set()
        for batch in self.store.iter_items(_LOOKUP):
            known.update(item.id for item in batch)
            self._compare(batch)
        self._encode(self.pending)
        self._remove([id for id in self.collection.ids() if id not in known])
        return self._report()

    def run_some(self, ids: Collection[str]) -> IndexReport:
        interrupted = self.collection.info().writing
        gone: list[str] = []
        for batch in batched(ids, _LOOKUP):
            stored = self.store.items(batch)
            self._compare(list(stored.values()))
            missing = [id for id in batch if id not in stored]
            gone.extend(self.collection.metadata(missing))
        if self.pending or gone:
            # Another process may have written since; a graph that does not know would lose that.
            self.collection.reopen()
        self._encode(self.pending)
        self._remove(gone)
        # Only a whole run can say that nothing is left of one that was killed.
        return self._report(left=interrupted)

    def _report(self, *, left: bool = False) -> IndexReport:
        if self.writing:
            self.collection.touch(writing=left)
        return IndexReport(self.encoded, self.updated, self.unchanged, self.removed)

    def _compare(self, batch: Sequence[Item]) -> None:
        stored = self.collection.metadata([item.id for item in batch])
        changes: dict[str, Metadata] = {}
        settled = 0
        for item in batch:
            have, wanted = stored.get(item.id, {}), self.what.metadata(item)
            if have.get(TEXT_HASH) != wanted[TEXT_HASH]:
                self.pending.append((item, change(have, wanted)))
            elif have != wanted:
                changes[item.id] = change(have, wanted)
            else:
                settled += 1
        if changes:
            self.collection.update(changes)  # no mark: nobody keeps a copy of these fields
        self.updated += len(changes)
        self.unchanged += settled
        self._advance(settled + len(changes))
        while len(self.pending) >= _ENCODE:
            chosen, self.pending = self.pending[:_ENCODE], self.pending[_ENCODE:]
            self._encode(chosen)

    def _encode(self, chosen: Sequence[tuple[Item, Metadata]]) -> None:
        if not chosen:
            return
        texts = [self.what.text(item) for item, _ in chosen]
        vectors = self.encoder.encode(texts, progress=self._advance)
        self._mark()
        self.collection.upsert(
            [item.id for item, _ in chosen], vectors, [metadata for _, metadata in chosen]
        )
        self.encoded += len(chosen)

    def _remove(self, gone: Sequence[str]) -> None:
        if gone:
            self._mark()
            self.collection.delete(gone)
        self.removed += len(gone)

    def _mark(self) -> None:
        """Before the first write: readers must not take what they have cached for current."""
        if not self.writing:
            self.collection.touch(writing=True)
            self.writing = True

    def _advance(self, items: int) -> None:
        self.done += items
        self.progress(self.done)
