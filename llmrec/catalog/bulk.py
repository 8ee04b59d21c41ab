"""Bulk upserts that count what they did, with memory for one batch only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

__all__ = ["Upsert", "WriteCounts", "batched"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WriteCounts:
    """What became of the rows that were written; the first three add up to the rows given.

    ``texts`` are the review texts that were added, replaced or removed with events.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    texts: int = 0

    @property
    def changed(self) -> int:
        """Rows that made a difference."""
        return self.added + self.updated

    @property
    def total(self) -> int:
        """All rows given."""
        return self.added + self.updated + self.unchanged

    def __add__(self, other: WriteCounts) -> WriteCounts:
        return WriteCounts(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.texts + other.texts,
        )


class Upsert:
    """Writes batches of rows into one table; ``differs`` is the column that tells a change.

    What ``keeps`` names stays as it was first written.

    A batch costs one statement where all its rows are new, two where some are not: insert what is
    new (the driver counts it), then update what differs (the driver counts it). Rows are sorted by
    key, which keeps the writes of one batch to few pages of the tree.
    """

    def __init__(
        self, connection: Connection, table: sa.Table, differs: str, keeps: str | None = None
    ) -> None:
        self._connection = connection
        self._key_of = _key_reader(table)
        columns = list(table.c.keys())
        self._differs = columns.index(differs)
        self._keeps = columns.index(keeps) if keeps else None
        insert = _insert(connection, table)
        keys = list(table.primary_key.columns)
        new = {
            c.name: insert.excluded[c.name]
            for c in table.columns
            if not c.primary_key and c.name != keeps
        }
        changed = table.c[differs].is_distinct_from(insert.excluded[differs])
        self._insert = self._sql(insert.on_conflict_do_nothing(index_elements=keys))
        self._update = self._sql(
            insert.on_conflict_do_update(index_elements=keys, set_=new, where=changed)
        )

    def write(self, rows: Sequence[tuple[Any, ...]]) -> WriteCounts:
        """Write one batch; where a key stands twice in it, the later row wins."""
        single, counts = self._deduplicate(rows)
        added = self._execute(self._insert, single)
        updated = self._execute(self._update, single) if added < len(single) else 0
        return counts + WriteCounts(added, updated, len(single) - added - updated)

    def _deduplicate(
        self, rows: Sequence[tuple[Any, ...]]
    ) -> tuple[list[tuple[Any, ...]], WriteCounts]:
        by_key = {self._key_of(row): row for row in rows}
        if len(by_key) == len(rows):
            return [by_key[key] for key in sorted(by_key)], WriteCounts()
        last: dict[Any, tuple[Any, ...]] = {}
        updated = 0
        for row in rows:
            key = self._key_of(row)
            if key in last:
                updated += last[key][self._differs] != row[self._differs]
                row = self._kept(last[key], row)
            last[key] = row
        repeats = len(rows) - len(by_key)
        counts = WriteCounts(updated=updated, unchanged=repeats - updated)
        return [last[key] for key in sorted(last)], counts

    def _kept(self, first: tuple[Any, ...], row: tuple[Any, ...]) -> tuple[Any, ...]:
        at = self._keeps
        return row if at is None else (*row[:at], first[at], *row[at + 1 :])

    def _execute(self, sql: str, rows: list[tuple[Any, ...]]) -> int:
        result = self._connection.exec_driver_sql(
            sql, rows, execution_options={"preserve_rowcount": True}
        )
        return int(result.rowcount)

    def _sql(self, statement: Any) -> str:
        # Compiled once and handed to the driver as it stands: no work per row in between.
        return str(statement.compile(dialect=self._connection.dialect))


def batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size`` values, the last one shorter; itertools has it from Python 3.12 on."""
    source = iter(values)
    while batch := list(islice(source, size)):
        yield batch


def _insert(connection: Connection, table: sa.Table) -> Any:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def _key_reader(table: sa.Table) -> Any:
    from operator import itemgetter

    names = list(table.c.keys())
    return itemgetter(*(names.index(column.name) for column in table.primary_key.columns))
