"""Retrieval with what is real: MiniLM, a Chroma server, a killed process, a full disk."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder, SentenceEncoder, TextEncoder, load_encoder
from llmrec.errors import DiskFull, VectorIndexError, WeightsMissing
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.types import HistoryEntry, Item

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "scripts" / "bench"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def minilm() -> TextEncoder:
    try:
        return load_encoder("minilm-l6-v2")
    except WeightsMissing as error:
        pytest.skip(str(error))


def items(count: int) -> list[Item]:
    draw = random.Random(4)
    words = ("red", "blue", "lamp", "kettle", "spade", "garden", "tea", "wool")
    return [Item(f"i{n:05d}", f"{' '.join(draw.choices(words, k=4))} {n}") for n in range(count)]


def shop_of(path: Path, count: int) -> Workspace:
    shop = Workspace.init(path)
    with CatalogStore.open(shop.database_url) as store:
        store.write_items(items(count))
    return shop


def test_minilm_means_what_it_says(minilm: TextEncoder) -> None:
    texts = ["electric kettle", "garden spade", "table lamp"]
    asked = ["something to boil water", "a tool to dig the soil", "light for my desk"]
    similarity = minilm.encode(asked) @ minilm.encode(texts).T
    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]


def test_minilm_vectors_do_not_depend_on_their_batch(minilm: TextEncoder) -> None:
    texts = ["", "kettle", "a " * 600, *(f"lamp {'big ' * n}" for n in range(40))]
    done: list[int] = []
    together = minilm.encode(texts, progress=done.append)
    assert together.shape == (43, minilm.dimension) == (43, 384)
    assert sum(done) == 43
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([minilm.encode([text]) for text in texts[:6]])
    np.testing.assert_allclose(together[:6], alone, atol=1e-5)


def test_the_fingerprint_is_of_the_weights_not_of_the_place(
    minilm: TextEncoder, tmp_path: Path
) -> None:
    assert isinstance(minilm, SentenceEncoder)
    copy = tmp_path / "copy"
    shutil.copytree(minilm._folder, copy)
    assert SentenceEncoder("minilm-l6-v2", copy).fingerprint == minilm.fingerprint
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    assert SentenceEncoder("minilm-l6-v2", copy).fingerprint != minilm.fingerprint


@pytest.mark.shared_data
def test_random_filters_on_online_retail(minilm: TextEncoder, tmp_path: Path) -> None:
    bench = script("random_filters")
    if not bench.DATA.is_dir():
        pytest.skip("the research data sets are not here")
    some = bench.read_items(limit=1200)
    shop = bench.prepare(tmp_path / "shop", some, bench.read_events(some), minilm)
    draw = random.Random(11)
    with CatalogStore.open(shop.database_url) as store, Retriever.open(shop, store, minilm) as ask:
        users = store.users()
        for _ in range(150):
            seen = tuple(HistoryEntry(item=one.item) for one in store.history(draw.choice(users)))
            request = RetrievalRequest(
                seen, draw.choice((None, "christmas")), bench.random_filters(draw, some)
            )
            n = draw.choice((1, 20, 100))
            assert bench.problem(request, n, ask.retrieve(request, n), some) == ""
    collection = VectorCollection.open(shop)
    matrix = VectorMatrix.load(collection, shop.cache_dir)
    recalls = []
    for vector in matrix.vectors[::40]:
        exact = set(np.argsort(-(matrix.vectors @ vector))[:100].tolist())
        found, _ = collection.query(vector, 100)
        recalls.append(len({matrix.row[id] for id in found} & exact) / 100)
    collection.close()
    assert np.mean(recalls) >= 0.99


def test_three_kills_leave_no_trace() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "kill_index.py"), "3", "--items", "1200", "--seed", "5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(", equal") == 3


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).parent / "chroma"
    if not program.exists():
        pytest.skip("the chroma command is not installed beside python")
    server = subprocess.Popen(
        [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def test_a_chroma_server(tmp_path: Path) -> None:
    one, other = shop_of(tmp_path / "one", 300), shop_of(tmp_path / "other", 40)
    encoder = HashingEncoder()
    ask = RetrievalRequest(query="red lamp")
    with CatalogStore.open(one.database_url) as store:
        build_index(one, store, encoder)
    with Retriever.open(one, encoder=encoder) as embedded:
        expected = embedded.retrieve(ask, 30)
    with chroma_server(tmp_path / "server") as url:
        remote = [
            Workspace.open(shop.path, overrides={"chroma": {"url": url}}) for shop in (one, other)
        ]
        for shop, count in zip(remote, (300, 40), strict=True):
            with CatalogStore.open(shop.database_url) as store:
                assert build_index(shop, store, encoder).encoded == count
        with Retriever.open(remote[0], encoder=encoder) as opened:
            result = opened.retrieve(ask, 30)
            assert [c.item for c in result.candidates] == [c.item for c in expected.candidates]
    with pytest.raises(VectorIndexError, match="cannot be reached"):
        Retriever.open(remote[0], encoder=encoder)


def test_a_server_that_goes_away(tmp_path: Path) -> None:
    shop, encoder = shop_of(tmp_path / "shop", 40), HashingEncoder()
    with chroma_server(tmp_path / "server") as url:
        remote = Workspace.open(shop.path, overrides={"chroma": {"url": url}})
        with CatalogStore.open(remote.database_url) as store:
            build_index(remote, store, encoder)
        opened = Retriever.open(remote, encoder=encoder)
    with opened, pytest.raises(VectorIndexError, match=url) as caught:
        opened.retrieve(RetrievalRequest(), 3)
    assert "chroma run" in caught.value.hint


def test_a_full_disk_and_then_a_larger_one(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root")
    try:
        shop, encoder = shop_of(small / "shop", 3000), HashingEncoder()
        with CatalogStore.open(shop.database_url) as store:
            with pytest.raises(DiskFull, match="No space left"):
                build_index(shop, store, encoder)
            subprocess.run(["mount", "-o", "remount,size=60m", str(small)], check=True)
            report = build_index(shop, store, encoder)
        assert report.encoded + report.unchanged == 3000
        with Retriever.open(shop, encoder=encoder) as opened:
            assert len(opened.retrieve(RetrievalRequest(query="red lamp"), 3000).candidates) == 3000
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
