"""What is wrong with a row is set aside; what is wrong with a file undoes the file."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import ConfigError, DataError, DiskFull, LLMRecError, LockedError
from llmrec.ingest import IngestOptions, ingest_events, ingest_items, streams
from llmrec.ingest.rejects import BadRow, RejectsFile

HEADER = b"id,title\n"


@pytest.fixture
def shop(tmp_path):
    shop = Workspace.init(tmp_path / "shop")
    with CatalogStore.open(shop.database_url):
        return shop


def stored(shop):
    with CatalogStore.open(shop.database_url) as store:
        items = {item.id: item.title for batch in store.iter_items() for item in batch}
        return items, store.count_events()


def rejects(report):
    return [json.loads(line) for line in report.rejects.read_text("utf-8").split("\n") if line]


def refused(shop, path, error=DataError, target=ingest_items, **options):
    """Ingest a file that must be refused as a whole: one error, nothing written, nothing left."""
    before = stored(shop)
    with pytest.raises(error) as caught:
        target(shop, [path], options=IngestOptions(**options))
    assert caught.value.hint, "an error says what to do"
    assert stored(shop) == before
    assert not list(shop.rejects_dir.glob("*.partial"))
    return caught.value


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.csv.gz"])
def test_an_empty_file(shop, tmp_path, name):
    path = tmp_path / name
    path.touch()
    assert "empty" in refused(shop, path).message


def test_a_packed_empty_file(shop, tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b""))
    assert "empty" in refused(shop, path).message


def test_a_header_only(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER)
    assert "no rows" in refused(shop, path).message
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "title": pa.array([], pa.string())}),
                   tmp_path / "a.parquet")  # fmt: skip
    assert "no rows" in refused(shop, tmp_path / "a.parquet").message


def test_no_such_file_and_a_folder(shop, tmp_path):
    assert "no such file" in refused(shop, tmp_path / "none.csv").message
    assert "folder" in refused(shop, tmp_path).message


def test_a_column_twice_in_the_header(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,title,id\n1,Cup,2\n")
    error = refused(shop, path)
    assert (error.row, "'id'" in error.message) == (1, True)


def test_a_duplicate_id_is_counted_and_the_later_row_wins(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"1,Cup\n2,Pot\n1,Mug\n")
    report = ingest_items(shop, [path]).files[0]
    assert (report.rows, report.duplicates, report.rejected) == (3, 1, 0)
    assert stored(shop)[0] == {"1": "Mug", "2": "Pot"}


def test_ten_megabytes_in_one_field(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b'1,Cup\n2,"' + b"x" * 10_000_000 + b'"\n3,Pot\n')
    report = ingest_items(shop, [path]).files[0]
    (bad,) = rejects(report)
    assert (bad["row"], bad["field"]) == (3, "title")
    assert "longer than 200000" in bad["reason"]
    assert len(bad["value"]) < 300
    assert stored(shop)[0] == {"1": "Cup", "3": "Pot"}


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_nul_bytes_reject_their_row_only(shop, tmp_path, name):
    path = tmp_path / name
    if name == "a.csv":
        path.write_bytes(HEADER + b'1,Cup\n2,P\x00t,\n"3\n\x00",Jug\n4,Pan\n')
    else:
        path.write_bytes(b'{"id": 1, "title": "Cup"}\n\x00\n{"id": 2, "title": "\\u0000"}\n'
                         b'{"id": 4, "title": "Pan"}\n')  # fmt: skip
    report = ingest_items(shop, [path]).files[0]
    assert {bad["row"] for bad in rejects(report)} == ({3, 4} if name == "a.csv" else {2, 3})
    assert all("NUL" in bad["reason"] for bad in rejects(report))
    assert stored(shop)[0] == {"1": "Cup", "4": "Pan"}


@pytest.mark.parametrize("start", range(streams._CHUNK - 12, streams._CHUNK + 2, 3))
def test_nul_bytes_are_seen_across_the_chunks_that_a_file_is_read_in(shop, tmp_path, start):
    path = tmp_path / "a.csv"
    filler = b"9," + b"x" * (start - len(HEADER) - 3) + b"\n"
    path.write_bytes(HEADER + filler + b"1,P\x00t" + b"y" * 20 + b"\n2,Cup\n")
    report = ingest_items(shop, [path]).files[0]
    assert [bad["row"] for bad in rejects(report)] == [3]
    assert set(stored(shop)[0]) == {"2", "9"}


@pytest.mark.parametrize("before", [0, streams._CHUNK - len(HEADER) - 3, 3 * streams._CHUNK])
def test_the_wrong_encoding_names_row_byte_and_flag(shop, tmp_path, before):
    path = tmp_path / "a.csv"
    lines = b"note,id,title\n" + b"x" * before + b",1,Cup\n,2,"
    path.write_bytes(lines + "Café\n".encode("latin-1"))
    error = refused(shop, path)
    assert error.row == 3
    assert f"byte {len(lines) + 4:,} " in error.message
    assert "--encoding" in error.hint
    assert ingest_items(shop, [path], options=IngestOptions(encoding="latin-1")).accepted == 2
    assert stored(shop)[0]["2"] == "Café"


def test_a_character_cut_by_the_end_of_the_file(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + "1,Café".encode()[:-1])
    assert refused(shop, path).row == 2


def test_an_encoding_that_does_not_exist(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"1,Cup\n")
    refused(shop, path, error=ConfigError, encoding="klingon")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(shop, tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text("id,title\n1,Café\n", encoding=encoding)
    ingest_items(shop, [path])
    assert stored(shop)[0] == {"1": "Café"}


def test_two_byte_text_without_a_mark(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("id,title\n1,Café\n".encode("utf-16-le"))
    assert "utf-16" in refused(shop, path).hint


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress]
)
def test_a_packed_file_that_is_cut_off_undoes_what_came_before(shop, tmp_path, pack):
    path = tmp_path / "a.csv.gz"
    rows = b"".join(b"%d,Cup %d\n" % (i, i * 7919 % 10007) for i in range(20_000))
    whole = pack(HEADER + rows)
    for cut in (len(whole) - 1, len(whole) * 2 // 3):
        path.write_bytes(whole[:cut])
        assert "ends too early" in refused(shop, path).message
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    path.write_bytes(damaged)
    refused(shop, path)


def test_a_name_that_promises_packing(shop, tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(HEADER + b"1,Cup\n")
    assert "named as gzip" in refused(shop, path).message


@pytest.mark.parametrize("filler", [b"x", b"\x00", b"1,Cup\n", b"\n"])
@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_a_file_that_unpacks_without_end_is_given_up_early(
    shop, tmp_path, monkeypatch, filler, pack
):
    monkeypatch.setattr(streams, "_RATIO_FROM", 2**20)
    path = tmp_path / f"bomb.csv.{pack}"
    block = filler * (2**22 // len(filler))
    with path.open("wb") as file:
        packer = gzip.GzipFile(fileobj=file, mode="wb") if pack == "gzip" else None
        packer = packer or zstandard.ZstdCompressor().stream_writer(file, closefd=False)
        packer.write(HEADER)
        for _ in range(6):
            packer.write(block)
        packer.close()
    path = path.rename(path.with_suffix(".gz" if pack == "gzip" else ".zst"))
    assert path.stat().st_size < 200_000
    error = refused(shop, path)
    assert "unpacks to more" in error.message or "longer than" in error.message


def test_the_bound_on_unpacked_bytes_is_a_setting(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("LLMREC_INGEST__MAX_UNPACKED_BYTES", "100")
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"".join(b"%d,Cup\n" % i for i in range(50)))
    error = refused(Workspace.open(shop.path), path)
    assert "max_unpacked_bytes" in error.hint


def test_a_parquet_bomb_is_given_up(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("LLMREC_INGEST__MAX_UNPACKED_BYTES", "1000000")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["x" * 1000] * 100_000, "title": ["y"] * 100_000}), path)
    assert path.stat().st_size < 20_000
    refused(Workspace.open(shop.path), path)


def test_bad_prices_and_times_are_left_out_and_their_rows_go_in(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(
        b"id,title,price,added_at\n1,Cup,ask us,\n2,Pot,0,1970-01-01\n3,Jug,1,3000-01-01\n"
        b"4,Pan,2,\n5,,x,\n"
    )
    report = ingest_items(shop, [path]).files[0]
    lines = sorted(rejects(report), key=lambda line: line["row"])
    assert [(bad["row"], bad["field"], bad["value"], bad["kept"]) for bad in lines] == [
        (2, "price", "ask us", True), (3, "added_at", "1970-01-01", True),
        (4, "added_at", "3000-01-01", True), (6, "title", None, False),
    ]  # fmt: skip
    assert (report.rejected, sum(report.left_out.values())) == (1, 3)
    assert report.left_out["added_at: the time is in the future"] == 1
    assert set(stored(shop)[0]) == {"1", "2", "3", "4"}


def test_events_of_unknown_items(shop, tmp_path):
    items, events = tmp_path / "items.csv", tmp_path / "events.csv"
    items.write_bytes(HEADER + b"1,Cup\n")
    events.write_bytes(b"user,item,at\nu,1,2024-01-01\nu,2,2024-01-01\n")
    ingest_items(shop, [items])
    report = ingest_events(shop, [events]).files[0]
    assert [(bad["field"], bad["value"]) for bad in rejects(report)] == [("item", "2")]
    assert stored(shop)[1] == 1
    ingest_events(shop, [events], options=IngestOptions(allow_unknown_items=True))
    assert stored(shop)[1] == 2


def test_bad_events(shop, tmp_path):
    path = tmp_path / "e.csv"
    path.write_bytes(
        b"user,item,kind,timestamp,rating\n"
        b",a,view,1600000000,\nu,,view,1600000000,\nu,a,sneeze,1600000000,\nu,a,view,0,\n"
        b"u,a,view,99999999999,\nu,a,rating,1600000000,\nu,a,rating,1600000000,good\n"
        b"u,a,view,,\nu,a,rating,1600000000,4.5\n"
    )
    options = IngestOptions(allow_unknown_items=True)
    report = ingest_events(shop, [path], options=options).files[0]
    assert [(bad["row"], bad["field"]) for bad in rejects(report)] == [
        (2, "user"), (3, "item"), (4, "kind"), (5, "timestamp"), (6, "timestamp"), (7, "rating"),
        (8, "rating"), (9, "timestamp"),
    ]  # fmt: skip
    assert stored(shop)[1] == 1


def test_rows_of_the_wrong_width_and_wild_quotes(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b'1,Cup\n2\n3,Pot,more\n\n4,"Jug" x\n5,"two\nlines"\n6,Pan\n')
    report = ingest_items(shop, [path]).files[0]
    assert [bad["row"] for bad in rejects(report)] == [3, 4, 6]
    assert stored(shop)[0] == {"1": "Cup", "5": "two lines", "6": "Pan"}
    assert report.rows == report.added + report.rejected


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b'1,Cup\n2,"Pot\n3,Jug\n4,Pan\n')
    report = ingest_items(shop, [path]).files[0]
    (bad,) = rejects(report)
    assert (bad["row"], bad["value"], "not closed" in bad["reason"]) == (3, '2,"Pot', True)
    assert set(stored(shop)[0]) == {"1", "3", "4"}


def test_bad_json_lines(shop, tmp_path):
    path = tmp_path / "a.jsonl"
    deep = "[" * 100_000
    path.write_text(
        f'{{"id": 1, "title": "Cup"}}\n{{"id": 2\n7\n{deep}\n{{"id": 3, "title": ["x"]}}\n'
    )
    report = ingest_items(shop, [path]).files[0]
    assert [bad["row"] for bad in rejects(report)] == [2, 3, 4]
    assert stored(shop)[0] == {"1": "Cup", "3": "x"}


def test_what_is_no_parquet(shop, tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 but not really")
    assert "Parquet" in refused(shop, path).message
    whole = tmp_path / "b.parquet"
    pq.write_table(pa.table({"id": ["1"], "title": ["Cup"]}), whole)
    path.write_bytes(whole.read_bytes()[:-10])
    assert "Parquet" in refused(shop, path).message


def test_a_format_that_nobody_knows(shop, tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK")
    assert "--format" in refused(shop, path).hint
    refused(shop, path, error=ConfigError, format="xlsx")


def test_all_rows_bad_keeps_the_rejects_and_says_where(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,title\n1,\n2,null\n")
    error = refused(shop, path)
    (kept,) = shop.rejects_dir.glob("a.csv-*.jsonl")
    assert str(kept) in error.hint
    assert len(kept.read_text().splitlines()) == 2


def test_no_rejects_file_without_rejects(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"1,Cup\n")
    assert ingest_items(shop, [path]).files[0].rejects is None
    assert list(shop.rejects_dir.iterdir()) == []


def test_what_a_killed_ingest_left_is_swept(shop, tmp_path):
    stray = shop.rejects_dir / "old.csv-20240101T000000000000Z.jsonl.partial"
    stray.touch()
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"1,Cup\n")
    ingest_items(shop, [path])
    assert not stray.exists()


def test_rejects_hold_any_value(tmp_path):
    rejects = RejectsFile(tmp_path, "dir/a b.csv")
    for value in ("\ud800", b"\xff", {"a": 1}, None, "x" * 5000):
        rejects.add(1, BadRow("bad", field="f", value=value))
    path = rejects.finish()
    assert path.name.startswith("a_b.csv-")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line["file"] for line in lines] == ["dir/a b.csv"] * 5
    assert max(len(str(line["value"])) for line in lines) < 300


def test_earlier_files_stay_when_a_later_one_fails(shop, tmp_path):
    good, bad = tmp_path / "a.csv", tmp_path / "b.csv"
    good.write_bytes(HEADER + b"1,Cup\n")
    bad.write_bytes(HEADER)
    with pytest.raises(DataError):
        ingest_items(shop, [good, bad])
    assert stored(shop)[0] == {"1": "Cup"}


def test_ingesting_again_changes_nothing(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"1,Cup\n2,Pot\n")
    ingest_items(shop, [path])
    with CatalogStore.open(shop.database_url) as store:
        before = store.revision()
    again = ingest_items(shop, [path]).files[0]
    assert (again.added, again.updated, again.unchanged) == (0, 0, 2)
    with CatalogStore.open(shop.database_url) as store:
        assert store.revision() == before


def test_a_limit(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"1,Cup\n2,Pot\n3,Jug\n")
    assert ingest_items(shop, [path], options=IngestOptions(limit=2)).files[0].rows == 2
    refused(shop, path, error=ConfigError, limit=0)


def test_progress_reaches_the_size_of_the_file(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"".join(b"%d,%s\n" % (i, b"Cup" * 99) for i in range(1_500)))
    seen = []
    ingest_items(shop, [path], progress=lambda name, done, size: seen.append((done, size)))
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen[-1] == (path.stat().st_size,) * 2


def test_a_locked_database(shop, tmp_path, monkeypatch):
    import sqlite3

    monkeypatch.setattr(CatalogStore.open.__func__, "__kwdefaults__", {"timeout": 0.1})
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"1,Cup\n")
    other = sqlite3.connect(shop.path / "catalog.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        refused(shop, path, error=LockedError)
    finally:
        other.close()
    assert ingest_items(shop, [path]).accepted == 1


def test_no_space_for_the_rejects(shop, tmp_path, monkeypatch):
    import errno

    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(
        RejectsFile, "_open", lambda self: setattr(self, "_file", Full()) or self._file
    )
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"1,Cup\n2\n")
    refused(shop, path, error=DiskFull)


ROWS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 9), st.sampled_from(["Cup", "Pot", ""])).map(
            lambda t: f"{t[0]},{t[1]}"
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    ),
    max_size=8,
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ROWS)
def test_any_text_is_ingested_set_aside_or_refused_and_every_row_counted(shop, tmp_path, rows):
    path = tmp_path / "fuzz.csv"
    path.write_bytes(HEADER + "\n".join(rows).encode())
    try:
        report = ingest_items(shop, [path]).files[0]
    except LLMRecError as error:
        assert error.hint
    else:
        assert report.rows == report.added + report.updated + report.unchanged + report.rejected
        assert report.rejected == (len(rejects(report)) if report.rejects else 0)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.jsonl", "a.parquet", "a.csv.gz"]))
def test_any_bytes_are_refused_with_an_error_of_ours(shop, tmp_path, data, name):
    path = tmp_path / name
    path.write_bytes((b"\x1f\x8b\x08\x00" if name.endswith("gz") else b"") + data)
    with pytest.raises(LLMRecError):
        ingest_items(shop, [path])
