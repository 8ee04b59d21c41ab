"""Files that are the whole catalogue: what is in none of them goes, if whoever runs it wants that.

An item stays where a row of its id was rejected: that the row is bad does not say that the product
is gone. Of a row that cannot be read at all every piece of text counts as an id.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llmrec.catalog.writing import ItemWriting
from llmrec.errors import DataError
from llmrec.ingest.readers import Row
from llmrec.ingest.rejects import BadRow

__all__ = ["Decide", "Mentioned", "Removal", "remove_others"]

SHOWN = 10
_MOST_REMOVED = 0.5
_MOST_REJECTED = 0.1
_WITHDRAWN = ("not published", "not for sale", "hidden in the shop")
"""Reasons by which the file itself says that an item is not to be shown."""

_PIECES = re.compile(r"[\s,;|:\x01\"'{}\[\]]+")
_CELLS = re.compile(r"[,;|\t\x01]")


@dataclass(frozen=True)
class Removal:
    """What would go, for whoever decides.

    Attributes:
        before: items that the catalogue had before.
        gone: how many of these are in none of the files.
        first: id and title of the first of them by id.
        rows: of the files.
        rejected: of these rows.
    """

    before: int
    gone: int
    first: tuple[tuple[str, str], ...]
    rows: int
    rejected: int

    @property
    def doubt(self) -> str:
        """Why these files may not be the whole catalogue after all; empty if nothing says so."""
        if self.gone > _MOST_REMOVED * self.before:
            return "more than half of the catalogue would go"
        if self.rejected > _MOST_REJECTED * self.rows:
            return f"{self.rejected:,} of {self.rows:,} rows were rejected"
        return ""


Decide = Callable[[Removal], bool]
"""Says whether what is in none of the files shall go."""


class Mentioned:
    """Ids that files speak of, eight bytes each."""

    def __init__(self) -> None:
        self.hashes = array("q")
        self._rows = array("q")
        self._of_rows = array("q")

    def watched(self, rows: Iterator[Row], id_of: Callable[[Sequence[Any]], str]) -> Iterator[Row]:
        """The rows of a file, whose ids are remembered until they are accepted or rejected."""
        self._rows, self._of_rows = array("q"), array("q")
        for row, values in rows:
            if not isinstance(values, BadRow):
                try:
                    hashed = hash(id_of(values))
                except BadRow:
                    pass
                else:
                    self._rows.append(row)
                    self._of_rows.append(hashed)
            yield row, values

    def rejected(self, row: int, bad: BadRow) -> None:
        """Keep the item of a rejected row, unless the file says that it is not sold."""
        if bad.reason.startswith(_WITHDRAWN):
            return
        place = bisect_left(self._rows, row)
        if place < len(self._rows) and self._rows[place] == row:
            self.hashes.append(self._of_rows[place])
        elif isinstance(bad.value, str):
            pieces = {*_PIECES.split(bad.value), *_CELLS.split(bad.value)}
            self.hashes.extend(hash(piece.strip().strip("\"'")) for piece in pieces)


def remove_others(
    writing: ItemWriting, mentioned: Mentioned, before: int, rows: int, rejected: int, ask: Decide
) -> int:
    """Remove the items that are not mentioned, if ``ask`` agrees; nothing is asked for none.

    Returns:
        How many went.

    Raises:
        DataError: it does not agree; the transaction is to be undone.
    """
    import numpy as np

    kept = np.unique(np.frombuffer(mentioned.hashes, dtype=np.int64))
    gone: list[str] = []
    for page in writing.ids():
        hashes = np.fromiter(map(hash, page), dtype=np.int64, count=len(page))
        places = np.minimum(np.searchsorted(kept, hashes), max(0, len(kept) - 1))
        stays = kept[places] == hashes if len(kept) else np.zeros(len(page), dtype=bool)
        gone.extend(id for id, stay in zip(page, stays.tolist(), strict=True) if not stay)
    if not gone:
        return 0
    first = writing.items(gone[:SHOWN])
    titles = tuple((id, first[id].title) for id in gone[:SHOWN])
    removal = Removal(before, len(gone), titles, rows, rejected)
    if not ask(removal):
        raise DataError(
            f"{removal.gone:,} of {before:,} products are in none of the files and stay: nothing "
            "was written.",
            hint="Say yes to it, or ingest the files without --replace.",
        )
    return writing.delete(gone)
