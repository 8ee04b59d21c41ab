"""What share of a stranger's ten can hostile shoppers move? All strategies are tried on each.

    python scripts/bench/hostile.py demo --out bench-work/hostile/demo
    python scripts/bench/hostile.py ../shared/data/online_retail --out bench-work/hostile/retail

A stranger is a shopper of the log with that history, or one without any. The attackers know it, and
the ten that they want others into. Each may send 1,000 events of any kind at any time; what each
strategy moves is counted on the retriever's first ten, with the weights set by hand. "copies" are
so many accounts that do the same, "crowd" so many that share the work and differ in the rest.

It asks nothing of this version's own: with an older one before it on PYTHONPATH the same attacks
are tried on that.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.demo import events_file, items_files
from llmrec.embedding import load_encoder
from llmrec.eval import open_data
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.ingest import ingest_events, ingest_items
from llmrec.requests import as_history
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.retrieval.contexts import ContextBuilder
from llmrec.retrieval.events import EventTable
from llmrec.retrieval.sources.base import Context
from llmrec.retrieval.state import State, _popular, _sources

K = 10
EVENTS = 1_000
COUNTED = ("together", "popular", "next")
Steps = Sequence[int]


def main() -> None:
    args = arguments()
    shop = demo_shop(args.out) if args.data == "demo" else data_shop(args.data, args.out)
    with CatalogStore.open(shop.database_url) as store, Retriever.open(shop, store) as retriever:
        town = Town(shop, store, retriever, args.strangers, args.query, args.seed)
        worst = search(town, args.sizes, args.seed)
    report(worst, len(town.contexts))


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="demo, or a data folder")
    parser.add_argument("--out", type=Path, required=True, help="folder of the workspace")
    parser.add_argument("--strangers", type=int, default=12, help="with a history; one has none")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100], help="attackers")
    parser.add_argument("--query", help="what the strangers ask for in words")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def demo_shop(folder: Path) -> Workspace:
    """The demo store in ``folder``, ingested and indexed."""
    shop = Workspace.init(folder)
    ingest_items(shop, items_files())
    ingest_events(shop, [events_file()])
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, load_encoder(shop.settings.models.encoder))
    return shop


def data_shop(data: str, folder: Path) -> Workspace:
    """The evaluation workspace of a data set, in ``folder``."""
    return evaluation_shop(open_data(data, repeats="drop"), "test", folder=folder)


class Town:
    """Strangers of a shop, and what each is shown when others have been at the log."""

    def __init__(
        self,
        shop: Workspace,
        store: CatalogStore,
        retriever: Retriever,
        strangers: int,
        query: str | None,
        seed: int,
    ) -> None:
        self._shop, self._store, self._retriever = shop, store, retriever
        self.state: State = retriever._keeper.current()
        users = store.users()
        drawn = np.random.default_rng(seed).choice(len(users), strangers, replace=False)
        histories = [
            as_history([event.item for event in store.history(users[place])]) for place in drawn
        ]
        requests = [RetrievalRequest(history, query) for history in [*histories, ()]]
        builder = ContextBuilder(self.state, store, retriever._texts, shop.settings.retrieval)
        self.contexts: list[Context] = builder.build(requests, time.time())
        self.items = len(self.state.snapshot.ids)

    def liked(self, stranger: int) -> list[int]:
        """The rows of what the stranger liked, newest first."""
        return [candidate.row for candidate in self.contexts[stranger].liked if candidate.row >= 0]

    def shown(self, stranger: int, state: State, k: int = K) -> list[int]:
        """The rows of the first ``k`` that the stranger is shown."""
        answer = self._retriever._answer(state, self.contexts[stranger], k)
        return [self.state.snapshot.row[candidate.item] for candidate in answer.candidates]

    def after(self, attack: Sequence[Attacker]) -> State:
        """The shop's state with the attackers' events in its log."""
        log = with_events(self.state.log, attack, self.state.snapshot.ids)
        snapshot = self.state.snapshot
        popular = _popular(self._shop, snapshot, log)
        kept = {name: source for name, source in self.state.sources.items() if name not in COUNTED}
        made = _sources(
            self._shop, self._store, snapshot, log, self.state.search, popular, None, kept
        )
        sources = {name: kept.get(name, source) for name, source in made.items()}
        cold = log.missing(snapshot.row)
        return replace(self.state, log=log, popular=popular, sources=sources, cold=cold)


@dataclass(frozen=True)
class Attacker:
    """One hostile shopper: rows of items in the order of the events, from when on, how strong."""

    steps: Steps
    begins: float
    weight: float = 1.0


def with_events(log: EventTable, attack: Sequence[Attacker], ids: Sequence[str]) -> EventTable:
    """The log with at most ``EVENTS`` events of each attacker, as new users, appended."""
    number = {id: place for place, id in enumerate(log.item_ids)}
    first = int(log.users.max(initial=-1)) + 1
    users, items = [log.users], [log.items]
    at, weights, moments = [log.at], [log.weights], [log.moments]
    for place, attacker in enumerate(attack):
        rows = [number.setdefault(ids[row], len(number)) for row in attacker.steps[:EVENTS]]
        users.append(np.full(len(rows), first + place, np.int32))
        items.append(np.array(rows, np.int32))
        at.append(attacker.begins + np.arange(len(rows), dtype=np.float64))
        weights.append(np.full(len(rows), attacker.weight, np.float32))
        later = int(moments[-1].max(initial=-1)) + 1
        moments.append(np.arange(later, later + len(rows), dtype=np.int32))
    return EventTable(
        np.concatenate(users),
        np.concatenate(items),
        np.concatenate(at),
        np.concatenate(weights),
        np.concatenate(moments),
        list(number),
    )


Strategy = Callable[[int], Attacker]
"""Makes the attacker of a number."""


def strategies(
    town: Town, stranger: int, shown: Sequence[int], seed: int
) -> Iterator[tuple[str, Strategy]]:
    """All that is tried against a stranger who is shown ``shown``, more than the first ten."""
    draw = np.random.default_rng([seed, stranger])
    context, liked = town.contexts[stranger], town.liked(stranger)
    others = draw.permutation(np.setdiff1d(np.flatnonzero(context.allowed), shown[:K])).tolist()
    today, newest = time.time() - 2 * EVENTS, float(np.nanmax(town.state.log.at))
    times = {"2999": 32.5e9, "now": today, "newest": newest - EVENTS, "1970": 1.0}
    aims = {"the next ten": list(shown[K : 2 * K]), "any ten": others[:K]}
    for name, aim in aims.items():
        for when, at in times.items():
            yield f"one of {name}, {when}", same(aim[:1] * EVENTS, at)
            yield f"three of {name}, {when}", same(aim[:3] * EVENTS, at)
            yield f"{name}, {when}", same(aim * EVENTS, at)
        yield f"{name} once, now", same(aim, today)
        yield f"{name} once among others, now", differing(aim, others, today, seed)
        if liked:
            yield f"{name} once after the last, now", same([liked[0], *aim[:8]], today)
            yield f"{name} after the last three, now", same(after(liked[:3], aim, draw), today)
            yield f"{name} after the last three, 2999", same(after(liked[:3], aim, draw), 32.5e9)
            yield f"{name} after the whole history, now", same([*liked[::-1], *aim], today)
            yield f"{name} after parts of it, now", sharing(liked, aim, others, today, seed)
    yield "everything, now", same(others, today)
    yield "everything looked at, now", same(others, today, 0.4)
    yield "the shown ten against one another, now", same(list(shown[:K]) * EVENTS, today)


def same(steps: Steps, begins: float, weight: float = 1.0) -> Strategy:
    """A strategy in which all attackers do the same."""
    return lambda number: Attacker(steps, begins, weight)


def after(liked: Steps, aim: Steps, draw: np.random.Generator) -> list[int]:
    """Each of the liked things and eight of the aims behind it, again and again."""
    steps: list[int] = []
    while len(steps) < EVENTS:
        for row in liked:
            steps += [row, *draw.permutation(np.array(aim))[:8].tolist()]
    return steps


def differing(aim: Steps, others: Steps, begins: float, seed: int) -> Strategy:
    """The aims among ten others, which no two attackers share."""

    def make(number: int) -> Attacker:
        draw = np.random.default_rng([seed, number])
        return Attacker([*draw.choice(others, 10).tolist(), *aim], begins)

    return make


def sharing(liked: Steps, aim: Steps, others: Steps, begins: float, seed: int) -> Strategy:
    """Three of the liked things, five of the aims, three others: each attacker's own choice."""

    def make(number: int) -> Attacker:
        draw = np.random.default_rng([seed, number])
        steps = [
            *draw.choice(others, 3).tolist(),
            *draw.choice(liked, min(3, len(liked)), False).tolist(),
            *draw.choice(np.array(aim), min(5, len(aim)), False).tolist(),
        ]
        return Attacker(steps, begins)

    return make


