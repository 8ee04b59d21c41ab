"""Databases of older versions to today's schema, in the transaction that finds them old.

A step reads and writes nothing but what its own version had, in plain SQL or with tables of its
own: the tables of ``schema`` are today's and change again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.codec import item_from_row, item_row
from llmrec.catalog.schema import SCHEMA_VERSION, items, meta

__all__ = ["migrate"]

_BATCH = 1_000


def migrate(connection: Connection, version: int) -> None:
    """Bring the tables from ``version`` to today's, within the transaction of ``connection``."""
    for step in _STEPS[version - 1 :]:
        step(connection)
    new = meta.update().where(meta.c.key == "schema_version")
    connection.execute(new.values(value=SCHEMA_VERSION))


def _to_2(connection: Connection) -> None:
    """Events know in which order they came; an attribute has several values.

    Of events that are in, the order within a moment is not known: all have the same number, and
    are read as before.
    """
    connection.exec_driver_sql(
        "ALTER TABLE llmrec_events ADD COLUMN arrival BIGINT NOT NULL DEFAULT 0"
    )
    connection.execute(meta.insert().values(key="arrival", value=0))
    last = ""
    while rows := _with_attributes(connection, last):
        for row in rows:
            _rewrite(connection, row)
        last = rows[-1][0]


def _with_attributes(connection: Connection, after: str) -> list[Any]:
    query = sa.select(items).where(items.c.id > after, items.c.attributes != "{}")
    return list(connection.execute(query.order_by(items.c.id).limit(_BATCH)))


def _rewrite(connection: Connection, row: Any) -> None:
    # The hash moves with the attributes, so that a file of the same content still changes nothing.
    new = dict(zip(items.columns.keys(), item_row(item_from_row(row)), strict=True))
    changed = {name: new[name] for name in ("attributes", "content_hash")}
    connection.execute(items.update().where(items.c.id == row[0]).values(changed))


_STEPS: tuple[Callable[[Connection], None], ...] = (_to_2,)
"""Step ``n`` leads from schema ``n + 1`` to ``n + 2``."""
