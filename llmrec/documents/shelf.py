"""Questions to the shop's documents: answered with a quotation and its source, or not at all."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from llmrec.config import Workspace
from llmrec.documents.index import COLLECTION, MULTILINGUAL
from llmrec.documents.nearest import PassageIndex, Quotation
from llmrec.documents.topics import WITHOUT_TOPICS, default_threshold
from llmrec.embedding import TextEncoder
from llmrec.embedding.languages import ENGLISH_ENCODER, is_english, multilingual_beside

__all__ = ["Documents", "IndexedFile"]

# A mail or web address, or seven figures and more as in a telephone number: who is sent to the
# shop wants these rather than how soon mail is answered.
_ADDRESS = re.compile(r"\w@\w|https?://|www\.|\d(?:[ ()/.-]*\d){6,}")


@dataclass(frozen=True)
class IndexedFile:
    """A document in the index, with its title and the number of its passages."""

    name: str
    title: str
    passages: int


@dataclass(frozen=True)
class _Reader:
    """The index that reads a question and the documents, and what a score in it must reach."""

    index: PassageIndex
    threshold: float
    by_topics: bool = True


class Documents:
    """The indexed documents of one workspace; threads may share it.

    It notices by itself when they were indexed anew. Beside the default encoder, which reads
    English, the multilingual one answers where question or documents are in another language,
    if its package was there when they were indexed and still is.

    Args:
        workspace: whose documents.
        encoder: the workspace's text encoder.
    """

    def __init__(self, workspace: Workspace, encoder: TextEncoder) -> None:
        settings = workspace.settings.documents
        self._index = PassageIndex(workspace, encoder, COLLECTION)
        self._encoder = encoder
        self._set_threshold = settings.threshold
        self._multilingual: PassageIndex | None = None
        if (beside := multilingual_beside(encoder)) is not None:
            self._multilingual = PassageIndex(workspace, beside, MULTILINGUAL)
            self._multilingual_threshold = _threshold(settings.multilingual_threshold, beside)

    def close(self) -> None:
        """Give the vector store back; calling it twice is fine."""
        self._index.close()
        if self._multilingual is not None:
            self._multilingual.close()

    def files(self) -> list[IndexedFile]:
        """The indexed documents, ordered by name; none where nothing was indexed."""
        counted: dict[str, IndexedFile] = {}
        for row in self._index.passages():
            name = str(row["file"])
            title = next(iter(json.loads(str(row["headings"]))), name)
            before = counted.get(name, IndexedFile(name, title, 0))
            counted[name] = IndexedFile(name, before.title, before.passages + 1)
        return [counted[name] for name in sorted(counted)]

    def ask(self, question: str) -> Quotation | None:
        """What the documents say; ``None`` where nothing is near enough to be an answer.

        A passage's score is its nearness to the question, of its best sentence and as a whole, and
        to what documents say on the topics that the question is of. It must reach
        ``documents.threshold``, or ``documents.multilingual_threshold`` where the multilingual
        encoder answers.

        Raises:
            IndexMismatch: the documents were indexed with another encoder.
            VectorIndexError: the vector store failed, or its server is out of reach.
        """
        reader = self._reader(is_english(question))
        return reader.index.answer(question, reader.threshold, by_topics=reader.by_topics)

    def contact(self) -> Quotation | None:
        """How the shop is reached, for who asks for a person or wants an order changed.

        ``None`` where no document says it: the passage must be near enough to a description of
        contact, by the threshold for questions.

        Raises:
            IndexMismatch: the documents were indexed with another encoder.
            VectorIndexError: the vector store failed, or its server is out of reach.
        """
        reader = self._reader(question_is_english=True)
        return reader.index.statement(
            "contact", reader.threshold, by_topics=reader.by_topics, prefer=_ADDRESS
        )

    def _reader(self, question_is_english: bool) -> _Reader:
        english = question_is_english and self._index.is_english()
        other = self._multilingual
        if other is not None and not english and other.is_filled():
            return _Reader(other, self._multilingual_threshold)
        if self._encoder.name == ENGLISH_ENCODER and not english:
            # Of another language this encoder sees names and numbers; topics would mislead it.
            bare = WITHOUT_TOPICS if self._set_threshold is None else self._set_threshold
            return _Reader(self._index, bare, by_topics=False)
        return _Reader(self._index, _threshold(self._set_threshold, self._encoder))


def _threshold(set_by_shop: float | None, encoder: TextEncoder) -> float:
    return default_threshold(encoder) if set_by_shop is None else set_by_shop
