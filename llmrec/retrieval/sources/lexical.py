"""The lexical source: BM25 over the items' words (Robertson & Zaragoza 2009), by bm25s."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from llmrec.catalog.item_text import MAX_DESCRIPTION_CHARS, item_text
from llmrec.catalog.schema import items
from llmrec.catalog.store import CatalogStore
from llmrec.catalog.tokens import tokens
from llmrec.retrieval.cache import cached
from llmrec.retrieval.sources.base import Context, Hits, best
from llmrec.types import FloatArray, Item

__all__ = ["LexicalSource", "texts_digest"]


_MOST_OFTEN = 8
"""A word said nine times is wanted no more; each time of saying goes through all items with it."""


class LexicalSource:
    """Items that hold the query's words, or, without a query, those of recently liked titles."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def load(cls, store: CatalogStore, cache: Path, key: str) -> LexicalSource:
        """Read the index from ``cache``, or make it from ``store`` if ``key`` is not there yet."""
        return cached(cache, "lexical", key, build=lambda folder: _write(store, folder), load=_read)

    def top(self, context: Context, depth: int) -> Hits:
        """The best scores above 0 among allowed items."""
        scores = self.scores(context.words)
        if not len(scores):
            return Hits.none()
        rows = np.flatnonzero(context.allowed & (scores > 0))
        return best(rows, scores[rows], depth)

    def scores(self, words: str) -> FloatArray:
        """Every catalogue row's score, float32 ``[n_items]``; empty where no word is known."""
        known = [] if self._index is None else tokens(words)
        counts = Counter(token for token in known if token in self._index.vocab_dict)
        by_count: dict[int, list[str]] = {}
        for token, count in counts.items():
            by_count.setdefault(min(count, _MOST_OFTEN), []).append(token)
        scores = np.zeros(0, np.float32)
        for count, group in by_count.items():
            found = count * np.asarray(self._index.get_scores(group), np.float32)
            scores = found if not len(scores) else scores + found
        return scores


def texts_digest(store: CatalogStore) -> str:
    """Changes exactly when an item's id or text does: a new price leaves the index as it is."""
    digest = blake2b(digest_size=16)
    for rows in store.stream_rows(_TEXTS, _BATCH):
        digest.update(repr(rows).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


_BATCH = 2_000
_TEXTS = sa.select(
    items.c.id,
    items.c.title,
    items.c.brand,
    items.c.category,
    items.c.attributes,
    sa.func.substr(items.c.description, 1, MAX_DESCRIPTION_CHARS),
).order_by(items.c.id)


def _write(store: CatalogStore, folder: Path) -> None:
    import bm25s

    # Numbers, not strings: a token that occurs a million times is stored once.
    vocabulary: dict[str, int] = {}
    documents = [
        [vocabulary.setdefault(token, len(vocabulary)) for token in _item_tokens(item)]
        for batch in store.iter_items()
        for item in batch
    ]
    if not vocabulary:
        return
    index = bm25s.BM25(method="lucene")
    index.index((documents, vocabulary), show_progress=False)
    index.save(folder, show_progress=False)


def _item_tokens(item: Item) -> Iterable[str]:
    """The title's words count twice: a word there says more than one in a description."""
    return [*tokens(item.title), *tokens(item_text(item))]


def _read(folder: Path) -> LexicalSource:
    import bm25s

    if not any(folder.iterdir()):
        return LexicalSource(None)
    return LexicalSource(bm25s.BM25.load(folder, mmap=True))
