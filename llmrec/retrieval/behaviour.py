"""The behaviour encoder that serves, and its item vectors in a Chroma collection of their own.

Vectors are stored as they are, of unlike lengths: an item's length says how likely it is for
anybody. HNSW over raw inner products finds them better than after any of the ways to make lengths
equal (docs/design/014-behaviour.md has the figures).

The collection follows by itself: when another version is promoted, or items come or change their
text, whoever retrieves next brings it up to date. What it should hold is compared with what it
holds, so that a process killed while writing costs nothing but its last batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmrec.artifacts import Artifact, Artifacts
from llmrec.catalog.locks import write_lock
from llmrec.config import Workspace
from llmrec.embedding.behaviour import BehaviourEncoder, History, load_behaviour
from llmrec.errors import IndexMissing, LockedError
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.retrieval.taste import disliked
from llmrec.types import EventKind, FloatArray, HistoryEntry

__all__ = [
    "BehaviourShelf",
    "ServedEncoder",
    "behaviour_history",
    "forget_behaviour",
    "sync_behaviour",
]

_BATCH = 2_000
_CACHE = "behaviour-vectors"
_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class ServedEncoder:
    """A version that serves, ready to be searched.

    Attributes:
        version: of the artifact.
        encoder: also knows the items that have only a text.
        collection: vectors of the catalogue's items.
        matrix: the same vectors.
    """

    version: str
    encoder: BehaviourEncoder
    collection: VectorCollection
    matrix: VectorMatrix


class BehaviourShelf:
    """Holds what serves in one workspace, and notices when it should be another.

    Args:
        workspace: whose artifacts.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._artifacts = Artifacts(workspace.models_dir)
        self._collection: VectorCollection | None = None
        self._version = ""
        self._loaded: tuple[str, BehaviourEncoder] | None = None

    def revision(self) -> tuple[int, ...] | None:
        """Changes when another version is promoted, or a promoted one taken back."""
        return self._artifacts.revision("behaviour")

    def fetch(
        self, ids: Sequence[str], texts: VectorMatrix, text_encoder: str
    ) -> ServedEncoder | None:
        """What serves, with the collection brought up to date; ``None`` if nothing does.

        While another command writes to the workspace it is used as it is. If there is none yet,
        ``None`` too, until that command has changed something and retrieval looks again.

        Args:
            ids: the catalogue.
            texts: the items' text vectors.
            text_encoder: fingerprint of the encoder that made these.

        Raises:
            ModelError: the artifact is damaged.
            VectorIndexError: Chroma failed.
            DiskFull: no space left.
        """
        artifact = self._artifacts.current("behaviour")
        if artifact is None:
            self.close()
            return None
        encoder = self._known(self._encoder(artifact), texts, text_encoder)
        opened = self._collection if self._version == artifact.version else None
        if opened is None:
            self.close()
        self._collection = None
        try:
            collection, matrix = sync_behaviour(
                self._workspace, artifact.version, encoder, ids, opened
            )
        except LockedError:
            return None
        self._collection, self._version = collection, artifact.version
        return ServedEncoder(artifact.version, encoder, collection, matrix)

    def close(self) -> None:
        """Give the collection back."""
        if self._collection is not None:
            self._collection.close()
        self._collection = None

    def _encoder(self, artifact: Artifact) -> BehaviourEncoder:
        if self._loaded is None or self._loaded[0] != artifact.version:
            self._loaded = artifact.version, load_behaviour(artifact.folder)
        return self._loaded[1]

    def _known(
        self, encoder: BehaviourEncoder, texts: VectorMatrix, text_encoder: str
    ) -> BehaviourEncoder:
        """With the items that came after the training, where their texts say the same thing."""
        if encoder.config.text_encoder != text_encoder or not encoder.config.text_dim:
            return encoder
        new = [row for row, id in enumerate(texts.ids) if id not in encoder.row]
        return encoder.extended([texts.ids[row] for row in new], texts.vectors[new])


