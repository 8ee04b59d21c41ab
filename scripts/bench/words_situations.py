"""The shoppers of a blind sheet: what they ask, whom it is for, and a history out of the log."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llmrec import Recommender
from llmrec.catalog.store import CatalogStore
from llmrec.prompting import Detail, history_line, one_line
from llmrec.requests import as_filters, condense_history
from llmrec.types import EventKind, Filters

__all__ = ["Situation", "Spot", "draw_spots", "read_situations", "with_shoppers"]

FILE = Path(__file__).with_name("words_situations.json")
MOST_PRODUCTS = 12
"""Of a history, so that a reader reads all of it: a reason may name any of its entries."""

_SPEAKS = {"en": "English", "de": "German", "zh": "Chinese"}
_DETAIL = Detail(30, category=False, price=False)


@dataclass(frozen=True)
class Situation:
    """A shopper who asks, or only looks around (no ``query``).

    ``before`` is how a word begins in a title of the history, if there is to be one; ``user`` the
    shopper of the log who was drawn for it.
    """

    number: int
    language: str
    query: str | None
    recipient: str | None = None
    before: str | None = None
    filters: Filters = field(default_factory=Filters)
    user: str | None = None

    def in_words(self, shop: Recommender) -> str:
        """All that the shop knows of this shopper, for a reader."""
        speaks = f"A shopper who speaks {_SPEAKS[self.language]}"
        parts = [f"{speaks} asks: “{self.query}”." if self.query else f"{speaks} looks around."]
        if self.recipient:
            parts.append(f"It is for “{self.recipient}”.")
        limits = "; ".join(_limits(self.filters))
        if limits:
            parts.append(f"Limits: {limits}.")
        known = condense_history(shop.history_of(self.user)) if self.user else ()
        items = shop.store.items(entry.item for entry in known if entry.item)
        lines = [history_line((entry, items.get(entry.item or "")), _DETAIL) for entry in known]
        if lines:
            parts.append(f"Earlier, oldest first: {'; '.join(map(one_line, lines))}.")
        return " ".join(parts)


@dataclass(frozen=True)
class Spot:
    """A place in an answer whose text of that kind goes into the sheet; ranks count from 1."""

    kind: str
    rank: int


def read_situations(shop: str) -> list[Situation]:
    """Those that are written down for a shop, in their order."""
    rows: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))[shop]
    return [
        Situation(number, **{**row, "filters": as_filters(row.get("filters"))})
        for number, row in enumerate(rows, start=1)
    ]


def with_shoppers(
    situations: Sequence[Situation], store: CatalogStore, seed: int
) -> list[Situation]:
    """The same, each that wants a history with a shopper of the log who has one like it.

    Raises:
        SystemExit: nobody in the log has.
    """
    titles = {item.id: item.title for items in store.iter_items() for item in items}
    products: dict[str, set[str]] = {}
    liked: dict[str, set[str]] = {}
    for events in store.iter_events():
        for event in events:
            products.setdefault(event.user, set()).add(event.item)
            if event.kind is not EventKind.DISLIKE and event.item in titles:
                liked.setdefault(event.user, set()).add(titles[event.item].casefold())
    few = {user: known for user, known in liked.items() if len(products[user]) <= MOST_PRODUCTS}
    return [_with_shopper(situation, few, seed) for situation in situations]


def _with_shopper(situation: Situation, liked: Mapping[str, set[str]], seed: int) -> Situation:
    if situation.before is None:
        return situation
    # Not a word's middle: "cat" is not in "education". Chinese words have no beginning to see.
    begins = re.compile(rf"(?<![a-z]){re.escape(situation.before)}")
    users = sorted(user for user, titles in liked.items() if any(map(begins.search, titles)))
    if not users:
        raise SystemExit(f"nobody in the log has had “{situation.before}”")
    draw = random.Random(f"{seed} {situation.number}")
    return replace(situation, user=draw.choice(users))


def draw_spots(
    places: Mapping[str, Sequence[Sequence[int]]], wanted: Mapping[str, int], seed: int
) -> list[list[Spot]]:
    """Which texts are taken, by situation: each situation once before any comes again.

    Args:
        places: of each kind, the ranks that have such a text in the answer to each situation.
        wanted: how many texts of each kind.
        seed: of the order of situations, the same for all kinds, and of the ranks.

    Raises:
        SystemExit: there are not so many.

    >>> drawn = draw_spots({"reason": [[1, 2], [2], []]}, {"reason": 2}, seed=0)
    >>> [len(spots) for spots in drawn]
    [1, 1, 0]
    """
    size = max(map(len, places.values()))
    spots: list[list[Spot]] = [[] for _ in range(size)]
    order = random.Random(seed).sample(range(size), size)
    for kind, count in wanted.items():
        draw = random.Random(f"{seed} {kind}")
        ranks = [draw.sample(some, len(some)) for some in places[kind]]
        drawn = [
            (index, ranks[index][turn])
            for turn in range(max(map(len, ranks)))
            for index in order
            if turn < len(ranks[index])
        ]
        if len(drawn) < count:
            raise SystemExit(f"{len(drawn)} texts of {count}: ask for fewer, or for a larger k")
        for index, rank in drawn[:count]:
            spots[index].append(Spot(kind, rank))
    return spots


def _limits(filters: Filters) -> Iterator[str]:
    """What was set, a clause each; these are all that the situations use."""
    if filters.max_price is not None:
        yield f"at most {filters.max_price}"
    if filters.in_stock:
        yield "in stock"
    for name, values in filters.attributes.items():
        yield f"{name}: {' or '.join(values)}"
    if filters.brands:
        yield f"only from {' or '.join(filters.brands)}"
    if filters.not_brands:
        yield f"not from {' or '.join(filters.not_brands)}"
    if filters.not_words:
        yield f"without “{'”, “'.join(filters.not_words)}” in the title"
