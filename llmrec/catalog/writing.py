"""One transaction that writes items: it sees what it has written, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import Upsert, WriteCounts, batched
from llmrec.catalog.codec import ItemRow, item_from_row, item_row, with_one_id
from llmrec.catalog.schema import items
from llmrec.types import Item

__all__ = ["ItemWriting"]

_IDS_PER_QUERY = 500
_IDS_PER_PAGE = 10_000


class ItemWriting:
    """Writes items within a transaction; :meth:`CatalogStore.writing_items` begins and ends it.

    Attributes:
        changed: whether anything is different from before.
    """

    def __init__(
        self, connection: Connection, errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._connection, self._errors = connection, errors
        self._upsert = Upsert(connection, items, "content_hash")
        self._made: dict[str, tuple[Item, ItemRow]] = {}
        self.changed = False

    def items(self, ids: Collection[str]) -> dict[str, Item]:
        """Those of ``ids`` that are there, also if this transaction wrote them."""
        stored: dict[str, Item] = {}
        with self._errors():
            for part in batched(ids, _IDS_PER_QUERY):
                rows = self._connection.execute(sa.select(items).where(items.c.id.in_(part)))
                stored.update((row[0], item_from_row(row)) for row in rows)
        return stored

    def others(self, items_now: Mapping[str, Item]) -> dict[str, Item]:
        """What stands under these ids and is not the same item already.

        Most of a file that comes again is the same: then a hash is read instead of an item.

        Raises:
            DataError: an item that cannot be stored.
        """
        self._made = {id: (item, item_row(with_one_id(item))) for id, item in items_now.items()}
        place = list(items.c.keys()).index("content_hash")
        query = sa.select(items.c.id, items.c.content_hash)
        differ: list[str] = []
        with self._errors():
            for part in batched(self._made, _IDS_PER_QUERY):
                rows = self._connection.execute(query.where(items.c.id.in_(part)))
                differ.extend(row[0] for row in rows if row[1] != self._made[row[0]][1][place])
        return self.items(differ)

    def write(self, batch: Sequence[Item]) -> WriteCounts:
        """Add or update a batch that fits into memory; the same id twice: the later wins.

        Raises:
            DataError: an item that cannot be stored.
        """
        rows = [self._row(item) for item in batch]
        with self._errors():
            counts = self._upsert.write(rows) if rows else WriteCounts()
        self.changed = self.changed or bool(counts.changed)
        return counts

    def _row(self, item: Item) -> ItemRow:
        made = self._made.get(item.id)
        return made[1] if made is not None and made[0] is item else item_row(with_one_id(item))

    def count(self) -> int:
        """Number of items."""
        with self._errors():
            query = sa.select(sa.func.count()).select_from(items)
            return int(self._connection.execute(query).scalar_one())

    def ids(self) -> Iterator[list[str]]:
        """All ids in order, in lists."""
        last = ""
        while True:
            with self._errors():
                query = sa.select(items.c.id).where(items.c.id > last).order_by(items.c.id)
                page = [row[0] for row in self._connection.execute(query.limit(_IDS_PER_PAGE))]
            if not page:
                return
            yield page
            last = page[-1]

    def delete(self, ids: Collection[str]) -> int:
        """Remove items; their events stay, as events of unknown items.

        Returns:
            How many were there.
        """
        deleted = 0
        with self._errors():
            for part in batched(ids, _IDS_PER_QUERY):
                gone = self._connection.execute(items.delete().where(items.c.id.in_(part)))
                deleted += gone.rowcount
        self.changed = self.changed or deleted > 0
        return deleted
