"""A server on this machine that speaks ``vllm serve``'s dialect, and misbehaves when told to.

Its answers are real: a :class:`TransformersEngine` over the tiny model computes them. What the
adapters' endpoints and ``/v1/models`` say is what vLLM 0.32 says.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from llmrec.engines import Choices, Constraint, Grammar, JsonSchema
from llmrec.errors import LLMRecError

MODEL = "tiny"


class Faulty(Exception):
    """Raised inside a handler once it has answered in its own, faulty way."""


class OpenAIServer:
    """Serves ``engine`` at :attr:`url` while its context is entered.

    ``faults`` are functions of the handler, used up one per request to ``/v1/completions``;
    ``always`` is used for every request. A fault that raises :class:`Faulty` has answered itself.
    """

    def __init__(self, engine: Any, *, key: str | None = None, max_logprobs: int = 128) -> None:
        self.engine = engine
        self.key = key
        self.max_logprobs = max_logprobs
        self.cuts_logprobs_at: int | None = None
        self.takes_adapters = True
        self.tells_tokens = False
        self.tells_tokens_up_to: int | None = None
        self.model = MODEL
        self.version: str | None = "0.32.0"
        self.context: int | None = engine.context_window
        self.faults: list[Callable[[Handler], None]] = []
        self.always: Callable[[Handler], None] | None = None
        self.adapters: dict[str, str] = {}
        self.lock = threading.Lock()
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.answered: Counter[str] = Counter()
        self.most_at_once = self._now = 0
        self.left_early = threading.Event()
        self.release = threading.Event()
        self._port = 0
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        handler = type("BoundHandler", (Handler,), {"served": self})
        self._http = Server(("127.0.0.1", self._port), handler)
        self._port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Go away as a killed process does: the port refuses, open connections are reset."""
        assert self._http is not None
        self.release.set()
        self._http.shutdown()
        self._thread.join()
        self._http.reset_connections()
        self._http.server_close()
        self.release.clear()
        with self.lock:
            for name in [adapter for adapter in self.adapters if "@" in adapter]:
                self._forget(name)

    def __enter__(self) -> OpenAIServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for name in list(self.adapters):
            self._forget(name)

    def load(self, name: str, path: str) -> None:
        self.engine.load_adapter(name, path)
        self.adapters[name] = path

    def _forget(self, name: str) -> None:
        self.engine.unload_adapter(name)
        del self.adapters[name]

    def bodies(self, path: str = "/v1/completions") -> list[dict[str, Any]]:
        return [body for at, body in self.seen if at == path]

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self.lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield
        finally:
            with self.lock:
                self._now -= 1


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, *args: Any) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def reset_connections(self) -> None:
        for one in list(self.open):
            reset(one)

    def handle_error(self, request: Any, client_address: Any) -> None:
        return None


