"""Wall time and peak memory of init, ingest, index and recommend on real data; writes the docs.

    make bench            # or: python scripts/bench/main_path.py --data ../shared/data

For each data set it makes a fresh workspace, runs the four commands as child processes, and then
times the stages of ``recommend`` for 10, 20 and 50 candidates in one process, with the engine that
is always there (transformers). ``demo`` is the shipped store, whose products have descriptions and
attributes; the others have titles alone, so that the model is asked for no reasons. The tables go
to docs/benchmarks.md between the marks of that file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from processes import Run, machine, run

from llmrec.catalog.store import CatalogStore
from llmrec.demo import events_file, items_files

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- main path: begin -->", "<!-- main path: end -->"
DEMO = "demo"
DATASETS = ("amazon14_beauty", "online_retail", DEMO)
LLMREC = (sys.executable, "-m", "llmrec.cli")
STAGES = ("validate", "retrieve", "render", "rank", "write", "total")


def files_of(data: Path) -> tuple[list[Path], list[Path]] | None:
    """The items and the events of a data set; ``None`` where it is not on this machine."""
    if data.name == DEMO:
        return items_files(), [events_file()]
    return ([data / "items.parquet"], [data / "interactions.parquet"]) if data.is_dir() else None


def measure_commands(items: list[Path], events: list[Path], shop: Path) -> list[tuple[str, Run]]:
    """Each step of the main path on one data set, as (name, run)."""
    steps = [
        ("init", ("init", shop)),
        ("ingest items", ("ingest", "items", *items, "-w", shop)),
        ("ingest events", ("ingest", "events", *events, "-w", shop)),
        ("index", ("index", "-w", shop)),
        ("index again, nothing changed", ("index", "-w", shop)),
    ]
    done = [(name, run(*LLMREC, *arguments)) for name, arguments in steps]
    user = first_user(shop)
    ask = ("recommend", "-w", shop, "--user", user, "-k", "5", "-d", "1", "--json")
    done.append(("recommend -k 5 -d 1", run(*LLMREC, *ask)))
    return done


def first_user(shop: Path) -> str:
    """A shopper of the log."""
    with CatalogStore.open(f"sqlite:///{shop / 'catalog.db'}") as store:
        return store.users(limit=1)[0]


def measure_stages(shop: Path) -> dict[str, dict[str, float]]:
    """The table of :func:`stages`, from a process of its own.

    A child's peak memory counts its parent's at the time of the fork, so this process stays small.
    """
    done = run(sys.executable, __file__, "--stages", shop)
    table: dict[str, dict[str, float]] = json.loads(done.output.splitlines()[-1])
    return table


def stages(shop: Path, requests: int = 5) -> dict[int, dict[str, float]]:
    """Median milliseconds per stage for 10, 20 and 50 candidates, five requests each, warm."""
    from llmrec import Recommender

    table = {}
    for candidates in (10, 20, 50):
        overrides = {"retrieval": {"candidates": candidates}, "models": {"engine": "transformers"}}
        with Recommender.open(shop, overrides=overrides) as recommender:
            users = recommender.store.users(limit=requests + 1)
            recommender.recommend(user=users[0], k=5)
            traces = [recommender.recommend(user=user, k=5).trace for user in users[1:]]
        row = {
            stage: statistics.median(trace.milliseconds.get(stage, 0.0) for trace in traces)
            for stage in STAGES
        }
        row["tokens"] = statistics.median(trace.prompt_tokens for trace in traces)
        row["passes"] = statistics.median(trace.forward_passes for trace in traces)
        table[candidates] = row
    return table


def command_table(name: str, runs: list[tuple[str, Run]]) -> str:
    """Seconds and peak megabytes of each command, as Markdown."""
    lines = [f"### {name}", "", "| step | seconds | peak MB |", "|---|---|---|"]
    lines += [f"| {step} | {cost.seconds:.1f} | {cost.megabytes:.0f} |" for step, cost in runs]
    return "\n".join(lines)


def stage_table(name: str, table: dict[str, dict[str, float]]) -> str:
    """Milliseconds of each stage by number of candidates, as Markdown."""
    head = "| candidates | " + " | ".join(STAGES) + " | prompt tokens | forward passes |"
    lines = [f"### {name}: milliseconds per stage of `recommend`, k = 5, medians of 5", "", head]
    lines.append("|---" * (len(STAGES) + 3) + "|")
    for candidates, row in table.items():
        cells = " | ".join(f"{row[stage]:,.0f}" for stage in STAGES)
        lines.append(f"| {candidates} | {cells} | {row['tokens']:.0f} | {row['passes']:.0f} |")
    return "\n".join(lines)


def write_docs(text: str) -> None:
    """Replace what stands between the marks of docs/benchmarks.md."""
    page = DOCS.read_text(encoding="utf-8")
    before, _, behind = page.partition(BEGIN)
    _, _, after = behind.partition(END)
    DOCS.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / ".." / "shared" / "data")
    parser.add_argument("--sets", nargs="+", default=list(DATASETS))
    parser.add_argument("--json", type=Path, help="also write the raw figures here")
    parser.add_argument("--stages", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stages:
        print(json.dumps(stages(options.stages)))
        return
    parts, raw = [f"Machine: {machine()}.", ""], {}
    for name in options.sets:
        files = files_of(options.data / name)
        if files is None:
            print(f"skipping {name}: {options.data / name} is not there")
            continue
        shop = Path(tempfile.mkdtemp(prefix=f"llmrec-{name}-")) / "shop"
        runs = measure_commands(*files, shop)
        timed = measure_stages(shop)
        shutil.rmtree(shop.parent)
        parts += [command_table(name, runs), "", stage_table(name, timed), ""]
        raw[name] = {"steps": {step: [r.seconds, r.megabytes] for step, r in runs}, **timed}
        print("\n".join(parts[-4:]), flush=True)
    if not raw:
        raise SystemExit("no data set found; name their folder with --data")
    write_docs("\n".join(parts))
    if options.json:
        options.json.write_text(json.dumps(raw, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
