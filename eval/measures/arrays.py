"""Items as integers: the form in which a million lists fit into memory.

Recommendation lists are one integer array ``[n_users, depth]``, best first. A list that is shorter
than the others is filled up with :data:`NONE`; an item that the catalogue does not know stands as
:data:`UNKNOWN`: it takes up its rank, and nothing else is known of it. Sets of different sizes (the
relevant items of each user, histories) are a :class:`Ragged`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import DataError
from llmrec.types import BoolArray

__all__ = [
    "NONE",
    "UNKNOWN",
    "Doubles",
    "IntArray",
    "Ints",
    "ItemIndex",
    "Ragged",
    "check_lists",
    "numbered",
    "row_blocks",
]

Doubles: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
IntArray: TypeAlias = NDArray[np.integer[Any]]

NONE = -1
"""Where a list has ended."""
UNKNOWN = -2
"""An item that the index does not know."""

BLOCK_CELLS = 4_000_000
"""Cells of a list array that are looked at in one go; a block's copies stay below 100 MB."""


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different lengths: row ``i`` is ``values[offsets[i]:offsets[i + 1]]``.

    ``values`` is integer ``[total]``, ``offsets`` int64 ``[n_rows + 1]``.

    >>> rows = Ragged.of([[4, 2], [], [7]])
    >>> len(rows), rows.counts, rows.owners
    (3, array([2, 0, 1]), array([0, 0, 2]))
    """

    values: IntArray
    offsets: Ints

    @classmethod
    def of(cls, rows: Sequence[Collection[int]]) -> Ragged:
        """From collections of item numbers."""
        counts = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        values = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(counts.sum()))
        return cls(values, _offsets(counts))

    @classmethod
    def single(cls, values: IntArray) -> Ragged:
        """One value in each row: the targets of leave-one-out."""
        return cls(values, np.arange(len(values) + 1))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> Ints:
        """Length of each row, ``[n_rows]``."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> Ints:
        """Row of each value, ``[total]``."""
        return np.repeat(np.arange(len(self)), self.counts)

    def part(self, start: int, stop: int) -> Ragged:
        """Rows ``start`` to ``stop``, without a copy of the values."""
        ends = self.offsets[start : stop + 1]
        return Ragged(self.values[ends[0] : ends[-1]], ends - ends[0])

    def keep(self, wanted: BoolArray) -> Ragged:
        """The values that are ``wanted``, bool ``[total]``, in the same rows."""
        counts = np.bincount(self.owners[wanted], minlength=len(self))
        return Ragged(self.values[wanted], _offsets(counts))


class ItemIndex:
    """Numbers 0, 1, … for item ids, in the order given; an id given twice counts once.

    >>> index = ItemIndex(["a", "b", "a"])
    >>> index.lists([["b", "x", "a"], ["a"]], depth=2)
    array([[ 1, -2],
           [ 0, -1]], dtype=int32)
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._numbers = {item: number for number, item in enumerate(dict.fromkeys(ids))}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids; the number of each is its place."""
        return tuple(self._numbers)

    def lists(self, lists: Sequence[Sequence[str]], depth: int) -> NDArray[np.int32]:
        """Lists of ids as int32 ``[len(lists), depth]``: cut at ``depth``, or filled up."""
        lengths = np.fromiter((min(len(ids), depth) for ids in lists), np.int64, count=len(lists))
        ids = chain.from_iterable(ids[:depth] for ids in lists)
        numbers = np.fromiter(self._look_up(ids), np.int32, count=int(lengths.sum()))
        encoded = np.full((len(lists), depth), NONE, dtype=np.int32)
        encoded[np.arange(depth) < lengths[:, None]] = numbers
        return encoded

    def ragged(self, rows: Iterable[Iterable[str]]) -> Ragged:
        """Histories: order and repetitions stay; unknown ids stand as :data:`UNKNOWN`."""
        return Ragged.of([list(self._look_up(row)) for row in rows])

    def sets(self, rows: Iterable[Iterable[str]]) -> Ragged:
        """Relevant items: every id once; unknown ids stay, they count as missed."""
        return self.ragged(dict.fromkeys(row) for row in rows)

    def values(self, by_item: Mapping[str, float], default: float = 0.0) -> Doubles:
        """What a mapping says of each item, float64 ``[n_items]``."""
        return np.array(
            [by_item.get(number, default) for number in self._numbers], dtype=np.float64
        )

    def _look_up(self, ids: Iterable[str]) -> Iterator[int]:
        return (self._numbers.get(item, UNKNOWN) for item in ids)


def numbered(names: Iterable[str]) -> Ints:
    """The number of each name, from 0 in order of appearance.

    >>> numbered(["u", "v", "u"])
    array([0, 1, 0])
    """
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def check_lists(lists: IntArray, n_items: int) -> None:
    """Refuse arrays that are no lists of item numbers.

    Raises:
        DataError: not two-dimensional integers, a number of ``n_items`` or more, or a negative one
            that is neither :data:`NONE` nor :data:`UNKNOWN`.
    """
    if lists.ndim != 2 or not np.issubdtype(lists.dtype, np.integer):
        raise DataError(
            f"Lists must be integers [users, depth], not {lists.dtype} {list(lists.shape)}.",
            hint="Encode item ids with llmrec.eval.measures.arrays.ItemIndex.",
        )
    if lists.size and int(lists.max()) >= n_items:
        raise DataError(
            f"Item number {int(lists.max())} was recommended from a catalogue of {n_items} items.",
            hint="Number the items 0, 1, … in the order of the arrays that describe them.",
        )
    if lists.size and int(lists.min()) < UNKNOWN:
        raise DataError(
            f"The lists hold the number {int(lists.min())}, which is no item.",
            hint=f"Fill short lists up with {NONE}; {UNKNOWN} is an unknown item.",
        )


def row_blocks(n_rows: int, width: int) -> Iterator[slice]:
    """Slices of rows, :data:`BLOCK_CELLS` cells or one row each.

    >>> list(row_blocks(3, 2_000_000))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    step = max(1, BLOCK_CELLS // max(1, width))
    return (slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step))


def _offsets(counts: IntArray) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
