"""Rows that could not be ingested: what was wrong with them, and the file they are kept in."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from llmrec.config import disk_errors
from llmrec.errors import DataError

__all__ = ["BadRow", "RejectsFile"]

_SHOWN_CHARS = 200
_PARTIAL = ".partial"


class BadRow(DataError):
    """One row that cannot be used; the rest of the file goes on.

    Args:
        reason: why, in few words and without the value itself, so that rows can be counted by it.
        field: the file's name of the column, where one is to blame.
        value: what stood there.
    """

    def __init__(self, reason: str, *, field: str | None = None, value: object = None) -> None:
        super().__init__(reason, field=field)
        self.value = value


class RejectsFile:
    """``<source>-<UTC stamp>.jsonl`` in the workspace's rejects folder; made at the first reject.

    It is written under a partial name and renamed by :meth:`finish`, so that a complete name means
    a complete file. Each line has file, row, field, reason and the value, shortened. ``kept`` tells
    whether the row itself went in, without that field.

    Args:
        folder: where to put it.
        source: the file the rows come from, as the user named it.
    """

    def __init__(self, folder: Path, source: str) -> None:
        stem = re.sub(r"[^\w.-]+", "_", Path(source).name)[:100]
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%fZ")
        self._path = folder / f"{stem}-{stamp}.jsonl"
        self._source = source
        self._file: IO[str] | None = None
        self.reasons: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """How many rows were rejected so far."""
        return sum(self.reasons.values())

    def add(self, row: int, bad: BadRow) -> None:
        """Keep one row.

        Raises:
            DiskFull: no space left for it.
        """
        self.reasons[bad.reason] += 1
        self._write(row, bad, kept=False)

    def leave_out(self, row: int, bad: BadRow) -> None:
        """Keep what one field of a row said that went in without it.

        Raises:
            DiskFull: no space left for it.
        """
        self.left_out[f"{bad.field}: {bad.reason}"] += 1
        self._write(row, bad, kept=True)

    def _write(self, row: int, bad: BadRow, *, kept: bool) -> None:
        line = {
            "file": self._source,
            "row": row,
            "field": bad.field,
            "reason": bad.reason,
            "value": _shortened(bad.value),
            "kept": kept,
        }
        with disk_errors(self._path):
            self._open().write(json.dumps(line, ensure_ascii=False) + "\n")

    def finish(self) -> Path | None:
        """Give the file its name; ``None`` if nothing was rejected."""
        if self._file is None:
            return None
        with disk_errors(self._path):
            self._file.close()
            self._partial.replace(self._path)
        return self._path

    def discard(self) -> None:
        """Remove the file: what it belongs to was not ingested."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            for path in (self._partial, self._path):
                path.unlink(missing_ok=True)

    @staticmethod
    def sweep(folder: Path) -> None:
        """Remove what an ingest that was killed left unfinished; call it under the write lock."""
        for path in folder.glob(f"*{_PARTIAL}"):
            path.unlink(missing_ok=True)

    @property
    def _partial(self) -> Path:
        return self._path.with_name(self._path.name + _PARTIAL)

    def _open(self) -> IO[str]:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Values may hold lone surrogates, which UTF-8 cannot: they are written as escapes.
            self._file = self._partial.open("w", encoding="utf-8", errors="backslashreplace")
        return self._file


def _shortened(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}… ({len(text)} characters)"
