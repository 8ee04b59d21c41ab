"""JSON as rows: an object a line, arrays of objects, and arrays inside of an object.

An array is read an object at a time, so that a file of gigabytes on one line needs the memory of
its largest object. The columns are the keys of all objects: the file is read twice, since a key may
come late, and only the first time would be too early to say what a column is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from llmrec.errors import DataError
from llmrec.ingest.readers import ABSENT, Row
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.streams import MAX_LINE_CHARS, Lines, Unpacked

__all__ = ["JsonSource", "is_by_line"]

_MAX_COLUMNS = 10_000
_RESYNC_CHARS = 2**20
_DEPTH = 3
"""APIs wrap their rows in fewer objects than that; whatever lies deeper is part of a row."""

_Object = tuple[int, "dict[str, Any] | BadRow"]

_LISTS = frozenset({
    "products", "items", "data", "results", "rows", "records", "events", "orders", "hits",
    "entries", "edges", "nodes", "articles", "catalog", "catalogue",
})  # fmt: skip
"""Keys under which APIs put their rows: one of them is taken before others, and before the object
that it stands in."""

_OF_A_ROW = frozenset({"id", "title", "name", "sku", "handle", "user", "user_id", "item"})
"""Keys of an object that is a row itself, so that other lists in it are its own fields."""

_SPACE = re.compile(r"[ \t\n\r\x1e\ufeff]*")  # \x1e parts the texts of a JSON text sequence
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|["\[\]{}]', re.DOTALL)
_NEXT_OBJECT = re.compile(r"\}\s*,?\s*(?=\{)")
_WORD = re.compile(r"[^\s,\[\]{}]+|.", re.DOTALL)
_decode = json.JSONDecoder().raw_decode


class JsonSource:
    """JSON Lines, or JSON documents: an array, an object around one, objects behind each other.

    A row's number is its line in JSON Lines, and its place where a document holds the rows.

    Args:
        reopen: opens the file from its start; called twice.
        encoding: its encoding, see :class:`~llmrec.ingest.streams.Lines`.
        limit: so many rows are wanted: the columns are those of them.

    Raises:
        DataError: nothing that is an object, or a document that ends too early.
    """

    def __init__(
        self, reopen: Callable[[], Unpacked], encoding: str | None = None, limit: int | None = None
    ) -> None:
        unpacked = reopen()
        self.name = unpacked.name
        self._reopen, self._encoding = reopen, encoding
        lines = Lines(unpacked, encoding)
        self._by_line = is_by_line(lines.peek())
        self.format = "JSON Lines" if self._by_line else "JSON"
        self.notes: tuple[str, ...] = ()
        self._path = ""
        self.columns = self._columns(lines, limit)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """See :class:`~llmrec.ingest.readers.RowSource`; a key that is not there is ``ABSENT``."""
        wanted = tuple(columns)
        for row, value in self._objects(Lines(self._reopen(), self._encoding)):
            if isinstance(value, BadRow):
                yield row, value
            else:
                get = value.get
                yield row, [get(name, ABSENT) for name in wanted]

    def _objects(self, lines: Lines) -> Iterator[_Object]:
        if self._by_line:
            return _of_lines(lines)
        walk = _Document(lines)
        return ((row, value) for path, row, value in walk.objects() if path == self._path)

    def _columns(self, lines: Lines, limit: int | None) -> tuple[str, ...]:
        """The keys of all objects, in the order of their first coming."""
        if self._by_line:
            keys: dict[str, None] = {}
            for _, value in islice(_of_lines(lines), limit):
                self._note(keys, value)
        else:
            keys = self._columns_of_document(lines, limit)
        if not keys:
            raise DataError(
                "no line of it is a JSON object." if self._by_line else "it holds no JSON objects.",
                file=self.name,
                hint="Give it one object a line or an array of objects, or name its format with "
                "--format.",
            )
        return tuple(keys)

    def _columns_of_document(self, lines: Lines, limit: int | None) -> dict[str, None]:
        walk, lists = _Document(lines), dict[str, dict[str, None]]()
        counts: Counter[str] = Counter()
        for path, _, value in walk.objects():
            counts[path] += 1
            if limit is None or counts[path] <= limit:
                self._note(lists.setdefault(path, {}), value)
        if lists:
            self._path = _best(counts, lists)
            others = [path for path in lists if path not in (self._path, "")]
            taken = [f"its rows are the list at '{self._path}'"] if self._path else []
            unread = [f"its list at '{path}' was not read" for path in others if self._path]
            self.notes = (*taken, *unread)
        return lists.get(self._path, {})

    def _note(self, keys: dict[str, None], value: dict[str, Any] | BadRow) -> None:
        if isinstance(value, BadRow) or value.keys() <= keys.keys():
            return
        keys.update(dict.fromkeys(value))
        if len(keys) > _MAX_COLUMNS:
            raise DataError(
                f"its objects have more than {_MAX_COLUMNS:,} different keys.",
                file=self.name,
                hint="Are products the values of one object, by their ids? Make them an array.",
            )


def is_by_line(head: str) -> bool:
    r"""Whether a file that begins like this holds one JSON object a line.

    >>> is_by_line('{"id": 1}\n{"id": 2}\n'), is_by_line('{\n "id": 1\n}'), is_by_line("[1]")
    (True, False, False)
    """
    first, _, rest = head.lstrip("\n \t\ufeff\x1e").partition("\n")
    if first.startswith("["):
        return False
    if not first.startswith("{"):
        return True
    try:
        value = json.loads(first.strip().removesuffix(","))
    except RecursionError:
        return True
    except ValueError:
        return rest.lstrip().startswith("{")
    wraps = isinstance(value, dict) and any(
        isinstance(inside, (dict, list)) for key, inside in value.items() if key.lower() in _LISTS
    )
    return bool(rest.strip()) or not wraps


def _best(counts: Counter[str], lists: dict[str, dict[str, None]]) -> str:
    """The list that holds the rows; the empty path stands for the document's own objects."""
    named = [path for path in lists if path and path.rpartition(".")[2].lower() in _LISTS]
    rows = {key.lower() for key in lists.get("", {})} & _OF_A_ROW
    if not named and (rows or set(lists) == {""}):
        return ""
    return max(named or [path for path in lists if path], key=lambda path: counts[path])


