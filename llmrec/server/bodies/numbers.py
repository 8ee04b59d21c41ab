"""What a shop looks at while it serves: requests as they are now, and what shoppers did by day."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from llmrec.server.bodies.base import Out
from llmrec.types import EventKind

__all__ = ["ActivityOut", "DayOut", "NumbersOut", "RouteOut"]


class RouteOut(Out):
    """Requests to one route since the server started; milliseconds are read off a histogram."""

    route: str
    requests: int
    failed: int = Field(description="answered with 5xx")
    p50_ms: float | None
    p95_ms: float | None


class NumbersOut(Out):
    """The server's own numbers since it started; the busiest route first."""

    routes: tuple[RouteOut, ...]
    rejected: int = Field(description="for want of a place or of time, or at the end: 503 and 504")
    degraded: int = Field(description="answers without the language model")
    running: int
    waiting: int
    model: str | None = Field(description="what ranked the last answer")
    adapter: str | None


class DayOut(Out):
    """What shoppers did on one day, in UTC; kinds that nobody did are left out."""

    day: date
    events: dict[EventKind, int]


class ActivityOut(Out):
    """The last days, the oldest first, days without events among them."""

    days: tuple[DayOut, ...]
    conversations: int = Field(description="spoken in within these days")
    items: int
    shoppers: int = Field(description="with events, at any time")
    experiment: str | None = Field(description="the name of the one that runs")
