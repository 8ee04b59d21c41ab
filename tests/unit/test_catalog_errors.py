"""Databases that are foreign, damaged, newer, locked, full or out of reach."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from llmrec.catalog.dberrors import database_errors
from llmrec.catalog.schema import SCHEMA_VERSION
from llmrec.catalog.store import CatalogStore
from llmrec.errors import (
    CatalogError,
    ConfigError,
    DataError,
    DiskFull,
    LLMRecError,
    LockedError,
    WorkspaceError,
)
from llmrec.types import Item


def open_store(path: Path, timeout: float = 0.1) -> CatalogStore:
    return CatalogStore.open(f"sqlite:///{path}", timeout=timeout)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.db"
    with open_store(path) as store:
        store.write_items(Item(f"i{number:04}", "title " * 20) for number in range(500))
    return path


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(b"id,title\n1,Kettle\n" * 100)
    with pytest.raises(CatalogError, match=r"catalog\.db is not a llmrec catalogue") as caught:
        open_store(path)
    assert caught.value.hint
    assert path.read_bytes() == b"id,title\n1,Kettle\n" * 100


def test_a_damaged_database(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\x00" * (len(whole) - 8192))
    with pytest.raises(CatalogError, match="is damaged"), open_store(path) as store:
        list(store.iter_items())


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE llmrec_items (sku TEXT)")
    with pytest.raises(CatalogError, match="not llmrec's"):
        open_store(path)


def test_tables_of_other_names_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE items (sku TEXT)")
        other.execute("INSERT INTO items VALUES ('a')")
        other.commit()
    with open_store(path) as store:
        store.write_items([Item("a", "")])
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT * FROM items").fetchall() == [("a",)]


def test_a_newer_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            "UPDATE llmrec_meta SET value = ? WHERE key = 'schema_version'", (SCHEMA_VERSION + 1,)
        )
        other.commit()
    with pytest.raises(WorkspaceError, match="newer llmrec") as caught:
        open_store(path)
    assert "pip install -U llmrec" in caught.value.hint


def test_a_locked_database(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other, open_store(path) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedError, match="locked by another process"):
            store.write_items([Item("new", "")])
        assert store.count_items() == 500  # reading goes on
        other.execute("ROLLBACK")
        assert store.write_items([Item("new", "")]).added == 1


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anything")
def test_a_read_only_database(path: Path) -> None:
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with pytest.raises(CatalogError), open_store(path) as store:
            store.write_items([Item("new", "")])
    finally:
        path.parent.chmod(0o700)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="cannot be opened"):
        open_store(tmp_path / "nowhere" / "catalog.db")


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://localhost/shop", "sqlite://", "sqlite:///:memory:", ""]
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CatalogStore.open(url)
    assert "sqlite:///FILE" in caught.value.hint


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(CatalogError, match="cannot be reached") as caught:
        CatalogStore.open("postgresql://shop:secret@127.0.0.1:1/shop")
    assert "127.0.0.1:1" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_full_database_writes_nothing(path: Path) -> None:
    """SQLite's own page limit gives the very error that a full disk gives."""
    with open_store(path) as store:
        before = store.revision()
        with store._database.engine.connect() as connection:
            driver = connection.connection.dbapi_connection
            driver.execute("PRAGMA max_page_count = 100")
        with pytest.raises(DiskFull) as caught:
            store.write_items(Item(f"n{number}", "x" * 1000) for number in range(9000))
        assert caught.value.hint
        assert (store.count_items(), store.revision()) == (500, before)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small tmpfs cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_writes_nothing(small_disk: Path) -> None:
    path = small_disk / "catalog.db"
    with open_store(path) as store:
        store.write_items(Item(f"i{number}", "title") for number in range(100))
        with pytest.raises(DiskFull):
            store.write_items(Item(f"n{number}", "x" * 1000) for number in range(9000))
        assert store.count_items() == 100
    with open_store(path) as store:  # and after the process has let go of it
        assert store.count_items() == 100
        assert store.write_items([Item("small", "")]).added == 1


def test_a_disk_that_is_full_from_the_start(small_disk: Path) -> None:
    with suppress(OSError), open(small_disk / "filler", "wb") as filler:
        while True:
            filler.write(b"\x00" * 4096)
            filler.flush()
    with pytest.raises(LLMRecError) as caught:
        open_store(small_disk / "catalog.db")
    assert isinstance(caught.value, DiskFull)
    (small_disk / "filler").unlink()
    with open_store(small_disk / "catalog.db") as store:
        assert store.count_items() == 0


def test_many_open_a_new_database_at_once(tmp_path: Path) -> None:
    path, failures = tmp_path / "catalog.db", []

    def work(number: int) -> None:
        try:
            with open_store(path, timeout=20) as store:
                store.write_items([Item(f"i{number}", "")])
        except LLMRecError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_store(path) as store:
        assert store.count_items() == 8


def test_a_killed_writer_leaves_nothing_behind(path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from llmrec.catalog.store import CatalogStore\n"
        "from llmrec.types import Item\n"
        "def items():\n"
        "    for number in range(2_000):\n"
        "        yield Item(f'n{number}', 'x' * 50_000)\n"  # more than the cache holds
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "CatalogStore.open(sys.argv[1]).write_items(items())\n"
    )
    command = [sys.executable, "-c", script, f"sqlite:///{path}"]
    assert subprocess.run(command, check=False).returncode == -9
    assert path.with_name("catalog.db-wal").stat().st_size > 1_000_000  # it had begun to write
    with open_store(path) as store:
        assert store.count_items() == 500
        assert store.write_items([Item("n0", "x")]).added == 1


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


@pytest.mark.parametrize("url", ["sqlite:///catalog.db", "postgresql+psycopg://host/shop"])
def test_every_error_of_the_driver_becomes_one_of_ours(url: str) -> None:
    base: type[Exception] = sqlite3.Error
    if url.startswith("postgresql"):
        base = pytest.importorskip("psycopg").Error
    kinds = list(subclasses(base))
    assert len(kinds) > 5
    for kind in kinds:
        wrapped = sa.exc.DBAPIError.instance("SELECT 1", (), kind("it failed"), base)
        with pytest.raises(LLMRecError) as caught, database_errors(sa.make_url(url)):
            raise wrapped
        assert caught.value.hint, kind
        assert "SELECT" not in caught.value.message


@pytest.mark.parametrize(
    "kind", ["TimeoutError", "ResourceClosedError", "PendingRollbackError", "NoSuchTableError"]
)
def test_errors_of_the_library_become_ours_too(kind: str) -> None:
    with pytest.raises(CatalogError), database_errors(sa.make_url("sqlite:///catalog.db")):
        raise getattr(sa.exc, kind)("it failed")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("LockNotAvailable", LockedError),
        ("DeadlockDetected", LockedError),
        ("DiskFull", DiskFull),
        ("InsufficientPrivilege", CatalogError),
        ("InvalidPassword", CatalogError),
        ("NotNullViolation", DataError),
        ("NumericValueOutOfRange", DataError),
    ],
)
def test_what_postgresql_says(state: str, kind: type[LLMRecError]) -> None:
    psycopg = pytest.importorskip("psycopg")
    error = getattr(psycopg.errors, state)("it failed")
    wrapped = sa.exc.DBAPIError.instance("SELECT 1", (), error, psycopg.Error)
    url = sa.make_url("postgresql+psycopg://shop:secret@host/shop")
    with pytest.raises(kind) as caught, database_errors(url):
        raise wrapped
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)
