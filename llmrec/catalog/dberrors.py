"""What a database can complain about, mapped to our errors in one place."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exc
from sqlalchemy.engine import URL

from llmrec.errors import CatalogError, DataError, DiskFull, LLMRecError, LockedError

__all__ = ["database_errors", "database_name"]

_NEARLY_FULL = 1 << 20
_RESTORE = "Restore it from a backup, or move it away and ingest your files again."
_SQLITE = (
    ("is locked", LockedError, "is locked by another process", "Try again when it has finished."),
    (
        "disk is full",
        DiskFull,
        "cannot grow: no space left on the device",
        "Free some space and run the same command again; nothing was half-written.",
    ),
    ("not a database", CatalogError, "is not a llmrec catalogue", _RESTORE),
    ("malformed", CatalogError, "is damaged", _RESTORE),
    ("unable to open", CatalogError, "cannot be opened", "Check that its folder exists."),
    ("binding parameter", DataError, "cannot hold a value of that type", "Give text or numbers."),
    ("readonly", CatalogError, "cannot be written", "Check the permissions of it and its folder."),
)
_POSTGRES = {
    "55P03": (LockedError, "is locked by another process", "Try again when it has finished."),
    "40P01": (LockedError, "is written by another process", "Try again when it has finished."),
    "40001": (LockedError, "is written by another process", "Try again when it has finished."),
    "53100": (DiskFull, "cannot grow: no space left on its device", "Free some space there."),
    "42501": (CatalogError, "refuses this user", "Grant it the right to create and write tables."),
}


def database_name(url: URL) -> str:
    """How to speak of a database: its file, or its address without password and options."""
    if url.drivername.startswith("sqlite"):
        return url.database or ""
    return url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def database_errors(url: URL) -> Iterator[None]:
    """Turn whatever the database or its driver raises into one of our errors.

    Raises:
        LockedError: another process holds a write transaction for longer than the timeout.
        DiskFull: no space left; the transaction is rolled back.
        DataError: a value that the database cannot hold (NUL, lone surrogate, too large a number).
        CatalogError: everything else: damaged, unreachable, not permitted.
    """
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        raise _translate(error, url) from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise DataError(
            f"A value cannot be stored: {error}.", hint="Clean the text or number at its source."
        ) from error


def _translate(error: exc.SQLAlchemyError | sqlite3.Error, url: URL) -> LLMRecError:
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    text = " ".join(str(cause).split()).rstrip(".")
    if isinstance(error, (exc.IntegrityError, exc.DataError)):
        return DataError(f"A row cannot be stored: {text}.", hint="Mend it at its source.")
    if url.drivername.startswith("sqlite"):
        return _sqlite(text, url.database or "")
    return _postgres(getattr(cause, "sqlstate", None), text, database_name(url))


def _sqlite(text: str, name: str) -> LLMRecError:
    for needle, kind, what, hint in _SQLITE:
        if needle in text:
            return kind(f"The database {name} {what}.", hint=hint)
    if "disk I/O error" in text and _is_full(name):
        return DiskFull(
            f"No space left on the device of {name}.",
            hint="Free some space and run the same command again; nothing was half-written.",
        )
    return CatalogError(f"The database {name} failed: {text}.", hint=_RESTORE)


def _postgres(state: str | None, text: str, name: str) -> LLMRecError:
    if state is None:
        return CatalogError(
            f"The database {name} cannot be reached: {text}.",
            hint="Check that it runs, and the database URL in llmrec.toml.",
        )
    kind, what, hint = _POSTGRES.get(
        state, (CatalogError, f"failed: {text} ({state})", "Ask whoever runs the database.")
    )
    return kind(f"The database {name} {what}.", hint=hint)


def _is_full(path: str) -> bool:
    try:
        return shutil.disk_usage(Path(path).parent).free < _NEARLY_FULL
    except OSError:
        return False
