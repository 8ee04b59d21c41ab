"""Weights from a hub: the hub's real client against a small server on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmrec import weights
from llmrec.cli.main import app
from llmrec.errors import ConfigError, DownloadError, ModelError, WeightsMissing

FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b'{"version": "1.0"}',
    "tokenizer_config.json": b"{}",
    "model.safetensors": b"\x07" * 5000,
    "pytorch_model.bin": b"never wanted",
}
COMMIT = "a" * 40


class Hub(BaseHTTPRequestHandler):
    """Knows owner/good, owner/gated and owner/bare; everything else is missing."""

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, *_: object) -> None:
        return None

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith(("/api/models/owner/good", "/api/models/owner/bare")):
            names = list(FILES) if "good" in path else ["pytorch_model.bin"]
            if "/tree/" in path:
                tree = [
                    {"type": "file", "path": name, "size": len(FILES[name]), "oid": "0" * 40}
                    for name in names
                ]
                self._send(json.dumps(tree).encode(), body)
                return
            siblings = [{"rfilename": name, "size": len(FILES[name])} for name in names]
            self._send(json.dumps({"id": "x", "sha": COMMIT, "siblings": siblings}).encode(), body)
        elif path.startswith("/owner/good/resolve/"):
            self._send(FILES[path.rpartition("/")[2]], body)
        elif "owner/gated" in path:
            self._fail(403, "GatedRepo")
        elif "owner/broken" in path:
            self._fail(500, "")
        else:
            self._fail(404, "RepoNotFound")

    def _send(self, content: bytes, body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _fail(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path))
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_pulls_what_is_needed_and_verifies(hub: ThreadingHTTPServer) -> None:
    folder = weights.pull("owner/good")
    assert weights.locate("owner/good") == folder
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "manifest.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert weights.verify("owner/good") == 5043
    assert "owner/good" in [one.name for one in weights.available()]
    assert weights.remove("owner/good")


def test_the_size_is_known_before(hub: ThreadingHTTPServer) -> None:
    from llmrec.weights.hub import repository_size

    assert repository_size("owner/good") == 5043
    assert repository_size("owner/good", tokenizer_only=True) == 43


def test_a_tokenizer_alone_is_no_model(hub: ThreadingHTTPServer) -> None:
    with pytest.raises(WeightsMissing) as caught:
        weights.locate_tokenizer("owner/good")
    assert "--tokenizer-only" in caught.value.hint
    folder = weights.pull_tokenizer("owner/good")
    assert weights.locate_tokenizer("owner/good") == folder
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "manifest.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    with pytest.raises(WeightsMissing, match="only the tokenizer is on this machine") as caught:
        weights.locate("owner/good")
    assert caught.value.hint == "Run: llmrec models pull owner/good"
    assert weights.installed(weights.describe("owner/good")) is None
    whole = weights.pull("owner/good")
    assert weights.locate_tokenizer("owner/good") == weights.locate("owner/good") == whole
    assert weights.remove("owner/good") > 2 * 43 + 5000
    assert not folder.exists()
    assert not whole.exists()


def test_a_tokenizer_can_be_pulled_and_removed(hub: ThreadingHTTPServer) -> None:
    result = CliRunner().invoke(app, ["models", "pull", "owner/good", "--tokenizer-only"])
    assert result.exit_code == 0, result.output
    assert "tokenizer ready" in result.stdout
    assert weights.remove("owner/good")
    with pytest.raises(WeightsMissing):
        weights.locate_tokenizer("owner/good")
    with pytest.raises(WeightsMissing):
        weights.remove("owner/good")


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("owner/bare", ModelError, "no config.json with a tokenizer"),
        ("owner/none", ModelError, "no public repository"),
        ("smollm2-135m-instruct", ModelError, "comes in one piece"),
    ],
)
def test_a_tokenizer_that_cannot_be_had_alone(
    hub: ThreadingHTTPServer, name: str, kind: type[ModelError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        weights.pull_tokenizer(name)


def test_a_tokenizer_without_a_name_is_refused() -> None:
    result = CliRunner().invoke(app, ["models", "pull", "--tokenizer-only"])
    assert isinstance(result.exception, ConfigError)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("owner/none", ModelError, "no public repository"),
        ("owner/gated", ModelError, "is gated"),
        ("owner/bare", ModelError, "safetensors"),
        ("owner/broken", DownloadError, "could not be reached"),
    ],
)
def test_failures_are_told_apart(
    hub: ThreadingHTTPServer, name: str, kind: type[ModelError], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        weights.pull(name)
    assert type(caught.value) is kind
    assert caught.value.hint
    assert not weights.folder_of(weights.describe(name)).exists()


def test_no_network(
    hub: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="could not be reached"):
        weights.pull("owner/good")
    assert not list((tmp_path / "weights").glob("*"))
