"""Where evaluation data comes from: folders, tables, workspaces, and public sets from a server."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from eval_data import make_folder, make_items, make_rows

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import DataError, DownloadError
from llmrec.eval import EvalData, open_data
from llmrec.eval.data.download import RemoteFile, fetch, look
from llmrec.eval.data.public import PUBLIC, PublicSet, prepare_public, public_set
from llmrec.types import Event, EventKind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "shop-data")


def test_a_folder_brings_its_split_and_its_items(folder: Path) -> None:
    data = open_data(folder)
    assert (data.name, data.split.protocol) == ("shop-data", "given")
    assert len(data.split.test) == len(data.split.valid) == 30
    assert len(data.items) == 40
    assert data.items.titles[data.items.row["i003"]] == "kettle tea no 3"
    assert data.items.categories[0] == ("Home", "tea")
    assert data.items.text[0] == "tea tea no 0\nHome > tea"
    assert data.events == len(make_rows())


def test_the_hash_tells_data_apart_and_does_not_depend_on_the_form(
    folder: Path, tmp_path: Path
) -> None:
    sha256 = open_data(folder).sha256
    rows = make_rows()
    assert open_data(make_folder(tmp_path / "shuffled", rows[::-1])).sha256 == sha256
    csv = tmp_path / "csv"
    csv.mkdir()
    pd.DataFrame(rows).to_csv(csv / "interactions.csv", index=False)
    pd.DataFrame(make_items()).to_csv(csv / "items.csv", index=False)
    assert open_data(csv).sha256 == sha256
    items = make_items()
    items[7]["title"] = "another"
    assert open_data(make_folder(tmp_path / "retitled", rows, items)).sha256 != sha256
    moved = [{**row, "split": "history"} if row is rows[0] else row for row in rows]
    assert open_data(make_folder(tmp_path / "moved", moved)).sha256 != sha256
    assert open_data(folder, protocol="leave-one-out").sha256 != sha256


def test_a_table_alone_has_a_catalogue_without_texts_unless_items_are_named(
    folder: Path, tmp_path: Path
) -> None:
    bare = open_data(folder / "interactions.parquet")
    assert any("No item file" in note for note in bare.notes)
    assert bare.items.titles == bare.items.ids
    named = open_data(folder / "interactions.parquet", items=[folder / "items.parquet"])
    assert named.sha256 == open_data(folder).sha256
    shop = Workspace.init(tmp_path / "shop")
    with CatalogStore.open(shop.database_url) as store:
        store.write_items(open_data(folder).items.items)
    from_shop = open_data(folder / "interactions.parquet", items=[shop.path])
    assert from_shop.sha256 == named.sha256


def test_ids_stay_as_they_are_written_in_csv(tmp_path: Path) -> None:
    text = "user_id,item_id,split\n007,01,train\n007,1,valid\n007,NA,test\nNA,01,train\n"
    (tmp_path / "t.csv").write_text(text)
    data = open_data(tmp_path / "t.csv")
    assert [one.user for one in data.split.train] == ["007", "NA"]
    assert data.split.test[0].history_ids == ("01", "1")
    assert data.split.test[0].target_ids == {"NA"}


def test_times_may_be_written_out(tmp_path: Path) -> None:
    rows = [
        {**row, "timestamp": datetime.fromtimestamp(row["timestamp"], timezone.utc).isoformat()}
        for row in make_rows()
    ]
    written = open_data(make_folder(tmp_path / "iso", rows))
    assert written.sha256 == open_data(make_folder(tmp_path / "plain")).sha256


def test_events_without_a_split_leave_one_out_or_are_cut_at_a_time(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "split"} for row in make_rows()]
    plain = make_folder(tmp_path / "plain", rows)
    left = open_data(plain)
    assert left.split.protocol == "leave-one-out"
    given = open_data(make_folder(tmp_path / "given"))
    assert left.split.test == given.split.test
    cut = open_data(plain, protocol="global-time")
    assert cut.split.protocol == "global-time"
    assert any("test window at" in note for note in cut.notes)
    share = sum(len(case.targets) for case in cut.split.test) / len(rows)
    assert 0.05 < share <= 0.12
    day = datetime.fromtimestamp(1_700_000_000, timezone.utc)
    dated = open_data(
        plain,
        protocol="global-time",
        valid_from=day.replace(day=18),
        test_from=day.replace(day=20),
    )
    assert all(one.at and one.at < day.replace(day=18) for one in dated.split.train)
    with pytest.raises(DataError, match="field 'split': the column is missing"):
        open_data(plain, protocol="given")


def test_a_workspace_is_split_without_touching_it(tmp_path: Path) -> None:
    shop = Workspace.init(tmp_path / "shop")
    items = open_data(make_folder(tmp_path / "data")).items.items
    events = [
        Event(f"u{user}", items[(user * 3 + step) % 40].id, EventKind.VIEW, position=step)
        for user in range(8)
        for step in range(5)
    ]
    with CatalogStore.open(shop.database_url) as store:
        store.write_items(items)
        unloved = Event("u1", items[-1].id, EventKind.DISLIKE, position=99)
        store.write_events([*events, Event("u0", "gone", position=99), unloved])
        before = store.revision()
        data = open_data(shop.path)
        assert store.revision() == before
    assert (data.name, data.shop, len(data.split.test)) == ("shop", shop.path, 8)
    said = " ".join(data.notes)
    assert "1 of 8 test targets are not in the catalogue" in said
    assert "1 dislikes are left out" in said
    assert unloved.item not in data.split.test[1].target_ids
    views = open_data(shop.path, kinds={EventKind.VIEW})
    assert len(views.notes) == 1
    with pytest.raises(DataError, match="has no split of its own"):
        open_data(shop.path, protocol="given")


def test_the_cuts_leave_their_shares_of_the_kinds_that_are_used(tmp_path: Path) -> None:
    """Views after the last purchases would leave no purchase to ask for."""
    shop = Workspace.init(tmp_path / "shop")
    items = open_data(make_folder(tmp_path / "data")).items.items
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    events = [
        Event(f"u{day % 9}", items[day % 40].id, kind, start + timedelta(days=later + day))
        for kind, later in ((EventKind.PURCHASE, 0), (EventKind.VIEW, 300))
        for day in range(100)
    ]
    with CatalogStore.open(shop.database_url) as store:
        store.write_items(items)
        store.write_events(events)
    data = open_data(shop.path, protocol="global-time", kinds={EventKind.PURCHASE})
    assert len(data.split.train) == 80
    assert sum(len(case.targets) for case in data.split.test) == 10


def test_what_is_not_there_is_said_with_what_could_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data called 'ml-2m'") as caught:
        open_data("ml-2m")
    assert "ml-latest-small" in caught.value.hint
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no interactions"):
        open_data(tmp_path / "empty")


def test_a_split_that_calls_itself_global_is_held_to_it(tmp_path: Path) -> None:
    rows = [
        {"user_id": user, "item_id": f"{user}{step}", "timestamp": time, "split": part}
        for user in "ab"
        for step, (time, part) in enumerate([(10, "train"), (20, "valid"), (30, "test")])
    ]
    late = {"user_id": "c", "item_id": "x", "timestamp": 25, "split": "train"}
    leaky = make_folder(tmp_path / "leaky", [*rows, late])
    assert open_data(leaky).split.protocol == "given"
    (leaky / "split.json").write_text(json.dumps({"protocol": "global time split"}))
    with pytest.raises(DataError, match="row 7, field 'timestamp': The training event"):
        open_data(leaky)
    (leaky / "split.json").unlink()
    with pytest.raises(DataError, match="row 7"):
        open_data(leaky, protocol="given-time")
    fine = make_folder(tmp_path / "fine", rows)
    assert open_data(fine, protocol="given-time").split.protocol == "given-time"


# Public sets, from a server on this machine.


@dataclass
class Home:
    """A server with files, that breaks off the first ``breaks`` answers half-way."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    breaks: int = 0
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)


