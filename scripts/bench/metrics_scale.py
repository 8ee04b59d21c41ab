"""Seconds and peak memory of all metrics over a million users, beside ranx in the same run.

Each part runs in a process of its own, which makes its own data from the seed, so that its peak is
its own. The data are made such that the figures are known beforehand: every user has five relevant
items, and a user's number modulo four says at which ranks they stand (see ``HITS``). The rest of a
list is drawn with popular items more often than others. Example::

    python scripts/bench/metrics_scale.py --users 1000000

ranx is measured in its fastest form (arrays of numbers, float64 ``[users, depth, 2]``, all cores)
and, with fewer users, in its usual form (a dictionary of item ids and scores per user). It has no
figures beyond accuracy and no intervals. Ours uses one core.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from llmrec.eval.measures.arrays import Ragged
from llmrec.eval.measures.beyond import ItemFacts, beyond_accuracy, label_table
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.eval.measures.metrics import METRICS, find_hits, hit_matrix, ranking_metrics
from llmrec.eval.measures.slices import metric_slices
from llmrec.eval.measures.statistics import RunScores, compare

KS = (5, 10, 20, 100)
RANX_NAMES = {
    f"{'hit_rate' if name == 'hit' else name}@{k}": f"{name}@{k}" for name in METRICS for k in KS
}
"""ranx's name of each figure, and ours."""
RELEVANT = 5
HITS = ((), (1,), (3, 10, 60), (2, 4, 6, 8, 100))
"""Ranks of the relevant items of users 0, 1, 2, 3, 4 (as 0), …"""
LIMIT_MB = 4096

Steps: TypeAlias = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Made:
    """Lists ``[users, depth]``, relevant items and histories of made users, facts of made items."""

    lists: np.ndarray
    relevant: np.ndarray
    items: int

    @property
    def rows(self) -> Ragged:
        """The relevant items by user."""
        return Ragged(self.relevant.ravel(), np.arange(0, self.relevant.size + 1, RELEVANT))


