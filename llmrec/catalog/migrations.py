"""Databases of older versions to today's schema, in the transaction that finds them old.

A step reads and writes nothing but what its own version had, in plain SQL or with tables of its
own: the tables of ``schema`` are today's and change again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.schema import SCHEMA_VERSION
from llmrec.catalog.values import split_values
from llmrec.errors import CatalogError

__all__ = ["migrate"]

_BATCH = 1_000
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def migrate(connection: Connection, version: int) -> None:
    """Bring the tables from ``version`` to today's, within the transaction of ``connection``."""
    for step in _STEPS[version - 1 :]:
        step(connection)
    connection.execute(
        sa.text("UPDATE llmrec_meta SET value = :version WHERE key = 'schema_version'"),
        {"version": SCHEMA_VERSION},
    )


def _to_2(connection: Connection) -> None:
    """Events know in which order they came; an attribute has several values.

    Of events that are in, the order within a moment is not known: all have the same number, and
    are read as before. The counters stay: what is in memory or on disk for a revision still holds.
    """
    connection.exec_driver_sql(
        "ALTER TABLE llmrec_events ADD COLUMN arrival BIGINT NOT NULL DEFAULT 0"
    )
    connection.exec_driver_sql("INSERT INTO llmrec_meta (key, value) VALUES ('arrival', 0)")
    update = sa.text(
        "UPDATE llmrec_items SET attributes = :attributes, content_hash = :hash WHERE id = :id"
    )
    for rows in _with_attributes(connection):
        connection.execute(update, [_with_lists(*row) for row in rows])


def _with_attributes(connection: Connection) -> Iterator[list[Any]]:
    """The rows of items that have attributes, in lists; all columns, the hash's place apart."""
    query = sa.text(
        "SELECT id, title, brand, category, price, currency, language, stock, attributes, url,"
        " image_url, added_us, description FROM llmrec_items"
        " WHERE id > :after AND attributes <> '{}' ORDER BY id LIMIT :batch"
    )
    after = ""  # no item has an empty id
    while rows := list(connection.execute(query, {"after": after, "batch": _BATCH})):
        yield rows
        after = rows[-1][0]


def _with_lists(*row: Any) -> dict[str, Any]:
    """What becomes of a row; no other field is decoded, so that an odd one stops nothing."""
    try:
        named: dict[str, str] = json.loads(row[8])
    except ValueError as error:
        raise CatalogError(
            f"The attributes of item '{row[0]}' cannot be read.",
            hint="Restore the database from a backup, or delete that row.",
        ) from error
    attributes = _encode({name: split_values(text, name) for name, text in named.items()})
    # The hash moves with the attributes, so that a file of the same content still changes nothing.
    content = _encode([*row[:8], attributes, *row[9:]]).encode("utf-8", "surrogatepass")
    content_hash = blake2b(content, digest_size=16).hexdigest()
    return {"id": row[0], "attributes": attributes, "hash": content_hash}


_STEPS: tuple[Callable[[Connection], None], ...] = (_to_2,)
"""Step ``n`` leads from schema ``n + 1`` to ``n + 2``."""
