"""The lexical source: BM25 over the items' words (Robertson & Zaragoza 2009), by bm25s."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from llmrec.catalog.item_text import MAX_DESCRIPTION_CHARS, item_text
from llmrec.catalog.schema import items
from llmrec.catalog.store import CatalogStore
from llmrec.catalog.tokens import tokens, words
from llmrec.retrieval.cache import cached
from llmrec.retrieval.sources.base import Context, Hits, best
from llmrec.retrieval.spelling import Spelling
from llmrec.types import FloatArray, Item

__all__ = ["LexicalSource", "texts_digest"]

_MOST_SINGLE = 10
"""Single characters of a text that are looked for in pairs; a common one stands in thousands."""

_MOST_OFTEN = 8
"""A word said nine times is wanted no more; each time of saying goes through all items with it."""


class LexicalSource:
    """Items that hold the query's words, or, without a query, those of recently liked titles."""

    def __init__(self, index: Any, spelling: Spelling | None = None) -> None:
        self._index = index
        self.spelling = spelling or Spelling({})

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

    def scores(self, text: str) -> FloatArray:
        """Every catalogue row's score, float32 ``[n_items]``; empty where no word is known."""
        counts = Counter(token for token in self._tokens(text) if self.knows(token))
        by_count: dict[int, list[str]] = {}
        for token, number in counts.items():
            by_count.setdefault(min(number, _MOST_OFTEN), []).append(token)
        scores = np.zeros(0, np.float32)
        for number, group in by_count.items():
            counted = number * np.asarray(self._index.get_scores(group), np.float32)
            scores = counted if not len(scores) else scores + counted
        return scores

    def _tokens(self, text: str) -> Iterator[str]:
        """The text's tokens; for a single Chinese or Japanese character the pairs it stands in.

        "灯" is a whole word, but titles that are read as pairs of characters hold it in 台灯 only.
        And where no item has any of the words, those of Chinese or Japanese are taken apart: a shop
        without a 茶壶 (teapot) may have 茶具 (a tea set), and an encoder need not read either.
        """
        single: set[str] = set()
        read = tokens(text)
        if not any(map(self.knows, read)):
            read = [part for token in read for part in (token if token >= _FIRST_CJK else (token,))]
        for token in read:
            if len(token) > 1 or token < _FIRST_CJK or self.knows(token):
                yield token
            elif token not in single and len(single) < _MOST_SINGLE:
                single.add(token)
                yield from self._pairs.get(token, ())

    @cached_property
    def _pairs(self) -> dict[str, list[str]]:
        pairs: dict[str, list[str]] = {}
        for token in self._index.vocab_dict if self._index is not None else ():
            if len(token) == 2 and token[0] >= _FIRST_CJK:
                for character in set(token):
                    pairs.setdefault(character, []).append(token)
        return pairs

    def knows(self, token: str) -> bool:
        """Whether some item holds the token."""
        return self._index is not None and token in self._index.vocab_dict

    def rows(self, token: str) -> NDArray[np.int64]:
        """The catalogue rows that hold a token, ascending, int64 ``[k]``."""
        if not self.knows(token):
            return np.empty(0, np.int64)
        number, postings = self._index.vocab_dict[token], self._index.scores
        start, end = postings["indptr"][number : number + 2]
        return np.sort(postings["indices"][start:end]).astype(np.int64)


def texts_digest(store: CatalogStore) -> str:
    """Changes exactly when an item's id or text does: a new price leaves the index as it is."""
    digest = blake2b(digest_size=16)
    for rows in store.stream_rows(_TEXTS, _BATCH):
        digest.update(repr(rows).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


_BATCH = 2_000
_FIRST_CJK = "\u2e80"
_SPELLING = "spelling.json"
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
    spelt = Counter(word for batch in store.iter_items() for item in batch for word in _spelt(item))
    (folder / _SPELLING).write_text(json.dumps(spelt, ensure_ascii=False), encoding="utf-8")


def _spelt(item: Item) -> set[str]:
    """The words whose spelling a shop takes care of; descriptions are long and full of slips."""
    return set(words("\n".join((item.title, item.brand or "", *item.category))))


def _item_tokens(item: Item) -> Iterable[str]:
    """The title's words count twice: a word there says more than one in a description."""
    return [*tokens(item.title), *tokens(item_text(item))]


def _read(folder: Path) -> LexicalSource:
    import bm25s

    if not any(folder.iterdir()):
        return LexicalSource(None)
    spelt = json.loads((folder / _SPELLING).read_text(encoding="utf-8"))
    return LexicalSource(bm25s.BM25.load(folder, mmap=True), Spelling(spelt))
