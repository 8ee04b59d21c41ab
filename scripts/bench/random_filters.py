"""Random filters on online_retail: no candidate violates one, and no answer is short.

The data set has titles and prices. From the titles come the other fields: the last word is the
category, a colour word the attribute ``colour``, the first word the brand; every third item has no
stock, every ninth an unknown one. Each request takes the history of a random shopper, sometimes a
query, and is checked against the definition of filters, item by item. Example::

    python scripts/bench/random_filters.py 1000 --work /var/tmp/filters
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as parquet

from llmrec.catalog.matching import matches
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import TextEncoder, load_encoder
from llmrec.retrieval import RetrievalRequest, RetrievalResult, Retriever, build_index
from llmrec.types import Event, Filters, HistoryEntry, Item

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "online_retail"
COLOURS = ("RED", "BLUE", "PINK", "WHITE", "GREEN", "BLACK", "IVORY", "SILVER")


def read_items(limit: int | None = None) -> list[Item]:
    """The set's items; brand, stock and colour are made of row and title."""
    rows = parquet.read_table(DATA / "items.parquet").to_pylist()[:limit]
    return [_item(number, row) for number, row in enumerate(rows)]


def _item(number: int, row: dict[str, object]) -> Item:
    words = str(row["title"]).split()
    colours = [word for word in words if word in COLOURS]
    return Item(
        id=str(row["item_id"]),
        title=str(row["title"]),
        brand=words[0],
        category=("Gifts", words[-1]),
        price=Decimal(str(round(float(str(row["price"])), 2))),
        currency="GBP",
        language="en-GB",
        stock=None if number % 9 == 0 else number % 3,
        attributes={"colour": colours[0]} if colours else {},
    )


def read_events(items: Sequence[Item]) -> list[Event]:
    """The set's events of these items, with their times."""
    known = {item.id for item in items}
    rows = parquet.read_table(
        DATA / "interactions.parquet", columns=["user_id", "item_id", "timestamp"]
    ).to_pylist()
    return [
        Event(
            row["user_id"],
            row["item_id"],
            at=datetime.fromtimestamp(row["timestamp"], timezone.utc),
        )
        for row in rows
        if row["item_id"] in known
    ]


def prepare(
    folder: Path, items: Sequence[Item], events: Sequence[Event], encoder: TextEncoder
) -> Workspace:
    """An indexed workspace in ``folder`` with these items and events."""
    workspace = Workspace.init(folder)
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(items)
        store.write_events(events)
        build_index(workspace, store, encoder)
    return workspace


def random_filters(draw: random.Random, items: Sequence[Item]) -> Filters:
    """About two fields set; names in any case; now and then one that nothing has."""

    def names(values: list[str], most: int) -> tuple[str, ...]:
        chosen = [draw.choice([*values, "nothing"]) for _ in range(draw.randint(1, most))]
        return tuple(draw.choice((str.lower, str.title, str.upper))(name) for name in chosen)

    some = draw.sample(list(items), 30)
    brands = [item.brand for item in some if item.brand]
    steps = [step for item in some for step in item.category]
    low, high = sorted(Decimal(draw.randrange(0, 1200)) / 100 for _ in range(2))
    makers = {
        "categories": lambda: names(steps, 3),
        "not_categories": lambda: names(steps, 2),
        "brands": lambda: names(brands, 8),
        "not_brands": lambda: names(brands, 8),
        "min_price": lambda: low,
        "max_price": lambda: high,
        "currency": lambda: draw.choice(("GBP", "GBP", "GBP", "EUR")),
        "in_stock": lambda: True,
        "languages": lambda: draw.choice((("en",), ("EN-gb", "de"), ("de",))),
        "attributes": lambda: {"Colour": names(list(COLOURS), 3)},
        "not_attributes": lambda: {"colour": names(list(COLOURS), 2)},
        "not_words": lambda: tuple(draw.choice(one.title.split()) for one in some[:2]),
        "not_items": lambda: tuple(item.id for item in some[:5]),
        "allow_seen": lambda: True,
    }
    return Filters(
        **{name: makers[name]() for name in draw.sample(list(makers), draw.choice((1, 2, 2, 3, 4)))}
    )


def problem(
    request: RetrievalRequest, n: int, result: RetrievalResult, items: Sequence[Item]
) -> str:
    """What is wrong with an answer, by brute force; empty if nothing is."""
    seen = {entry.item for entry in request.history if entry.item}
    fine = {item.id for item in items if matches(item, request.filters, seen)}
    ids = [candidate.item for candidate in result.candidates]
    if wrong := set(ids) - fine:
        return f"{len(wrong)} candidates violate the filter: {sorted(wrong)[:3]}"
    if len(ids) != len(set(ids)):
        return "an item comes twice"
    if result.matching != len(fine) or len(ids) != min(n, len(fine)):
        return f"{len(ids)} candidates of {n}; {result.matching} said to match, {len(fine)} do"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--work", type=Path, required=True, help="folder for the shop, kept")
    parser.add_argument("--encoder", default="minilm-l6-v2")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    items, encoder = read_items(), load_encoder(options.encoder)
    shop = prepare(options.work, items, read_events(items), encoder)
    draw, sizes, milliseconds = random.Random(options.seed), Counter[str](), []
    with (
        CatalogStore.open(shop.database_url) as store,
        Retriever.open(shop, store, encoder) as opened,
    ):
        users = store.users()
        for number in range(options.count):
            history = tuple(
                HistoryEntry(item=one.item) for one in store.history(draw.choice(users))
            )
            query = draw.choice((None, None, None, "a present for the garden", "christmas"))
            request = RetrievalRequest(history, query, random_filters(draw, items))
            n = draw.choice((1, 10, 20, 50, 200))
            started = time.perf_counter()
            result = opened.retrieve(request, n)
            milliseconds.append((time.perf_counter() - started) * 1e3)
            if wrong := problem(request, n, result, items):
                sys.exit(f"request {number}: {wrong}\n{request}")
            size = (
                "none"
                if not result.matching
                else "fewer than k"
                if result.matching < n
                else "all k"
            )
            sizes[size] += 1
    milliseconds.sort()
    print(
        f"{options.count} requests, 0 problems; answers: {dict(sizes)}; "
        f"p50 {milliseconds[len(milliseconds) // 2]:.1f} ms, "
        f"p95 {milliseconds[len(milliseconds) * 95 // 100]:.1f} ms"
    )


if __name__ == "__main__":
    main()
