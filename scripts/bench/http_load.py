"""Load on ``llmrec serve``: so many clients at a time, each asking again as soon as it is answered.

The server is a process of its own over the demo store, with the settings that it has by default.
Clients do not try again what was turned away; they count it and go on. Prints JSON: for each number
of clients the answers by status, and of those that succeeded how many a second, p50 and p95::

    python scripts/bench/http_load.py --requests 400
    python scripts/bench/http_load.py --engine openvino --encoder minilm-l6-v2 --clients 1 16
    python scripts/bench/http_load.py --route events --set server.waiting=300
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from processes import machine, run

from llmrec.demo import events_file, items_files, shoppers

LLMREC = (sys.executable, "-m", "llmrec.cli")
SHOPPERS = sorted(shoppers())


def body(route: str, number: int) -> dict[str, Any]:
    """The body of the ``number``-th request."""
    user = SHOPPERS[number % len(SHOPPERS)]
    if route == "recommend":
        return {"user": user, "k": 5}
    if route == "search":
        return {"query": f"something for {user}", "k": 10, "filters": {"in_stock": True}}
    return {"events": [{"user": f"load-{number}", "item": "unheard-of", "kind": "view"}]}


class Tally:
    """What came back."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.milliseconds: list[float] = []

    def summary(self, clients: int, seconds: float) -> dict[str, Any]:
        """One level as plain values; times of the answered requests alone."""
        times = sorted(self.milliseconds)
        total = sum(self.statuses.values())
        cuts = statistics.quantiles(times, n=20) if len(times) > 1 else [times[0]] * 19
        return {
            "clients": clients,
            "requests": total,
            "seconds": round(seconds, 2),
            "answered_per_second": round(len(times) / seconds, 1),
            "p50_ms": round(cuts[9], 1),
            "p95_ms": round(cuts[18], 1),
            "statuses": dict(self.statuses),
            "rejected": self.statuses["503"] + self.statuses["429"],
        }


async def level(url: str, route: str, clients: int, requests: int) -> dict[str, Any]:
    """``requests`` requests from ``clients`` clients, each with a connection of its own.

    One pool of so many connections would cost the client more than the server: httpcore searches
    it for each request. So would certificates, which plain HTTP does not need, for each client.
    """
    tally, numbers, context = Tally(), count(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    async def client() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=120, verify=context) as http:
            while (number := next(numbers)) < requests:
                start = time.perf_counter()
                try:
                    answer = await http.post(f"/v1/{route}", json=body(route, number))
                except httpx.TransportError as error:
                    tally.statuses[type(error).__name__] += 1
                    continue
                tally.statuses[str(answer.status_code)] += 1
                if answer.is_success:
                    tally.milliseconds.append((time.perf_counter() - start) * 1000)

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return tally.summary(clients, time.perf_counter() - start)


@contextmanager
def server(shop: Path, environment: dict[str, str]) -> Iterator[str]:
    """A running ``llmrec serve``; its log lies in the shop's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (shop / "serve.log").open("w") as log:
        command = [*LLMREC, "serve", "-w", str(shop), "--port", str(port)]
        process = subprocess.Popen(command, stderr=log, env={**os.environ, **environment})
    try:
        while True:
            if process.poll() is not None:
                sys.exit((shop / "serve.log").read_text())
            try:
                if httpx.get(f"{url}/readyz", timeout=60).is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait()


def variables(options: argparse.Namespace) -> dict[str, str]:
    """The settings as variables, for every command."""
    pairs = [("models.engine", options.engine), ("models.encoder", options.encoder)]
    pairs += [tuple(pair.split("=", 1)) for pair in options.set]
    return {f"LLMREC_{name.upper().replace('.', '__')}": value for name, value in pairs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="scripted")
    parser.add_argument("--encoder", default="hashing")
    parser.add_argument("--route", default="recommend", choices=("recommend", "search", "events"))
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--requests", type=int, default=400, help="at each level")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.NAME=VALUE")
    options = parser.parse_args()
    environment = variables(options)
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        run(*LLMREC, "init", shop, **environment)
        run(*LLMREC, "ingest", "items", *items_files(), "-w", shop, **environment)
        run(*LLMREC, "ingest", "events", events_file(), "-w", shop, **environment)
        with server(shop, environment) as url:
            asyncio.run(level(url, options.route, 1, 5))  # for warmth
            levels = [
                asyncio.run(level(url, options.route, clients, options.requests))
                for clients in options.clients
            ]
    figures = {
        "machine": machine(),
        "engine": options.engine,
        "encoder": options.encoder,
        "route": options.route,
        "set": options.set,
        "levels": levels,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
