"""Kill ``llmrec index`` at random moments, run it again, and compare with a run left in peace.

Half of the kills hit the first indexing of a catalogue, half an update (new, changed, repriced and
deleted items). Compared are ids, metadata and vectors, and what the graph answers. Example::

    python scripts/bench/kill_index.py 20 --items 4000
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.retrieval.collection import VectorCollection
from llmrec.types import Item

WORDS = ("red", "blue", "tin", "oak", "lamp", "kettle", "spade", "mug", "small", "large", "wool")


def make_items(count: int) -> list[Item]:
    """So many items with drawn titles and prices, the same on each call."""
    draw = random.Random(1)
    return [
        Item(f"i{n:05d}", " ".join(draw.choices(WORDS, k=6)) + f" {n}", price=Decimal(n % 90 + 1))
        for n in range(count)
    ]


def prepare(root: Path, count: int) -> dict[str, Path]:
    """Two workspaces: ``fresh`` was never indexed, ``update`` was, and has changed since."""
    items = make_items(count)
    fresh = Workspace.init(root / "fresh")
    with CatalogStore.open(fresh.database_url) as store:
        store.write_items(items)
    shutil.copytree(fresh.path, root / "update")
    index(root / "update")
    with CatalogStore.open(Workspace.open(root / "update").database_url) as store:
        for item in items[::7]:
            store.delete_item(item.id)
        store.write_items(replace(item, title=f"new {item.title}") for item in items[1::3])
        store.write_items(replace(item, price=Decimal("0.5")) for item in items[2::3])
        store.write_items(replace(item, id=f"n{item.id}") for item in items[::4])
    return {"fresh": fresh.path, "update": root / "update"}


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start ``llmrec index`` as a process group of its own, so that it can be killed whole."""
    return subprocess.Popen(
        [sys.executable, "-m", "llmrec.cli", "index", "--json", "-w", str(folder)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def index(folder: Path) -> float:
    """Run to the end; seconds."""
    started = time.perf_counter()
    if code := start(folder).wait():
        sys.exit(f"llmrec index left with {code}")
    return time.perf_counter() - started


def content(folder: Path) -> tuple[list[str], list[dict[str, object]], np.ndarray, float]:
    """Ids, metadata, vectors, and the graph's recall@10 against exact search."""
    collection = VectorCollection.open(Workspace.open(folder))
    try:
        ids = collection.ids()
        stored = collection.metadata(ids)
        metadata = [dict(sorted(stored[id].items())) for id in ids]
        of_id = {
            id: vector
            for page, vectors in collection.vectors(ids)
            for id, vector in zip(page, vectors, strict=True)
        }
        vectors = np.stack([of_id[id] for id in ids])
        recalls = []
        for row in range(0, len(ids), max(len(ids) // 50, 1)):
            nearest, _ = collection.query(vectors[row], 10)
            scores = vectors @ vectors[row]
            worst = np.sort(scores)[-10] - 1e-6
            recalls.append(np.mean([scores[ids.index(id)] >= worst for id in nearest]))
        return ids, metadata, vectors, float(np.mean(recalls))
    finally:
        collection.close()


def kill_once(source: Path, trial: Path, after: float) -> bool:
    """Whether the process was still alive when it was killed, ``after`` seconds from its start."""
    shutil.copytree(source, trial)
    process = start(trial)
    time.sleep(after)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return alive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--items", type=int, default=4000)
    parser.add_argument("--encoder", default="hashing")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ["LLMREC_MODELS__ENCODER"] = options.encoder
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        sources = prepare(Path(folder), options.items)
        peace, seconds = {}, {}
        for name, source in sources.items():
            whole = Path(folder) / f"{name}-whole"
            shutil.copytree(source, whole)
            seconds[name] = index(whole)
            peace[name] = content(whole)
        for number in range(options.kills):
            name = ("fresh", "update")[number % 2]
            trial = Path(folder) / "trial"
            # Not before the interpreter and the libraries are up: nothing could go wrong there.
            after = draw.uniform(0.25, 1.0) * seconds[name]
            alive = kill_once(sources[name], trial, after)
            index(trial)
            ids, metadata, vectors, recall = content(trial)
            expected = peace[name]
            same = ids == expected[0] and metadata == expected[1]
            same = same and bool(np.allclose(vectors, expected[2], atol=1e-5)) and recall >= 0.99
            print(
                f"{number + 1:3d} {name:6s} killed at {after:6.2f} of {seconds[name]:.2f} s "
                f"({'running' if alive else 'had ended'}): {len(ids)} items, "
                f"graph recall@10 {recall:.3f}, {'equal' if same else 'DIFFERENT'}",
                flush=True,
            )
            if not same:
                sys.exit(1)
            shutil.rmtree(trial)


if __name__ == "__main__":
    main()
