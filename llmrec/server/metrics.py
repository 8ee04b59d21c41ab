"""What Prometheus reads at ``/metrics``; labels are routes and stages, never people or items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from llmrec.server.traffic import Traffic
    from llmrec.types import Trace

__all__ = ["Metrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The server's counters, in a registry of their own, so that each application counts anew."""

    def __init__(self, traffic: Traffic) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "llmrec_http_requests_total",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "llmrec_http_request_seconds",
            "Time from a request's first byte to its answer's last.",
            ("route",),
            registry=registry,
            buckets=_SECONDS,
        )
        self._stages = Histogram(
            "llmrec_stage_seconds",
            "A recommendation's time in each stage.",
            ("stage",),
            registry=registry,
            buckets=_SECONDS,
        )
        self._degraded = Counter(
            "llmrec_degraded_answers_total",
            "Answers given without the language model.",
            registry=registry,
        )
        self.rejected = Counter(
            "llmrec_rejected_total", "Requests turned away.", ("reason",), registry=registry
        )
        in_flight = Gauge("llmrec_http_in_flight", "Requests being answered.", registry=registry)
        in_flight.set_function(lambda: traffic.in_flight)
        self.waiting = Gauge(
            "llmrec_waiting", "Requests that wait for a place.", ("gate",), registry=registry
        )
        self.running = Gauge(
            "llmrec_running", "Requests that have a place.", ("gate",), registry=registry
        )
        self._model = Gauge(
            "llmrec_model_info",
            "What ranked the last answer; the value is always 1.",
            ("model", "engine", "adapter"),
            registry=registry,
        )

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_answer(self, trace: Trace) -> None:
        """Count one recommendation by what its trace says."""
        for stage, milliseconds in trace.milliseconds.items():
            self._stages.labels(stage).observe(milliseconds / 1000)
        if trace.degraded:
            self._degraded.inc()
        else:
            self._model.clear()
            self._model.labels(trace.model, trace.engine, trace.adapter or "none").set(1)

    def page(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