def sync_behaviour(
    workspace: Workspace,
    version: str,
    encoder: BehaviourEncoder,
    ids: Sequence[str],
    opened: VectorCollection | None = None,
) -> tuple[VectorCollection, VectorMatrix]:
    """Make the collection of ``version`` say what ``encoder`` says of ``ids``.

    Each version has its own, so that whoever still serves another goes on undisturbed; those that
    neither serve nor come next are removed. Nothing is locked where nothing has to be written;
    while another command writes, a collection that is there is used as it is.

    Args:
        workspace: where the collection lies.
        version: of the artifact.
        encoder: makes the vectors; items that it does not know stay out.
        ids: the catalogue.
        opened: the collection, if it is open; it is used, or closed.

    Raises:
        LockedError: there is no collection yet, and another command is writing.
        VectorIndexError: Chroma failed.
        DiskFull: no space left.
    """
    sort = _sort(workspace)
    wanted = _Wanted.of(sort + version, encoder, ids)
    existing = _found(workspace, wanted, opened)
    if existing is not None and wanted.is_in(existing[1]):
        return existing
    try:
        with write_lock(workspace):
            collection = existing[0] if existing else _created(workspace, wanted)
            _write(collection, _matrix(workspace, collection), wanted)
            serving = Artifacts(workspace.models_dir).serving("behaviour") or version
            collection.remove_others(sort, {wanted.name, sort + serving})
    except LockedError:
        if existing is None:
            raise
        return existing
    return collection, _matrix(workspace, collection)


def forget_behaviour(workspace: Workspace) -> None:
    """Remove all collections of this workspace's encoders; they can be made again.

    Raises:
        VectorIndexError: Chroma failed.
    """
    collection = VectorCollection.open(workspace)
    try:
        collection.remove_others(_sort(workspace), set())
    finally:
        collection.close()


def behaviour_history(history: Sequence[HistoryEntry]) -> History:
    """The part of a request's history that speaks for taste, as the encoder reads it."""
    unwanted = disliked(history)
    liked = [
        entry
        for entry in history
        if entry.item is not None
        and entry.item not in unwanted
        and entry.kind is not EventKind.DISLIKE
    ]
    return History(
        items=[entry.item or "" for entry in liked],
        kinds=[entry.kind.value for entry in liked],
        at=[entry.at.timestamp() if entry.at else np.nan for entry in liked],
    )


@dataclass(frozen=True, eq=False)
class _Wanted:
    """What the collection should hold; as a maker of vectors it has a name and a fingerprint."""

    name: str
    ids: list[str]
    vectors: FloatArray

    @property
    def fingerprint(self) -> str:
        return self.name

    @property
    def dimension(self) -> int:
        return int(self.vectors.shape[1])

    @classmethod
    def of(cls, name: str, encoder: BehaviourEncoder, ids: Sequence[str]) -> _Wanted:
        known = [id for id in ids if id in encoder.row]
        vectors = encoder.item_vectors()[[encoder.row[id] for id in known]]
        return cls(name, known, vectors)

    def differing(self, matrix: VectorMatrix) -> tuple[NDArray[np.int64], list[str]]:
        """Rows that ``matrix`` lacks or has otherwise, and ids that it should not have."""
        at = np.array([matrix.row.get(id, -1) for id in self.ids], np.int64)
        other = at < 0
        there = np.flatnonzero(~other)
        moved = np.abs(matrix.vectors[at[there]] - self.vectors[there]).max(axis=1, initial=0.0)
        other[there] = moved > _TOLERANCE
        return np.flatnonzero(other), sorted(set(matrix.ids) - set(self.ids))

    def is_in(self, matrix: VectorMatrix) -> bool:
        changed, gone = self.differing(matrix)
        return not len(changed) and not gone


def _sort(workspace: Workspace) -> str:
    """How the collections' names begin; the parts of an evaluation share Chroma."""
    return f"{workspace.part}-behaviour-" if workspace.part else "behaviour-"


def _found(
    workspace: Workspace, wanted: _Wanted, opened: VectorCollection | None
) -> tuple[VectorCollection, VectorMatrix] | None:
    """The collection as it is, whoever wrote it last; ``None`` if there is none."""
    try:
        collection = opened or VectorCollection.open(workspace, wanted.name)
    except IndexMissing:
        return None
    try:
        collection.reopen()
        return collection, _matrix(workspace, collection)
    except IndexMissing:
        collection.close()
        return None


def _created(workspace: Workspace, wanted: _Wanted) -> VectorCollection:
    return VectorCollection.create(workspace, wanted, of=wanted.name)


def _matrix(workspace: Workspace, collection: VectorCollection) -> VectorMatrix:
    cache = f"{workspace.part}-{_CACHE}" if workspace.part else _CACHE
    return VectorMatrix.load(collection, workspace.cache_dir, cache)


def _write(collection: VectorCollection, matrix: VectorMatrix, wanted: _Wanted) -> None:
    changed, gone = wanted.differing(matrix)
    collection.touch(writing=True)
    for start in range(0, len(changed), _BATCH):
        part = changed[start : start + _BATCH]
        names = [wanted.ids[row] for row in part]
        collection.upsert(names, wanted.vectors[part], [{"made_by": wanted.name} for _ in part])
    collection.delete(gone)
    collection.touch(writing=False)
