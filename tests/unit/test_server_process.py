"""``llmrec serve`` as a process of its own: its log, its door, and its end."""

import json
import subprocess
import sys
import threading

import httpx
import pytest
from serving import Process, bearer, make_key, new_shop

from llmrec.errors import ConfigError
from llmrec.server.address import take_address, url_of

SLOW = """
import time
from llmrec.engines import scripted
plain = scripted.word_overlap
def slow(prompt, labels):
    time.sleep(2)
    return plain(prompt, labels)
scripted.word_overlap = slow
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return new_shop(tmp_path_factory.mktemp("process"))


def test_a_request_that_runs_is_finished_after_sigterm_and_new_ones_are_refused(workspace):
    body = {"user": "u001", "k": 1, "explain": False}
    with Process(workspace, code=SLOW) as server, httpx.Client(base_url=server.url) as client:
        answers = []

        def recommend():
            answers.append(httpx.post(f"{server.url}/v1/recommend", json=body, timeout=60))

        running = threading.Thread(target=recommend)
        running.start()
        while 'llmrec_running{gate="model"} 1.0' not in client.get("/metrics").text:
            pass
        server.terminate()
        # The signal is taken up between two requests, at any moment from now.
        refused = client.get("/healthz")
        while refused.is_success:
            refused = client.get("/healthz")
        assert refused.status_code == 503 and refused.headers["Connection"] == "close"
        assert refused.json()["error"]["code"] == "overloaded"
        running.join()
        assert answers[0].status_code == 200 and answers[0].json()["recommendations"]
        assert server.process.wait(30) == 0


def test_who_leaves_cancels_the_reply_and_frees_its_place(workspace):
    with Process(workspace, code=SLOW) as server, httpx.Client(base_url=server.url) as client:
        said = {"message": "a lamp", "user": "u001"}
        with client.stream("POST", "/v1/chat", json=said) as answer:
            first = next(line for line in answer.iter_lines() if line.startswith("data: "))
        session = json.loads(first.removeprefix("data: "))["session"]
        while 'llmrec_running{gate="model"} 0.0' not in client.get("/metrics").text:
            pass
        kept = client.get(f"/v1/sessions/{session}", params={"user": "u001"})
        assert kept.status_code == 404
        assert not [one for one in server.lines() if one["level"] == "error"]


def test_the_log_has_no_texts_and_no_names(workspace):
    key = make_key(workspace, "merchant")
    with Process(workspace) as server:
        headers = {**bearer(key), "X-Request-ID": "from-the-caller-1"}
        body = {"user": "u001", "query": "secret-wish", "k": 1}
        asked = httpx.post(f"{server.url}/v1/recommend?note=u001", json=body, headers=headers)
        assert asked.is_success and asked.headers["X-Request-ID"] == "from-the-caller-1"
        httpx.get(f"{server.url}/v1/items/i0001?secret-wish=1", headers=headers)
        lines = server.lines()
        text = server.log.read_text()
    answered = [line for line in lines if line.get("request") == "from-the-caller-1"]
    assert answered[0]["route"] == "/v1/recommend" and answered[0]["status"] == 200
    assert answered[0]["key"] == key.split("_")[1] and answered[0]["milliseconds"] > 0
    assert not any(one in text for one in ("u001", "i0001", "secret-wish", key))


def test_a_bare_server_does_not_listen_to_the_world(tmp_path):
    workspace = new_shop(tmp_path, items=5)
    command = [sys.executable, "-m", "llmrec.cli", "serve", "-w", str(workspace.path)]
    done = subprocess.run([*command, "--host", "0.0.0.0"], capture_output=True, text=True)
    assert done.returncode == 2 and "llmrec keys create" in done.stderr
    with Process(workspace) as server:
        assert "There are no keys" in server.log.read_text()
        taken = server.url.rpartition(":")[2]
        done = subprocess.run([*command, "--port", taken], capture_output=True, text=True)
        assert done.returncode == 2 and "cannot be listened at" in done.stderr


def test_a_port_of_the_systems_choice_is_told(tmp_path):
    with take_address("127.0.0.1", 0) as one, take_address("localhost", 0) as two:
        port = one.getsockname()[1]
        assert url_of(one) == f"http://127.0.0.1:{port}" and port > 0
        assert two.getsockname()[1] != port
    with pytest.raises(ConfigError, match="cannot be listened at"):
        take_address("192.0.2.1", 80)
