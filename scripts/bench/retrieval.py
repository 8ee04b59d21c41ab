"""Milliseconds of retrieval with and without filters, and the vector store's recall@100.

Two catalogues are made under ``--work`` and kept for the next time: amazon14_beauty as it is
(12,101 titles, encoded), and a made one of ``--made`` items. A made item joins the first half of
one real title with the second half of another, and its vector is that of the mixture: the mean of
the two real vectors, weighted 0.6 and 0.4, plus noise of a tenth of its length. Both get made-up
brands, categories, prices and stock, so that filters have something to choose from. ``--cold 0.05``
takes that share of the items out of every event, and times retrieval without the places that are
kept for them, too. Example::

    python scripts/bench/retrieval.py --work /var/tmp/retrieval --made 200000
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow.parquet as parquet

from llmrec.catalog.item_text import item_text
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import SentenceEncoder, TextEncoder, load_encoder
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.types import Event, Filters, HistoryEntry, Item

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "amazon14_beauty"
History: TypeAlias = tuple[HistoryEntry, ...]
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
FILTERS = {
    "none": Filters(),
    "one brand out (90 % pass)": Filters(not_brands=("brand 0",)),
    "price (50 %)": Filters(max_price=Decimal(50)),
    "category + price (5 %)": Filters(categories=("category 3",), max_price=Decimal(50)),
    "brand + category (1 %)": Filters(brands=("brand 3",), categories=("category 3",)),
}


class Remembered:
    """An encoder for texts whose vectors are known beforehand; others go to a real one."""

    def __init__(self, real: TextEncoder, vectors: dict[str, np.ndarray]) -> None:
        self._real, self._vectors = real, vectors
        self.name, self.fingerprint, self.dimension = real.name, real.fingerprint, real.dimension

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """Look up what is known as a whole, else encode."""
        if not all(text in self._vectors for text in texts):
            return self._real.encode(texts, progress=progress)
        if progress:
            progress(len(texts))
        return np.stack([self._vectors[text] for text in texts])


def dressed(id: str, title: str, draw: random.Random) -> Item:
    """An item with the title given and other fields made up."""
    return Item(
        id,
        title,
        brand=f"brand {draw.randrange(10)}",
        category=(f"category {draw.randrange(10)}",),
        price=Decimal(draw.randrange(1, 10_000)) / 100,
        currency="EUR",
        stock=draw.choice((None, 0, 9)),
        added_at=START + timedelta(minutes=draw.randrange(300_000)),
    )


def real_titles() -> dict[str, str]:
    """Titles of the set's items, by id."""
    rows = parquet.read_table(DATA / "items.parquet").to_pylist()
    return {row["item_id"]: row["text"] for row in rows}


def real_events() -> list[Event]:
    """The set's events, in each user's order."""
    rows = parquet.read_table(DATA / "interactions.parquet").to_pylist()
    return [Event(row["user_id"], row["item_id"], position=row["position"]) for row in rows]


