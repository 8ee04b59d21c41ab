"""Files and data sets of any shape as one thing: named columns, and rows of chosen ones.

What a source yields for a row is its number and its values, or its number and what was wrong with
the row as a whole (too few columns, not JSON). Values are whatever the format has: text for CSV,
typed values for the others.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, Protocol

from llmrec.errors import DataError
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.streams import MAX_LINE_CHARS, Lines, Unpacked

__all__ = ["CsvSource", "JsonLinesSource", "Row", "Source", "checked_columns"]

Row = tuple[int, "Sequence[Any] | BadRow"]
"""A row's 1-based number (of the line it begins on, where there are lines) and its content."""

_PEEKED = 200


class Source(Protocol):
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

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """All rows, with the values of ``columns`` in that order. Read once.

        Raises:
            DataError: the source as a whole cannot be read on.
        """


class CsvSource:
    """CSV or TSV with a header. Quoting as in RFC 4180; the delimiter is the header's.

    Args:
        unpacked: the file.
        encoding: its encoding, see :class:`~llmrec.ingest.streams.Lines`.

    Raises:
        DataError: no header, a column that stands twice in it, or not text.
    """

    def __init__(self, unpacked: Unpacked, encoding: str | None = None) -> None:
        self.name = unpacked.name
        self._lines = Lines(unpacked, encoding)
        stream = iter(self._lines)
        head = next(stream, "")
        self._delimiter = _delimiter(head)
        self.format = "TSV" if self._delimiter == "\t" else "CSV"
        # The longest field is bounded by our own line limit; Python's 128 KiB is too low for HTML.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_CHARS))
        self._reader = csv.reader(chain([head], stream), delimiter=self._delimiter, strict=True)
        self.columns = checked_columns(self._header(), self.name)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """See :class:`Source`."""
        at = [self.columns.index(name) for name in columns]
        width = len(self.columns)
        reader, lines = self._reader, self._lines
        while True:
            row = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield row, self._bad_quotes(row, error)
                continue
            if len(values) == width and lines.with_nul < row:
                yield row, [values[i] for i in at]
            elif values:
                yield row, self._bad(row, values)

    def _bad(self, row: int, values: list[str]) -> BadRow:
        if self._lines.with_nul >= row:
            return BadRow("NUL characters in the row", value=self._delimiter.join(values))
        many = len(values) > len(self.columns)
        reason = f"{'more' if many else 'fewer'} columns than the header"
        return BadRow(reason, value=self._delimiter.join(values))

    def _bad_quotes(self, row: int, error: csv.Error) -> BadRow:
        text = str(error)
        if "unexpected end" in text or "field larger" in text:
            raise DataError(
                "a quote that is opened in this row is not closed.",
                file=self.name,
                row=row,
                hint='Close it, or double it where it is part of the text ("").',
            ) from error
        nul = "NUL" in text or self._lines.with_nul >= row
        return BadRow("NUL characters in the row" if nul else f"malformed: {text}")

    def _header(self) -> list[str]:
        try:
            names = next(self._reader)
        except csv.Error as error:
            raise DataError(
                f"the header cannot be read: {error}.",
                file=self.name,
                row=1,
                hint="Is it a CSV file? Other formats are named with --format.",
            ) from error
        if any("\x00" in name for name in names):
            raise DataError(
                "NUL characters in the header.",
                file=self.name,
                row=1,
                hint="If it is text in two-byte units, say --encoding utf-16.",
            )
        return names


class JsonLinesSource:
    """JSON Lines: one object a line. Its columns are the keys of the first lines.

    Raises:
        DataError: an array instead, or nothing that is an object.
    """

    format = "JSON Lines"

    def __init__(self, unpacked: Unpacked, encoding: str | None = None) -> None:
        self.name = unpacked.name
        self._lines = Lines(unpacked, encoding)
        # A line is read only when the row before it has been handed out: with_nul speaks of it.
        self._rows = self._objects()
        self._peeked = list(islice(self._rows, _PEEKED))
        keys = dict.fromkeys(key for _, one in self._peeked if isinstance(one, dict) for key in one)
        if not keys:
            raise DataError(
                "no line of its beginning is a JSON object.",
                file=self.name,
                hint="Give it one object a line, or name its format with --format.",
            )
        self.columns = tuple(keys)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """See :class:`Source`; a key that an object lacks is ``None``."""
        wanted = tuple(columns)
        for row, value in chain(self._peeked, self._rows):
            if isinstance(value, BadRow):
                yield row, value
            else:
                yield row, [value.get(name) for name in wanted]

    def _objects(self) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
        for row, line in enumerate(self._lines, start=1):
            if line.isspace():
                continue
            if row == 1 and line.lstrip().startswith("["):
                raise DataError(
                    "it is one JSON array, which cannot be read row by row.",
                    file=self.name,
                    hint="Turn it into JSON Lines: jq -c '.[]' FILE > FILE.jsonl",
                )
            yield row, self._parse(row, line)

    def _parse(self, row: int, line: str) -> dict[str, Any] | BadRow:
        if self._lines.with_nul >= row:
            return BadRow("NUL characters in the row", value=line)
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            return BadRow("not JSON", value=line)
        return value if isinstance(value, dict) else BadRow("not a JSON object", value=line)


def checked_columns(names: Sequence[str], file: str) -> tuple[str, ...]:
    """Column names without white space around; blank ones are called ``column N``.

    Raises:
        DataError: a name stands twice.
    """
    clean = [name.strip() or f"column {i}" for i, name in enumerate(names, start=1)]
    twice = sorted({name for name in clean if clean.count(name) > 1})
    if twice:
        raise DataError(
            f"the column '{twice[0]}' stands in the header {clean.count(twice[0])} times.",
            file=file,
            row=1,
            hint="Rename one of them.",
        )
    return tuple(clean)


def _delimiter(head: str) -> str:
    """What parts the most columns of the header: European programs write semicolons."""
    outside_quotes = "".join(head.split('"')[::2])
    return max(",;\t", key=outside_quotes.count)