@pytest.fixture
def home() -> Iterator[Home]:
    state = Home()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            wanted = self.headers.get("Range")
            state.asked.append((self.command, self.path, wanted))
            if self.path.startswith("/hub/"):
                content = state.files[self.path.removeprefix("/hub")]
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/hub"))
                self.send_header("X-Linked-Size", str(len(content)))
                self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            found = state.files.get(self.path)
            if found is None:
                self.send_error(404)
                return
            start = int(wanted[6:-1]) if wanted else 0
            self.send_response(206 if wanted else 200)
            part = found[start:]
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            if body and state.breaks:
                state.breaks -= 1
                self.wfile.write(part[: len(part) // 2])
                self.close_connection = True
            elif body:
                self.wfile.write(part)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_a_download_that_broke_off_goes_on_where_it_stopped(home: Home, tmp_path: Path) -> None:
    home.files["/f.bin"], home.breaks = CONTENT, 1
    file, seen = RemoteFile(f"{home.url}/f.bin", len(CONTENT), SHA256), []
    with pytest.raises(DownloadError) as caught:
        fetch(file, tmp_path / "f.bin")
    assert caught.value.retryable and "run it again" in caught.value.hint
    assert not (tmp_path / "f.bin").exists()
    fetch(file, tmp_path / "f.bin", lambda done, total: seen.append((done, total)))
    assert (tmp_path / "f.bin").read_bytes() == CONTENT
    assert home.asked[-1] == ("GET", "/f.bin", f"bytes={len(CONTENT) // 2}-")
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    before = len(home.asked)
    fetch(file, tmp_path / "f.bin")
    assert len(home.asked) == before


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"!", CONTENT + b"!"])
def test_what_is_not_the_pinned_file_is_removed(home: Home, tmp_path: Path, content: bytes) -> None:
    home.files["/f.bin"] = content
    with pytest.raises(DataError, match="not the file that was pinned"):
        fetch(RemoteFile(f"{home.url}/f.bin", len(CONTENT), SHA256), tmp_path / "f.bin")
    assert not list(tmp_path.glob("f.bin*"))


