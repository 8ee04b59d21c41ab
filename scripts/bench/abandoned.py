"""Clients that leave, stall or ask too much, and what that costs another shopper.

The server is a process of its own over the demo store. Another shopper asks first alone, then
behind each attack; an attack is so many connections that are opened at once and closed as soon as
their bytes were sent, or are held. Prints JSON: of each attack the other shopper's median and
largest time as a multiple of the usual median, and the answers by status; ratios, because seconds
say what the machine is::

    python scripts/bench/abandoned.py
    python scripts/bench/abandoned.py --engine openvino --encoder minilm-l6-v2 --requests 6

The scripted engine takes ``--step-ms`` for each step of a text, one call at a time, as a model
does. ``greedy`` is no attack but load: one key with fifty requests that it waits for; the other
shopper then has a fair part of the model, and no more.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from http_load import LLMREC, SHOPPERS
from processes import machine, run

from llmrec.catalog.keys import KeyStore
from llmrec.catalog.scopes import Scope
from llmrec.config import Workspace
from llmrec.demo import events_file, items_files

CHAT = {"message": "something for tea", "language": "en"}
BODIES = {"chat": CHAT, "recommend": {"query": "something for tea", "k": 3}}
GREEDY = 50


class Place:
    """Where the server listens, and the keys of who asks there."""

    def __init__(self, port: int, attacker: str, other: str) -> None:
        self.port, self.attacker, self.other = port, attacker, other

    def connect(self, *parts: bytes) -> socket.socket:
        """A connection on which these bytes were sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        connection.sendall(b"".join(parts))
        return connection

    def request(
        self, route: str, body: Any = None, *, key: str | None = None, method: str = "POST"
    ) -> bytes:
        """A request as a browser would send it."""
        sent = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {route} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Accept: */*"]
        lines += [f"Authorization: Bearer {key or self.attacker}"]
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
        return "\r\n".join([*lines, "", ""]).encode() + sent


def closed(route: str) -> Callable[[Place, int], list[socket.socket]]:
    """So many requests, each left as soon as it was sent."""

    def attack(place: Place, count: int) -> list[socket.socket]:
        request = place.request(f"/v1/{route}", BODIES[route])
        left = [place.connect(request) for _ in range(count)]
        for connection in left:
            connection.close()
        return []

    return attack


def first_event(place: Place, count: int) -> list[socket.socket]:
    """Left with the first bytes of the answer, by those who get some."""
    left = [place.connect(place.request("/v1/chat", CHAT)) for _ in range(count)]
    left[0].recv(100)
    for connection in left:
        connection.close()
    return []


def page(place: Place, count: int) -> list[socket.socket]:
    """As the web page does it: a page, a style and a chat on one connection, and the tab closes."""
    parts = [place.request(path, method="GET") for path in ("/", "/page/main.js", "/v1/me")]
    left = []
    for _ in range(count):
        connection = place.connect(parts[0])
        for part in parts[1:]:
            connection.recv(65536)
            connection.sendall(part)
        connection.recv(65536)
        connection.sendall(place.request("/v1/chat", CHAT))
        left.append(connection)
    for connection in left:
        connection.close()
    return []


def ahead(place: Place, count: int) -> list[socket.socket]:
    """Three requests in a row on each connection, and no answer is waited for."""
    request = place.request("/v1/chat", CHAT)
    for _ in range(count):
        place.connect(request, request, request).close()
    return []


def half_bodies(place: Place, count: int) -> list[socket.socket]:
    """Good keys, and bodies that never get whole; the connections are held."""
    request = place.request("/v1/chat", CHAT)
    return [place.connect(request[:-20]) for _ in range(count)]


def wrong_keys(place: Place, count: int) -> list[socket.socket]:
    """Strangers with bodies of three megabytes, of which as much is sent as gets through."""
    request = place.request("/v1/items", {"items": "x" * 3_000_000}, key="wrong")
    connections = [place.connect(request[:1000]) for _ in range(count)]
    for connection in connections:
        with suppress(OSError):
            connection.setblocking(False)
            connection.send(request[1000:])
    return connections


def faults(place: Place, count: int) -> list[socket.socket]:
    """Bodies of nothing but faults, as long as a shopper's may be."""
    request = place.request("/v1/events", {"events": [{}] * 30_000})
    return [place.connect(request) for _ in range(count)]


def greedy(place: Place, count: int) -> list[socket.socket]:
    """One key that waits for all that it asks."""
    return [place.connect(place.request("/v1/chat", CHAT)) for _ in range(GREEDY)]


ATTACKS: dict[str, Callable[[Place, int], list[socket.socket]]] = {
    "chat, closed at once": closed("chat"),
    "chat, closed at the first bytes": first_event,
    "recommend, closed at once": closed("recommend"),
    "the page's own way": page,
    "three requests ahead, closed": ahead,
    "half bodies, held": half_bodies,
    "wrong keys with long bodies": wrong_keys,
    "bodies of faults": faults,
    "greedy (load, not left)": greedy,
}


def ask(place: Place, requests: int) -> tuple[dict[str, list[float]], Counter[str]]:
    """The other shopper's seconds by route, and all statuses; a stream counts to its end."""
    seconds: dict[str, list[float]] = {route: [] for route in BODIES}
    statuses: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {place.other}"}
    url = f"http://127.0.0.1:{place.port}"
    with httpx.Client(base_url=url, headers=headers, timeout=300) as http:
        for number in range(requests):
            route = list(BODIES)[number % 2]
            start = time.perf_counter()
            answer = http.post(f"/v1/{route}", json=BODIES[route])
            statuses[str(answer.status_code)] += 1
            if answer.is_success:
                seconds[route].append(time.perf_counter() - start)
    return seconds, statuses


def ratios(usual: dict[str, list[float]], attacked: dict[str, list[float]]) -> list[float]:
    """Each time as a multiple of the usual median of its route."""
    medians = {route: statistics.median(times) for route, times in usual.items()}
    return [
        milliseconds / medians[route] for route, times in attacked.items() for milliseconds in times
    ]


def measure(place: Place, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The other shopper alone, then behind each attack."""
    ask(place, 4)  # for warmth
    usual, _ = ask(place, 2 * options.requests)
    alone = ratios(usual, usual)
    rows = [{"attack": "nobody", "median": 1.0, "largest": round(max(alone), 2)}]
    for name in options.attacks or ATTACKS:
        attack = ATTACKS[name](place, options.connections)
        answered, statuses = ask(place, options.requests)
        for connection in attack:
            connection.close()
        times = ratios(usual, answered)
        rows.append(
            {
                "attack": name,
                "median": round(statistics.median(times), 2) if times else None,
                "largest": round(max(times), 2) if times else None,
                "statuses": dict(statuses),
            }
        )
        ask(place, 4)  # what is left of the attack is over
    return rows


def serve(folder: str, port: int, step_ms: float) -> None:
    """The server with a scripted engine that is as slow as a model; see the module's words."""
    from llmrec.engines import ScriptedEngine
    from llmrec.server.address import take_address
    from llmrec.server.process import serve as serve_shop
    from llmrec.server.shop import Shop

    engine = ScriptedEngine(on_step=lambda: time.sleep(step_ms / 1000))
    serve_shop(Shop(Workspace.open(folder), engine=engine), take_address("127.0.0.1", port))


@contextmanager
def server(shop: Path, options: argparse.Namespace, environment: dict[str, str]) -> Iterator[int]:
    """A running server; its log lies in the shop's folder."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*LLMREC, "serve", "-w", str(shop), "--port", str(port)]
    if options.engine == "scripted":
        arguments = ["--serve", str(shop), "--port", str(port), "--step-ms", str(options.step_ms)]
        command = [sys.executable, __file__, *arguments]
    with (shop / "serve.log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, env={**os.environ, **environment})
    try:
        while True:
            if process.poll() is not None:
                sys.exit((shop / "serve.log").read_text())
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).is_success:
                    break
            time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait()


def made(shop: Path, environment: dict[str, str]) -> tuple[str, str]:
    """The demo store, and the keys of two of its shoppers."""
    run(*LLMREC, "init", shop, **environment)
    run(*LLMREC, "ingest", "items", *items_files(), "-w", shop, **environment)
    run(*LLMREC, "ingest", "events", events_file(), "-w", shop, **environment)
    with KeyStore.open(Workspace.open(shop).database_url) as keys:
        attacker, other = (keys.create(Scope.SHOPPER, user)[0] for user in SHOPPERS[:2])
    return attacker, other


def main() -> None:
    """Run the attacks and print what they cost another shopper."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="scripted")
    parser.add_argument("--encoder", default="hashing")
    parser.add_argument("--step-ms", type=float, default=20.0, help="of the scripted engine")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--requests", type=int, default=20, help="of the other shopper")
    parser.add_argument("--attacks", nargs="+", choices=list(ATTACKS))
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port, options.step_ms)
        return
    environment = {
        "LLMREC_MODELS__ENGINE": options.engine,
        "LLMREC_MODELS__ENCODER": options.encoder,
        "LLMREC_EXPLAIN__WORDS": "model",  # quoted words keep no engine busy
        "LLMREC_SERVER__RATES": "{}",  # the rates alone would turn most of the attack away
    }
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        keys = made(shop, environment)
        with server(shop, options, environment) as port:
            rows = measure(Place(port, *keys), options)
    header = {"machine": machine(), "engine": options.engine, "connections": options.connections}
    print(json.dumps({**header, "other shopper": rows}, indent=2))


if __name__ == "__main__":
    main()
