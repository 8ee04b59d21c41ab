"""A database that schema 1 made, opened today: nothing is lost, and it is brought up whole or not.

On SQLite and, where LLMREC_TEST_POSTGRES names one, on PostgreSQL.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import KINDS, database_url
from retrieval_shop import make_shop

from llmrec.agent.sessions import Sessions
from llmrec.catalog.codec import item_from_row, item_row
from llmrec.catalog.keys import KeyStore
from llmrec.catalog.matching import matches
from llmrec.catalog.schema import SCHEMA_VERSION
from llmrec.catalog.scopes import Scope
from llmrec.catalog.snapshot import Snapshot
from llmrec.catalog.store import CatalogStore, WriteCounts
from llmrec.embedding import HashingEncoder
from llmrec.errors import CatalogError, WorkspaceError
from llmrec.retrieval.index import build_index
from llmrec.retrieval.retriever import RetrievalRequest, Retriever
from llmrec.types import Event, EventKind, Filters, Item

SCRIPT = Path(__file__).parents[1] / "golden" / "schema_1.sql"
KEY = "llmrec_ebfd3a1e_4l4Nbz8mVQ78LjnXG6mcno9J5KZPirjghY6SdMetK9c"
SESSION = "66477843c10a734b93a12b96f7d1e32b"

ATTRIBUTES = {
    "BANK-1": {"capacity": ("10,000 mAh",), "weight": ("1,5 kg",)},
    "JACKET-1": {"size": ("S", "M", "L"), "colour": ("navy",)},
    "JACKET-2": {"size": ("M",)},
    "JACKET-3": {"size": ("S", "M"), "care": ("wash cold, do not bleach, hang to dry",)},
    "KETTLE-1": {},
    "SHIRT-1": {"material": ("Cotton 60 %", "Polyester 40 %"), "größe": ("S", "M")},
}


def for_sqlite(script: str) -> str:
    return script.replace("TEXT_KEY", "TEXT")


def make_old(url: str) -> None:
    """Schema 1 with its rows, by its own SQL."""
    script = SCRIPT.read_text(encoding="utf-8")
    if url.startswith("sqlite"):
        with sqlite3.connect(sa.make_url(url).database or "") as connection:
            connection.executescript(f"PRAGMA journal_mode = WAL; {for_sqlite(script)}")
        connection.close()
        return
    script = script.replace("TEXT_KEY", 'TEXT COLLATE "C"').replace("WITHOUT ROWID", "")
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                # A "%" in a text is no placeholder.
                connection.exec_driver_sql(statement.replace("%", "%%"))
    engine.dispose()


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    url = url.replace("postgresql:", "postgresql+psycopg:")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
    engine.dispose()
    return found


def is_whole_and_old(url: str) -> bool:
    """Whether schema 1 is as it was: its version, its columns and its texts."""
    version = rows(url, "SELECT value FROM llmrec_meta WHERE key = 'schema_version'")
    texts = rows(url, "SELECT attributes FROM llmrec_items WHERE id = 'BANK-1'")
    whole = '{"capacity":"10,000 mAh","weight":"1,5 kg"}'
    columns = len(rows(url, "SELECT * FROM llmrec_events")[0])
    return (version, texts, columns) == ([(1,)], [(whole,)], 6)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database_url(request.param, tmp_path) as url:
        make_old(url)
        yield url


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    make_old(url)
    return url


def stored(store: CatalogStore) -> dict[str, Item]:
    return {item.id: item for batch in store.iter_items() for item in batch}


OPEN = "import sys; from llmrec.catalog.store import CatalogStore; CatalogStore.open(sys.argv[1])"


def opening(url: str, before: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", f"{before}\n{OPEN}.close()", url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_test_has_a_database_of_schema_1(url: str) -> None:
    assert is_whole_and_old(url)


def test_every_attribute_has_its_values(url: str) -> None:
    with CatalogStore.open(url) as store:
        found = stored(store)
        assert {id: item.attributes for id, item in found.items()} == ATTRIBUTES
        jacket = found["JACKET-1"]
        assert replace(jacket, attributes={}) == Item(
            "JACKET-1", "Rain jacket, light", "Tamperley", ("Clothing", "Jackets"),
            "Keeps the rain out.", Decimal("59.90"), "EUR", "en", 7, {},
            "https://shop.example/j1", "https://shop.example/j1.jpg",
            datetime(2026, 1, 1, 12, tzinfo=timezone.utc),
        )  # fmt: skip
    version = rows(url, "SELECT value FROM llmrec_meta WHERE key = 'schema_version'")
    assert version == [(SCHEMA_VERSION,)]


def test_filters_find_each_value(url: str) -> None:
    with CatalogStore.open(url) as store:
        items, snapshot = stored(store), Snapshot.load(store)
    for filters, expected in (
        (Filters(attributes={"size": ("m",)}), {"JACKET-1", "JACKET-2", "JACKET-3"}),
        (Filters(attributes={"Größe": ("M",)}), {"SHIRT-1"}),
        (Filters(not_attributes={"size": ("M",)}), set(items) - {"JACKET-2"}),
        (Filters(not_attributes={"material": ("Polyester 40 %",)}), set(items) - {"SHIRT-1"}),
    ):
        assert {id for id, item in items.items() if matches(item, filters)} == expected
        mask = snapshot.allowed(filters)
        assert {id for id, passes in zip(snapshot.ids, mask, strict=True) if passes} == expected


def test_the_same_file_again_changes_nothing(url: str) -> None:
    with CatalogStore.open(url) as store:
        items = list(stored(store).values())
        before = store.revision()
        assert store.write_items(items) == WriteCounts(unchanged=len(items))
        assert store.revision() == before
        hashes = dict(rows(url, "SELECT id, content_hash FROM llmrec_items"))
        assert hashes == {item.id: item_row(item)[12] for item in items}


def test_events_reviews_and_keys_are_as_they_were(url: str) -> None:
    fourth = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
    with CatalogStore.open(url) as store, KeyStore.open(url) as keys:
        ada = store.history("ada")
        assert [(one.item, one.kind) for one in ada] == [
            ("JACKET-1", EventKind.PURCHASE),
            ("KETTLE-1", EventKind.RATING),
            ("SHIRT-1", EventKind.VIEW),
        ]
        assert [review.text for review in store.reviews("ada")] == ["Boils fast."]
        assert [one.at for one in store.history("ben")] == [None, fourth.replace(day=5)]
        found = keys.find(KEY)
        assert found is not None and found.scope is Scope.MERCHANT
        # What comes now stands behind what was there at the same moment.
        store.write_events([Event("ada", "BANK-1", EventKind.VIEW, fourth)])
        assert [one.item for one in store.history("ada")][-1] == "BANK-1"


def test_an_old_conversation_still_means_its_size(url: str) -> None:
    with CatalogStore.open(url) as store, Sessions.open(url) as sessions:
        conversation = sessions.load(SESSION, "ada")
        assert [turn.said for turn in conversation.turns] == ["a rain jacket in size M"]
        filters = conversation.now.constraints.filters()
        fitting = {id for id, item in stored(store).items() if matches(item, filters)}
    assert fitting == {"JACKET-1", "JACKET-2", "JACKET-3"}


def test_an_index_of_the_old_catalogue_serves_and_stays(tmp_path: Path) -> None:
    with sqlite3.connect(":memory:") as old:
        old.executescript(for_sqlite(SCRIPT.read_text(encoding="utf-8")))
        # Each attribute as one text, as schema 1 gave it to the encoder.
        items = [item_from_row(row) for row in old.execute("SELECT * FROM llmrec_items")]
    old.close()
    shop, encoder = make_shop(tmp_path / "shop", items), HashingEncoder()
    with CatalogStore.open(shop.database_url) as store:
        assert build_index(shop, store, encoder).encoded == len(ATTRIBUTES)
    path = Path(sa.make_url(shop.database_url).database or "")
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    make_old(shop.database_url)
    with Retriever.open(shop, encoder=encoder) as retriever:
        request = RetrievalRequest((), "rain jacket", Filters(attributes={"size": ("M",)}))
        found = retriever.retrieve(request, 10).candidates
    assert {one.item for one in found} == {"JACKET-1", "JACKET-2", "JACKET-3"}
    with CatalogStore.open(shop.database_url) as store:
        report = build_index(shop, store, encoder)
    # "S | M" is written "S, M" now; all other texts are what they were.
    assert (report.encoded, report.unchanged) == (1, len(ATTRIBUTES) - 1)


def test_a_time_that_no_calendar_has_stops_nothing(url: str) -> None:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE llmrec_items SET added_us = 9000000000000000000 WHERE id = 'JACKET-1'"
        )
    engine.dispose()
    CatalogStore.open(url).close()
    texts = rows(url, "SELECT attributes, added_us FROM llmrec_items WHERE id = 'JACKET-1'")
    assert texts == [('{"size":["S","M","L"],"colour":["navy"]}', 9 * 10**18)]


def test_what_cannot_be_read_leaves_the_old_schema_whole(url: str) -> None:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE llmrec_items SET attributes = '{\"size\"' WHERE id = 'SHIRT-1'"
        )
    engine.dispose()
    with pytest.raises(CatalogError, match=r"older llmrec.*as it was.*'SHIRT-1'"):
        CatalogStore.open(url)
    assert is_whole_and_old(url)


def test_killed_in_the_middle_it_is_done_by_the_next(url: str) -> None:
    kill = """
