"""What shoppers have said of their own profiles: lines pinned, lines removed."""

from __future__ import annotations

import time
from typing import NamedTuple

import sqlalchemy as sa

from llmrec.agent.profile_line import ProfileLine
from llmrec.catalog.forgetting import check_remembered
from llmrec.catalog.stored import Stored
from llmrec.errors import DataError

__all__ = ["Edits", "ProfileEdits"]

MAX_PIN = 200
_tables = sa.MetaData()
_edits = sa.Table(
    "llmrec_profile_edits",
    _tables,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, comment="of a pinned line; null: the line was removed"),
    sa.Column("made_us", sa.BigInteger, nullable=False, comment="microseconds since 1970 UTC"),
)


class Edits(NamedTuple):
    """What one shopper has said: their own lines, oldest first, and the keys they removed."""

    pins: tuple[ProfileLine, ...]
    removed: frozenset[str]


class ProfileEdits(Stored):
    """The edits in a workspace's database; threads may share it."""

    tables = _tables

    def of(self, user: str) -> Edits:
        """What a shopper has said."""
        query = sa.select(_edits).where(_edits.c.user_id == user).order_by(_edits.c.made_us)
        with self._database.read() as connection, self._database.errors():
            rows = connection.execute(query).all()
        pins = tuple(ProfileLine(row.key, row.text, pinned=True) for row in rows if row.text)
        return Edits(pins, frozenset(row.key for row in rows if row.text is None))

    def pin(self, user: str, text: str) -> ProfileLine:
        """Keep a line of the shopper's own.

        Raises:
            DataError: it is empty or longer than 200 characters.
        """
        text = " ".join(text.split())
        if not 0 < len(text) <= MAX_PIN:
            raise DataError(
                f"A line of {len(text)} characters cannot be pinned.",
                field="text",
                hint=f"Write 1 to {MAX_PIN} characters.",
            )
        key = f"pin:{time.time_ns()}"
        self._write(user, key, text)
        return ProfileLine(key, text, pinned=True)

    def remove(self, user: str, key: str) -> None:
        """Take a line away for good; a pinned one is deleted, one of the log stays away."""
        this = (_edits.c.user_id == user) & (_edits.c.key == key)
        if key.startswith("pin:"):
            with self._database.erase() as connection, self._database.errors():
                connection.execute(_edits.delete().where(this))
            return
        self._write(user, key, None)

    def forget(self, user: str) -> int:
        """Remove all edits of a shopper, their bytes too; how many there were."""
        with self._database.erase() as connection, self._database.errors():
            gone = connection.execute(_edits.delete().where(_edits.c.user_id == user))
        return int(gone.rowcount)

    def _write(self, user: str, key: str, text: str | None) -> None:
        this = (_edits.c.user_id == user) & (_edits.c.key == key)
        row = {"user_id": user, "key": key, "text": text, "made_us": time.time_ns() // 1_000}
        with self._database.write() as connection, self._database.errors():
            check_remembered(connection, [user])
            connection.execute(_edits.delete().where(this))
            connection.execute(_edits.insert().values(**row))
