"""The registry's counters as plain numbers, for a page instead of for Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING

from llmrec.server.bodies.numbers import ActivityOut, DayOut, NumbersOut, RouteOut
from llmrec.types import EventKind

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.samples import Sample

    from llmrec.server.shop import Shop

__all__ = ["DAYS", "activity_of", "numbers_of", "quantile"]

DAYS = 14
_EPOCH = date(1970, 1, 1)


def numbers_of(registry: CollectorRegistry) -> NumbersOut:
    """What the server has counted since it started."""
    samples = [one for family in registry.collect() for one in family.samples]
    model = next((one.labels for one in samples if one.name == "llmrec_model_info"), {})
    adapter = model.get("adapter")
    return NumbersOut(
        routes=tuple(_routes(samples)),
        rejected=_total(samples, "llmrec_rejected_total"),
        degraded=_total(samples, "llmrec_degraded_answers_total"),
        running=_total(samples, "llmrec_running"),
        waiting=_total(samples, "llmrec_waiting"),
        model=model.get("model"),
        adapter=None if adapter == "none" else adapter,
    )


def quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float | None:
    """A quantile of a histogram, linear within its bucket, as Prometheus' histogram_quantile.

    Args:
        share: 0 to 1.
        buckets: upper bounds, the last infinite, with how many lie at or below each.

    Returns:
        ``None`` of nothing; the largest finite bound if it lies beyond that.

    >>> quantile(0.5, [(1.0, 2), (2.0, 4), (float("inf"), 4)])
    1.0
    """
    if not buckets or not buckets[-1][1]:
        return None
    wanted = share * buckets[-1][1]
    for (low, below), (high, within) in pairwise([(0.0, 0.0), *buckets]):
        if within >= wanted:
            return (
                low
                if high == float("inf")
                else low + (high - low) * (wanted - below) / (within - below)
            )
    return None


def activity_of(shop: Shop, now: datetime) -> ActivityOut:
    """What shoppers did in the last :data:`DAYS` days, today among them."""
    today = now.astimezone(timezone.utc).date()
    first = today - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=timezone.utc)
    store = shop.recommender.store
    counts: dict[date, dict[EventKind, int]] = defaultdict(dict)
    for day, kind, count in store.events_by_day(since):
        counts[_EPOCH + timedelta(days=day)][EventKind(kind)] = count
    days = (first + timedelta(days=number) for number in range(DAYS))
    return ActivityOut(
        days=tuple(DayOut(day=day, events=counts.get(day, {})) for day in days),
        conversations=shop.sessions.spoken_since(since),
        items=store.count_items(),
        shoppers=store.count_users(),
        experiment=shop.workspace.settings.experiment.name,
    )


def _routes(samples: Sequence[Sample]) -> list[RouteOut]:
    counts: dict[str, int] = defaultdict(int)
    failed: dict[str, int] = defaultdict(int)
    buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in samples:
        if one.name == "llmrec_http_requests_total":
            counts[one.labels["route"]] += int(one.value)
            failed[one.labels["route"]] += int(one.value) * one.labels["status"].startswith("5")
        elif one.name == "llmrec_http_request_seconds_bucket":
            buckets[one.labels["route"]].append((float(one.labels["le"]), one.value))
    found = [
        RouteOut(
            route=route,
            requests=count,
            failed=failed[route],
            p50_ms=_milliseconds(0.5, buckets, route),
            p95_ms=_milliseconds(0.95, buckets, route),
        )
        for route, count in counts.items()
    ]
    return sorted(found, key=lambda one: (-one.requests, one.route))


def _milliseconds(
    share: float, buckets: Mapping[str, Sequence[tuple[float, float]]], route: str
) -> float | None:
    seconds = quantile(share, buckets.get(route, ()))
    return None if seconds is None else round(1000 * seconds, 1)


def _total(samples: Iterable[Sample], name: str) -> int:
    return int(sum(one.value for one in samples if one.name == name))
