"""The passages of one index, and which of them answers a question."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.tokens import tokens
from llmrec.config import Workspace
from llmrec.documents.index import stored_rows
from llmrec.documents.topics import TopicVectors, topics
from llmrec.embedding import TextEncoder
from llmrec.embedding.languages import is_english
from llmrec.errors import IndexMissing
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.retrieval.metadata import Metadata
from llmrec.types import FloatArray

__all__ = ["PassageIndex", "Quotation"]

_DIRECT = 0.4
"""Share of the similarity of question and passage themselves; the rest goes through topics."""

_RIVAL = 0.2
"""A topic that lies this much farther from a passage than another one claims 1/e of it: "cancel my
order" is somewhat near to how to send an order back, which is what that passage is about."""

_SECOND = 0.08
"""A second sentence of the passage is quoted if it is so near to the best one in similarity."""

_MOST_TABLE_ROWS = 6

_GONE: Metadata = {"kind": "gone", "file": "", "passage": -1}


@dataclass(frozen=True)
class Quotation:
    """What a document says.

    Attributes:
        text: one or two sentences of the passage, in its order.
        file: path of the document below the folder.
        headings: what the passage stands under, from the title down.
        passage: all of it.
        score: nearness to the question, at most 1.
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


class PassageIndex:
    """One collection of passages and sentences, read anew whenever it was written.

    Threads may share it.

    Args:
        workspace: whose documents.
        encoder: what the collection was made with.
        of: the collection's name.
    """

    def __init__(self, workspace: Workspace, encoder: TextEncoder, of: str) -> None:
        self._workspace = workspace
        self._encoder = encoder
        self._of = of
        self._collection: VectorCollection | None = None
        self._state: _State | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the vector store back; calling it twice is fine."""
        with self._lock:
            if self._collection is not None:
                self._collection.close()
            self._collection = self._state = None

    def passages(self) -> list[Metadata]:
        """What is known of each passage: its ``file``, ``headings`` and ``text``."""
        state = self._fresh()
        return [row for row in state.rows if row["kind"] == "passage"] if state else []

    def is_filled(self) -> bool:
        """Whether there is a passage to quote."""
        state = self._fresh()
        return state is not None and bool(len(state.passages))

    def is_english(self) -> bool:
        """Whether the documents are in English, as a whole."""
        state = self._fresh()
        return state is not None and state.is_english

    def answer(
        self, question: str, threshold: float, *, by_topics: bool = True
    ) -> Quotation | None:
        """The passage that answers, if its score reaches ``threshold``.

        Without ``by_topics``, and for an encoder that has none, the score is bare similarity.

        Raises:
            IndexMismatch: another encoder made the collection.
            VectorIndexError: the vector store failed, or its server is out of reach.
        """
        state = self._fresh()
        if state is None or not len(state.passages):
            return None
        vector = self._encoder.encode([question])[0]
        weights = state.topics.weights(vector) if state.topics and by_topics else None
        return state.quotation(vector, weights, threshold, question=question)

    def statement(
        self,
        topic: str,
        threshold: float,
        *,
        by_topics: bool = True,
        prefer: re.Pattern[str] | None = None,
    ) -> Quotation | None:
        """What the documents say on a topic of ``topics.json``, as if just that were asked.

        Of the passage's sentences those are quoted that match ``prefer``, if there are any.

        Raises:
            IndexMismatch: another encoder made the collection.
            VectorIndexError: the vector store failed, or its server is out of reach.
        """
        state = self._fresh()
        if state is None or not len(state.passages):
            return None
        place = [entry.name for entry in topics()].index(topic)
        vector = self._encoder.encode([topics()[place].about or topic])[0]
        weights = np.eye(len(topics()))[place] if state.topics and by_topics else None
        return state.quotation(vector, weights, threshold, prefer)

    def _fresh(self) -> _State | None:
        with self._lock:
            try:
                if self._collection is None:
                    self._collection = VectorCollection.open(self._workspace, self._of)
                version = self._collection.info().version
            except IndexMissing:
                return None
            if self._state is None or self._state.version != version:
                self._collection.check(self._encoder)
                if self._state is not None:
                    self._collection.reopen()
                self._state = self._load(self._collection, version)
            return self._state

    def _load(self, collection: VectorCollection, version: str) -> _State:
        cache = self._workspace.cache_dir
        matrix = VectorMatrix.load(collection, cache, self._of)
        stored = stored_rows(collection)
        # While somebody indexes, a row can be without its text.
        rows = tuple(stored.get(id, _GONE) for id in matrix.ids)
        return _State(version, matrix, rows, TopicVectors.load(self._encoder, cache))


