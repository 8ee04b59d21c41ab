"""A small made-up shop for the retrieval tests: every filterable field, some of them unknown."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.types import Event, EventKind, FloatArray, Item

BRANDS = ("Acme", "Brio", "Corva", None)
CATEGORIES = (("Home", "Tea"), ("Home", "Light"), ("Garden",), ())
COLOURS = ("red", "green", "blue")
LANGUAGES = ("en", "de", "de-AT", None)
THINGS = ("kettle", "lamp", "spade", "mug", "Wasserkocher", "Lampe", "台灯", "茶壶")
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def make_items(count: int, seed: int = 7) -> list[Item]:
    draw = random.Random(seed)
    items = []
    for number in range(count):
        colour, thing = draw.choice(COLOURS), draw.choice(THINGS)
        items.append(
            Item(
                id=f"i{number:04d}",
                title=f"{colour} {thing} {number}",
                brand=draw.choice(BRANDS),
                category=draw.choice(CATEGORIES),
                description=f"A {thing} in {colour} for every day." if number % 3 else "",
                price=None if number % 11 == 0 else Decimal(draw.randrange(100, 9000)) / 100,
                currency=None if number % 11 == 0 else draw.choice(("EUR", "USD")),
                language=draw.choice(LANGUAGES),
                stock=draw.choice((None, 0, 3)),
                attributes={"colour": colour},
                added_at=None if number % 5 == 0 else START + timedelta(days=draw.randrange(300)),
            )
        )
    return items


def make_events(items: Sequence[Item], users: int, seed: int = 8) -> list[Event]:
    draw = random.Random(seed)
    kinds = list(EventKind)
    return [
        Event(
            user=f"u{user:03d}",
            item=draw.choice(items).id,
            kind=draw.choice(kinds),
            at=START + timedelta(days=draw.randrange(300), seconds=place),
        )
        for user in range(users)
        for place in range(draw.randrange(1, 9))
    ]


def make_shop(path: Path, items: Sequence[Item], events: Sequence[Event] = ()) -> Workspace:
    workspace = Workspace.init(path)
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(items)
        store.write_events(events)
    return workspace


class CountingEncoder(HashingEncoder):
    """The hashing encoder, remembering what it was asked; it can be told to break."""

    def __init__(self, *, dimension: int = 64, break_after: int | None = None) -> None:
        super().__init__(dimension)
        self.texts: list[str] = []
        self.break_after = break_after

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        if self.break_after is not None and len(self.texts) >= self.break_after:
            raise KeyboardInterrupt
        self.texts.extend(texts)
        return super().encode(texts, progress=progress)
