"""The event log as arrays: what co-occurrence and popularity are counted from."""

from __future__ import annotations

import json
import shutil
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from llmrec.catalog.moments import drawn_order
from llmrec.catalog.names import of_somebody
from llmrec.catalog.schema import UNKNOWN_TIME, event_order, events
from llmrec.catalog.store import CatalogStore
from llmrec.catalog.times import LAST_US
from llmrec.retrieval.cache import cached
from llmrec.retrieval.voices import FEW_SHOPPERS, heard
from llmrec.types import BoolArray, EventKind

__all__ = ["KIND_WEIGHT", "EventTable"]

KIND_WEIGHT = {
    EventKind.PURCHASE: 1.0,
    EventKind.LIKE: 1.0,
    EventKind.RATING: 1.0,
    EventKind.CART: 0.7,
    EventKind.VIEW: 0.4,
    EventKind.DISLIKE: 0.0,
}
"""How much an event says in favour of its item."""

_BATCH = 20_000
_HERE = 0.95
_WEEK = 7 * 86_400.0
_KINDS = {kind.value: KIND_WEIGHT[kind] for kind in EventKind}


@dataclass(frozen=True)
class EventTable:
    """Events that speak for an item (no dislikes), ``n`` of them, user by user, oldest first.

    Events of a user without times, or with equal ones, are in the order of their positions; those
    of one moment are in an order that was drawn, see :mod:`llmrec.catalog.moments`.

    Attributes:
        users: int32 ``[n]``, 0-based user numbers.
        items: int32 ``[n]``, indices into ``item_ids``.
        at: float64 ``[n]``, seconds since 1970 UTC, nan where unknown.
        weights: float32 ``[n]``, see :data:`KIND_WEIGHT`.
        moments: int32 ``[n]``, a running number; events with the same have no order.
        item_ids: the items that have events, known to the catalogue or not.
        now: seconds since 1970 UTC, the clock's by default. What is dated later counts as of then:
            an older llmrec took such events, and they would be new for ever.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    at: NDArray[np.float64]
    weights: NDArray[np.float32]
    moments: NDArray[np.int32]
    item_ids: list[str]
    now: float = field(default_factory=time.time)

    @classmethod
    def load(cls, store: CatalogStore, cache: Path, key: str) -> EventTable:
        """Read the log from ``cache``, or from ``store`` if ``key`` is not there yet."""
        return cached(cache, "events", key, build=lambda folder: _write(store, folder), load=_read)

    @staticmethod
    def clear(cache: Path) -> None:
        """Remove what :meth:`load` has kept; who has mapped its files keeps them."""
        for folder in cache.glob("events-*"):
            shutil.rmtree(folder, ignore_errors=True)

    @cached_property
    def shoppers(self) -> int:
        """How many shoppers have events."""
        return int(np.count_nonzero(np.diff(self.users))) + 1 if len(self.users) else 0

    @cached_property
    def voices(self) -> EventTable:
        """The events that count for others: of each shopper those of the last different items.

        A shopper whose items are all but those of another one counts as the same; see
        :mod:`llmrec.retrieval.voices`.
        """
        kept = heard(self.users, self.items, self.item_ids)
        return replace(
            self,
            users=self.users[kept],
            items=self.items[kept],
            at=self.at[kept],
            weights=self.weights[kept],
            moments=self.moments[kept],
        )

    def rows(self, row: dict[str, int]) -> NDArray[np.int64]:
        """For each event the catalogue row of its item, -1 where the catalogue lacks it."""
        of_item = np.array([row.get(id, -1) for id in self.item_ids], np.int64)
        return of_item[self.items] if len(self.items) else np.empty(0, np.int64)

    def missing(self, row: dict[str, int]) -> BoolArray:
        """The catalogue's items that no event speaks for, bool ``[n_items]``.

        In a shop of more than a few shoppers the word of one alone counts as none: else whoever
        looks at every new thing once takes their places away.
        """
        pairs = np.unique(self.users.astype(np.int64) * max(len(self.item_ids), 1) + self.items)
        shoppers = np.bincount(pairs % max(len(self.item_ids), 1), minlength=len(self.item_ids))
        least = 1 + (self.shoppers >= FEW_SHOPPERS)
        missing = np.ones(len(row), dtype=bool)
        spoken = zip(self.item_ids, shoppers.tolist(), strict=True)
        missing[[row[id] for id, count in spoken if count >= least and id in row]] = False
        return missing

    @cached_property
    def present(self) -> float:
        """The moment that ages count from, in seconds since 1970; nan without any times.

        The end of the week by which 19 of 20 shoppers had been here for the last time; what came
        since is of age 0. The newest event would be one shopper's word, and the clock would make a
        log that ended long ago old as a whole, but for whoever comes today. Few shoppers leave
        nothing but the newest event, which is never after ``now``.
        """
        timed = ~np.isnan(self.at)
        if not timed.any():
            return float("nan")
        users, at = self.users[timed], np.minimum(self.at[timed], self.now)
        if self.shoppers < FEW_SHOPPERS:
            return float(at.max())
        begins = np.flatnonzero(np.concatenate([[True], users[1:] != users[:-1]]))
        last = np.maximum.reduceat(at, begins)
        # By whole weeks: each newcomer moves the quantile a little, and with it what stands close.
        week = np.ceil(np.quantile(last, _HERE) / _WEEK) * _WEEK
        return float(min(week, self.now))

    def decay(self, half_life_days: float) -> NDArray[np.float64]:
        """``2 ** (-age / half life)`` of each event, age counted from :attr:`present`.

        An event without a time is as old as the oldest with one; without any times all are 1.
        """
        if np.isnan(self.present):
            return np.ones(len(self.at))
        age = self.present - np.where(np.isnan(self.at), np.nanmin(self.at), self.at)
        return np.asarray(np.exp2(-np.maximum(age, 0.0) / (half_life_days * 86_400)))


_QUERY = (
    sa.select(events.c.user_id, events.c.item_id, events.c.at_us, events.c.position, events.c.kind)
    .where(of_somebody())
    .order_by(
        # In full: ordered by the user alone, PostgreSQL gives his events in any order.
        *event_order
    )
)


def _write(store: CatalogStore, folder: Path) -> None:
    users, items, weights = array("i"), array("i"), array("f")
    times, places = array("q"), array("q")
    of_item: dict[str, int] = {}
    names: list[str] = []
    for rows in store.stream_rows(_QUERY, _BATCH):
        for user, item, at_us, position, kind in rows:
            if not names or user != names[-1]:
                names.append(user)
            if weight := _KINDS[kind]:
                users.append(len(names) - 1)
                items.append(of_item.setdefault(item, len(of_item)))
                weights.append(weight)
                times.append(at_us)
                places.append(position)
    user, at_us = np.frombuffer(users, np.int32), np.frombuffer(times, np.int64)
    moment = _moments(user, at_us, np.frombuffer(places, np.int64))
    ids = list(of_item)
    item = np.frombuffer(items, np.int32)
    drawn = _drawn(moment, lambda row: (names[user[row]], ids[item[row]]))
    columns = {
        "users": user,
        "items": item[drawn],
        "moments": moment,
        "weights": np.frombuffer(weights, np.float32)[drawn],
        "at": np.where((at_us > UNKNOWN_TIME) & (at_us < LAST_US), at_us / 1e6, np.nan),
    }
    for name, column in columns.items():
        np.save(folder / f"{name}.npy", column)
    (folder / "item_ids.json").write_text(json.dumps(ids), encoding="utf-8")


def _moments(*columns: NDArray[np.integer]) -> NDArray[np.int32]:
    """A running number that neighbours share if they are equal in all columns."""
    other = np.zeros(max(0, len(columns[0]) - 1), bool)
    for column in columns:
        other |= column[1:] != column[:-1]
    return np.concatenate([[0], np.cumsum(other)])[: len(columns[0])].astype(np.int32)


def _drawn(
    moments: NDArray[np.int32], names: Callable[[int], tuple[str, str]]
) -> NDArray[np.int64]:
    """Which row stands at each place, once those of each moment are in their drawn order."""
    order = np.arange(len(moments))
    sizes = np.bincount(moments)
    starts = np.cumsum(sizes) - sizes
    for number in np.flatnonzero(sizes > 1):
        block = slice(starts[number], starts[number] + sizes[number])
        order[block] = drawn_order(order[block].tolist(), names)
    return order


def _read(folder: Path) -> EventTable:
    def load(name: str) -> NDArray[np.generic]:
        loaded: NDArray[np.generic] = np.load(folder / f"{name}.npy")
        return loaded

    return EventTable(
        users=load("users").astype(np.int32, copy=False),
        items=load("items").astype(np.int32, copy=False),
        at=load("at").astype(np.float64, copy=False),
        weights=load("weights").astype(np.float32, copy=False),
        moments=load("moments").astype(np.int32, copy=False),
        item_ids=json.loads((folder / "item_ids.json").read_text(encoding="utf-8")),
    )
