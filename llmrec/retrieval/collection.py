"""A Chroma collection of a shop's item vectors: typed reads and writes, nothing else."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np

from llmrec.config import Workspace
from llmrec.errors import IndexMismatch, IndexMissing, VectorIndexError
from llmrec.retrieval.chroma import ChromaConnection, connect
from llmrec.retrieval.metadata import Metadata
from llmrec.types import FloatArray

__all__ = ["CollectionInfo", "VectorCollection", "VectorMaker", "empty_collection"]

_PAGE = 2_000
_MISSING_HINT = "Make it with: llmrec index"


class VectorMaker(Protocol):
    """What a collection must know of whoever makes its vectors, such as a text encoder."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same item would get another vector."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""


@dataclass(frozen=True)
class CollectionInfo:
    """What the collection says of itself.

    ``version`` changes before the first and after the last write of an indexer's run; ``writing``
    is set in between, and stays set if that run was killed.
    """

    encoder: str
    fingerprint: str
    dimension: int
    version: str
    writing: bool


class VectorCollection:
    """Item id -> vector and metadata, searchable by inner product; texts have unit vectors.

    Get one with :meth:`open` (it must exist) or :meth:`create` (made if missing).
    """

    def __init__(
        self, workspace: Workspace, connection: ChromaConnection, of: str = "items"
    ) -> None:
        self._workspace = workspace
        self._connection = connection
        self._name = _collection_name(workspace, of)
        self._collection: Any = None
        self._generation = 0

    @classmethod
    def open(cls, workspace: Workspace, of: str = "items") -> VectorCollection:
        """The collection of ``workspace`` that holds vectors ``of`` its items' texts, or others.

        Raises:
            IndexMissing: nothing has been indexed yet.
            VectorIndexError: the store cannot be read, or the server is out of reach.
        """
        connection = connect(workspace)
        if connection is None:
            raise IndexMissing(f"{workspace.path} has no vector index yet.", hint=_MISSING_HINT)
        opened = cls(workspace, connection, of)
        try:
            opened.info()
        except BaseException:
            opened.close()
            raise
        return opened

    @classmethod
    def create(
        cls,
        workspace: Workspace,
        encoder: VectorMaker,
        *,
        rebuild: bool = False,
        of: str = "items",
    ) -> VectorCollection:
        """The collection of ``workspace``, made if missing; ``rebuild`` empties it first.

        Raises:
            IndexMismatch: it holds vectors of another encoder, and ``rebuild`` was not asked.
            VectorIndexError: the store cannot be read, or the server is out of reach.
        """
        opened = cls(workspace, _connection(workspace, may_discard=rebuild and of == "items"), of)
        try:
            if rebuild:
                opened._drop()
            opened._make(encoder)
            opened.check(encoder)
        except BaseException:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Give the connection back."""
        self._connection.release()

    def info(self) -> CollectionInfo:
        """What the collection says of itself now, whoever wrote it.

        Raises:
            IndexMissing: it is not there (any more).
        """
        from chromadb.errors import NotFoundError

        with self._connection.use() as client:
            try:
                self._collection = client.get_collection(self._name, embedding_function=None)
            except NotFoundError as error:
                raise IndexMissing(
                    f"{self._connection.where} has no collection '{self._name}'.",
                    hint=_MISSING_HINT,
                ) from error
            self._generation = self._connection.generation
            stored = self._collection.metadata or {}
        return CollectionInfo(
            encoder=str(stored.get("encoder", "unknown")),
            fingerprint=str(stored.get("fingerprint", "")),
            dimension=int(stored.get("dimension", 0)),
            version=str(stored.get("version", "")),
            writing=bool(stored.get("writing", False)),
        )

    def check(self, encoder: VectorMaker) -> None:
        """Refuse an encoder that did not make these vectors.

        Raises:
            IndexMismatch: the fingerprints differ.
        """
        info = self.info()
        if info.fingerprint != encoder.fingerprint:
            raise IndexMismatch(
                f"The index was made with encoder '{info.encoder}' ({info.fingerprint}), "
                f"the configured one is '{encoder.name}' ({encoder.fingerprint}).",
                hint="Encode everything again: llmrec index --rebuild",
            )

    def reopen(self) -> None:
        """See what other processes have written since this client was opened."""
        self._connection.reopen()

    def touch(self, *, writing: bool) -> None:
        """Give the collection a new version, before and after writing to it."""
        new = {"version": secrets.token_hex(8), "writing": writing}
        with self._use() as collection:
            collection.modify(metadata={**(collection.metadata or {}), **new})

    def count(self) -> int:
        """Number of vectors."""
        with self._use() as collection:
            return int(collection.count())

    def ids(self) -> list[str]:
        """All ids, ascending."""
        with self._use() as collection:
            return sorted(collection.get(include=[])["ids"])

    def metadata(self, ids: Sequence[str]) -> dict[str, Metadata]:
        """The metadata of those of ``ids`` that are here."""
        if not ids:
            return {}
        with self._use() as collection:
            got = collection.get(ids=list(ids), include=["metadatas"])
        return {
            id: dict(metadata or {})
            for id, metadata in zip(got["ids"], got["metadatas"], strict=True)
        }

    def vectors(self, ids: Sequence[str]) -> Iterator[tuple[list[str], FloatArray]]:
        """The vectors of those of ``ids`` that are here, in pages: ids, float32 ``[page, d]``."""
        for start in range(0, len(ids), _PAGE):
            with self._use() as collection:
                got = collection.get(ids=list(ids[start : start + _PAGE]), include=["embeddings"])
            if got["ids"]:
                yield got["ids"], np.asarray(got["embeddings"], np.float32)

    def upsert(self, ids: Sequence[str], vectors: FloatArray, metadata: Sequence[Metadata]) -> None:
        """Write vectors ``[len(ids), d]`` with their metadata; each call is whole or not at all."""
        with self._use() as collection:
            collection.upsert(ids=list(ids), embeddings=vectors, metadatas=list(metadata))

    def update(self, changes: Mapping[str, Metadata]) -> None:
        """Change metadata and keep the vectors; ``None`` takes a field away."""
        with self._use() as collection:
            collection.update(ids=list(changes), metadatas=list(changes.values()))

    def delete(self, ids: Sequence[str]) -> None:
        """Remove vectors."""
        for start in range(0, len(ids), _PAGE):
            with self._use() as collection:
                collection.delete(ids=list(ids[start : start + _PAGE]))

    def query(self, vector: FloatArray, k: int) -> tuple[list[str], FloatArray]:
        """The approximate ``k`` nearest: ids, inner products float32 ``[k]``, best first."""
        # The graph looks at as many neighbours as it is asked for, if these are more than the
        # ef_search that it was made with: asking is how today's setting reaches an old collection.
        depth = max(k, self._workspace.settings.chroma.ef_search)
        with self._use() as collection:
            got = collection.query(
                query_embeddings=vector[None, :], n_results=depth, include=["distances"]
            )
        return got["ids"][0][:k], 1.0 - np.asarray(got["distances"][0][:k], np.float32)

    def remove_others(self, sort: str, keep: Collection[str]) -> None:
        """Remove this workspace's collections whose ``of`` begins with ``sort``, but for some."""
        begin = _collection_name(self._workspace, sort)
        kept = {_collection_name(self._workspace, version) for version in keep}
        with self._connection.use() as client:
            for name in [collection.name for collection in client.list_collections()]:
                if name.startswith(begin) and name not in kept:
                    client.delete_collection(name)

    @contextmanager
    def _use(self) -> Iterator[Any]:
        """The collection, fetched again where the client has been opened anew."""
        with self._connection.use() as client:
            if self._generation != self._connection.generation:
                self._collection = client.get_collection(self._name, embedding_function=None)
                self._generation = self._connection.generation
            yield self._collection

    def _drop(self) -> None:
        with self._connection.use() as client:
            if self._name in {collection.name for collection in client.list_collections()}:
                client.delete_collection(self._name)

    def _make(self, encoder: VectorMaker) -> None:
        settings = self._workspace.settings.chroma
        with self._connection.use() as client:
            if self._name in {collection.name for collection in client.list_collections()}:
                self._collection = client.get_collection(self._name, embedding_function=None)
                return
            client.create_collection(
                self._name,
                embedding_function=None,
                configuration={
                    "hnsw": {
                        "space": "ip",
                        "max_neighbors": settings.hnsw_m,
                        "ef_construction": settings.ef_construction,
                        "ef_search": settings.ef_search,
                    }
                },
                metadata={
                    "encoder": encoder.name,
                    "fingerprint": encoder.fingerprint,
                    "dimension": encoder.dimension,
                    "version": secrets.token_hex(8),
                    "writing": False,
                },
            )


