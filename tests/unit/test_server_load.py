"""Limits and backpressure: bodies, times, places; each refusal is told and counted."""

import threading

import anyio
import pytest
from pydantic import ValidationError
from serving import new_shop, one_of_each, serving

from llmrec.engines import ScriptedEngine
from llmrec.errors import TookTooLong
from llmrec.server.bodies.chat import ChatBody
from llmrec.server.bodies.events import EventsBody
from llmrec.server.bodies.items import ItemsBody
from llmrec.server.bodies.recommend import BatchBody, RecommendBody, SearchBody
from llmrec.server.gate import Gate
from llmrec.server.metrics import Metrics
from llmrec.server.traffic import Traffic


class Doorstep:
    """A scripted engine that says when a call is in it, and goes on when it is let."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.engine = ScriptedEngine(self._score)

    def _score(self, prompt, labels):
        self.entered.release()
        assert self.go_on.wait(30)
        return [0.0] * len(labels)


@pytest.fixture
def doorstep():
    made = Doorstep()
    yield made
    made.go_on.set()


RECOMMEND = ("POST", "/v1/recommend", {"k": 1, "explain": False})


def test_a_body_that_is_too_large_is_refused_whether_its_size_is_told_or_not(tmp_path):
    with serving(new_shop(tmp_path, items=5, max_body_bytes=2000)) as ask:
        large = b'{"query": "' + b"x" * 3000 + b'"}'
        headers = {"Content-Type": "application/json"}

        async def in_parts():
            for start in range(0, len(large), 500):
                yield large[start : start + 500]

        for content in (large, in_parts()):
            answer = ask("POST", "/v1/search", content=content, headers=headers)
            assert answer.status_code == 413
            assert answer.json()["error"]["code"] == "too_large"
            assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (EventsBody, {"events": [{}] * 5_000}),
        (ItemsBody, {"items": [{"id": 1}] * 5_000}),
        (ItemsBody, {"items": [{"id": "a", "title": "a", "category": [1] * 5_000}]}),
        (BatchBody, {"requests": [{"history": [{}] * 500}] * 64}),
        (RecommendBody, {"history": [{}] * 5_000}),
        (RecommendBody, {"filters": {"not_items": [1] * 5_000}}),
        (RecommendBody, {"filters": {"attributes": {str(one): [1] for one in range(5_000)}}}),
        (SearchBody, {"query": "a", "filters": {str(one): 1 for one in range(5_000)}}),
        (ChatBody, {str(one): 1 for one in range(5_000)}),
    ],
)
def test_a_body_of_thousands_of_faults_is_refused_for_the_first(body, sent):
    with pytest.raises(ValidationError) as refused:
        body.model_validate(sent)
    # A union has a fault for each of its kinds.
    assert refused.value.error_count() <= 8


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (RecommendBody, {"k": True}),
        (RecommendBody, {"seed": False}),
        (EventsBody, {"events": [{"item": "a", "kind": "rating", "value": True}]}),
        (ChatBody, {"message": "a", "turn": True}),
    ],
)
def test_true_is_no_number(body, sent):
    with pytest.raises(ValidationError, match="not true or false"):
        body.model_validate(sent)


def test_a_shopper_sends_less_at_a_time_than_a_shop(tmp_path):
    workspace = new_shop(tmp_path, items=5, shopper_body_bytes=2000)
    keys = one_of_each(workspace)
    with serving(workspace) as ask:
        body = {"query": "lamp", "filters": {"brands": ["Acme"] * 300}}
        statuses = {
            scope: ask("POST", "/v1/search", keys[scope], json=body).status_code for scope in keys
        }
        assert statuses == {"shopper": 413, "merchant": 200, "admin": 200}


def test_an_answer_that_takes_too_long_is_given_up(tmp_path, doorstep):
    with serving(new_shop(tmp_path, timeout_s=0.2, running=1), doorstep.engine) as ask:
        answer = ask(*RECOMMEND[:2], json=RECOMMEND[2])
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
        # The call is still in the model: its place is not given to another.
        assert 'llmrec_running{gate="model"} 1.0' in ask("GET", "/metrics").text
        doorstep.go_on.set()


def test_beyond_the_places_requests_are_turned_away_at_once(tmp_path, doorstep):
    settings = {"running": 1, "waiting": 1, "wait_s": 30}
    with serving(new_shop(tmp_path, **settings), doorstep.engine) as ask:
        held = threading.Thread(target=lambda: results.append(ask.together(RECOMMEND, RECOMMEND)))
        results = []
        held.start()
        assert doorstep.entered.acquire(timeout=30)
        while 'llmrec_waiting{gate="model"} 1.0' not in ask("GET", "/metrics").text:
            pass
        refused = ask(*RECOMMEND[:2], json=RECOMMEND[2])
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        assert int(refused.headers["Retry-After"]) >= 1
        # Other gates are not in the way.
        assert ask("POST", "/v1/search", json={"query": "lamp"}).status_code == 200
        doorstep.go_on.set()
        held.join(30)
        assert [result.status_code for result in results[0]] == [200, 200]
        assert 'llmrec_rejected_total{reason="full"} 1.0' in ask("GET", "/metrics").text


def test_waiting_has_an_end(tmp_path, doorstep):
    settings = {"running": 1, "waiting": 5, "wait_s": 0.2}
    with serving(new_shop(tmp_path, **settings), doorstep.engine) as ask:
        results = []
        held = threading.Thread(target=lambda: results.append(ask.together(RECOMMEND)))
        held.start()
        assert doorstep.entered.acquire(timeout=30)
        refused = ask(*RECOMMEND[:2], json=RECOMMEND[2])
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        doorstep.go_on.set()
        held.join(30)
        assert results[0][0].status_code == 200
        assert 'llmrec_rejected_total{reason="waited"} 1.0' in ask("GET", "/metrics").text
        assert ask(*RECOMMEND[:2], json=RECOMMEND[2]).status_code == 200


def test_half_a_body_reaches_no_route(tmp_path):
    with serving(new_shop(tmp_path, items=5)) as ask:
        messages = [
            {"type": "http.request", "body": b'{"query": "lamp"}', "more_body": True},
            {"type": "http.disconnect"},
        ]
        sent = []

        async def call():
            async def receive():
                return messages.pop(0)

            async def send(message):
                sent.append(message)

            headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
            scope = {"type": "http", "method": "POST", "path": "/v1/search", "headers": headers}
            scope |= {"query_string": b"", "server": ("localhost", 80), "scheme": "http"}
            await ask.app({**scope, "http_version": "1.1", "root_path": ""}, receive, send)

        ask.run(call)
        assert sent[0]["status"] == 400
        assert 'route="/v1/search"' not in ask("GET", "/metrics").text


class Steps:
    """Values that come one by one, each when it is let, and that know that they were closed."""

    def __init__(self, error=None):
        self.let = threading.Semaphore(0)
        self.closed = threading.Event()
        self.made = 0
        self._error = error

    def __iter__(self):
        return self

    def __next__(self):
        assert self.let.acquire(timeout=30)
        self.made += 1
        if self._error and self.made == 3:
            raise self._error
        return self.made

    def close(self):
        self.closed.set()


def one_place(timeout_s=30.0):
    times = {"wait_s": 30.0, "timeout_s": timeout_s}
    return Gate("test", running=1, waiting=1, metrics=Metrics(Traffic()), **times)


def test_a_stream_that_is_left_ends_its_work_and_gives_its_place_back():
    async def leave():
        gate, steps = one_place(), Steps()
        values = gate.stream(steps)
        assert await anext(values) is None
        steps.let.release()
        assert await anext(values) == 1
        await values.aclose()
        steps.let.release()  # the value that was being made
        assert await gate.run(lambda: steps.closed.wait(30))
        gate.close()
        assert steps.made == 2

    anyio.run(leave)


def test_an_error_comes_behind_the_values_before_it():
    async def fail():
        gate, steps = one_place(), Steps(error=ValueError("third"))
        values = gate.stream(steps)
        for _ in range(3):
            steps.let.release()
        seen = []
        with pytest.raises(ValueError, match="third"):
            async for value in values:
                seen.append(value)
        assert seen == [None, 1, 2]
        gate.close()

    anyio.run(fail)


def test_a_stream_has_the_time_of_a_call():
    async def wait():
        gate, steps = one_place(timeout_s=0.2), Steps()
        values = gate.stream(steps)
        assert await anext(values) is None
        with pytest.raises(TookTooLong):
            await anext(values)
        steps.let.release()
        gate.close()

    anyio.run(wait)
