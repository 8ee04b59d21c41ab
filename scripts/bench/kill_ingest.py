"""Kill ``llmrec ingest`` at random moments, run it again, and compare with an uninterrupted run.

After a kill the database must hold the whole file or nothing of it; after the second run all rows
of all tables must be those of a run that nobody disturbed.

Usage: python scripts/bench/kill_ingest.py [--kills 20] [--rows 300000] [--seed 0]
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from ingest_events import LLMREC, write_csv, write_items
from processes import run


@dataclass(frozen=True)
class Case:
    """One ingest: its file, the workspace before and after it, and its seconds undisturbed."""

    target: str
    file: Path
    before: Path
    after: Path
    seconds: float


def content(database: Path) -> dict[str, tuple[int, str]]:
    """Rows of each table and a hash over them.

    The revisions count as "changed" or "not yet": they tell one change from another, so that two
    runs never have the same.
    """
    tables = {}
    with closing(sqlite3.connect(database)) as connection:
        listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in sorted(listed.fetchall()):
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            if name == "llmrec_meta":
                rows = [
                    (key, value if key == "schema_version" else value > 0) for key, value in rows
                ]
            text = "\n".join(sorted(map(repr, rows)))
            tables[name] = (len(rows), blake2b(text.encode(), digest_size=16).hexdigest())
    return tables


def ingest(target: str, file: Path, shop: Path) -> list[str]:
    """The command that ingests ``file`` as ``target`` (items or events)."""
    return [*LLMREC, "ingest", target, str(file), "-w", str(shop)]


def killed(command: list[str], after: float) -> bool:
    """Start ``command`` and kill it after so many seconds; whether it was still running."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        child.wait(timeout=after)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return True
    return False


def prepare(folder: Path, rows: int) -> list[Case]:
    """Workspaces before and after each of the two ingests, undisturbed, and how long they take."""
    empty, with_items, whole = (folder / name for name in ("empty", "with-items", "whole"))
    write_items(folder / "items.csv")
    write_csv(folder / "events.csv", rows)
    run(*LLMREC, "init", empty)
    cases = []
    for target, before, after in (("items", empty, with_items), ("events", with_items, whole)):
        shutil.copytree(before, after)
        file = folder / f"{target}.csv"
        start = time.perf_counter()
        run(*ingest(target, file, after))
        cases.append(Case(target, file, before, after, time.perf_counter() - start))
    return cases


def disturb(case: Case, moment: float, shop: Path) -> str:
    """Kill one ingest into ``shop``, run it again; what was seen, or exit if anything is wrong."""
    shutil.copytree(case.before, shop)
    command = ingest(case.target, case.file, shop)
    running = killed(command, moment)
    left = content(shop / "catalog.db")
    before, after = content(case.before / "catalog.db"), content(case.after / "catalog.db")
    run(*command)
    strays = [path.name for path in (shop / "rejects").iterdir()]
    if left not in (before, after) or content(shop / "catalog.db") != after or strays:
        sys.exit(f"{case.target} killed after {moment:.2f} s: content differs or {strays}: {shop}")
    shutil.rmtree(shop)
    state = "killed" if running else "finished before"
    rows = left[f"llmrec_{case.target}"][0]
    return f"{case.target:<6} {state} {moment:6.2f} s, {rows:>9,} rows then; equal after a new run"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="llmrec-kill-"))
    cases = prepare(folder, options.rows)
    hits = 0
    while hits < options.kills:
        case = draw.choice(cases)
        seen = disturb(case, draw.uniform(0.2, 1.0) * case.seconds, folder / "shop")
        hits += " killed" in seen
        print(f"{hits:>3} {seen}", flush=True)
    shutil.rmtree(folder)
    print(f"killed {hits} times while running: whole or nothing then, equal content after, always")


if __name__ == "__main__":
    main()