def test_a_home_that_is_away_or_empty_is_said(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="answered 404"):
        fetch(RemoteFile(f"{home.url}/none"), tmp_path / "none")
    with pytest.raises(DownloadError, match="cannot be fetched"):
        fetch(RemoteFile("http://127.0.0.1:9/none"), tmp_path / "none")


def test_a_hub_tells_size_and_hash_of_its_large_files(home: Home) -> None:
    home.files["/f.bin"] = CONTENT
    assert look(f"{home.url}/hub/f.bin") == RemoteFile(
        f"{home.url}/hub/f.bin", len(CONTENT), SHA256
    )
    assert look(f"{home.url}/f.bin").sha256 is None


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def ratings(users: int = 6, items: int = 7) -> list[tuple[int, int, int, int]]:
    """Everybody rates everything; user 99 rates twice and is no 5-core user."""
    full = [(u, i, 4, 1000 * u + i) for u in range(1, users + 1) for i in range(1, items + 1)]
    return [*full, (99, 1, 3, 5), (99, 2, 3, 6)]


def movielens(name: str) -> bytes:
    genres = ["unknown", "Action", "Comedy"]
    titles = {i: f"Café {i} (1995)" for i in range(1, 8)}
    if name == "ml-1m":
        return zipped(
            {
                "ml-1m/ratings.dat": "\n".join(
                    "::".join(map(str, row)) for row in ratings()
                ).encode(),
                "ml-1m/movies.dat": "\n".join(
                    f"{i}::{title}::Action|Comedy" for i, title in titles.items()
                ).encode("latin-1"),
            }
        )
    if name == "ml-100k":
        item = "{}|{}|01-Jan-1995||http://x|0|1|1"
        return zipped(
            {
                "ml-100k/u.data": "\n".join("\t".join(map(str, row)) for row in ratings()).encode(),
                "ml-100k/u.genre": "\n".join(f"{g}|{n}" for n, g in enumerate(genres)).encode(),
                "ml-100k/u.item": "\n".join(
                    item.format(i, title) for i, title in titles.items()
                ).encode("latin-1"),
            }
        )
    rows = "\n".join(",".join(map(str, row)) for row in ratings())
    movies = "\n".join(f"{i},{title},Action|Comedy" for i, title in titles.items())
    return zipped(
        {
            "ml-latest-small/ratings.csv": f"userId,movieId,rating,timestamp\n{rows}\n".encode(),
            "ml-latest-small/movies.csv": f"movieId,title,genres\n{movies}\n".encode(),
        }
    )


