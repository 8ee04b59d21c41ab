"""The items' vectors by each text encoder of a shop, and which of the encoders reads a text.

The default encoder reads English. Beside it the multilingual one has vectors of the items' names,
and what a shopper says in another language is looked for among these.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from llmrec.catalog.snapshot import Snapshot
from llmrec.catalog.tokens import tokens
from llmrec.config import Workspace
from llmrec.embedding import TextEncoder
from llmrec.embedding.languages import is_english, reads_as_english
from llmrec.errors import IndexMissing
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.encoded import EncodedTexts
from llmrec.retrieval.index import NAMES
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.retrieval.vectors import VectorSearch
from llmrec.types import BoolArray

__all__ = ["NamesShelf", "TextSpace", "TextSpaces"]

_SAMPLE = 60
"""Titles by which the language of those is told that do not say it: some 2,000 characters."""


@dataclass(frozen=True, eq=False)
class TextSpace:
    """A text encoder and the items' vectors that it has made."""

    texts: EncodedTexts
    search: VectorSearch


@dataclass(frozen=True, eq=False)
class TextSpaces:
    """Those of one shop, and the choice between them.

    Attributes:
        snapshot: the catalogue, whose titles say what is an English word.
        default: of the encoder that the shop is set to.
        names: of the items' names in all languages; ``None`` where there are none.
    """

    snapshot: Snapshot
    default: TextSpace
    names: TextSpace | None = None

    def of(self, query: str) -> TextSpace:
        """Where a shopper's words are looked for."""
        if self.names is None or reads_as_english(query, self._is_english_word):
            return self.default
        return self.names

    def _is_english_word(self, word: str) -> bool:
        # The encoder takes accents off: to it "Füller" is the fuller one of two.
        if word.isascii() and self.default.texts.knows(word):
            return True
        return all(self._english[self.snapshot.titled(token)].any() for token in tokens(word))

    @cached_property
    def _english(self) -> BoolArray:
        """The items in English; of those that do not say it, all or none, as most titles are."""
        unsaid = self.snapshot.in_no_language()
        rows = np.flatnonzero(unsaid)
        sample = rows[:: max(len(rows) // _SAMPLE, 1)].tolist()
        english = self.snapshot.in_language("en")
        if sample and is_english("\n".join(self.snapshot.titles[row] for row in sample)):
            english |= unsaid
        return english


class NamesShelf:
    """The names' vectors of one workspace, once they were made. Threads may share it.

    Args:
        workspace: whose names.
        encoder: the multilingual one; ``None`` where none reads beside the shop's encoder.
    """

    def __init__(self, workspace: Workspace, encoder: TextEncoder | None) -> None:
        self._workspace = workspace
        self._texts = EncodedTexts(encoder) if encoder is not None else None
        self._collection: VectorCollection | None = None
        self._lock = threading.Lock()

    @property
    def has_encoder(self) -> bool:
        """Whether ``llmrec index`` would make vectors here."""
        return self._texts is not None

    def version(self) -> str:
        """Changes when the vectors do; empty where there are none by this encoder."""
        if self._texts is None:
            return ""
        with self._lock:
            try:
                if self._collection is None:
                    self._collection = VectorCollection.open(self._workspace, NAMES.collection)
                info = self._collection.info()
            except IndexMissing:
                return ""
        return info.version if info.fingerprint == self._texts.encoder.fingerprint else ""

    def fetch(self, row: dict[str, int]) -> TextSpace | None:
        """What was made, over the catalogue's ``row`` of each id; ``None`` where nothing was."""
        if not self.version() or self._collection is None or self._texts is None:
            return None
        self._collection.reopen()
        matrix = VectorMatrix.load(self._collection, self._workspace.cache_dir, NAMES.cache)
        if not len(matrix):
            return None
        return TextSpace(self._texts, VectorSearch(self._collection, matrix, row))

    def close(self) -> None:
        """Give the collection back; calling it twice is fine."""
        with self._lock:
            if self._collection is not None:
                self._collection.close()
            self._collection = None
