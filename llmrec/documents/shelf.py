"""Questions to the shop's documents: answered with a quotation and its source, or not at all."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmrec.config import Workspace
from llmrec.documents.index import COLLECTION, stored_rows
from llmrec.embedding import TextEncoder
from llmrec.errors import IndexMissing
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.retrieval.metadata import Metadata
from llmrec.types import FloatArray

__all__ = ["Documents", "IndexedFile", "Quotation"]

_SECOND = 0.08
"""A second sentence of the passage is quoted if it is so near to the best one in similarity."""

_GONE: Metadata = {"kind": "gone", "file": "", "passage": -1}


@dataclass(frozen=True)
class Quotation:
    """What a document says.

    Attributes:
        text: one or two sentences of the passage, in its order.
        file: path of the document below the folder.
        headings: what the passage stands under, from the title down.
        passage: all of it.
        score: similarity to the question, between -1 and 1.
    """

    text: str
    file: str
    headings: tuple[str, ...]
    passage: str
    score: float

    @property
    def source(self) -> str:
        """File and headings in one line."""
        return " > ".join((self.file, *self.headings))


@dataclass(frozen=True)
class IndexedFile:
    """A document in the index, with its title and the number of its passages."""

    name: str
    title: str
    passages: int


@dataclass(frozen=True)
class _State:
    """The index at one version; rows of ``matrix`` and ``rows`` are the same."""

    version: str
    matrix: VectorMatrix
    rows: tuple[Metadata, ...]
    passage_of: NDArray[np.int64]
    is_sentence: NDArray[np.bool_]


class Documents:
    """The indexed documents of one workspace; threads may share it.

    It notices by itself when they were indexed anew.

    Args:
        workspace: whose documents.
        encoder: the workspace's text encoder.
    """

    def __init__(self, workspace: Workspace, encoder: TextEncoder) -> None:
        self._workspace = workspace
        self._encoder = encoder
        self._collection: VectorCollection | None = None
        self._state: _State | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the vector store back; calling it twice is fine."""
        with self._lock:
            if self._collection is not None:
                self._collection.close()
            self._collection = self._state = None

    def files(self) -> list[IndexedFile]:
        """The indexed documents, ordered by name; none where nothing was indexed."""
        state = self._fresh()
        counted: dict[str, IndexedFile] = {}
        for row in state.rows if state else ():
            if row["kind"] == "passage":
                name = str(row["file"])
                title = next(iter(_headings(row)), name)
                before = counted.get(name, IndexedFile(name, title, 0))
                counted[name] = IndexedFile(name, before.title, before.passages + 1)
        return [counted[name] for name in sorted(counted)]

    def ask(self, question: str) -> Quotation | None:
        """What the documents say; ``None`` where nothing is near enough to be an answer.

        The passage is the one of the sentence that is nearest to the question. Whether it answers
        is judged by the mean similarity of that sentence and of the whole passage, which must reach
        ``documents.threshold``.

        Raises:
            IndexMismatch: the documents were indexed with another encoder.
            VectorIndexError: the vector store failed, or its server is out of reach.
        """
        state = self._fresh()
        if state is None or not state.is_sentence.any():
            return None
        scores = state.matrix.vectors @ self._encoder.encode([question])[0]
        best = int(np.where(state.is_sentence, scores, -np.inf).argmax())
        passage = int(state.passage_of[best])
        score = float(scores[best] + scores[passage]) / 2
        if score < self._workspace.settings.documents.threshold:
            return None
        return _quotation(state, scores, best, passage, score)

    def _fresh(self) -> _State | None:
        with self._lock:
            try:
                if self._collection is None:
                    self._collection = VectorCollection.open(self._workspace, COLLECTION)
                version = self._collection.info().version
            except IndexMissing:
                return None
            if self._state is None or self._state.version != version:
                self._collection.check(self._encoder)
                if self._state is not None:
                    self._collection.reopen()
                self._state = _load(self._workspace, self._collection, version)
            return self._state


def _load(workspace: Workspace, collection: VectorCollection, version: str) -> _State:
    matrix = VectorMatrix.load(collection, workspace.cache_dir, COLLECTION)
    stored = stored_rows(collection)
    # While somebody indexes, a row can be without its text or a sentence without its passage.
    rows = tuple(stored.get(id, _GONE) for id in matrix.ids)
    whole = (f"{row['file']}#{row['passage']}" for row in rows)
    passage_of = np.array([matrix.row.get(id, -1) for id in whole], np.int64)
    sentences = np.array([row["kind"] == "sentence" for row in rows], bool)
    return _State(version, matrix, rows, passage_of, sentences & (passage_of >= 0))


def _quotation(
    state: _State, scores: FloatArray, best: int, passage: int, score: float
) -> Quotation:
    own = np.flatnonzero(state.is_sentence & (state.passage_of == passage))
    nearest = sorted(own.tolist(), key=lambda row: -scores[row])[:2]
    near = [row for row in nearest if scores[row] >= scores[best] - _SECOND]
    near.sort(key=lambda row: int(state.rows[row]["place"] or 0))
    meta = state.rows[passage]
    return Quotation(
        text=" ".join(str(state.rows[row]["text"]) for row in near),
        file=str(meta["file"]),
        headings=_headings(meta),
        passage=str(meta["text"]),
        score=score,
    )


def _headings(row: Metadata) -> tuple[str, ...]:
    return tuple(json.loads(str(row["headings"])))
