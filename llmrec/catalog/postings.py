"""Which rows hold which term: one sorted array for all terms, and where each term's part starts."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Postings", "PostingsBuilder"]

K = TypeVar("K", bound=Hashable)

_NONE = np.empty(0, dtype=np.int32)


class Postings(Generic[K]):
    """Rows by term. Memory: 4 bytes for each pair of row and term, plus the terms."""

    def __init__(
        self, codes: dict[K, int], starts: NDArray[np.int64], rows: NDArray[np.int32]
    ) -> None:
        self._codes = codes
        self._starts = starts
        self._rows = rows

    def rows(self, term: K) -> NDArray[np.int32]:
        """Rows that hold ``term``, ascending; empty for a term that nobody has."""
        code = self._codes.get(term)
        if code is None:
            return _NONE
        return self._rows[self._starts[code] : self._starts[code + 1]]

    def __iter__(self) -> Iterator[K]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


class PostingsBuilder(Generic[K]):
    """Collects pairs of row and term, rows ascending."""

    def __init__(self) -> None:
        self._codes: dict[K, int] = {}
        self._pair_codes = array("i")
        self._pair_rows = array("i")

    def add(self, row: int, terms: Iterable[K]) -> None:
        """Say that ``row`` holds ``terms``."""
        for term in terms:
            self._pair_codes.append(self._codes.setdefault(term, len(self._codes)))
            self._pair_rows.append(row)

    def build(self) -> Postings[K]:
        """The finished postings."""
        codes = np.array(self._pair_codes, dtype=np.int32)
        rows = np.array(self._pair_rows, dtype=np.int32)
        order = np.argsort(codes, kind="stable")  # stable: rows stay ascending within a term
        counts = np.bincount(codes, minlength=len(self._codes))
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return Postings(self._codes, starts, rows[order])
