"""What shoppers did by day, for the desk; the event log is read once for each of its states."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from llmrec.server.bodies.numbers import ActivityOut, DayOut
from llmrec.types import EventKind

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore
    from llmrec.server.shop import Shop

__all__ = ["DAYS", "Activity"]

DAYS = 14
_EPOCH = date(1970, 1, 1)


class Activity:
    """The last :data:`DAYS` days of a shop; threads may share it.

    The log has no index by time, and counting reads all of it. So the counts are kept until its
    revision moves, for all desks together.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._counting = threading.Lock()
        self._kept: tuple[tuple[int, datetime], _ActivityCounts] | None = None

    def at(self, now: datetime) -> ActivityOut:
        """What shoppers did in these days, today among them.

        Raises:
            CatalogError: the database cannot be read.
        """
        today = now.astimezone(timezone.utc).date()
        first = today - timedelta(days=DAYS - 1)
        since = datetime(first.year, first.month, first.day, tzinfo=timezone.utc)
        counts = self._counts(since)
        days = (first + timedelta(days=number) for number in range(DAYS))
        return ActivityOut(
            days=tuple(DayOut(day=day, events=counts.days.get(day, {})) for day in days),
            conversations=self._shop.sessions.spoken_since(since),
            items=self._shop.recommender.store.count_items(),
            shoppers=counts.shoppers,
            experiment=self._shop.workspace.settings.experiment.name,
        )

    def _counts(self, since: datetime) -> _ActivityCounts:
        store = self._shop.recommender.store
        with self._counting:
            # Read before the counts: if the log changes in between, the next look counts again.
            state = store.revision().events, since
            if self._kept is None or self._kept[0] != state:
                self._kept = state, _counted(store, since)
            return self._kept[1]


@dataclass(frozen=True)
class _ActivityCounts:
    days: Mapping[date, dict[EventKind, int]]
    shoppers: int


def _counted(store: CatalogStore, since: datetime) -> _ActivityCounts:
    days: dict[date, dict[EventKind, int]] = defaultdict(dict)
    # An end, too: no calendar has the day of what a wrong clock may have put into the log.
    for day, kind, count in store.events_by_day(since, since + timedelta(days=DAYS)):
        days[_EPOCH + timedelta(days=day)][EventKind(kind)] = count
    return _ActivityCounts(days, store.count_users())
