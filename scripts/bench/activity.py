"""What the desk's daily bars cost, as the event log is and with an index by time.

Usage: python scripts/bench/activity.py [--rows 1000000]

Makes logs of the same size, over a year and over the two weeks that the bars show, in a temporary
folder. Seconds and milliseconds are those of the processor, so that other work on the machine
counts little; the least of three.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import sqlalchemy as sa
from processes import machine

from llmrec.catalog.store import CatalogStore
from llmrec.types import Event, EventKind

USERS, ITEMS = 100_000, 20_000
KINDS = [EventKind(kind) for kind in ("view", "view", "view", "cart", "purchase")]
END = datetime(2026, 11, 1, tzinfo=timezone.utc)
SHOWN_DAYS = 14
INDEX = "CREATE INDEX by_time ON llmrec_events (at_us)"


def log(rows: int, days: int, seed: int = 0) -> Iterator[Event]:
    """Events evenly over the days before END; some items and shoppers are much more active."""
    draw = random.Random(seed)
    step = timedelta(days=days) / rows
    for row in range(rows):
        user, item = int(USERS * draw.random() ** 2), int(ITEMS * draw.random() ** 2)
        at = END - (rows - row) * step
        yield Event(f"u{user:06d}", f"i{item:05d}", draw.choice(KINDS), at=at)


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """The least processor time of some runs."""
    took = []
    for _ in range(times):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took)


def measure(folder: Path, rows: int, days: int, *, index: bool) -> str:
    """One row of the table: a log written and read, with the index or without."""
    file = folder / f"{days}-{index}.db"
    with CatalogStore.open(f"sqlite:///{file}") as store:
        if index:
            with sa.create_engine(f"sqlite:///{file}").begin() as connection:
                connection.exec_driver_sql(INDEX)
        made = list(log(rows, days))
        writing = seconds(lambda: store.write_events(made), times=1)
    with CatalogStore.open(f"sqlite:///{file}") as store:
        since = END - timedelta(days=SHOWN_DAYS)
        by_day = seconds(lambda: store.events_by_day(since))
        shoppers = seconds(store.count_users)
        unchanged = seconds(store.revision)
    figures = (by_day, shoppers, unchanged)
    cells = [f"{days} days", "yes" if index else "no", f"{writing:.1f} s"]
    cells += [
        f"{file.stat().st_size / 1e6:.0f} MB",
        *(f"{1000 * figure:.1f} ms" for figure in figures),
    ]
    return " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    print(f"{machine()}, {options.rows:,} events")
    print("log | index | write | file | days and kinds | shoppers | revision alone")
    with tempfile.TemporaryDirectory(prefix="llmrec-activity-") as name:
        for days in (365, SHOWN_DAYS):
            for index in (False, True):
                print(measure(Path(name), options.rows, days, index=index), flush=True)


if __name__ == "__main__":
    main()
