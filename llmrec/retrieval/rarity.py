"""What the words of a query weigh: as much as they are rare, ``log(1 + n_items / holding)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import log1p
from typing import Any, TypeAlias

from numpy.typing import NDArray

__all__ = ["RowsOf", "weighed"]

RowsOf: TypeAlias = Callable[[str], NDArray[Any]]
"""The ascending catalogue rows that hold a token."""


def weighed(
    read: Sequence[str], rows_of: RowsOf, n_items: int
) -> Iterator[tuple[str, NDArray[Any], float]]:
    """Each token once, with the rows that hold it and its weight; one that none holds weighs most.

    Args:
        read: tokens of a query.
        rows_of: where they are looked for.
        n_items: of the catalogue.
    """
    for token in dict.fromkeys(read):
        rows = rows_of(token)
        yield token, rows, log1p(n_items / max(len(rows), 1))