def empty_collection(workspace: Workspace, of: str) -> None:
    """Remove all vectors of a collection, if it is there: nobody keeps it up to date any more.

    Raises:
        VectorIndexError: the store cannot be written, or the server is out of reach.
    """
    try:
        collection = VectorCollection.open(workspace, of)
    except IndexMissing:
        return
    try:
        if ids := collection.ids():
            collection.touch(writing=True)
            collection.delete(ids)
            collection.touch(writing=False)
    finally:
        collection.close()


def _connection(workspace: Workspace, *, may_discard: bool) -> ChromaConnection:
    """A connection to a store that may be new; one that is damaged is thrown away if allowed."""
    try:
        connection = connect(workspace, create=True)
    except VectorIndexError:
        if not may_discard or workspace.settings.chroma.url is not None:
            raise
        shutil.rmtree(workspace.chroma_dir, ignore_errors=True)
        connection = connect(workspace, create=True)
    assert connection is not None
    return connection


def _collection_name(workspace: Workspace, of: str) -> str:
    """``items`` in a store of its own; on a server, a name that no other workspace has."""
    if workspace.settings.chroma.url is None:
        return of
    slug = re.sub(r"[^a-z0-9]+", "-", workspace.path.name.lower()).strip("-") or "shop"
    digest = blake2b(str(workspace.path).encode(), digest_size=4).hexdigest()
    name = f"llmrec-{slug[:32]}-{digest}"
    return name if of == "items" else f"{name}-{of}"
