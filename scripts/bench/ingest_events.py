"""Ingest a generated event log with the real command line: rows per second and peak memory.

Usage: python scripts/bench/ingest_events.py [--rows 2000000] [--format csv] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from processes import machine, run

USERS, ITEMS = 100_000, 20_000
START = 1_600_000_000
KINDS = ("view", "view", "view", "cart", "purchase")
LLMREC = (sys.executable, "-m", "llmrec.cli")


def event_rows(rows: int, seed: int = 0) -> Iterator[str]:
    """CSV lines of a log in order of time; a few seconds lie between two events."""
    draw = random.Random(seed)
    for row in range(rows):
        # Squared: some items and shoppers are much more active than others.
        user, item = int(USERS * draw.random() ** 2), int(ITEMS * draw.random() ** 2)
        yield f"u{user:06d},i{item:05d},{draw.choice(KINDS)},{START + 3 * row}\n"


def write_csv(path: Path, rows: int) -> None:
    """Write so many invented events as CSV."""
    with path.open("w") as file:
        file.write("user_id,item_id,event_type,timestamp\n")
        file.writelines(event_rows(rows))


def to_parquet(source: Path, target: Path) -> None:
    """Convert a CSV file to Parquet."""
    import pyarrow.csv
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.csv.read_csv(source), target)


def write_items(path: Path) -> None:
    """Write the items that the events speak of as CSV."""
    with path.open("w") as file:
        file.write("id,title\n")
        file.writelines(f"i{item:05d},Product {item}\n" for item in range(ITEMS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="llmrec-events-") as name:
        folder = Path(name)
        write_items(folder / "items.csv")
        log = folder / "events.csv"
        write_csv(log, options.rows)
        if options.format == "parquet":
            to_parquet(log, folder / "events.parquet")
            log = folder / "events.parquet"
        run(*LLMREC, "init", folder / "shop")
        run(*LLMREC, "ingest", "items", folder / "items.csv", "-w", folder / "shop")
        start = time.perf_counter()
        done = run(*LLMREC, "ingest", "events", log, "-w", folder / "shop", "--json")
        seconds = time.perf_counter() - start
        summary = json.loads(done.output.splitlines()[-1])["files"][0]
    figures = {
        "rows": summary["rows"],
        "added": summary["added"],
        "rejected": summary["rejected"],
        "seconds": round(seconds, 1),
        "rows_per_second": round(summary["rows"] / seconds),
        "peak_megabytes": round(done.megabytes),
    }
    print(f"{machine()}: {options.format}, {json.dumps(figures)}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
