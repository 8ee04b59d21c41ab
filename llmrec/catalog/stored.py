"""What everything that is kept in a workspace's database has in common: opened by URL, closed."""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar

import sqlalchemy as sa
from typing_extensions import Self

from llmrec.catalog.database import Database

__all__ = ["Stored"]


class Stored:
    """A part of a workspace's database; threads may share it.

    Args:
        database: prepared; it gets the part's own tables if it has none yet.
    """

    tables: ClassVar[sa.MetaData | None] = None
    """The part's own; ``None`` where they belong to every database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        if self.tables is not None:
            database.ensure(self.tables)

    @classmethod
    def open(cls, url: str, *, timeout: float = 10.0) -> Self:
        """Open the database at ``url``, creating its tables if it is new.

        Args:
            url: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``.
            timeout: seconds to wait for another process that is writing.

        Raises:
            CatalogError: it is not a database, damaged, or out of reach.
            WorkspaceError: a newer llmrec made it.
            ConfigError: the URL is not one of a database we know.
            LockedError: it lacks a table, being new or an older llmrec's, and somebody else is
                writing to it.
        """
        database = Database(url, timeout)
        try:
            database.prepare()
            return cls(database)
        except BaseException:
            database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; calling it twice is fine."""
        self._database.close()
