"""The event log as arrays: what co-occurrence and popularity are counted from."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from llmrec.catalog.schema import UNKNOWN_TIME, event_order, events
from llmrec.catalog.store import CatalogStore
from llmrec.retrieval.cache import cached
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
_KINDS = {kind.value: KIND_WEIGHT[kind] for kind in EventKind}


@dataclass(frozen=True)
class EventTable:
    """Events that speak for an item (no dislikes), ``n`` of them, user by user, oldest first.

    Events of a user without times, or with equal ones, are in the order of their positions.

    Attributes:
        users: int32 ``[n]``, 0-based user numbers.
        items: int32 ``[n]``, indices into ``item_ids``.
        at: float64 ``[n]``, seconds since 1970 UTC, nan where unknown.
        weights: float32 ``[n]``, see :data:`KIND_WEIGHT`.
        item_ids: the items that have events, known to the catalogue or not.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    at: NDArray[np.float64]
    weights: NDArray[np.float32]
    item_ids: list[str]

    @classmethod
    def load(cls, store: CatalogStore, cache: Path, key: str) -> EventTable:
        """Read the log from ``cache``, or from ``store`` if ``key`` is not there yet."""
        return cached(cache, "events", key, build=lambda folder: _write(store, folder), load=_read)

    def rows(self, row: dict[str, int]) -> NDArray[np.int64]:
        """For each event the catalogue row of its item, -1 where the catalogue lacks it."""
        of_item = np.array([row.get(id, -1) for id in self.item_ids], np.int64)
        return of_item[self.items] if len(self.items) else np.empty(0, np.int64)

    def missing(self, row: dict[str, int]) -> BoolArray:
        """The catalogue's items that no event speaks for, bool ``[n_items]``."""
        missing = np.ones(len(row), dtype=bool)
        missing[[row[id] for id in self.item_ids if id in row]] = False
        return missing

    def decay(self, half_life_days: float) -> NDArray[np.float64]:
        """``2 ** (-age / half life)`` of each event, age counted from the newest event.

        An event without a time is as old as the oldest with one; without any times all are 1.
        """
        if not len(self.at) or np.isnan(self.at).all():
            return np.ones(len(self.at))
        age = np.nanmax(self.at) - np.where(np.isnan(self.at), np.nanmin(self.at), self.at)
        return np.asarray(np.exp2(-age / (half_life_days * 86_400)))


_QUERY = sa.select(events.c.user_id, events.c.item_id, events.c.at_us, events.c.kind).order_by(
    # In full: ordered by the user alone, PostgreSQL gives his events in any order.
    *event_order
)


def _write(store: CatalogStore, folder: Path) -> None:
    users, items, weights, at = array("i"), array("i"), array("f"), array("d")
    of_item: dict[str, int] = {}
    user_number, last_user = -1, None
    for rows in store.stream_rows(_QUERY, _BATCH):
        for user, item, at_us, kind in rows:
            if user != last_user:
                user_number, last_user = user_number + 1, user
            if weight := _KINDS[kind]:
                users.append(user_number)
                items.append(of_item.setdefault(item, len(of_item)))
                weights.append(weight)
                at.append(float("nan") if at_us == UNKNOWN_TIME else at_us / 1e6)
    np.save(folder / "users.npy", np.frombuffer(users, np.int32))
    np.save(folder / "items.npy", np.frombuffer(items, np.int32))
    np.save(folder / "weights.npy", np.frombuffer(weights, np.float32))
    np.save(folder / "at.npy", np.frombuffer(at, np.float64))
    (folder / "item_ids.json").write_text(json.dumps(list(of_item)), encoding="utf-8")


def _read(folder: Path) -> EventTable:
    def load(name: str) -> NDArray[np.generic]:
        loaded: NDArray[np.generic] = np.load(folder / f"{name}.npy")
        return loaded

    return EventTable(
        users=load("users").astype(np.int32, copy=False),
        items=load("items").astype(np.int32, copy=False),
        at=load("at").astype(np.float64, copy=False),
        weights=load("weights").astype(np.float32, copy=False),
        item_ids=json.loads((folder / "item_ids.json").read_text(encoding="utf-8")),
    )