class _State:
    """A collection at one version; rows of ``matrix`` and ``rows`` are the same.

    ``passages`` are the rows of the passages that have sentences, ``sentences`` those of the
    sentences that have a passage, and ``owner`` the place of that in ``passages``.
    """

    def __init__(
        self,
        version: str,
        matrix: VectorMatrix,
        rows: tuple[Metadata, ...],
        topics: TopicVectors | None,
    ) -> None:
        self.version = version
        self.rows = rows
        self.topics = topics
        self._vectors = matrix.vectors
        whole = [matrix.row.get(f"{row['file']}#{row['passage']}", -1) for row in rows]
        sentences = [
            row for row, meta in enumerate(rows) if meta["kind"] == "sentence" and whole[row] >= 0
        ]
        self._sentences = np.array(sentences, np.int64)
        self.passages, self._owner = np.unique(
            np.array([whole[row] for row in sentences], np.int64), return_inverse=True
        )

    @cached_property
    def is_english(self) -> bool:
        return is_english(" ".join(str(self.rows[row]["text"]) for row in self.passages))

    @cached_property
    def _claims(self) -> NDArray[np.float64]:
        """``[passages, topics]``: how near each topic is, less where another one is nearer."""
        assert self.topics is not None
        near = np.stack([self._by_passage(self._vectors @ about) for about in self.topics.about], 1)
        claims: NDArray[np.float64] = near * np.exp((near - near.max(1, keepdims=True)) / _RIVAL)
        return claims

    def _by_passage(self, scores: FloatArray) -> NDArray[np.float64]:
        """The mean of a passage's score and of its best sentence's, from scores of rows."""
        best = np.full(len(self.passages), -np.inf)
        np.maximum.at(best, self._owner, scores[self._sentences])
        mean: NDArray[np.float64] = (best + scores[self.passages]) / 2
        return mean

    def quotation(
        self,
        vector: FloatArray,
        weights: NDArray[np.float64] | None,
        threshold: float,
        prefer: re.Pattern[str] | None = None,
        question: str = "",
    ) -> Quotation | None:
        """The best passage for a question's vector and its weights of topics."""
        near = self._vectors @ vector
        scores = self._by_passage(near)
        if weights is not None:
            scores = _DIRECT * scores + (1 - _DIRECT) * (self._claims @ weights)
        best = int(scores.argmax())
        if scores[best] < threshold:
            return None
        meta = self.rows[self.passages[best]]
        return Quotation(
            text=self._quoted(best, near, prefer, question),
            file=str(meta["file"]),
            headings=tuple(json.loads(str(meta["headings"]))),
            passage=str(meta["text"]),
            score=float(scores[best]),
        )

    def _quoted(
        self, passage: int, near: FloatArray, prefer: re.Pattern[str] | None, question: str
    ) -> str:
        """The sentence of a passage that is nearest to the question, or two of them.

        Of a table the rows that the question names, else all: which row is the shopper's only the
        shopper knows.
        """
        rows = self._sentences[self._owner == passage].tolist()
        if prefer is not None:
            rows = [row for row in rows if prefer.search(str(self.rows[row]["text"]))] or rows
        nearest = sorted(rows, key=lambda row: -near[row])[:2]
        quoted = [row for row in nearest if near[row] >= near[nearest[0]] - _SECOND]
        texts = {row: str(self.rows[row]["text"]) for row in rows}
        if table := _table_rows(texts, nearest[0]):
            named = [row for row in table if _is_named(texts[row], question)]
            quoted = (named or table)[:_MOST_TABLE_ROWS]
        quoted.sort(key=lambda row: int(self.rows[row]["place"] or 0))
        return " ".join(str(self.rows[row]["text"]) for row in quoted)


def _table_rows(texts: Mapping[int, str], nearest: int) -> list[int]:
    """The lines of a table that one belongs to: each begins with the name of the same column."""
    column, colon, _ = texts[nearest].partition(": ")
    rows = [row for row, text in texts.items() if text.startswith(f"{column}: ") and "; " in text]
    return rows if colon and len(rows) > 1 else []


def _is_named(row: str, question: str) -> bool:
    """Whether a question names what a line of a table is about, its first cell.

    >>> _is_named("To: Norway, Chile; Days: 9.", "how long to chile?")
    True
    """
    cell = row.partition(": ")[2].partition("; ")[0]
    words = set(tokens(question))
    names = (set(tokens(name)) for name in cell.split(","))
    return any(name and name <= words for name in names)