def made(users: int, depth: int, items: int) -> Made:
    """Odd numbers are relevant items, even ones the rest; all are int32."""
    random = np.random.default_rng(0)
    lists = np.empty((users, depth), dtype=np.int32)
    for start in range(0, users, 10_000):
        block = lists[start : start + 10_000]
        block[:] = 2 * (random.random(block.shape) ** 3 * (items // 2)).astype(np.int32)
    first = random.integers(0, items // 2 - RELEVANT, size=users, dtype=np.int32)
    relevant = 2 * (first[:, None] + np.arange(RELEVANT, dtype=np.int32)) + 1
    for kind, ranks in enumerate(HITS):
        for place, rank in enumerate(ranks):
            if rank <= depth:
                lists[kind :: len(HITS), rank - 1] = relevant[kind :: len(HITS), place]
    return Made(lists, relevant, items)


def known_means(users: int, depth: int) -> dict[str, float]:
    """The means that must come out, from the formulas over the four kinds of users."""
    means = dict.fromkeys((f"{name}@{k}" for name in METRICS for k in KS), 0.0)
    for kind, ranks in enumerate(HITS):
        share = len(range(kind, users, len(HITS))) / users
        for k in KS:
            top = [rank for rank in ranks if rank <= min(k, depth)]
            ideal = sum(1 / np.log2(rank + 1) for rank in range(1, min(k, RELEVANT) + 1))
            values = {
                "hit": float(bool(top)),
                "recall": len(top) / RELEVANT,
                "precision": len(top) / k,
                "f1": 2 * len(top) / (k + RELEVANT),
                "ndcg": sum(1 / np.log2(rank + 1) for rank in top) / ideal,
                "mrr": 1 / top[0] if top else 0.0,
                "map": sum((n + 1) / rank for n, rank in enumerate(top)) / RELEVANT,
            }
            for name, value in values.items():
                means[f"{name}@{k}"] += share * value
    return means


def check(means: dict[str, float], users: int, depth: int) -> None:
    """Exit unless the means are what the invented lists must give."""
    for name, value in known_means(users, depth).items():
        if abs(means[name] - value) > 1e-9:
            raise SystemExit(f"{name} is {means[name]}, but must be {value}.")


class Clock:
    """Seconds of named steps, on the wall and of the processor: ``with clock("step"): ...``."""

    def __init__(self) -> None:
        self.steps: Steps = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.steps[name] = (time.perf_counter() - wall, time.process_time() - processor)


def part_ranking(users: int, depth: int, items: int) -> Steps:
    """All ranking metrics, from arrays."""
    data, clock = made(users, depth, items), Clock()
    rows = data.rows
    with clock("ranking metrics"):
        values = ranking_metrics(find_hits(data.lists, rows, max(KS)), rows.counts, KS)
    check({name: float(array.mean()) for name, array in values.items()}, users, depth)
    return clock.steps


def part_everything(users: int, depth: int, items: int) -> Steps:
    """All that a run reports: ranking, intervals, slices, a comparison, beyond accuracy."""
    data, clock, random = made(users, depth, items), Clock(), np.random.default_rng(1)
    rows = data.rows
    popularity = np.maximum(1, 50_000 / np.arange(1, items + 1)).astype(np.int64)
    with clock("ranking metrics"):
        values = ranking_metrics(find_hits(data.lists, rows, max(KS)), rows.counts, KS)
    with clock("intervals of all, 1,000 draws"):
        bootstrap_intervals(np.column_stack(list(values.values())))
    with clock("slices at 10"):
        lengths = random.integers(0, 20, size=users)
        metric_slices(data.lists, rows, (10,), history_lengths=lengths, interactions=popularity)
    with clock("a comparison of ndcg@10"):
        _compare(values["ndcg@10"], np.where(random.random(users) < 0.01, 0.0, values["ndcg@10"]))
    facts = ItemFacts(
        popularity,
        1_000_000,
        random.normal(size=(items, 64)).astype(np.float32),
        label_table([[str(label)] for label in random.integers(0, 200, size=items)]),
    )
    histories = Ragged(random.integers(0, items, 8 * users), 8 * np.arange(users + 1))
    expected = 2 * np.arange(depth)
    for k in (10, 100):
        with clock(f"beyond accuracy at {k}, 64-dimensional vectors"):
            beyond_accuracy(
                data.lists, (k,), facts, relevant=rows, histories=histories, expected=expected
            )
    return clock.steps


def _compare(a: np.ndarray, b: np.ndarray) -> None:
    names = tuple(map(str, range(len(a))))
    compare(RunScores("a", names, {"ndcg@10": a}), RunScores("b", names, {"ndcg@10": b}))


def part_ids(users: int, depth: int, items: int) -> Steps:
    """Ranking metrics from lists of item ids."""
    lists, relevant = _ids(made(users, depth, items))
    counts, clock = np.full(users, RELEVANT), Clock()
    with clock("ranking metrics"):
        values = ranking_metrics(hit_matrix(lists, relevant, max(KS)), counts, KS)
    check({name: float(array.mean()) for name, array in values.items()}, users, depth)
    return clock.steps


def part_ranx_arrays(users: int, depth: int, items: int) -> Steps:
    """The peer from arrays; its compiler is warmed up and timed apart."""
    from ranx import evaluate

    clock = Clock()
    with clock("compile"):
        evaluate(*_ranx_arrays(made(64, depth, items)), list(RANX_NAMES))
    data = made(users, depth, items)
    with clock("convert"):
        pair = _ranx_arrays(data)
    with clock("ranking metrics"):
        values = evaluate(*pair, list(RANX_NAMES))
    check({ours: float(values[name]) for name, ours in RANX_NAMES.items()}, users, depth)
    return clock.steps


def _ranx_arrays(data: Made) -> tuple[np.ndarray, np.ndarray]:
    relevant = np.ones((*data.relevant.shape, 2))
    relevant[..., 0] = data.relevant
    run = np.empty((*data.lists.shape, 2))
    run[..., 0] = data.lists
    run[..., 1] = np.arange(data.lists.shape[1], 0, -1)
    return relevant, run


def part_ranx_ids(users: int, depth: int, items: int) -> Steps:
    """The peer from dictionaries of item ids, as its documentation uses it."""
    from ranx import evaluate

    clock = Clock()
    with clock("compile"):
        evaluate(*_ranx_dictionaries(*_ids(made(64, depth, items))), list(RANX_NAMES))
    lists, relevant = _ids(made(users, depth, items))
    with clock("convert"):
        pair = _ranx_dictionaries(lists, relevant)
    with clock("ranking metrics"):
        values = evaluate(*pair, list(RANX_NAMES))
    check({ours: float(values[name]) for name, ours in RANX_NAMES.items()}, users, depth)
    return clock.steps


def _ranx_dictionaries(lists: list[list[str]], relevant: list[list[str]]) -> tuple[Any, Any]:
    from ranx import Qrels, Run

    wanted = {f"u{user}": dict.fromkeys(targets, 1) for user, targets in enumerate(relevant)}
    given = {
        f"u{user}": {item: float(-rank) for rank, item in enumerate(items)}
        for user, items in enumerate(lists)
    }
    return Qrels(wanted), Run(given)


def _ids(data: Made) -> tuple[list[list[str]], list[list[str]]]:
    """As item ids; what comes again within a list gets another id, for ranx's dictionaries."""
    lists = []
    for row in data.lists.tolist():
        fresh: dict[str, None] = {}
        for rank, item in enumerate(row):
            fresh[f"i{item}" if f"i{item}" not in fresh else f"again{rank}"] = None
        lists.append(list(fresh))
    return lists, [[f"i{item}" for item in row] for row in data.relevant.tolist()]


PARTS = {
    "ours, arrays": part_ranking,
    "ours, everything": part_everything,
    "ranx, arrays": part_ranx_arrays,
    "ours, ids": part_ids,
    "ranx, ids": part_ranx_ids,
}


def child(part: str, users: int, depth: int, items: int) -> tuple[Steps, float]:
    """Run one part in its own process: seconds of its steps, and the peak of its memory in MB."""
    arguments = ["--part", part, "--users", str(users), "--depth", str(depth)]
    done = subprocess.run(
        [sys.executable, __file__, *arguments, "--items", str(items)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ if part.startswith("ranx") else {**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    return figures["steps"], figures["peak_mb"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--depth", type=int, default=100)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--ids-users", type=int, default=50_000, help="users of the parts with ids")
    parser.add_argument("--repeat", type=int, default=1, help="ours and ranx in turn, so often")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.part:
        steps = PARTS[given.part](given.users, given.depth, given.items)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"steps": steps, "peak_mb": peak}))
        return
    print(f"{given.users:,} users x {given.depth} recommendations, {given.items:,} items")
    print("| part | users | step | seconds | CPU seconds | peak MB |\n|---|---|---|---|---|---|")
    for _ in range(given.repeat):
        for part in PARTS:
            users = min(given.users, given.ids_users) if part.endswith("ids") else given.users
            steps, peak = child(part, users, given.depth, given.items)
            for step, (wall, cpu) in steps.items():
                row = f"| {part} | {users:,} | {step} | {wall:.2f} | {cpu:.2f} | {peak:,.0f} |"
                print(row, flush=True)
            if part.startswith("ours") and peak > LIMIT_MB:
                raise SystemExit(f"'{part}' took {peak:,.0f} MB, more than {LIMIT_MB}.")


if __name__ == "__main__":
    main()
