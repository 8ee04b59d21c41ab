"""What a second run need not ask again: retrieved candidates and the model's label scores.

Both are filed under a hash of everything that makes them, so nothing in the cache is ever out of
date: another question has another key. There is nothing to clear but disk space; delete the file.

- Label scores: engine, model, its weights' fingerprint, its settings, the adapter's files, and the
  prompt with its labels as the model reads it. The prompt holds the history, the candidates, their
  order (the seed) and the template, so all of these count too. Fusion weights and ks do not.
- Candidates: data and part (so the items and the log), retrieval settings, encoder, the cards of
  what was learned for retrieval, the history that was asked, how many, and llmrec's version. Who
  changes the retrieval code itself without a new version should run with ``--no-cache``.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from llmrec.errors import WorkspaceError

__all__ = ["FORMAT", "AnswerCache", "digest_of"]

FORMAT = 1
"""Raised when what is stored changes; older entries are then never found."""


class AnswerCache:
    """Bytes by key in one SQLite file; processes may share it.

    ``hits`` and ``misses`` count the look-ups since it was opened.
    """

    def __init__(self, file: Path) -> None:
        self.hits = self.misses = self._told = 0
        self._file = file
        self._lock = threading.Lock()
        with self._errors():
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(file, timeout=60, check_same_thread=False)
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value BLOB) STRICT"
            )

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are known."""
        with self._lock, self._errors():
            values = {
                key: row[0]
                for key in keys
                for row in self._database.execute("SELECT value FROM answers WHERE key = ?", (key,))
            }
        self.hits += len(values)
        self.misses += len(keys) - len(values)
        return values

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Keep values; they are on the disk when this returns."""
        with self._lock, self._errors(), self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO answers VALUES (?, ?)", list(values.items())
            )

    def used(self) -> bool:
        """Whether anything was found since this was last asked."""
        before, self._told = self._told, self.hits
        return self.hits > before

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise WorkspaceError(
                f"The cache {self._file} cannot be used: {error}.",
                hint="Delete that file, or run with --no-cache.",
            ) from error


def digest_of(*parts: object) -> bytes:
    """20 bytes that tell these parts, in this order, from any others."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()