def made(
    titles: dict[str, str], vectors: np.ndarray, count: int
) -> tuple[list[Item], np.ndarray, list[Event]]:
    """``count`` items with their vectors, and ten events for each."""
    draw, noise = random.Random(3), np.random.default_rng(3)
    names = list(titles.values())
    first = noise.integers(0, len(names), count)
    second = noise.integers(0, len(names), count)
    items = []
    for number, (left, right) in enumerate(zip(first, second, strict=True)):
        head, tail = names[left].split(), names[right].split()
        title = " ".join(head[: len(head) // 2 + 1] + tail[len(tail) // 2 :])
        items.append(dressed(f"m{number:07d}", f"{title} {number}", draw))
    mixed = 0.6 * vectors[first] + 0.4 * vectors[second]
    jitter = noise.standard_normal(mixed.shape).astype(np.float32)
    jitter *= 0.1 / np.linalg.norm(jitter, axis=1, keepdims=True)
    mixed += jitter * np.linalg.norm(mixed, axis=1, keepdims=True)
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    buyers = count // 2
    events = [
        Event(f"u{draw.randrange(buyers)}", draw.choice(items).id, position=number)
        for number in range(count * 5)
    ]
    return items, mixed.astype(np.float32), events


def prepare(
    folder: Path, items: Sequence[Item], events: Sequence[Event], encoder: TextEncoder
) -> Workspace:
    """An indexed workspace in ``folder``; prints the time if texts were encoded."""
    workspace = Workspace.init(folder)
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(items)
        store.write_events(events)
        started = time.perf_counter()
        report = build_index(workspace, store, encoder)
    if report.encoded:
        print(f"{folder.name}: {report} in {time.perf_counter() - started:.0f} s", flush=True)
    return workspace


def spread(milliseconds: Sequence[float]) -> str:
    """Median and 95th percentile, in milliseconds."""
    return f"{np.percentile(milliseconds, 50):7.1f} {np.percentile(milliseconds, 95):7.1f}"


def recall(workspace: Workspace, queries: int, k: int = 100) -> None:
    """Of the exact best ``k``, how many the store finds: taste-like and item-like queries."""
    collection = VectorCollection.open(workspace)
    matrix = VectorMatrix.load(collection, workspace.cache_dir)
    draw = np.random.default_rng(5)
    recalls, times, slow = [], [], []
    for number in range(queries):
        chosen = draw.integers(0, len(matrix), 1 + number % 4)
        vector = matrix.vectors[chosen].mean(axis=0)
        vector /= np.linalg.norm(vector)
        started = time.perf_counter()
        ids, _ = collection.query(vector, k)
        middle = time.perf_counter()
        scores = matrix.vectors @ vector
        exact = np.argpartition(scores, -k)[-k:]
        slow.append((time.perf_counter() - middle) * 1e3)
        times.append((middle - started) * 1e3)
        recalls.append(len({matrix.row[id] for id in ids} & set(exact.tolist())) / k)
    collection.close()
    print(
        f"  recall@{k} {np.mean(recalls):.4f} (worst query {min(recalls):.2f}), {queries} queries"
    )
    print(f"  store query          {spread(times)} ms (p50, p95)")
    print(f"  exact over all       {spread(slow)} ms")


def retrieval(workspace: Workspace, encoder: TextEncoder, requests: int) -> None:
    """Print how long opening takes with and without caches, and requests under each filter."""
    shutil.rmtree(workspace.cache_dir)
    started = time.perf_counter()
    retriever = Retriever.open(workspace, encoder=encoder)
    print(f"  opening, no caches   {time.perf_counter() - started:7.2f} s")
    retriever.close()
    started = time.perf_counter()
    retriever = Retriever.open(workspace, encoder=encoder)
    print(f"  opening, with caches {time.perf_counter() - started:7.2f} s")
    with CatalogStore.open(workspace.database_url) as store:
        users = random.Random(9).sample(store.users(), requests)
        histories = [
            tuple(HistoryEntry(item=event.item) for event in store.history(user)) for user in users
        ]
    started = time.perf_counter()
    retriever.retrieve(RetrievalRequest(histories[0]), 50)
    print(f"  first request        {(time.perf_counter() - started) * 1e3:7.1f} ms")
    print("  retrieve 50, all sources        p50     p95 ms")
    for name, filters in FILTERS.items():
        print(f"    {name:28s}{spread(timed(retriever, histories, filters))}", flush=True)
    off = Workspace.open(workspace.path, overrides={"retrieval": {"cold_places": 0}})
    with Retriever.open(off, encoder=encoder) as without:
        timed(without, histories[:1], Filters())
        print(f"    none, no cold places        {spread(timed(without, histories, Filters()))}")
    long = tuple(HistoryEntry(item=id) for id in _some_ids(workspace))
    started = time.perf_counter()
    retriever.retrieve(RetrievalRequest(long), 50)
    print(f"    history of {len(long)} items {(time.perf_counter() - started) * 1e3:14.1f}")
    retriever.close()


def timed(retriever: Retriever, histories: Sequence[History], filters: Filters) -> list[float]:
    """Milliseconds of each request."""
    times = []
    for history in histories:
        started = time.perf_counter()
        result = retriever.retrieve(RetrievalRequest(history, filters=filters), 50)
        times.append((time.perf_counter() - started) * 1e3)
        assert len(result.candidates) == min(50, result.matching)
    return times


def without_some(events: Sequence[Event], share: float) -> list[Event]:
    """Events of all items but a share of them."""
    ids = sorted({event.item for event in events})
    cold = set(random.Random(4).sample(ids, int(share * len(ids))))
    return [event for event in events if event.item not in cold]


def _some_ids(workspace: Workspace) -> list[str]:
    with CatalogStore.open(workspace.database_url) as store:
        return [item.id for item in next(store.iter_items(5000))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for the two shops")
    parser.add_argument("--made", type=int, default=200_000, help="items of the made shop; 0: none")
    parser.add_argument("--encoder", default="minilm-l6-v2", help="name or folder")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--cold", type=float, default=0.0, help="share of items without events")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    folder = Path(options.encoder)
    local = folder.is_dir()
    encoder = SentenceEncoder(folder.name, folder) if local else load_encoder(options.encoder)
    draw, titles = random.Random(2), real_titles()
    items = [dressed(id, title, draw) for id, title in titles.items()]
    shop = prepare(options.work / "real", items, without_some(real_events(), options.cold), encoder)
    report(shop, encoder, f"{len(items)} real items", options.requests)
    if options.made:
        many, mixed, events = made(titles, real_vectors(shop, titles), options.made)
        known = Remembered(encoder, dict(zip(map(item_text, many), mixed, strict=True)))
        shop = prepare(options.work / "made", many, without_some(events, options.cold), known)
        del many, mixed, events
        report(shop, encoder, f"{options.made} made items", options.requests)


def real_vectors(shop: Workspace, titles: dict[str, str]) -> np.ndarray:
    """The titles' text vectors ``[titles, width]``, in their order."""
    collection = VectorCollection.open(shop)
    matrix = VectorMatrix.load(collection, shop.cache_dir)
    collection.close()
    return np.stack([matrix.vectors[matrix.row[id]] for id in titles])


def report(shop: Workspace, encoder: TextEncoder, name: str, requests: int) -> None:
    """Print recall, times and peak memory of a shop."""
    print(name, flush=True)
    recall(shop, requests)
    retrieval(shop, encoder, requests)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory so far   {peak:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
