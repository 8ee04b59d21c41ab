"""Logs in which nothing can be predicted: how often an evaluation calls something better.

    python scripts/bench/random_logs.py --work /tmp/random-logs --seeds 20

Every shopper takes ``--a-day`` different items on each of two days, all drawn at random, and the
log gives days alone. It is written as a shop would export it: as it came, and sorted by item, by
title, backwards, by shopper, day and item, and without any times. Each file is evaluated as a table
and as a workspace that has ingested it. Recommenders are compared with one that draws its lists;
"better" means p below .05 on the better side, so 2.5 % of the comparisons may say so.
"""

from __future__ import annotations

import argparse
import csv
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from llmrec.config import Workspace
from llmrec.eval import EvalData, Evaluation, RunScores, compare, evaluate, open_data
from llmrec.eval.baselines import fit_baseline
from llmrec.eval.baselines.fold import Fold
from llmrec.eval.main_path.recommenders import open_retriever
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.ingest import ingest_events, ingest_items

BASELINES = ("popular", "recent", "item-knn", "transitions", "ease")
METRIC = "ndcg@10"
ALPHA = 0.05
ENCODER = {"models": {"encoder": "hashing"}}
Row: TypeAlias = "tuple[str, str, str]"  # user, item, day


@dataclass(frozen=True)
class RandomLog:
    """Rows as they came, and the title of each item, which says nothing of its id."""

    rows: Sequence[Row]
    titles: dict[str, str]


class Drawn:
    """Lists drawn from the whole catalogue, but for the history."""

    def __init__(self, ids: Sequence[str], seed: int) -> None:
        self._ids, self._draw = list(ids), random.Random(f"lists {seed}")

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[list[str]]:
        """``k`` items outside each history."""
        return [
            self._draw.sample([id for id in self._ids if id not in set(history)], k)
            for history in histories
        ]


def main() -> None:
    args = arguments()
    better: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for seed in range(args.seeds):
        log = random_log(seed, args.users, args.items, args.a_day)
        folder = args.work / str(seed)
        shutil.rmtree(folder, ignore_errors=True)
        # Files that give the same cases are judged once, and count as often as they come.
        judged: dict[str, list[tuple[str, float, float]]] = {}
        for form, open_as in FORMS.items():
            for name, order in ORDERS.items():
                data = open_as(folder / f"{form} {name}", order(log), log, name != "no times")
                cases = repr(
                    (form, [(c.user, c.history_ids, c.target_ids) for c in data.split.test])
                )
                if cases not in judged:
                    retriever = args.retriever and form == "workspace"
                    outcomes = dict(evaluations(data, seed, retriever=retriever))
                    judged[cases] = list(compared(outcomes, seed))
                for method, p, difference in judged[cases]:
                    label = f"{form:<10} {name:<18} {method}"
                    asked[label] += 1
                    better[label] += p < ALPHA and difference > 0
        print(f"seed {seed}: {len(judged)} sets of cases in {2 * len(ORDERS)} files", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
    for label, number in asked.items():
        print(f"{label:<48} better in {better[label]:>2} of {number}")
    print(f"all: better in {better.total()} of {asked.total()} comparisons")


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for files and shops")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--users", type=int, default=600)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--a-day", type=int, default=4)
    parser.add_argument("--retriever", action="store_true", help="the main path's retriever, too")
    return parser.parse_args()


def random_log(seed: int, users: int, items: int, a_day: int) -> RandomLog:
    """Two days of different items for each shopper."""
    draw = random.Random(seed)
    ids = [f"P{number:03}" for number in range(items)]
    words = draw.sample(range(items), items)
    titles = {id: f"Thing {word:03}" for id, word in zip(ids, words, strict=True)}
    rows: list[Row] = []
    for user in range(users):
        taken = draw.sample(ids, 2 * a_day)
        for place, item in enumerate(taken):
            rows.append((f"u{user:04}", item, f"2024-03-0{1 + place // a_day}"))
    return RandomLog(rows, titles)


Order: TypeAlias = Callable[[RandomLog], "list[Row]"]
ORDERS: dict[str, Order] = {
    "as it came": lambda log: list(log.rows),
    "by item": lambda log: sorted(log.rows, key=lambda row: row[1]),
    "by item, backwards": lambda log: sorted(log.rows, key=lambda row: row[1], reverse=True),
    "by title": lambda log: sorted(log.rows, key=lambda row: log.titles[row[1]]),
    "by day and item": lambda log: sorted(log.rows, key=lambda row: (row[2], row[1])),
    "by user, day, item": lambda log: sorted(log.rows, key=lambda row: (row[0], row[2], row[1])),
    "no times": lambda log: sorted(log.rows),
}
"""Ways in which rows are written; the last one by user and item, without the days."""


def as_table(folder: Path, rows: Sequence[Row], log: RandomLog, timed: bool) -> EvalData:
    """The rows in the columns of an evaluation's table."""
    write(folder / "interactions.csv", ("user_id", "item_id", "timestamp"), rows, timed)
    return open_data(folder)


def as_workspace(folder: Path, rows: Sequence[Row], log: RandomLog, timed: bool) -> EvalData:
    """A shop that has ingested the rows."""
    shop = Workspace.open(Workspace.init(folder / "shop").path, overrides=ENCODER)
    write(
        folder / "items.csv", ("id", "title"), [(*item, "") for item in log.titles.items()], False
    )
    write(folder / "events.csv", ("user", "item", "time"), rows, timed)
    ingest_items(shop, [folder / "items.csv"])
    ingest_events(shop, [folder / "events.csv"])
    return open_data(shop.path)


FORMS = {"table": as_table, "workspace": as_workspace}


def write(path: Path, header: Sequence[str], rows: Sequence[Row], timed: bool) -> None:
    """Write a log as CSV, with its column of times if it is ``timed``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width = 3 if timed else 2
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header[:width], *(row[:width] for row in rows)])


def evaluations(data: EvalData, seed: int, *, retriever: bool) -> Iterator[tuple[str, Evaluation]]:
    """Each recommender's outcome on the test cases; first the one that draws."""
    options: dict[str, Any] = {"ks": (10,), "seed": seed, "resamples": 10}
    yield "drawn", evaluate(Drawn(data.items.ids, seed), data, **options)
    fold = Fold.of(data, "test")
    for name in BASELINES:
        yield name, evaluate(fit_baseline(name, fold, recipe_of(name), seed=seed), data, **options)
    if retriever:
        with opened(data) as model:
            yield "retriever", evaluate(model, data, history="events", **options)


def recipe_of(name: str) -> dict[str, Any]:
    """The settings with which a baseline is fitted."""
    return {"half_life_days": 1.0} if name == "recent" else {}


@contextmanager
def opened(data: EvalData) -> Iterator[Any]:
    """The main path's retriever over a workspace of its own."""
    folder = Path(data.shop or ".").parent / "evaluated"
    shop = evaluation_shop(data, "test", folder=folder, overrides=ENCODER)
    with open_retriever(data, "test", shop, cached=False) as model:
        yield model


def compared(outcomes: dict[str, Evaluation], seed: int) -> Iterator[tuple[str, float, float]]:
    """Method, p and difference of each comparison with the drawn lists."""
    scores = {
        name: RunScores(name, one.users, {METRIC: one.per_user[METRIC]})
        for name, one in outcomes.items()
    }
    for name, one in scores.items():
        if name != "drawn":
            (result,) = compare(one, scores["drawn"], metrics=[METRIC], resamples=2_000, seed=seed)
            yield name, result.permutation_p, result.difference


if __name__ == "__main__":
    main()
