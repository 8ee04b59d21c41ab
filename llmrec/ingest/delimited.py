"""CSV and its relatives: what parts the columns, which quotes are quotes, what a bad quote spoils.

A quote that is opened and not closed makes the following lines part of its field, up to the next
quote wherever that stands. So a record of several lines is believed only where it ends as it should
and has the header's columns, and where its further lines do not look like rows of their own.
Otherwise its first line is set aside and reading goes on with the line behind it.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from llmrec.errors import ConfigError, DataError
from llmrec.ingest.readers import ABSENT, Rescued, Row, numbered_columns, repeated
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.streams import MAX_LINE_CHARS, Lines, Unpacked, packed_name

__all__ = ["CsvSource", "Quote", "parse_delimiter"]

Quote = Literal["double", "single", "none"]
"""Which character quotes a field; ``none``: quotes are text."""

_DELIMITERS = ",;\t|\x01"
_RARE_IN_TEXT = "\t|\x01"
"""Whoever parts columns by these seldom quotes, so that a line may be parted as it stands."""

_NAMES = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_SAMPLED = 50
_TYPICAL_FROM = 5
"""So many rows must agree before a column counts as one of single words; ids do from the first."""

_TEXT_LINES = 100
"""As far behind a bad quote a line must look like a row: descriptions are seldom longer, and rows
of another look than those of the sample are not to be lost for one quote above them."""

_MOST = 0.75
"""The sample may hold what a bad quote has made of rows: a kind is that of most cells."""

# Excel's hint at the delimiter, perhaps quoted, or followed by the delimiters of a saved sheet.
_SEP = re.compile(r"""["']?sep=(?P<delimiter>.)["']?(?P=delimiter)*\s*""", re.IGNORECASE)
_NUMBER = re.compile(r"[^\w\s]?\s?[-+]?\d[\d.,' \u00a0]*[^\w\s]?")
_UNCLOSED = "a quote that is opened in the row is not closed"


def parse_delimiter(text: str) -> str:
    r"""A delimiter as one writes it on a command line.

    Raises:
        ConfigError: not one character.

    >>> parse_delimiter("pipe"), parse_delimiter("\\t"), parse_delimiter("\\x01")
    ('|', '\t', '\x01')
    """
    named = _NAMES.get(text.strip().lower(), text)
    if re.fullmatch(r"\\t|\\x[0-9a-fA-F]{2}", named):
        named = named.encode("ascii").decode("unicode_escape")
    if len(named) != 1 or named in "\r\n\"'\\\x00" or named.isalnum():
        raise ConfigError(
            f"'{text}' cannot part columns.",
            hint=r"Give one character, or tab, comma, semicolon, pipe, space, \t, \x01.",
        )
    return named


class _Feed:
    """Lines for the csv module: it knows those of the current record and takes some back."""

    def __init__(self, head: list[str], lines: Iterator[str]) -> None:
        self._ahead = deque(head)
        self._lines = lines
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else next(self._lines)
        self.record.append(line)
        return line

    def give_back(self) -> None:
        """Only the first line of the record has been read."""
        self._ahead.extendleft(reversed(self.record[1:]))
        del self.record[1:]

    def peek(self) -> str:
        """The next line; blank at the end."""
        if not self._ahead:
            self._ahead.extend(islice(self._lines, 1))
        return self._ahead[0] if self._ahead else ""


_SUSPECT = 20
"""Lines behind a bad quote that must look like rows to be taken for rows."""


class CsvSource:
    """Columns parted by a character, with a header. Quoting as in RFC 4180, if not said otherwise.

    Blank rows are passed over, and so are blank cells behind the header's last column. A row that
    ends early is taken where its cells look like those of other rows and no next line seems to be
    the rest of it; the cells that it lacks are ``ABSENT``.

    Args:
        unpacked: the file.
        encoding: its encoding, see :class:`~llmrec.ingest.streams.Lines`.
        delimiter: what parts the columns; ``None``: a ``sep=`` line says it, or it is tried.
        quote: ``None``: double quotes; where the delimiter is rare in texts, a row whose quotes are
            no legal ones is parted as if they were text.

    Raises:
        DataError: no header, or not text.
    """

    def __init__(
        self,
        unpacked: Unpacked,
        encoding: str | None = None,
        delimiter: str | None = None,
        quote: Quote | None = None,
    ) -> None:
        self.name = unpacked.name
        self._lines = Lines(unpacked, encoding)
        stream = iter(self._lines)
        head = list(islice(stream, _SAMPLED))
        hinted, self._row = _drop_preamble(head)
        tabs = Path(packed_name(self.name)).suffix.lower() in (".tsv", ".tab")
        self._delimiter = delimiter or hinted or _delimiter(head, tabs)
        self._quote = quote
        self._plain = quote is None and self._delimiter in _RARE_IN_TEXT
        # The longest field is bounded by our own line limit; Python's 128 KiB is too low for HTML.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_CHARS))
        self._feed = _Feed(head, stream)
        self._spaced = quote is None and _is_spaced(head, self._delimiter)
        self._cells = _splitter(self._delimiter, quote, spaced=self._spaced)
        self._reader = self._cells(self._feed)
        header = self._header()
        self._width = len(header)
        while header and not header[-1].strip():
            header.pop()
        self._needed = len(header) or self._width
        self.columns = numbered_columns(header or [""] * self._width)
        self._kinds = _kinds(self._typical_of(head))
        self._behind = self._spoilt_to = 0
        self._short = self._texts = 0

    @property
    def format(self) -> str:
        """See :class:`~llmrec.ingest.readers.RowSource`."""
        if self._delimiter == "\t":
            return "TSV"
        shown = self._delimiter if self._delimiter.isprintable() else repr(self._delimiter)[1:-1]
        return "CSV" if shown == "," else f"CSV ({shown})"

    @property
    def notes(self) -> tuple[str, ...]:
        """See :class:`~llmrec.ingest.readers.RowSource`."""
        notes = []
        if self._short:
            ends = "1 row ends" if self._short == 1 else f"{self._short:,} rows end"
            notes.append(f"{ends} early: the last columns count as not said")
        if self._texts:
            holds = "1 row holds" if self._texts == 1 else f"{self._texts:,} rows hold"
            notes.append(f"{holds} quotes that were read as text")
        return tuple(notes)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """See :class:`~llmrec.ingest.readers.RowSource`."""
        self._refuse_repeated(columns)
        at = [self.columns.index(name) for name in columns]
        width = self._width
        reader, lines, record = self._reader, self._lines, self._feed.record
        row = self._row
        while True:
            row += len(record)
            record.clear()
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                content = self._spoilt(row, error)
            else:
                plain = len(values) == width and len(record) == 1 and row > self._behind
                if plain and lines.with_nul < row and (values[0] or any(values)):
                    yield row, [values[i] for i in at]
                    continue
                content = self._checked(row, values)
            if isinstance(content, BadRow):
                yield row, content
            elif content:
                cells = [content[i] for i in at]
                yield row, Rescued(cells) if row <= self._behind else cells

    def _refuse_repeated(self, columns: Sequence[str]) -> None:
        for name in columns:
            # Columns of one attribute may be called alike: all are read.
            if f"{name} (2)" in self.columns and f"{name} (2)" not in columns:
                times = 1 + sum(
                    bool(re.fullmatch(rf"{re.escape(name)} \(\d+\)", column))
                    for column in self.columns
                )
                raise repeated(name, times, self.name, self._row)

    def _checked(self, row: int, values: list[str]) -> Sequence[Any] | BadRow:
        """What the fast way leaves: blank rows, NULs, other widths, several lines, bad company."""
        record, width = self._feed.record, self._width
        if not any(value.strip() for value in values):
            return []
        if self._has_nul(row):
            return BadRow("NUL characters in the row", value=self._delimiter.join(values))
        if len(values) > width and not any(value.strip() for value in values[width:]):
            values = values[:width]
        fits = self._needed <= len(values) <= width
        if len(record) > 1 and not (fits and not self._swallows_rows()):
            return self._first_line(row, self._other_width(values) if not fits else _UNCLOSED)
        if row <= self._behind and fits and self._likeness(values) is False:
            return BadRow(
                "it stands behind a quote that is not closed and does not look like a row",
                value=self._delimiter.join(values),
            )
        if fits:
            self._behind = self._spoilt_to
            return values + [""] * (width - len(values))
        if len(values) < width and self._ends_early(values):
            self._short += 1
            return values + [ABSENT] * (width - len(values))
        return BadRow(self._other_width(values), value=self._delimiter.join(values))

    def _other_width(self, values: Sequence[str]) -> str:
        many = len(values) > self._width
        over = " over several lines" if len(self._feed.record) > 1 else ""
        return f"{'more' if many else 'fewer'} columns than the header{over}"

    def _spoilt(self, row: int, error: csv.Error) -> Sequence[str] | BadRow:
        """What to make of a record that the csv module refuses."""
        text, record = str(error), self._feed.record
        if "NUL" in text or (len(record) == 1 and self._has_nul(row)):
            return BadRow("NUL characters in the row", value="".join(record))
        ends = "unexpected end" in text or "field larger" in text or len(record) > 1
        # The text may go on below: only what looks like a row is taken for a while.
        self._behind = max(self._behind, row + _SUSPECT)
        return self._first_line(row, _UNCLOSED if ends else f"malformed: {text}")

    def _first_line(self, row: int, reason: str) -> Sequence[str] | BadRow:
        """Take the record's first line alone, and give the others back to be read as rows."""
        feed = self._feed
        lines = min(len(feed.record) - 1, _TEXT_LINES)
        self._spoilt_to = max(self._spoilt_to, row + lines)
        feed.give_back()
        line = feed.record[0].rstrip("\n")
        self._behind = max(self._behind, self._spoilt_to)
        for cells in self._readings(line):
            if len(cells) == self._width and self._likeness(cells) is not False:
                self._texts += 1
                return cells
        # Its text may go on below, until a line may be a row again.
        self._behind = row + _TEXT_LINES
        return BadRow(reason, value=line)

    def _readings(self, line: str) -> Iterator[list[str]]:
        """Other ways to read a line with bad quotes."""
        if self._plain:
            yield line.split(self._delimiter)
        if '\\"' in line:  # as MySQL and Spark write it
            try:
                yield next(
                    csv.reader([line], delimiter=self._delimiter, escapechar="\\", strict=True)
                )
            except csv.Error:
                return

    def _has_nul(self, row: int) -> bool:
        # with_nul may speak of a line that was looked at in advance.
        return self._lines.with_nul >= row and any("\x00" in line for line in self._feed.record)

    def _swallows_rows(self) -> bool:
        """Whether most of the record's further lines look like rows: a list in a text does not."""
        first, *others = self._feed.record
        further = [line for line in others if not line.isspace()]
        quoted, like = first[0] in "\"'", 0
        for line in further:
            many = line.count(self._delimiter) >= self._needed - 1
            if many and (line[0] in "\"'") == quoted:  # rows of a file begin alike
                cells = _loosely(line, self._delimiter)
                # A quote behind the first words ends the field above; no id ends with one.
                like += '"' not in cells[0] and self._likeness(cells) is True
        return like * 2 > len(further)

    def _ends_early(self, values: list[str]) -> bool:
        """Whether a short row lacks only blank cells, and is not half of a row that was broken."""
        if len(values) < 2 or not self._may_be_row(values):
            return False
        following = self._feed.peek()
        if not following.strip():
            return True
        cells = _loosely(following, self._delimiter)
        return len(cells) >= self._needed or (len(cells) > 1 and self._may_be_row(cells))

    def _may_be_row(self, cells: Sequence[str]) -> bool:
        """Where the sample has no whole row, all rows end early."""
        return not self._kinds or self._likeness(cells) is True

    def _typical_of(self, sample: Sequence[str]) -> list[list[str]]:
        """Rows of the sample that stand on a line each and have all columns.

        Those above the first bad quote, if there are some: below it may be pieces of a text.
        """
        above = self._whole_rows(sample, strict=True)
        return above if len(above) > 1 else self._whole_rows(sample, strict=False)

    def _whole_rows(self, sample: Sequence[str], strict: bool) -> list[list[str]]:
        rows: list[list[str]] = []
        # A bad quote in the sample ends the rows of a strict reader.
        with suppress(csv.Error):
            reader = _splitter(self._delimiter, self._quote, strict, self._spaced)(iter(sample))
            for cells in islice(reader, 1, None):
                if len(cells) == self._width and not any("\n" in cell for cell in cells):
                    rows.append(cells)
        return rows

    def _likeness(self, cells: Sequence[str]) -> bool | None:
        """Whether cells are like most others: numbers where numbers stand, words where words do.

        ``None`` where no column is of a kind, so that nothing can be said. Short rows are compared
        by the cells that they have.
        """
        numbers = words = matched = 0
        for kind, cell in zip(self._kinds, map(str.strip, cells), strict=False):
            numbers += kind == "9"
            if kind == "t" or not cell:
                continue
            if not (_NUMBER.fullmatch(cell) if kind == "9" else " " not in cell):
                return False
            matched, words = matched + (kind == "9"), words + (kind == "w")
        # Where numbers are due, a single word below words is too little: texts have those too.
        return True if matched or (words and not numbers) else None

    def _header(self) -> list[str]:
        try:
            names: list[str] | None = next(self._reader, None)
        except csv.Error as error:
            raise DataError(
                f"the header cannot be read: {error}.",
                file=self.name,
                row=self._row,
                hint="Close its quotes, or say --quote none where they are text. Is it a CSV file? "
                "Other formats are named with --format.",
            ) from error
        if names is None:
            raise DataError("there is no header.", file=self.name, hint="Is it complete?")
        if any("\x00" in name for name in names):
            raise DataError(
                "NUL characters in the header.",
                file=self.name,
                row=self._row,
                hint="If it is text in two-byte units, say --encoding utf-16.",
            )
        return names


def _splitter(
    delimiter: str, quote: Quote | None, strict: bool = True, spaced: bool = False
) -> Callable[[Iterator[str]], Any]:
    if quote == "none":
        return lambda lines: csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    mark = "'" if quote == "single" else '"'
    return lambda lines: csv.reader(
        lines, delimiter=delimiter, quotechar=mark, strict=strict, skipinitialspace=spaced
    )


def _is_spaced(sample: Sequence[str], delimiter: str) -> bool:
    """Whether cells are quoted behind a space: ``1, "Lamp, big", 5``, as people write it by hand.

    Not where a cell only begins with a word in quotes: ``1, "Best" mug``.
    """
    if delimiter == " ":
        return False
    text, mark = "".join(sample), re.escape(delimiter)
    cells = len(re.findall(f'{mark} +"', text))
    whole = re.findall(f'{mark} +"(?:[^"\\n]|"")*"(?= *(?:{mark}|$))', text, re.MULTILINE)
    return cells > 0 and len(whole) * 4 >= cells * 3


def _loosely(line: str, delimiter: str) -> list[str]:
    cells: list[str] = next(csv.reader([line], delimiter=delimiter), [])
    return cells


def _drop_preamble(head: list[str]) -> tuple[str | None, int]:
    """Take what stands before the header out of the sample: blank lines, ``sep=``, comments.

    Returns:
        The delimiter that a ``sep=`` line names, and the number of the header's line.
    """
    hinted, row = None, 1
    while head:
        sep = _SEP.fullmatch(head[0].rstrip("\n"))
        if sep and hinted is None:
            hinted = sep["delimiter"]
        elif head[0].strip() and not _is_comment(head):
            break
        del head[0]
        row += 1
    return hinted, row


def _is_comment(head: list[str]) -> bool:
    """``#`` begins a comment, save where the line has the columns of the next: ``#id,title``."""
    if not head[0].startswith("#") or len(head) == 1:
        return False
    following = head[1] if not head[1].startswith("#") else ""
    delimiter = _delimiter([following], False)
    return not following or head[0].count(delimiter) != following.count(delimiter)


def _delimiter(sample: list[str], tabs: bool) -> str:
    """What parts the header and the lines below it alike, into the most columns."""
    header = "".join((sample[0] if sample else "").split('"')[::2])
    tried = [mark for mark in _DELIMITERS if mark in header]
    if tabs and "\t" in tried:
        return "\t"

    def fitness(mark: str) -> tuple[float, int]:
        try:
            widths = [len(cells) for cells in csv.reader(sample, delimiter=mark) if cells]
        except csv.Error:
            return 0.0, 0
        alike = sum(width == widths[0] for width in widths[1:])
        return alike * (widths[0] - 1), widths[0]

    return max(tried, key=fitness) if tried else ","


def _kinds(rows: list[list[str]]) -> str:
    """A letter a column: ``9`` numbers, ``w`` single words, ``t`` anything; none without rows."""
    kinds = ""
    for place, column in enumerate(zip(*rows, strict=True)):
        cells = [cell.strip() for cell in column if cell.strip()]
        numbers = sum(_NUMBER.fullmatch(cell) is not None for cell in cells)
        words = sum(" " not in cell for cell in cells)
        if cells and numbers >= _MOST * len(cells):
            kinds += "9"
        elif (place == 0 or len(cells) >= _TYPICAL_FROM) and words >= _MOST * len(cells):
            kinds += "w"
        else:
            kinds += "t"
    return kinds
