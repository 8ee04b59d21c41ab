"""The tables of the catalogue database, the same on SQLite and PostgreSQL.

Only text, integers and floats are used, so that rows can go to the driver as plain tuples. Names
carry a prefix: a PostgreSQL database may hold the shop's own tables too. Text keys compare by code
point everywhere (``BINARY`` on SQLite, ``"C"`` on PostgreSQL), so that "ordered by id" means what
Python's ``sorted`` means.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

__all__ = [
    "SCHEMA_VERSION",
    "UNKNOWN_TIME",
    "Key",
    "event_order",
    "events",
    "forgotten",
    "items",
    "meta",
    "metadata",
]

SCHEMA_VERSION = 2
"""Raised whenever an older llmrec could no longer read what this one writes; see ``migrations``."""

UNKNOWN_TIME = 0
"""``events.at_us`` where the log gives no time: part of the key, so it cannot be null."""

metadata = MetaData()

Key = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that both databases order alike, by its bytes."""

items = Table(
    "llmrec_items",
    metadata,
    Column("id", Key, primary_key=True),
    Column("title", Text, nullable=False),
    Column("brand", Text),
    Column("category", Text, nullable=False, comment="JSON list, general to specific"),
    Column("price", Text, comment="decimal as written: exact, and the same on both databases"),
    Column("currency", Text),
    Column("language", Text),
    Column("stock", BigInteger),
    Column("attributes", Text, nullable=False, comment="JSON object of lists of strings"),
    Column("url", Text),
    Column("image_url", Text),
    Column("added_us", BigInteger, comment="microseconds since 1970 UTC"),
    Column("content_hash", Text, nullable=False),
    # Last, because it is long: SQLite then reads the columns above without touching its pages.
    Column("description", Text, nullable=False),
)

# On SQLite the key is the table (WITHOUT ROWID), so that a history is one range scan.
events = Table(
    "llmrec_events",
    metadata,
    Column("user_id", Key, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("item_id", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("value", Float(53)),
    # Not part of the key: the same event is the same event, whenever it comes again.
    Column("arrival", BigInteger, nullable=False, server_default="0", comment="running number"),
    PrimaryKeyConstraint("user_id", "at_us", "position", "item_id", "kind"),
    sqlite_with_rowid=False,
)

# Ratings alone, so that a log of clicks pays nothing for it. A database of an older llmrec has it
# not: there the ratings of a product are looked for in the whole log.
Index(
    "llmrec_events_rated",
    events.c.item_id,
    sqlite_where=text("kind = 'rating'"),
    postgresql_where=text("kind = 'rating'"),
)

event_order = (
    events.c.user_id,
    events.c.at_us,
    events.c.position,
    events.c.arrival,
    events.c.item_id,
    events.c.kind,
)
"""How a log is read: by user, time and position; what these leave open, as it came.

The last two say nothing of the log; they make the order of one database always the same.
"""

forgotten = Table(
    "llmrec_forgotten",
    metadata,
    Column("user_hash", Text, primary_key=True, comment="SHA-256 of the name, hexadecimal"),
    Column("at_us", BigInteger, nullable=False, comment="microseconds since 1970 UTC"),
)
"""Who was forgotten of late, for what was under way then; see ``forgetting``."""

meta = Table(
    "llmrec_meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""``schema_version``, the revision counters ``items`` and ``events``, and the last ``arrival``."""
