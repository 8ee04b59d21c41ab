"""Chroma's graph over a behaviour encoder's vectors: recall, as they are and made equally long.

    python scripts/bench/behaviour.py --data ../shared/data/amazon14_beauty --set epochs=3 \
        --set history=20 --set layer=ligr --out bench-work/behaviour/beauty-3
    python scripts/bench/behaviour_graph.py --data ../shared/data/amazon14_beauty \
        --encoder bench-work/behaviour/beauty-3/encoder-0 --spread 0.7

``--spread`` multiplies each vector's length by exp(spread * normal draw): what a graph would have
to bear if popularity went further into the lengths.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import chromadb
import numpy as np
from numpy.typing import NDArray

from llmrec.config import ChromaSettings
from llmrec.embedding.behaviour import History, load_behaviour
from llmrec.eval import open_data

_PAGE = 2_000
Floats = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--order", default="time", choices=("time", "position"))
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--spread", type=float, default=0.0)
    args = parser.parse_args()
    cases = open_data(args.data, order=args.order).split.test[: args.users]
    encoder = load_behaviour(args.encoder)
    users = encoder.encode([History(case.history_ids) for case in cases])
    items = encoder.item_vectors()
    draw = np.random.default_rng(0).normal(size=(len(items), 1))
    items = (items * np.exp(args.spread * draw)).astype(np.float32)
    lengths = np.percentile(np.linalg.norm(items, axis=1), [1, 50, 100])
    print("lengths: 1 %, median, largest", lengths.round(3))
    exact = np.argsort(-(users @ items.T), axis=1)[:, :100]
    with tempfile.TemporaryDirectory() as folder:
        client = chromadb.PersistentClient(folder)
        for ef in (500, 100):
            report(client, f"raw-{ef}", ef, items, users, exact)
            report(client, f"equal-{ef}", ef, *equally_long(items, users), exact)


def equally_long(items: Floats, users: Floats) -> tuple[Floats, Floats]:
    """One number more for each vector; inner products stay (Bachrach et al. 2014)."""
    squares = np.square(items).sum(axis=1)
    more = np.sqrt(squares.max() - squares)
    zeros = np.zeros((len(users), 1), np.float32)
    return np.column_stack([items, more]).astype(np.float32), np.hstack([users, zeros])


def report(
    client: Any, name: str, ef: int, items: Floats, users: Floats, exact: NDArray[np.int64]
) -> None:
    """Print build time, latency and recall of one graph over item vectors ``[items, width]``."""
    chosen = ChromaSettings()
    graph = {
        "space": "ip",
        "max_neighbors": chosen.hnsw_m,
        "ef_construction": chosen.ef_construction,
        "ef_search": ef,
    }
    collection = client.create_collection(
        name, embedding_function=None, configuration={"hnsw": graph}
    )
    started = perf_counter()
    ids = [str(row) for row in range(len(items))]
    for start in range(0, len(items), _PAGE):
        collection.upsert(ids=ids[start : start + _PAGE], embeddings=items[start : start + _PAGE])
    made = perf_counter() - started
    found10 = found100 = 0.0
    started = perf_counter()
    for user, best in zip(users, exact, strict=True):
        nearest = collection.query(query_embeddings=user[None], n_results=100)["ids"][0]
        rows = [int(id) for id in nearest]
        found10 += len({*rows[:10]} & {*best[:10].tolist()}) / 10
        found100 += len({*rows} & {*best.tolist()}) / 100
    query = (perf_counter() - started) / len(users) * 1000
    print(
        f"{name:10} recall@10 {found10 / len(users):.4f} recall@100 {found100 / len(users):.4f} "
        f"insert {made:.0f} s, query {query:.1f} ms"
    )


if __name__ == "__main__":
    main()
