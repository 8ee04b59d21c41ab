"""What the routes work with: the shop, its gates, its counters. One set for an application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

import anyio.to_thread
from fastapi import Depends, Request

from llmrec.server.callers import Caller, identify
from llmrec.server.gate import Gate
from llmrec.server.metrics import Metrics
from llmrec.server.rates import Rates
from llmrec.server.sharing import Lookups, Rota
from llmrec.server.shop import Shop
from llmrec.server.traffic import Traffic
from llmrec.server_settings import ServerSettings

__all__ = ["Services", "TheServices", "make_services"]

_READS = 4  # of a Python process, which runs one thread at a time: more would only crowd


@dataclass(frozen=True)
class Services:
    """What an application shares among its requests.

    Attributes:
        shop: what is answered from.
        settings: of the server.
        insecure: whether strangers may come in where no key was ever made.
        traffic: what is being answered.
        metrics: its counters.
        rates: its limits by key.
        callers: from a key to whose it is.
        rota: whose request is understood next.
        event_rates: how many events a shopper, or a key of another scope, may send.
        model: the gate to the language model.
        reads: the gate to the catalogue and the index, for what takes milliseconds.
        writes: the gate to whatever changes them, one at a time.
    """

    shop: Shop
    settings: ServerSettings
    insecure: bool
    traffic: Traffic
    metrics: Metrics
    rates: Rates
    callers: Lookups[str | None, Caller]
    rota: Rota
    event_rates: Rates
    model: Gate
    reads: Gate
    writes: Gate

    def close(self) -> None:
        """Wait for what runs, then close the shop."""
        for gate in (self.model, self.reads, self.writes):
            gate.close()
        self.shop.close()


def make_services(shop: Shop, *, insecure: bool) -> Services:
    """The services for ``shop``, which is opened by the application that uses them."""
    traffic, settings = Traffic(), shop.workspace.settings.server
    metrics = Metrics(traffic)
    shop.recommender.count = metrics.count_answer

    def gate(name: str, running: int, *, finishes: bool = False) -> Gate:
        return Gate(
            name,
            running=running,
            waiting=settings.waiting,
            wait_s=settings.wait_s,
            timeout_s=settings.timeout_s,
            metrics=metrics,
            share=settings.share,
            finishes=finishes,
        )

    return Services(
        shop=shop,
        settings=settings,
        insecure=insecure,
        traffic=traffic,
        metrics=metrics,
        rates=Rates(settings.rates),
        callers=Lookups(lambda key: anyio.to_thread.run_sync(identify, shop.keys, key)),
        rota=Rota(),
        event_rates=Rates(settings.event_rates, "events", "server.event_rates"),
        model=gate("model", settings.running),
        reads=gate("reads", _READS),
        # One at a time: SQLite has one writer, and waiting here costs no thread.
        writes=gate("writes", 1, finishes=True),
    )


def _services(request: Request) -> Services:
    return cast(Services, request.app.state.services)


TheServices = Annotated[Services, Depends(_services)]
