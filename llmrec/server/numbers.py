"""The registry's counters as plain numbers, for a page instead of for Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from llmrec.server.bodies.numbers import NumbersOut, RouteOut

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.samples import Sample

__all__ = ["numbers_of", "quantile"]


def numbers_of(registry: CollectorRegistry) -> NumbersOut:
    """What the server has counted since it started."""
    samples = [sample for family in registry.collect() for sample in family.samples]
    model = next((sample.labels for sample in samples if sample.name == "llmrec_model_info"), {})
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


def _routes(samples: Sequence[Sample]) -> list[RouteOut]:
    counts: dict[str, int] = defaultdict(int)
    failed: dict[str, int] = defaultdict(int)
    buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for sample in samples:
        if sample.name == "llmrec_http_requests_total":
            route, requests = sample.labels["route"], int(sample.value)
            counts[route] += requests
            failed[route] += requests * sample.labels["status"].startswith("5")
        elif sample.name == "llmrec_http_request_seconds_bucket":
            buckets[sample.labels["route"]].append((float(sample.labels["le"]), sample.value))
    routes = [
        RouteOut(
            route=route,
            requests=count,
            failed=failed[route],
            p50_ms=_milliseconds(0.5, buckets, route),
            p95_ms=_milliseconds(0.95, buckets, route),
        )
        for route, count in counts.items()
    ]
    return sorted(routes, key=lambda row: (-row.requests, row.route))


def _milliseconds(
    share: float, buckets: Mapping[str, Sequence[tuple[float, float]]], route: str
) -> float | None:
    seconds = quantile(share, buckets.get(route, ()))
    return None if seconds is None else round(1000 * seconds, 1)


def _total(samples: Iterable[Sample], name: str) -> int:
    return int(sum(sample.value for sample in samples if sample.name == name))
