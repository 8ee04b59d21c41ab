"""How long a shopper waits for cards and for words: ``recommend_stream`` beside ``recommend``.

    python scripts/bench/words_stream.py --engines openvino transformers

It makes the demo store in a folder of its own, asks for English products (those that the default
model writes of), and prints one table: milliseconds, medians over shoppers, until the cards are
there (the model ranks them), the first product's words and the last one's; then of one call of
``recommend``, which waits for all of it. Everything is loaded before. With ``explain.words =
"quote"`` the words are on the cards. Where other programs keep the cores busy, ``--processor``
counts this process's processor time, which they change little; with one thread
(``OMP_NUM_THREADS=1``) it is near the wall time of an idle machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from processes import machine

from llmrec import AnswerRanked, Recommender, WordsWritten, Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.demo import events_file, items_files
from llmrec.embedding import load_encoder
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index

COUNTS = (3, 5, 10)
ASKED: dict[str, Any] = {"language": "en", "filters": {"languages": ["en"]}}


@dataclass(frozen=True)
class Waits:
    """Milliseconds from the call."""

    cards: float
    first: float
    last: float
    whole: float


def make_shop(folder: Path) -> Path:
    """The demo store, ingested and indexed; the time of that is not measured."""
    workspace = Workspace.init(folder / "shop")
    ingest_items(workspace, items_files())
    ingest_events(workspace, [events_file()])
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, load_encoder(workspace.settings.models.encoder))
    return workspace.path


def waits_of(shop: Recommender, user: str, k: int, clock: Callable[[], float]) -> Waits:
    """One shopper: the pieces as they come, then the same answer in one call."""
    began = clock()
    cards, words, pending = 0.0, [], set[int]()
    for event in shop.recommend_stream(user=user, k=k, **ASKED):
        spent = (clock() - began) * 1000
        if isinstance(event, AnswerRanked):
            cards, pending = spent, set(event.pending)
            # Words that the model does not write are on the cards.
            words += [spent] * (len(event.answer) - len(pending))
        elif isinstance(event, WordsWritten) and event.recommendation.rank in pending:
            words.append(spent)
    began = clock()
    shop.recommend(user=user, k=k, **ASKED)
    return Waits(cards, min(words), max(words), (clock() - began) * 1000)


def medians(shop: Recommender, k: int, repeat: int, clock: Callable[[], float]) -> Waits:
    """Median waits over the first ``repeat`` users."""
    waits = [waits_of(shop, user, k, clock) for user in shop.store.users(limit=repeat)]
    names = [field.name for field in fields(Waits)]
    return Waits(
        **{name: statistics.median(getattr(wait, name) for wait in waits) for name in names}
    )


def line(engine: str, words: str, k: int, waits: Waits) -> str:
    """A row of the table: waits in milliseconds, and the cards' share of the whole."""
    figures = " | ".join(f"{getattr(waits, field.name):,.0f}" for field in fields(Waits))
    return f"| {engine} | {words} | {k} | {figures} | {waits.cards / waits.whole:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", nargs="+", default=["openvino", "transformers"])
    parser.add_argument("--repeat", type=int, default=3, help="shoppers of each setting")
    parser.add_argument("--processor", action="store_true", help="count processor time")
    options = parser.parse_args()
    clock = time.process_time if options.processor else time.perf_counter
    print(f"Machine: {machine()}; load {os.getloadavg()[0]:.1f} at the start.\n")
    print("| engine | words | k | cards | first words | last words | one call | cards / one call |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="llmrec-words-") as folder:
        path = make_shop(Path(folder))
        for engine in options.engines:
            for words in ("quote", "model"):
                settings: dict[str, Any] = {
                    "models": {"engine": engine},
                    "explain": {"words": words},
                }
                with Recommender.open(path, overrides=settings) as shop:
                    shop.recommend(k=1, **ASKED)  # loads what the first call loads
                    for k in COUNTS:
                        waits = medians(shop, k, options.repeat, clock)
                        print(line(engine, words, k, waits), flush=True)


if __name__ == "__main__":
    main()
