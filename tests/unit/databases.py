"""Databases for tests of what is stored: SQLite, and PostgreSQL where one is named."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

KINDS = ("sqlite", "postgresql")


@contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    """A new database of that kind: a file in the folder, or a schema of LLMREC_TEST_POSTGRES."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'catalog.db'}"
        return
    server = os.environ.get("LLMREC_TEST_POSTGRES")
    if not server:
        pytest.skip("LLMREC_TEST_POSTGRES names no PostgreSQL database")
    pytest.importorskip("psycopg")
    schema = f"llmrec_test_{uuid.uuid4().hex}"
    engine = sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    yield (
        sa.make_url(server)
        .update_query_dict({"options": f"-csearch_path={schema}"})
        .set(drivername="postgresql")
        .render_as_string(hide_password=False)
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()