def _of_lines(lines: Lines) -> Iterator[_Object]:
    # A line is read only when the row before it has been handed out: with_nul speaks of it.
    for row, line in enumerate(lines, start=1):
        if not line.isspace():
            nul = lines.with_nul >= row
            yield row, BadRow("NUL characters in the row", value=line) if nul else _parsed(line)


def _parsed(line: str) -> dict[str, Any] | BadRow:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        try:  # a line that was cut out of an array has a comma behind its object
            value = json.loads(line.strip().removeprefix("\x1e").removesuffix(","))
        except (ValueError, RecursionError):
            return BadRow("not JSON", value=line)
    return value if isinstance(value, dict) else BadRow("not a JSON object", value=line)


class _Document:
    """Walks over the objects of a document, from a buffer that moves along its text.

    The buffer holds an object and a chunk of the file at most. It grows by doubling, so that no
    object is parsed more than a few times.
    """

    def __init__(self, lines: Lines) -> None:
        self._file = lines.name
        self._texts = lines.texts()
        self._text, self._at, self._ended = "", 0, False
        self._start: int | None = None
        self._places: Counter[str] = Counter()

    def objects(self) -> Iterator[tuple[str, int, dict[str, Any] | BadRow]]:
        """Path, place in its list, and content of all objects that stand at the top or in lists.

        Raises:
            DataError: the text ends too early, or is no JSON where nothing can be passed over.
        """
        while mark := self._next():
            if mark == "[":
                yield from self._list("")
            elif mark == "{":
                yield from self._object("")
            elif mark == ",":
                self._at += 1
            else:
                yield self._row("")

    def _object(self, path: str) -> Iterator[tuple[str, int, dict[str, Any] | BadRow]]:
        """The lists of an object, and at the top the object itself where it is not too large."""
        if not path:
            self._start = self._at
        self._at += 1
        while (key := self._key()) is not None:
            inner = f"{path}.{key}" if path else key
            mark = self._next()
            if mark == "[" and self._next(1) == "{":
                yield from self._list(inner)
            elif mark == "{" and inner.count(".") < _DEPTH:
                yield from self._object(inner)
            else:
                self._value()
        if not path and self._start is not None:
            self._at, self._start = self._start, None
            yield self._row("")
        self._start = None if not path else self._start

    def _list(self, path: str) -> Iterator[tuple[str, int, dict[str, Any] | BadRow]]:
        self._at += 1
        while (mark := self._next()) != "]":
            if not mark:
                raise self._cut()
            if mark == ",":
                self._at += 1
            else:
                yield self._row(path)
        self._at += 1

    def _row(self, path: str) -> tuple[str, int, dict[str, Any] | BadRow]:
        self._places[path] += 1
        value = self._value()
        if not isinstance(value, (dict, BadRow)):
            value = BadRow("not a JSON object", value=value)
        elif isinstance(value, dict) and len(value) <= 2 and isinstance(value.get("node"), dict):
            value = value["node"]  # GraphQL wraps each in an edge
        return path, self._places[path], value

    def _key(self) -> str | None:
        """The next key of an object, with its colon; ``None`` behind the object's end."""
        while (mark := self._next()) == ",":
            self._at += 1
        if mark == "}":
            self._at += 1
            return None
        key = self._value() if mark == '"' else None
        if not isinstance(key, str) or self._next() != ":":
            raise self._damaged() if mark else self._cut()
        self._at += 1
        return key

    def _next(self, further: int = 0) -> str:
        """The character at which something begins, ``further`` beyond here; empty at the end."""
        while True:
            space = _SPACE.match(self._text, self._at + further)
            end = self._at + further if space is None else space.end()
            if end < len(self._text):
                self._at = self._at if further else end
                return self._text[end]
            if self._ended:
                return ""
            self._more()

    def _more(self) -> None:
        """Add a chunk, or as much as there is, and drop what lies behind."""
        kept = self._at if self._start is None else min(self._at, self._start)
        if self._start is not None and len(self._text) - kept > MAX_LINE_CHARS:
            self._start, kept = None, self._at  # too large to be a row itself
        self._text, self._at = self._text[kept:], self._at - kept
        if self._start is not None:
            self._start -= kept
        wanted, pieces, size = max(1, len(self._text) - self._at), [], 0
        for piece in self._texts:
            pieces.append(piece)
            size += len(piece)
            if size >= wanted:
                break
        else:
            self._ended = True
        self._text += "".join(pieces)

    def _value(self) -> Any:
        """The value that begins here; a ``BadRow`` for one that is none."""
        while True:
            try:
                value, end = _decode(self._text, self._at)
            except (ValueError, RecursionError):
                after = self._bad_end()
                if after is not None:
                    text, self._at = self._text[self._at : after], after
                    return BadRow("not JSON", value=text.strip())
            else:
                # A number may go on in the next chunk, by two characters that are none yet: "2e-".
                if end + 3 <= len(self._text) or self._text[end - 1] in '}]"' or self._ended:
                    self._at = end
                    return value
            self._more()

    def _bad_end(self) -> int | None:
        """Where a value that is no JSON ends; ``None`` if more of it must be read."""
        after = self._balanced_end()
        left = len(self._text) - self._at
        if after is None and (self._ended or left > _RESYNC_CHARS):
            # A stray quote has turned texts and brackets around: go on at what looks like the next.
            following = _NEXT_OBJECT.search(self._text, self._at)
            if following is None and (self._ended or left > MAX_LINE_CHARS):
                raise self._cut()
            after = None if following is None else following.end()
        return after

    def _balanced_end(self) -> int | None:
        if self._text[self._at] not in '{["':
            word = _WORD.match(self._text, self._at)
            end = self._at + 1 if word is None else word.end()
            return end if end < len(self._text) or self._ended else None
        depth = 0
        for part in _STRING_OR_BRACKET.finditer(self._text, self._at):
            mark = part.group()
            if mark == '"':
                return None
            depth += (mark in "[{") - (mark in "]}")
            if depth == 0:
                return part.end()
        return None

    def _cut(self) -> DataError:
        return DataError(
            f"its JSON ends too early, or a text in it has no end, behind object "
            f"{sum(self._places.values()):,}.",
            file=self._file,
            hint="Copy or download the file again; nothing of it was written.",
        )

    def _damaged(self) -> DataError:
        return DataError(
            f"it is not JSON: {self._text[self._at : self._at + 40]!r} behind object "
            f"{sum(self._places.values()):,}.",
            file=self._file,
            hint="Mend that place, or give it one object a line.",
        )
