"""A connection to the catalogue's database: made by URL, created if new, and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url

from llmrec.catalog.dberrors import database_errors, database_name
from llmrec.catalog.migrations import migrate
from llmrec.catalog.schema import SCHEMA_VERSION, meta, metadata
from llmrec.errors import CatalogError, ConfigError, MissingExtra, WorkspaceError

__all__ = ["Database"]

_WRITE_CACHE_KIB = 65_536  # a bulk write touches many pages; readers are many, and keep little
_READ_CACHE_KIB = 4_096
_QUIETLY = (sa.exc.SQLAlchemyError, sqlite3.Error)
_CREATION_LOCK = 0x6C6C6D72  # "llmr": PostgreSQL has no "create table if absent" free of races


class Database:
    """An engine with read and write transactions; every error comes out as one of ours.

    Readers see one state of the database from their first statement on. Writers come one after
    the other: the second waits up to ``timeout`` seconds and then gets a ``LockedError``.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self.url = _parse(url)
        self._timeout = timeout
        self.engine = self._engine()

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Map database errors raised inside."""
        with database_errors(self.url):
            yield

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction over one state of the database."""
        with self.errors():
            connection = self.engine.connect()
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
        try:
            yield connection
        finally:
            with suppress(*_QUIETLY):
                connection.close()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back by any exception."""
        with self.errors():
            connection = self.engine.connect().execution_options(llmrec_write=True)
        try:
            with self.errors():
                self._cache(connection, _WRITE_CACHE_KIB)
                connection.begin()
                self._wait_for_writers(connection)
            yield connection
            with self.errors():
                connection.commit()
        except BaseException:
            with suppress(*_QUIETLY):
                connection.rollback()
            raise
        finally:
            with suppress(*_QUIETLY):
                self._cache(connection, _READ_CACHE_KIB)
            with suppress(*_QUIETLY):
                connection.close()

    @contextmanager
    def erase(self) -> Iterator[Connection]:
        """A write transaction that leaves nothing of what it removes in SQLite's files.

        Older pages stay in the write-ahead log for a while if a reader still needs them.
        """
        with self.write() as connection:
            if self.dialect == "sqlite":
                with self.errors():
                    connection.exec_driver_sql("PRAGMA secure_delete = ON")
            yield connection
        if self.dialect == "sqlite":
            with self.errors(), self.engine.connect() as settling:
                driver: Any = settling.connection.dbapi_connection  # outside of any transaction
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def ensure(self, tables: sa.MetaData) -> None:
        """Create tables of a part of ours that has its own, where they are missing."""
        with self.read() as connection, self.errors():
            there = set(sa.inspect(connection).get_table_names())
        if not set(tables.tables) <= there:  # looking needs no turn among the writers
            with self.write() as connection, self.errors():
                tables.create_all(connection)

    def prepare(self) -> None:
        """Create the tables in a new database; bring those of an older llmrec to today's.

        Raises:
            WorkspaceError: a newer llmrec made it.
            CatalogError: it has tables of our names that are not ours, or it is an older llmrec's
                and cannot be written.
        """
        with self.read() as connection, self.errors():
            version = self._version(connection)
        if version is None:
            version = self._create()
        if version > SCHEMA_VERSION:
            raise WorkspaceError(
                f"The database {self.name} was made by a newer llmrec (schema {version}, "
                f"this one reads up to {SCHEMA_VERSION}).",
                hint="Upgrade llmrec: pip install -U llmrec",
            )
        if version < SCHEMA_VERSION:
            self._migrate()

    @property
    def name(self) -> str:
        """How to speak of it, without its password."""
        return database_name(self.url)

    def close(self) -> None:
        """Give all connections back."""
        with suppress(*_QUIETLY):
            self.engine.dispose()

    def _engine(self) -> Engine:
        options: dict[str, Any] = {}
        if self.url.drivername.startswith("postgresql"):
            # Positional parameters, as on SQLite: bulk writes hand plain tuples to the driver.
            options = {"paramstyle": "format", "pool_pre_ping": True}
            # A database without an encoding (SQL_ASCII) would hand out bytes.
            options["connect_args"] = {"client_encoding": "utf8"}
        try:
            engine = sa.create_engine(self.url, **options)
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "psycopg", extra="serve") from error
        if engine.dialect.name == "sqlite":
            _configure_sqlite(engine, self._timeout)
        return engine

    def _cache(self, connection: Connection, kib: int) -> None:
        if self.dialect == "sqlite":
            driver: Any = connection.connection.dbapi_connection  # outside of any transaction
            driver.execute(f"PRAGMA cache_size = -{kib}")

    def _wait_for_writers(self, connection: Connection) -> None:
        if self.dialect == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(self._timeout * 1000)}")
            if sa.inspect(connection).has_table(meta.name):
                connection.execute(sa.select(meta.c.key).with_for_update()).all()

    def _version(self, connection: Connection) -> int | None:
        tables = set(sa.inspect(connection).get_table_names())
        if meta.name in tables:
            query = sa.select(meta.c.value).where(meta.c.key == "schema_version")
            version: int | None = connection.execute(query).scalar()
            if version is not None:
                return version
        if tables & set(metadata.tables):
            raise CatalogError(
                f"The database {self.name} has tables named like llmrec's that are not llmrec's.",
                hint="Name another database in llmrec.toml.",
            )
        return None

    def _create(self) -> int:
        if self.dialect == "sqlite":
            with self.errors(), self.engine.connect() as connection:
                # Kept in the file: readers and a writer then do not wait for each other.
                driver: Any = connection.connection.dbapi_connection
                driver.execute("PRAGMA journal_mode = WAL")
        with self.write() as connection, self.errors():
            if self.dialect == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK})")
            version = self._version(connection)  # somebody else may have been faster
            if version is not None:
                return version
            metadata.create_all(connection)
            start = {"schema_version": SCHEMA_VERSION, "items": 0, "events": 0, "arrival": 0}
            for key, value in start.items():
                connection.execute(meta.insert().values(key=key, value=value))
        return SCHEMA_VERSION

    def _migrate(self) -> None:
        try:
            with self.write() as connection, self.errors():
                version = self._version(connection)
                # Another process may have done it while this one waited for its turn.
                if version is not None and version < SCHEMA_VERSION:
                    migrate(connection, version)
        except CatalogError as error:
            raise CatalogError(
                f"An older llmrec made this database, and it cannot be brought to schema "
                f"{SCHEMA_VERSION}; it is as it was. {error.message}",
                hint=error.hint,
            ) from error


def _parse(text: str) -> URL:
    try:
        url = make_url(text)
    except sa.exc.ArgumentError as error:
        raise ConfigError(
            f"'{text}' is not a database URL.",
            hint="Write sqlite:///FILE or postgresql://USER@HOST/DATABASE.",
        ) from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ConfigError(
            f"'{url.drivername}' is not a database that llmrec stores catalogues in.",
            hint="Write sqlite:///FILE or postgresql://USER@HOST/DATABASE.",
        )
    if url.drivername.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise ConfigError(
            "A catalogue in memory cannot be shared between connections.",
            hint="Name a file: sqlite:///FILE.",
        )
    return url


def _configure_sqlite(engine: Engine, timeout: float) -> None:
    @sa.event.listens_for(engine, "connect")
    def _connect(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # the driver must not begin transactions by itself
        dbapi.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")
        dbapi.execute("PRAGMA synchronous = NORMAL")
        dbapi.execute("PRAGMA foreign_keys = ON")
        dbapi.execute(f"PRAGMA cache_size = -{_READ_CACHE_KIB}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("llmrec_write", False)
        # A transaction that reads first and writes later could not wait for another writer.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