import os, signal
from llmrec.catalog import migrations
migrations._BATCH = 2
rewrite, done = migrations._with_lists, []
def with_lists(*row):
    done.append(row)
    if len(done) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return rewrite(*row)
migrations._with_lists = with_lists
"""
    process = opening(url, kill)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert is_whole_and_old(url)
    with CatalogStore.open(url) as store:
        assert {id: item.attributes for id, item in stored(store).items()} == ATTRIBUTES


def test_several_processes_open_it_at_once(url: str) -> None:
    for process in [opening(url) for _ in range(3)]:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    with CatalogStore.open(url) as store:
        assert {id: item.attributes for id, item in stored(store).items()} == ATTRIBUTES
    assert rows(url, "SELECT value FROM llmrec_meta WHERE key = 'arrival'") == [(0,)]


def test_a_file_that_cannot_be_written_says_so(file_url: str) -> None:
    path = sa.make_url(file_url).database
    with pytest.raises(CatalogError, match=r"older llmrec.*cannot be written.*permissions"):
        CatalogStore.open(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert is_whole_and_old(file_url)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everything")
def test_nor_where_its_permissions_forbid(file_url: str) -> None:
    path = Path(sa.make_url(file_url).database or "")
    path.chmod(0o444)
    with pytest.raises(CatalogError, match="cannot be written"):
        CatalogStore.open(file_url)


def test_a_newer_database_stays_as_it_is(url: str) -> None:
    CatalogStore.open(url).close()
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE llmrec_meta SET value = {SCHEMA_VERSION + 1} WHERE key = 'schema_version'"
        )
    engine.dispose()
    with pytest.raises(WorkspaceError, match="newer llmrec"):
        CatalogStore.open(url)


def test_what_an_old_server_still_writes_is_one_value(file_url: str) -> None:
    CatalogStore.open(file_url).close()
    with sqlite3.connect(sa.make_url(file_url).database or "") as connection:
        connection.execute(
            "UPDATE llmrec_items SET attributes = '{\"size\":\"M\"}' WHERE id = 'BANK-1'"
        )
    connection.close()
    with CatalogStore.open(file_url) as store:
        assert store.item("BANK-1").attributes == {"size": ("M",)}
        snapshot = Snapshot.load(store)
    mask = snapshot.allowed(Filters(attributes={"size": ("M",)}))
    assert mask[snapshot.row["BANK-1"]]