def served(home: Home, name: str, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the public set ``name`` live on the test's server."""
    home.files[f"/{name}.zip"] = content
    file = RemoteFile(f"{home.url}/{name}.zip", len(content), hashlib.sha256(content).hexdigest())
    there = PublicSet(name, "a test", "none", {"zip": file}, PUBLIC[name].convert)
    monkeypatch.setitem(PUBLIC, name, there)


@pytest.mark.parametrize("name", ["ml-latest-small", "ml-100k", "ml-1m"])
def test_movielens_comes_from_its_home_once(
    home: Home, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(home, name, movielens(name), monkeypatch)
    said: list[str] = []
    data = open_data(name, say=said.append)
    assert "MB" in said[0] and f"{home.url}/{name}.zip" in said[0] and "Terms" in said[0]
    assert (data.name, data.split.protocol) == (name, "leave-one-out")
    assert (len(data.split.test), len(data.items)) == (6, 7)
    assert data.items.titles[0] == "Café 1 (1995)"
    assert data.items.categories[0] == ("Action", "Comedy")
    assert data.split.test[0].target_ids == {"7"}
    asked = len(home.asked)
    assert open_data(name, say=said.append).sha256 == data.sha256
    assert (len(home.asked), len(said)) == (asked, 1)


def test_a_damaged_archive_is_removed_and_said(
    home: Home, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(home, "ml-1m", zipped({"ml-1m/README": b"nothing else"}), monkeypatch)
    with pytest.raises(DataError, match=r"cannot be read: KeyError: .*no ratings\.dat"):
        open_data("ml-1m")
    assert not list((cache / "datasets").rglob("*.zip"))
    assert not (cache / "datasets" / "ml-1m").exists()


def test_amazon_brings_its_split_from_a_hub(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"{home.url}/hub")
    wanted = public_set("amazon-2023:All_Beauty")
    assert wanted is not None
    paths = {name: file.url.removeprefix(f"{home.url}/hub") for name, file in wanted.files.items()}
    head = "user_id,parent_asin,rating,timestamp\n"
    for part, row in (("train", "A,B1,5.0,1000"), ("valid", "A,B2,4.0,2000")):
        home.files[paths[part]] = f"{head}{row}\n".encode()
    home.files[paths["test"]] = f"{head}A,B3,4.0,1700000003000\n".encode()
    products = [
        {"parent_asin": asin, "title": f"Soap {asin}", "store": "Acme", "categories": ["Beauty"]}
        | {"features": [], "details": "{}", "description": ["Nice."], "price": 3.5}
        for asin in ("B1", "B2", "B3", "B9")
    ]
    home.files[paths["products"]] = "\n".join(map(json.dumps, products)).encode()
    data = open_data("amazon-2023:All_Beauty")
    assert data.split.protocol == "given"
    assert data.items.ids == ("B1", "B2", "B3")
    assert (data.items.items[0].brand, data.items.items[0].currency) == ("Acme", "USD")
    assert data.split.test[0].targets[0].at == datetime.fromtimestamp(1_700_000_003, timezone.utc)
    assert public_set("amazon-2023:../x") is None


def test_steam_is_written_as_python_literals(home: Home, cache: Path) -> None:
    reviews = [
        {
            "username": f"u{u}",
            "product_id": str(i),
            "date": f"2017-01-{i:02}",
            "text": "it's \u00e9",
        }
        for u in range(5)
        for i in range(1, 7)
    ]
    # A second review of the first game stands before the first one: its play was first.
    reviews[:0] = [{**reviews[u * 6], "date": "2017-12-24"} for u in range(5)]
    games = [
        {"id": str(i), "app_name": f"Game {i}", "developer": "D", "genres": ["Action", "Indie"]}
        for i in range(1, 9)
    ]
    lines = functools.partial(map, repr)
    home.files["/r.gz"] = gzip.compress("\n".join(lines(reviews)).encode())
    home.files["/g.gz"] = gzip.compress("\n".join(lines(games)).encode())
    files = {"reviews": RemoteFile(f"{home.url}/r.gz"), "games": RemoteFile(f"{home.url}/g.gz")}
    there = PublicSet("steam", "a test", "none", files, PUBLIC["steam"].convert)
    data: EvalData = open_data(prepare_public(there))
    assert (len(data.items), len(data.split.test)) == (6, 5)
    assert data.items.items[0].category == ("Action", "Indie")
    assert {one for case in data.split.test for one in case.target_ids} == {"6"}
