"""Files and data sets of any shape as one thing: named columns, and rows of chosen ones.

What a source yields for a row is its number and its values, or its number and what was wrong with
the row as a whole (too few columns, not JSON). Values are whatever the format has: text for CSV,
typed values for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from llmrec.errors import DataError
from llmrec.ingest.rejects import BadRow

__all__ = [
    "ABSENT",
    "Rescued",
    "Row",
    "RowSource",
    "checked_columns",
    "numbered_columns",
    "repeated",
]

Row = tuple[int, "Sequence[Any] | BadRow"]
"""A row's 1-based number (of the line it begins on, where there are lines) and its content."""


class _Absent(str):
    """Blank text that can be told from a blank cell."""

    __slots__ = ()


ABSENT = _Absent()
"""Stands for a cell that a row does not have: a key that a JSON object lacks, a last column that a
line ends before. It says nothing of its field, where a blank cell says that there is none."""


class Rescued(list[Any]):
    """The cells of a line behind a quote that is not closed, which looks like a row.

    It may also be a line of the text in that quote. So it is taken only where all of it can be
    read; elsewhere a field that cannot be read does not cost the row.
    """


class RowSource(Protocol):
    """Rows to ingest."""

    @property
    def name(self) -> str:
        """As the user named it."""

    @property
    def format(self) -> str:
        """What it turned out to be, for the report."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of how it was read; complete when all rows have been."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """All rows, with the values of ``columns`` in that order. Read once.

        Raises:
            DataError: the source as a whole cannot be read on.
        """


def checked_columns(names: Sequence[str], file: str) -> tuple[str, ...]:
    """Column names without white space around; blank ones are called ``column N``.

    Raises:
        DataError: a name stands twice.
    """
    clean = _named(names)
    twice = next((name for name in clean if clean.count(name) > 1), None)
    if twice is not None:
        raise repeated(twice, clean.count(twice), file)
    return tuple(clean)


def numbered_columns(names: Sequence[str]) -> tuple[str, ...]:
    """Column names as :func:`checked_columns` has them, the second of a name as ``NAME (2)``.

    >>> numbered_columns(["id", "Meta", "", "Meta"])
    ('id', 'Meta', 'column 3', 'Meta (2)')
    """
    numbered: dict[str, None] = {}
    for name in _named(names):
        free, number = name, 2
        while free in numbered:
            free, number = f"{name} ({number})", number + 1
        numbered[free] = None
    return tuple(numbered)


def repeated(name: str, times: int, file: str, row: int = 1) -> DataError:
    """The refusal of a file whose column ``name`` cannot be told from another."""
    return DataError(
        f"the column '{name}' stands in the header {times} times.",
        file=file,
        row=row,
        hint="Rename one of them.",
    )


def _named(names: Sequence[str]) -> list[str]:
    return [name.strip() or f"column {i}" for i, name in enumerate(names, start=1)]
