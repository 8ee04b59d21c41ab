"""All vectors of the collection as one memory-mapped matrix, for exact search over chosen rows.

Chroma's own filters are slow (a price condition costs ten times the query) and would have to be
repeated in its language; a mask over this matrix answers any filter exactly. The matrix is made
from the collection, never the other way round.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import numpy as np

from llmrec.retrieval.cache import cache_key, cached
from llmrec.retrieval.collection import VectorCollection
from llmrec.types import FloatArray

__all__ = ["VectorMatrix"]


class VectorMatrix:
    """The vectors of a collection.

    Attributes:
        ids: item ids ascending, ``n`` of them.
        vectors: float32 ``[n, d]``, read-only; those of texts have unit length.
    """

    def __init__(self, ids: list[str], vectors: FloatArray) -> None:
        self.ids = ids
        self.vectors = vectors

    @classmethod
    def load(cls, collection: VectorCollection, cache: Path, name: str = "vectors") -> VectorMatrix:
        """Map the matrix of the collection's present version, writing it first if need be.

        Args:
            collection: whose vectors.
            cache: the workspace's cache folder.
            name: of the matrix in the cache; each collection has its own.
        """
        info = collection.info()
        key = cache_key(info.fingerprint, info.version, collection.count())
        return cached(
            cache,
            name,
            key,
            build=lambda folder: _write(collection, info.dimension, folder),
            load=_read,
        )

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row(self) -> dict[str, int]:
        """The row of each id."""
        return {id: row for row, id in enumerate(self.ids)}


def _write(collection: VectorCollection, dimension: int, folder: Path) -> None:
    ids = collection.ids()
    written: list[str] = []
    # Plain rows of float32: the count is only known once all pages have come.
    with (folder / "vectors.f32").open("wb") as file:
        for page, vectors in collection.vectors(ids):
            if vectors.shape[1] != dimension:
                raise ValueError(f"vectors of length {vectors.shape[1]}, expected {dimension}")
            order = np.argsort(np.array(page, dtype=object))
            written.extend(page[index] for index in order)
            file.write(np.ascontiguousarray(vectors[order]).tobytes())
    (folder / "ids.json").write_text(json.dumps([dimension, written]), encoding="utf-8")


def _read(folder: Path) -> VectorMatrix:
    dimension, ids = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
    if not ids:
        return VectorMatrix([], np.empty((0, dimension), np.float32))
    vectors = np.memmap(
        folder / "vectors.f32", dtype=np.float32, mode="r", shape=(len(ids), dimension)
    )
    return VectorMatrix(ids, vectors.view(np.ndarray))