Moved = dict[tuple[int, str], NDArray[np.float64]]
"""By number of attackers and strategy what it moved of each stranger's ten, nan where not tried."""


def search(town: Town, sizes: Sequence[int], seed: int) -> Moved:
    """How many of each stranger's ten items each strategy removes, by number of attackers."""
    moved: Moved = defaultdict(lambda: np.full(len(town.contexts), np.nan))
    for stranger in range(len(town.contexts)):
        shown = town.shown(stranger, town.state, 2 * K)
        first = set(town.shown(stranger, town.state))
        for name, make in strategies(town, stranger, shown, seed):
            for size in sizes:
                state = town.after([make(number) for number in range(size)])
                left = first & set(town.shown(stranger, state))
                moved[size, name][stranger] = len(first) - len(left)
        print(f"  {stranger + 1} of {len(town.contexts)} strangers", flush=True)
    return moved


def report(moved: Moved, strangers: int) -> None:
    """Print the mean and the most of the items moved, by strategy and over all of them."""
    sizes = sorted({size for size, _ in moved})
    names = list(dict.fromkeys(name for _, name in moved))
    print("\nmoved of ten: mean (most)")
    print(" " * 44, *(f"{size:>12}" for size in sizes))
    for name in names:
        cells = [moved[size, name] for size in sizes]
        shown = (f"{np.nanmean(cell):5.2f} ({np.nanmax(cell):2.0f})" for cell in cells)
        print(f"{name:44}", *(f"{text:>12}" for text in shown))
    print("\nworst of all strategies for each stranger: mean, median, 90th percentile, most")
    for size in sizes:
        worst = np.nanmax(np.stack([moved[size, name] for name in names]), axis=0)
        with_history = worst[:-1]
        if not len(with_history):
            print(f"{size:>4} attackers: without a history {worst[-1]:.0f}")
            continue
        print(
            f"{size:>4} attackers: {with_history.mean():.2f}, {np.median(with_history):.0f}, "
            f"{np.percentile(with_history, 90):.1f}, {with_history.max():.0f}; "
            f"without a history {worst[-1]:.0f}; at most 1: {(with_history <= 1).mean():.0%}, "
            f"at most 2: {(with_history <= 2).mean():.0%}"
        )


if __name__ == "__main__":
    main()
