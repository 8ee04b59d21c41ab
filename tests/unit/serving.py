"""A server over a small shop for the tests: in this process, or as one of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import httpx
from fastapi import FastAPI
from retrieval_shop import make_events, make_items, make_shop

from llmrec.catalog.keys import KeyStore
from llmrec.catalog.scopes import Scope
from llmrec.config import Workspace
from llmrec.engines import ScriptedEngine
from llmrec.engines.protocol import Engine
from llmrec.engines.scripted import word_overlap
from llmrec.server.address import take_address, url_of
from llmrec.server.app import create_app
from llmrec.server.places import Places
from llmrec.server.process import make_server
from llmrec.server.shop import Shop

TEXT = "It is one of the many things that go with tea, and it goes with each of them."
MODELS = {
    "models": {"encoder": "hashing", "engine": "scripted"},
    "ranking": {"llm_weight": 0.2},  # so that the engine ranks, without an adapter
}


def new_shop(folder: Path, items: int = 60, words: str = "quote", **server: Any) -> Workspace:
    """A workspace of some made-up items and events; ``server`` are settings of that section."""
    made = make_items(items)
    workspace = make_shop(folder / "shop", made, make_events(made, users=12))
    return Workspace.open(
        workspace.path, overrides={**MODELS, "explain": {"words": words}, "server": server}
    )


def make_key(workspace: Workspace, scope: str, user: str | None = None) -> str:
    with KeyStore.open(workspace.database_url) as keys:
        return keys.create(Scope(scope), user)[0]


def one_of_each(workspace: Workspace) -> dict[str, str]:
    """A key for each scope, by its name."""
    own = {"shopper": "u001", "merchant": None, "admin": None}
    return {scope: make_key(workspace, scope, user) for scope, user in own.items()}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


class Client:
    """Calls an application in this process, without a thread or a socket of its own."""

    def __init__(self, app: FastAPI, portal: Any) -> None:
        self.app = app
        self._portal = portal

    def __call__(self, method: str, path: str, key: str | None = None, **more: Any) -> Any:
        headers = {**(bearer(key) if key else {}), **more.pop("headers", {})}
        return self._portal.call(self.ask, method, path, headers, more)

    def run(self, work: Any) -> Any:
        """Run a coroutine function where the application runs."""
        return self._portal.call(work)

    async def ask(self, method: str, path: str, headers: Any, more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, headers=headers, **more)

    def together(self, *calls: tuple[str, str, Any]) -> list[httpx.Response]:
        """Send several requests at the same time: method, path and JSON body of each."""

        async def all_of_them() -> list[httpx.Response]:
            answers: list[Any] = [None] * len(calls)

            async def one(place: int, method: str, path: str, body: Any) -> None:
                answers[place] = await self.ask(method, path, {}, {"json": body})

            async with anyio.create_task_group() as group:
                for place, call in enumerate(calls):
                    group.start_soon(one, place, *call)
            return answers

        return self._portal.call(all_of_them)


@contextmanager
def serving(
    workspace: Workspace, engine: Engine | None = None, *, own_engine: bool = False
) -> Iterator[Client]:
    """An application over ``workspace``, started and in the end closed.

    Its engine is ``engine``, or a scripted one; with ``own_engine`` what the settings say.
    """
    used = None if own_engine else engine or ScriptedEngine()
    app = create_app(Shop(workspace, engine=used))
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        yield Client(app, portal)


class Process:
    """``llmrec serve`` as a process of its own, at a free port."""

    def __init__(self, workspace: Workspace, *arguments: str, code: str = "", **more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = workspace.path / "serve.log"
        environment = {
            **os.environ,
            "LLMREC_MODELS__ENCODER": "hashing",
            "LLMREC_MODELS__ENGINE": "scripted",
            **more,
        }
        start = f"{code}\nfrom llmrec.cli.main import main\nmain()"
        command = [sys.executable, "-c", start, "serve", "-w", str(workspace.path)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(port), *arguments], stderr=log, env=environment
            )

    def __enter__(self) -> Process:
        for _ in range(600):
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).is_success:
                    return self
            except httpx.TransportError:
                time.sleep(0.1)
            if self.process.poll() is not None:
                break
        self.kill()
        raise AssertionError(self.log.read_text())

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """``kill -9``, and wait for its end."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        self.process.send_signal(signal.SIGTERM)

    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log that are JSON."""
        text = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in text if line.startswith("{")]


class Listening:
    """A server of this process that listens at a port: with sockets, and an engine to look into."""

    def __init__(self, workspace: Workspace, engine: Engine | None = None) -> None:
        self.taken = take_address("127.0.0.1", 0)
        self.url = url_of(self.taken)
        self.server = make_server(Shop(workspace, engine=engine or ScriptedEngine()))
        self._thread = threading.Thread(target=self.server.run, args=([self.taken],))

    def __enter__(self) -> Listening:
        self._thread.start()
        wait_for(lambda: self.server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join()

    @property
    def model(self) -> Places:
        """Who is in the gate of the model."""
        return self.server.services.model.places

    def send(self, *parts: bytes) -> socket.socket:
        """A connection on which these bytes were sent, and nothing was read."""
        connection = socket.create_connection(self.taken.getsockname(), timeout=60)
        connection.sendall(b"".join(parts))
        return connection

    def ask(self, path: str, body: Any, key: str | None = None) -> socket.socket:
        """A connection on which a whole request was sent."""
        return self.send(request_bytes("POST", path, json.dumps(body).encode(), key))


class Slow:
    """A scripted engine whose steps come one by one, each when it is let; its rankings, if so."""

    def __init__(self, steps: int = 0, *, ranks: bool = False) -> None:
        self.let = threading.Semaphore(steps)
        self.entered = threading.Event()
        score = self._score if ranks else None
        self.engine = ScriptedEngine(score, generate=[TEXT], on_step=self._step)

    def _score(self, prompt: str, labels: Sequence[str]) -> list[float]:
        self._step()
        return word_overlap(prompt, labels)

    def _step(self) -> None:
        self.entered.set()
        assert self.let.acquire(timeout=3600)

    def release(self, steps: int = 100_000) -> None:
        self.let.release(steps)

    def __enter__(self) -> Slow:
        return self

    def __exit__(self, *_: object) -> None:
        # A test that fails must end: its server waits for the steps that run.
        self.release()


def request_bytes(method: str, path: str, body: bytes = b"", key: str | None = None) -> bytes:
    """A request as it stands on the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *([f"Authorization: Bearer {key}"] if key else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


def wait_for(seen: Callable[[], object]) -> None:
    """Wait until something is so; a minute later it never will be."""
    for _ in range(6000):
        if seen():
            return
        time.sleep(0.01)
    raise AssertionError("It has not come to be.")
