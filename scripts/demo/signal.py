"""Measure whether the demo log holds a next purchase: ``python scripts/demo/signal.py``.

For each shopper with three or more purchases the target is the last purchase of an item that the
shopper had not touched before that visit. What happened in the target's visit (from the last break
of half an hour on) is left out, so that looking at the item cannot give it away. The history is all
that was touched before. Two scorers rank the whole catalogue without the history; both learn from
the other shoppers and from this shopper's history:

- popularity: purchases of an item;
- co-occurrence: sum over the history of cosine(item, history item) over shoppers.

Ties count against the scorer. Prints recall@10, NDCG@10 and 95 % bootstrap intervals.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np

from llmrec.demo import events_file, items_files

WEIGHT = {"view": 0.3, "like": 0.7, "cart": 0.5, "purchase": 1.0, "rating": 0.0, "dislike": 0.0}


def visits(events: list[dict]) -> list[list[dict]]:
    """Split one shopper's events where half an hour passes without any."""
    out: list[list[dict]] = []
    last = None
    for event in events:
        at = datetime.fromisoformat(event["at"].replace("Z", "+00:00"))
        if last is None or at - last > timedelta(minutes=30):
            out.append([])
        out[-1].append(event)
        last = at
    return out


def holdout(events: list[dict]) -> tuple[list[dict], str] | None:
    """The events before the target's visit, and the target."""
    if sum(event["kind"] == "purchase" for event in events) < 3:
        return None
    split = visits(events)
    for index in range(len(split) - 1, 0, -1):
        before = [event for visit in split[:index] for event in visit]
        seen = {event["item"] for event in before}
        bought = [
            event["item"]
            for event in split[index]
            if event["kind"] == "purchase" and event["item"] not in seen
        ]
        if bought:
            return before, bought[-1]
    return None


def rank_of(scores: np.ndarray, target: int, seen: set[int]) -> int:
    """0-based rank of the target among unseen items; ties stand before it."""
    scores = scores.copy()
    scores[list(seen)] = -np.inf
    return int((scores >= scores[target]).sum()) - 1


def report(name: str, ranks: np.ndarray) -> None:
    """Print one line: recall@10 and NDCG@10 with bootstrap intervals."""
    rng = np.random.default_rng(0)
    hits = (ranks < 10).astype(float)
    gains = np.where(ranks < 10, 1 / np.log2(ranks + 2), 0.0)
    draws = rng.integers(0, len(ranks), (2000, len(ranks)))
    parts = []
    for label, values in (("recall@10", hits), ("NDCG@10", gains)):
        low, high = np.quantile(values[draws].mean(axis=1), (0.025, 0.975))
        parts.append(f"{label} {values.mean():.3f} [{low:.3f}, {high:.3f}]")
    print(f"{name:14}", "  ".join(parts))


def _catalogue() -> list[str]:
    lines = [line for file in items_files() for line in file.read_text("utf-8").splitlines()]
    return [json.loads(line)["id"] for line in lines]


def main() -> None:
    """Hold out, score, print."""
    by_user: dict[str, list[dict]] = defaultdict(list)
    with gzip.open(events_file(), "rt", encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            by_user[event["user"]].append(event)
    cases = {user: case for user, events in by_user.items() if (case := holdout(events))}
    names = sorted(_catalogue())
    column = {name: index for index, name in enumerate(names)}
    users = sorted(by_user)
    matrix = np.zeros((len(users), len(names)))
    bought = np.zeros(len(names))
    for row, user in enumerate(users):
        events = cases[user][0] if user in cases else by_user[user]
        for event in events:
            col = column[event["item"]]
            matrix[row, col] = max(matrix[row, col], WEIGHT[event["kind"]])
            bought[col] += event["kind"] == "purchase"
    unit = matrix / np.maximum(np.linalg.norm(matrix, axis=0), 1e-9)
    cosine = unit.T @ unit
    np.fill_diagonal(cosine, 0.0)
    popular, together = [], []
    for user, (before, target) in cases.items():
        seen = {column[event["item"]] for event in before}
        history = matrix[users.index(user)]
        popular.append(rank_of(bought, column[target], seen))
        together.append(rank_of(cosine @ history, column[target], seen))
    print(
        f"{len(cases)} shoppers held out, {len(names)} items, chance at 10: {10 / len(names):.3f}"
    )
    report("popularity", np.array(popular))
    report("co-occurrence", np.array(together))


if __name__ == "__main__":
    main()
