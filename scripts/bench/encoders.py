"""How often a query finds the demo store's product that is meant, by language and by encoder.

Example::

    python scripts/bench/encoders.py               # MiniLM and the multilingual USE
    python scripts/bench/encoders.py NAME FOLDER   # others, as ``models.encoder`` takes them

``encoders.json`` has 20 queries in German, 20 in Chinese and 20 in English, written for this and
each with the products that are meant; nearly all of these are described in English. "meaning" asks
the vectors alone, "both" joins them with the words, as the tool ``search`` does.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.demo import items_files
from llmrec.embedding import load_encoder
from llmrec.ingest import ingest_items
from llmrec.retrieval import RetrievalRequest, Retriever, build_index

QUERIES = Path(__file__).with_suffix(".json")
WAYS = {"meaning": ("query",), "both": ("query", "lexical")}
DEPTH = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="*", default=["minilm-l6-v2", "use-multilingual-v3"])
    queries = json.loads(QUERIES.read_text(encoding="utf-8"))
    print("| encoder | language | sources | recall@1 | recall@3 | recall@10 | MRR |")
    print("|---|---|---|---|---|---|---|")
    for name in parser.parse_args().encoders:
        with tempfile.TemporaryDirectory() as folder:
            measure(name, Path(folder) / "shop", queries)


def measure(name: str, folder: Path, queries: dict[str, list[tuple[str, list[str]]]]) -> None:
    """Index the demo store with an encoder and print where the products meant are found."""
    workspace = Workspace.init(folder)
    ingest_items(workspace, items_files())
    encoder = load_encoder(name)
    with CatalogStore.open(workspace.database_url) as store:
        began = time.perf_counter()
        build_index(workspace, store, encoder)
        indexed = time.perf_counter() - began
        retriever = Retriever.open(
            Workspace.open(folder, overrides={"models": {"encoder": name}}), store=store
        )
        for language, pairs in queries.items():
            for way, sources in WAYS.items():
                ranks = [rank(retriever, sources, query, meant) for query, meant in pairs]
                shares = [sum(r <= k for r in ranks) / len(ranks) for k in (1, 3, 10)]
                mrr = sum(1 / r for r in ranks) / len(ranks)
                figures = " | ".join(f"{figure:.2f}" for figure in (*shares, mrr))
                print(f"| {name} | {language} | {way} | {figures} |", flush=True)
        print(f"{name}: {store.count_items()} products indexed in {indexed:.0f} s")


def rank(retriever: Retriever, sources: tuple[str, ...], query: str, meant: list[str]) -> float:
    """The place of the first product that is meant, from 1; infinity beyond the depth."""
    candidates = retriever.retrieve_from(sources, RetrievalRequest(query=query), DEPTH).candidates
    places = (
        place for place, candidate in enumerate(candidates, start=1) if candidate.item in meant
    )
    return next(places, float("inf"))


if __name__ == "__main__":
    main()