def reset(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class Handler(BaseHTTPRequestHandler):
    served: OpenAIServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        return None

    def do_GET(self) -> None:
        self._guarded({})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._guarded(json.loads(self.rfile.read(length)))

    def reply(self, value: Any, status: int = 200, **headers: str) -> None:
        self.reply_bytes(json.dumps(value).encode(), status, **headers)

    def reply_bytes(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status: int, message: str, **headers: str) -> None:
        self.reply({"error": {"message": message, "code": status}}, status, **headers)

    def _guarded(self, body: dict[str, Any]) -> None:
        served = self.served
        with served.lock:
            served.seen.append((self.path, body))
            fault = served.always
            if fault is None and self.path == "/v1/completions" and served.faults:
                fault = served.faults.pop(0)
        try:
            with served.counted():
                if fault:
                    fault(self)
                self._route(body)
        except Faulty:
            return
        except (BrokenPipeError, ConnectionResetError):
            served.left_early.set()
            self.close_connection = True
        except LLMRecError as error:
            self.refuse(400, error.message)

    def _route(self, body: dict[str, Any]) -> None:
        served = self.served
        if served.key and self.headers.get("Authorization") != f"Bearer {served.key}":
            self.refuse(401, f"Unauthorized: {self.headers.get('Authorization')}")
        elif self.path == "/v1/models":
            base = {"id": served.model, "root": "/models/x", "parent": None}
            if served.context:
                base["max_model_len"] = served.context
            loras = [
                {"id": name, "root": path, "parent": served.model}
                for name, path in served.adapters.items()
            ]
            self.reply({"object": "list", "data": [base, *loras]})
        elif self.path == "/version" and served.version:
            self.reply({"version": served.version})
        elif self.path == "/tokenize" and served.version:
            tokens = served.engine.token_ids(body["prompt"])
            self.reply({"tokens": tokens[: served.tells_tokens_up_to]})
        elif self.path == "/v1/completions":
            self._complete(body)
        elif self.path.endswith("_lora_adapter") and served.takes_adapters:
            self._adapter(body)
        else:
            self.reply({"detail": "Not Found"}, 404)

    def _adapter(self, body: dict[str, Any]) -> None:
        served, name = self.served, body["lora_name"]
        with served.lock:
            if self.path == "/v1/load_lora_adapter":
                if name in served.adapters:
                    self.refuse(400, f"The lora adapter '{name}' has already been loaded.")
                    return
                try:
                    served.load(name, body["lora_path"])
                except LLMRecError as error:
                    self.refuse(500, error.message)
                    return
            elif name not in served.adapters:
                self.refuse(404, f"The lora adapter '{name}' cannot be found.")
                return
            else:
                served._forget(name)
        self.reply_bytes(b"Success")

    def _complete(self, body: dict[str, Any]) -> None:
        served = self.served
        name = body["model"]
        if name != served.model and name not in served.adapters:
            self.refuse(404, f"The model `{name}` does not exist.")
            return
        adapter = None if name == served.model else name
        if "allowed_token_ids" in body:
            self._scores(body, adapter)
        elif body.get("stream"):
            self._stream(body, adapter)
        else:
            (text,) = served.engine.generate(
                [self._prompt(body)], adapters=[adapter], **self._arguments(body)
            )
            choice = self._choice(text, self._reason(text, body))
            served.answered[self.headers["X-Request-Id"]] += 1
            self.reply({"choices": [choice]})

    def _scores(self, body: dict[str, Any], adapter: str | None) -> None:
        served = self.served
        if body["logprobs"] > served.max_logprobs:
            self.refuse(
                400,
                f"Requested sample logprobs of {body['logprobs']}, which is greater than max "
                f"allowed: {served.max_logprobs}",
            )
            return
        tokenizer = served.engine._chat._tokenizer
        ids = body["allowed_token_ids"]
        labels = [tokenizer.decode([one]) for one in ids]
        (scores,) = served.engine.score_labels([self._prompt(body)], [labels], adapters=[adapter])
        order = np.argsort(-scores)[: served.cuts_logprobs_at]
        top = {f"token_id:{ids[place]}": float(scores[place]) for place in order}
        logprobs = {"tokens": [next(iter(top))], "top_logprobs": [top]}
        self.reply(
            {
                "choices": [
                    {
                        "index": 0,
                        "text": labels[order[0]],
                        "logprobs": logprobs,
                        "finish_reason": "length",
                    }
                ]
            }
        )

    def _stream(self, body: dict[str, Any], adapter: str | None) -> None:
        pieces = self.served.engine.stream(
            self._prompt(body), adapter=adapter, **self._arguments(body)
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        text = ""
        for piece in pieces:
            text += piece
            self.event({"choices": [self._choice(piece, None)]})
        self.event({"choices": [self._choice("", self._reason(text, body))]})
        self.wfile.write(b"data: [DONE]\n\n")

    def _choice(self, text: str, reason: str | None) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "text": text, "finish_reason": reason}
        if self.served.tells_tokens:
            # The text is to come from the tokens.
            choice |= {"text": "?", "token_ids": self.served.engine.token_ids(text)}
        return choice

    def event(self, value: Any) -> None:
        self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")
        self.wfile.flush()

    def _prompt(self, body: dict[str, Any]) -> str:
        text: str = self.served.engine._chat._tokenizer.decode(body["prompt"])
        return text

    def _reason(self, text: str, body: dict[str, Any]) -> str:
        return "length" if self.served.engine.count_tokens(text) >= body["max_tokens"] else "stop"

    def _arguments(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = body.get("structured_outputs") or {}
        constraint: Constraint | None = None
        if "choice" in wanted:
            constraint = Choices(wanted["choice"])
        elif "json" in wanted:
            constraint = JsonSchema(wanted["json"])
        elif "grammar" in wanted:
            constraint = Grammar(wanted["grammar"])
        return {
            "max_tokens": body["max_tokens"],
            "stop": body.get("stop", ()),
            "temperature": body["temperature"],
            "seed": body["seed"],
            "constraint": constraint,
        }
