"""How long it takes to count what came of an experiment, and which part of it takes how long.

Usage: python scripts/bench/experiment.py [--shoppers 50000] [--profile]

Makes an experiment in a temporary folder: each shopper is shown some lists of ten and does some
things, half of them with what was shown. Seconds are those of the processor, the least of three.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import pstats
import random
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from processes import machine

from llmrec.catalog.store import CatalogStore
from llmrec.config import ExperimentSettings, RankingSettings
from llmrec.experiment import Experiment, Exposures, ShownList, arm_of
from llmrec.experiment.outcomes import experiment_result
from llmrec.types import Event, EventKind

ITEMS, LIST, LISTS, ACTS = 20_000, 10, 5, 20
START = datetime(2026, 11, 1, tzinfo=timezone.utc)
KINDS = [EventKind(kind) for kind in ("view", "view", "view", "like", "cart", "purchase")]
NAME = "bench"


def fill(url: str, shoppers: int, seed: int = 0) -> None:
    """LISTS lists a shopper over two weeks, ACTS events a shopper over three."""
    draw = random.Random(seed)
    shown: dict[int, list[ShownList]] = {}
    events = []
    for number in range(shoppers):
        user, rows = f"u{number:06d}", draw.choices(range(ITEMS), k=LIST * LISTS)
        arm = arm_of(NAME, user, 0.5)
        for place in range(LISTS):
            items = tuple(f"i{row:05d}" for row in rows[place * LIST : (place + 1) * LIST])
            shown.setdefault(draw.randrange(14 * 24), []).append(ShownList(user, arm, items))
        for _ in range(ACTS):
            item = draw.choice(rows) if draw.random() < 0.5 else draw.randrange(ITEMS)
            at = START + timedelta(seconds=draw.randrange(21 * 86_400))
            events.append(Event(user, f"i{item:05d}", draw.choice(KINDS), at=at))
    with CatalogStore.open(url) as store, Exposures.open(url) as exposures:
        store.write_events(events)
        for hour, lists in sorted(shown.items()):
            moment = START + timedelta(hours=hour)
            exposures.record(NAME, lists, int(moment.timestamp()) * 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shoppers", type=int, default=50_000)
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    options = parser.parse_args()
    ours = RankingSettings()
    running = Experiment(NAME, ExperimentSettings(name=NAME), {"A": ours, "B": ours})
    with tempfile.TemporaryDirectory(prefix="llmrec-experiment-") as name:
        url = f"sqlite:///{Path(name) / 'catalog.db'}"
        fill(url, options.shoppers)
        took = []
        with Exposures.open(url) as exposures:
            for _ in range(3):
                start = time.process_time()
                result = experiment_result(running, exposures)
                took.append(time.process_time() - start)
            if options.profile:
                profile = cProfile.Profile()
                profile.runcall(experiment_result, running, exposures)
                pstats.Stats(profile).sort_stats("tottime").print_stats(12)
    digest = hashlib.sha256(repr(result.to_dict()).encode()).hexdigest()[:12]
    print(f"{machine()}, {options.shoppers:,} shoppers: {min(took):.2f} s, result {digest}")
    print(result.sentence)


if __name__ == "__main__":
    main()
