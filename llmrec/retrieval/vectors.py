"""Nearest neighbours among the allowed items: Chroma's graph where it can, exactly where it must.

A graph search knows no mask, so it is asked for more than is wanted. If ``depth`` allowed items
are among its answer, they are the best allowed ones, because the answer is in order; if not, it is
thrown away. Where few items are forbidden that cannot fail: the best ``depth + forbidden`` of all
hold the best ``depth`` allowed. Where many are, or the allowed ones are few enough, every allowed
vector is scored instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.retrieval.sources.base import Hits, best
from llmrec.types import BoolArray, FloatArray

__all__ = ["VectorSearch"]

_MAX_EXTRA = 400
"""Forbidden items up to which the graph is asked for all of them on top."""

_MAX_ASKED = 1_000
"""Beyond so many results the graph's own cost nears that of the exact search."""

_SURPLUS = 2
"""How much more than its fair share is asked of the graph, in case the best are forbidden."""

_SMALL = 20_000
"""Allowed items up to which scoring them all takes about as long as asking the graph."""

_BLOCK = 16_384
_GATHER = 0.5
"""Share of allowed vectors up to which copying these is cheaper than scoring all."""


class VectorSearch:
    """Search over catalogue rows.

    Args:
        collection: asked where few items are forbidden.
        matrix: the same vectors, for exact search.
        row: catalogue row of each item id; indexed items that are not in it never come.
    """

    def __init__(
        self, collection: VectorCollection, matrix: VectorMatrix, row: dict[str, int]
    ) -> None:
        self._collection = collection
        self._matrix = matrix
        self._row = row
        self._row_of = np.array([row.get(id, -1) for id in matrix.ids], np.int64)
        self._vector_of = np.full(len(row), -1, np.int64)
        indexed = np.flatnonzero(self._row_of >= 0)
        self._vector_of[self._row_of[indexed]] = indexed

    def vector(self, row: int) -> FloatArray | None:
        """The unit vector ``[d]`` of a catalogue row; ``None`` where it is not indexed yet."""
        index = self._vector_of[row]
        return None if index < 0 else self._matrix.vectors[index]

    def scores(self, vector: FloatArray) -> FloatArray:
        """Every catalogue row's inner product with ``vector``, float32 ``[n_items]``; exact.

        Rows that are not indexed yet have 0.
        """
        scores = np.zeros(len(self._vector_of), np.float32)
        indexed = self._vector_of >= 0
        scores[indexed] = (self._matrix.vectors @ vector)[self._vector_of[indexed]]
        return scores

    def scores_of(self, rows: NDArray[np.int64], vector: FloatArray) -> FloatArray:
        """The inner products of some rows ``[k]`` with ``vector``; 0 where one is not indexed."""
        indices = self._vector_of[rows]
        scores = np.zeros(len(rows), np.float32)
        indexed = indices >= 0
        scores[indexed] = self._matrix.vectors[indices[indexed]] @ vector
        return scores

    def top(self, vector: FloatArray, allowed: BoolArray, depth: int) -> Hits:
        """The ``depth`` allowed items of the largest inner product with ``vector``."""
        indices = self._vector_of[allowed]
        indices = indices[indices >= 0]
        wanted = min(depth, len(indices))
        if not wanted:
            return Hits.none()
        if count := self._to_ask(wanted, len(indices)):
            hits = self._graph(vector, allowed, wanted, count)
            if len(hits.rows) == wanted:
                return hits
        return self.exact(vector, indices, wanted)

    def _to_ask(self, wanted: int, allowed: int) -> int:
        """How many results to ask of the graph; 0 if it should not be asked."""
        forbidden = len(self._matrix) - allowed
        if forbidden <= _MAX_EXTRA:
            return wanted + forbidden
        likely = _SURPLUS * wanted * len(self._matrix) // allowed
        return likely if allowed > _SMALL and likely <= _MAX_ASKED else 0

    def exact(self, vector: FloatArray, indices: NDArray[np.int64], depth: int) -> Hits:
        """The best among the matrix rows ``indices``."""
        matrix = self._matrix.vectors
        if len(indices) > _GATHER * len(matrix):
            scores = (matrix @ vector)[indices]
        else:
            scores = np.empty(len(indices), np.float32)
            for start in range(0, len(indices), _BLOCK):
                block = indices[start : start + _BLOCK]
                scores[start : start + _BLOCK] = matrix[block] @ vector
        return best(self._row_of[indices], scores, depth)

    def _graph(self, vector: FloatArray, allowed: BoolArray, wanted: int, depth: int) -> Hits:
        ids, scores = self._collection.query(vector, depth)
        rows = np.array([self._row.get(id, -1) for id in ids], np.int64)
        passed = (rows >= 0) & allowed[rows]
        return best(rows[passed], scores[passed], wanted)
