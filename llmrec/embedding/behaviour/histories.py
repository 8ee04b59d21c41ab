"""Histories as arrays: laid end to end, so that nothing is computed for padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GAP_BUCKETS", "History", "IntArray", "Packed", "gap_buckets", "pack"]

IntArray = NDArray[np.int64]

GAP_BUCKETS = 32
"""Powers of two of seconds: the last but one begins at 34 years."""


@dataclass(frozen=True, slots=True)
class History:
    """What a shopper did, oldest first: item ids, and for each its kind and time where known.

    ``kinds`` are values of :class:`~llmrec.types.EventKind`, ``at`` seconds since 1970 UTC (nan
    where unknown); either is empty where nothing is known.
    """

    items: Sequence[str]
    kinds: Sequence[str] = ()
    at: Sequence[float] = ()


@dataclass(frozen=True)
class Packed:
    """``n`` histories of ``sum(lengths)`` events in all; every array int64.

    Attributes:
        items: item rows ``[events]``.
        kinds: 1-based numbers of kinds ``[events]``, 0 where unknown.
        gaps: buckets of the time since the event before ``[events]``, 0 where unknown.
        lengths: ``[n]``.
    """

    items: IntArray
    kinds: IntArray
    gaps: IntArray
    lengths: IntArray


def pack(
    histories: Sequence[History], row: Mapping[str, int], kinds: Mapping[str, int], limit: int
) -> Packed:
    """The last ``limit`` events of each history whose items are in ``row``; others are skipped.

    Args:
        histories: oldest first.
        row: the row of each item that has a vector.
        kinds: the 1-based number of each event kind.
        limit: most events of a history.
    """
    parts = [_known(history, row, kinds, limit) for history in histories]

    def joined(column: int) -> IntArray:
        return np.concatenate([np.empty(0, np.int64), *(part[column] for part in parts)])

    lengths = np.array([len(part[0]) for part in parts], np.int64)
    return Packed(joined(0), joined(1), joined(2), lengths)


def gap_buckets(at: NDArray[np.float64]) -> IntArray:
    """``1 + floor(log2 seconds)`` since the event before; 0 at the first and where unknown.

    >>> gap_buckets(np.array([10.0, 10.0, 14.0, np.nan])).tolist()
    [0, 1, 3, 0]
    """
    gap = np.diff(at, prepend=np.nan)
    known = np.isfinite(gap)
    seconds = np.maximum(np.where(known, gap, 1.0), 1.0)
    bucket = np.minimum(1 + np.floor(np.log2(seconds)), GAP_BUCKETS - 1)
    return np.where(known, bucket, 0).astype(np.int64)


def _known(
    history: History, row: Mapping[str, int], kinds: Mapping[str, int], limit: int
) -> tuple[IntArray, IntArray, IntArray]:
    places = [place for place, id in enumerate(history.items) if id in row][-limit:]
    items = np.array([row[history.items[place]] for place in places], np.int64)
    nothing = np.zeros(len(places), np.int64)
    named = nothing
    if kinds and len(history.kinds):
        named = np.array([kinds.get(history.kinds[place], 0) for place in places], np.int64)
    if not len(history.at):
        return items, named, nothing
    # Before the cut: the oldest event that is read has one before it, too.
    every = [place for place, id in enumerate(history.items) if id in row]
    gaps = gap_buckets(np.array([history.at[place] for place in every], np.float64))
    return items, named, gaps[len(every) - len(places) :]
