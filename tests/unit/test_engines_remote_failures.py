"""The remote engine when its server refuses, breaks, lies, or goes away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from contract.engine_contract import prompts_for
from openai_server import MODEL, Faulty, Handler, OpenAIServer, reset

from llmrec.config import EngineSettings
from llmrec.engines import Choices, JsonSchema
from llmrec.engines.local.engine import TransformersEngine
from llmrec.engines.remote import client as client_module
from llmrec.engines.remote.engine import RemoteEngine
from llmrec.errors import (
    ConfigError,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    ModelError,
    WeightsMissing,
)
from llmrec.leaving import Abandoned, Leaving, working_for

LABELS = ("A", "B", "C")


@pytest.fixture(scope="module")
def backend(tiny_model: Path) -> Iterator[TransformersEngine]:
    engine = TransformersEngine.load(str(tiny_model), EngineSettings(device="cpu"))
    yield engine
    engine.close()


@pytest.fixture
def server(backend: TransformersEngine) -> Iterator[OpenAIServer]:
    with OpenAIServer(backend) as server:
        yield server


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_BACKOFF", lambda state: 0.01)
    monkeypatch.setattr(client_module, "_POLL_S", 0.01)


@pytest.fixture
def connect(tiny_model: Path, server: OpenAIServer) -> Iterator[Callable[..., RemoteEngine]]:
    made: list[RemoteEngine] = []

    def connect(**settings: Any) -> RemoteEngine:
        chosen = {"url": server.url, "timeout_s": 60, "breaker_reset_s": 0.05, **settings}
        made.append(RemoteEngine.connect(str(tiny_model), EngineSettings(**chosen)))
        return made[-1]

    yield connect
    server.release.set()
    for engine in made:
        engine.close()


def refuse(status: int, message: str = "no", **headers: str) -> Callable[[Handler], None]:
    def fault(handler: Handler) -> None:
        handler.refuse(status, message, **headers)
        raise Faulty

    return fault


def answer(content: bytes) -> Callable[[Handler], None]:
    def fault(handler: Handler) -> None:
        handler.reply_bytes(content)
        raise Faulty

    return fault


def reset_at_once(handler: Handler) -> None:
    reset(handler.connection)
    handler.close_connection = True
    raise Faulty


def reset_in_the_middle(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.wfile.flush()
    reset_at_once(handler)


def hang(handler: Handler) -> None:
    handler.served.release.wait(60)
    handler.close_connection = True
    raise Faulty


def begin_stream(handler: Handler, *texts: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    for text in texts:
        handler.event({"choices": [{"index": 0, "text": text, "finish_reason": None}]})


PASSING = {
    "reset": reset_at_once,
    "reset in the middle": reset_in_the_middle,
    "429": refuse(429, "slow down", Retry_After="0.01"),
    "500": refuse(500),
    "502": refuse(502),
    "503": refuse(503),
    "504": refuse(504),
    "truncated JSON": answer(b'{"choices": [{"index": 0, "te'),
    "given up": answer(
        b'{"choices": [{"text": "half", "finish_reason": "abort",'
        b' "logprobs": {"top_logprobs": [{}]}}]}'
    ),
}


@pytest.mark.parametrize("name", [one for one in PASSING if one != "given up"])
def test_a_passing_failure_changes_no_score(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], name: str
) -> None:
    engine = connect(connections=2)
    prompts = prompts_for(engine)
    expected = [label.tolist() for label in engine.score_labels(prompts, [LABELS] * 3)]
    server.seen.clear()
    server.faults = [PASSING[name]] * 4
    found = [label.tolist() for label in engine.score_labels(prompts, [LABELS] * 3)]
    assert found == expected
    assert len(server.bodies()) == 3 + 4
    assert engine.forward_passes == 6


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_failure_changes_no_text(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], name: str
) -> None:
    engine = connect()
    prompts = prompts_for(engine)
    expected = engine.generate(prompts, max_tokens=8)
    server.faults = [PASSING[name]] * 4
    assert engine.generate(prompts, max_tokens=8) == expected
    assert not server.faults


def test_a_stream_begins_again_while_nothing_was_shown(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect()
    prompt = prompts_for(engine)[0]
    (expected,) = engine.generate([prompt], max_tokens=8)
    server.faults = [refuse(503), reset_at_once, reset_in_the_middle]
    assert "".join(engine.stream(prompt, max_tokens=8)) == expected
    assert not server.faults


@pytest.mark.parametrize("name", ["reset", "503", "truncated JSON"])
def test_without_time_to_retry_the_failure_is_told(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], name: str
) -> None:
    engine = connect(retry_s=0)
    server.faults = [PASSING[name]]
    with pytest.raises(EngineError, match=server.url) as caught:
        engine.generate(prompts_for(engine)[:1], max_tokens=8)
    assert caught.value.hint
    assert len(server.bodies()) == 1


def test_a_server_that_wants_rest_for_longer_than_allowed_is_left(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect(retry_s=30)
    server.always = refuse(429, "busy", Retry_After="3600")
    with pytest.raises(EngineUnavailable, match=r"is busy \(HTTP 429: busy\)"):
        engine.generate(prompts_for(engine)[:1], max_tokens=8)
    assert len(server.bodies()) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_is_final(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], status: int
) -> None:
    engine = connect()
    server.faults = [refuse(status, "I will not")]
    with pytest.raises(EngineError, match="I will not") as caught:
        engine.generate(prompts_for(engine)[:1], max_tokens=8)
    assert not caught.value.retryable
    assert len(server.bodies()) == 1


@pytest.mark.parametrize(
    "content",
    [b"[]", b'{"choices": [{}]}', b'{"choices": [3]}', b'"text"', b'{"error": "no"}'],
)
def test_wrong_content_is_an_error(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], content: bytes
) -> None:
    engine = connect()
    server.always = answer(content)
    with pytest.raises(EngineError, match="no completion"):
        engine.generate(prompts_for(engine)[:1], max_tokens=8)
    with pytest.raises(EngineError, match=r"no completion|0 of 3 labels"):
        engine.score_labels(prompts_for(engine)[:1], [LABELS])


def test_a_page_instead_of_json_ends_with_the_retries(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect(retry_s=0.05)
    server.always = answer(b"<html>Welcome</html>")
    with pytest.raises(EngineError, match="Welcome"):
        engine.generate(prompts_for(engine)[:1], max_tokens=8)


def test_a_call_ends_with_its_time_and_leaves_the_server(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect()
    prompts = prompts_for(engine)
    expected = engine.generate(prompts, max_tokens=8)
    server.faults = [hang] * 3
    engine.timeout_s = 0.2
    with pytest.raises(EngineTimeout, match=r"longer than 0\.2"):
        engine.generate(prompts, max_tokens=8)
    engine.timeout_s = 60
    server.release.set()
    assert engine.generate(prompts, max_tokens=8) == expected


def test_retries_end_with_the_calls_time(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect(retry_s=3600, breaker_failures=1000)
    server.always = refuse(503)
    engine.timeout_s = 0.2
    with pytest.raises(EngineTimeout):
        engine.generate(prompts_for(engine), max_tokens=8)
    assert len(server.bodies()) > 3


def test_a_hanging_stream_ends_with_its_time(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect()

    def dribble(handler: Handler) -> None:
        begin_stream(handler, "one ", "two ")
        hang(handler)

    server.faults = [dribble]
    engine.timeout_s = 0.3
    pieces = engine.stream(prompts_for(engine)[0], max_tokens=8)
    assert next(pieces) + next(pieces) == "one two "
    with pytest.raises(EngineTimeout):
        next(pieces)


@pytest.mark.parametrize("ends", ["stops", "resets", "talks nonsense", "reports an error"])
def test_a_stream_that_breaks_off_is_no_whole_text(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], ends: str
) -> None:
    engine = connect()

    def break_off(handler: Handler) -> None:
        begin_stream(handler, "one ")
        if ends == "resets":
            reset_at_once(handler)
        elif ends == "talks nonsense":
            handler.wfile.write(b"data: {nonsense\n\n")
        elif ends == "reports an error":
            handler.event({"error": {"message": "engine died"}})
        raise Faulty

    server.faults = [break_off]
    pieces = engine.stream(prompts_for(engine)[0], max_tokens=8)
    assert next(pieces) == "one "
    with pytest.raises(EngineError, match=server.url):
        list(pieces)
    assert len(server.bodies()) == 1


def test_leaving_a_stream_closes_its_request(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect(connections=1)

    def endless(handler: Handler) -> None:
        begin_stream(handler)
        while True:
            handler.event({"choices": [{"index": 0, "text": "tea ", "finish_reason": None}]})
            time.sleep(0.001)

    server.faults = [endless]
    pieces = engine.stream(prompts_for(engine)[0], max_tokens=8)
    assert next(pieces) == "tea "
    pieces.close()
    assert server.left_early.wait(30)
    assert engine.generate(prompts_for(engine)[:1], max_tokens=2)


@pytest.mark.parametrize("ask", ["generate", "score_labels"])
def test_a_caller_that_leaves_closes_the_requests_of_its_call(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], ask: str
) -> None:
    engine, caller = connect(), Leaving()

    def endless(handler: Handler) -> None:
        caller.leave()
        begin_stream(handler)
        while True:
            handler.event({"choices": []})
            time.sleep(0.001)

    server.faults = [endless]
    prompt = prompts_for(engine)[:1]
    calls = {
        "generate": lambda: engine.generate(prompt, max_tokens=8),
        "score_labels": lambda: engine.score_labels(prompt, [LABELS]),
    }
    with working_for(caller), pytest.raises(Abandoned):
        calls[ask]()
    assert server.left_early.wait(30)
    assert len(server.bodies()) == 1
    assert calls[ask]()


@pytest.mark.parametrize("most", [5, 20])
def test_a_truncated_list_is_never_ranked_by(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], most: int
) -> None:
    """One server refuses long lists, the other answers with a short one."""
    engine = connect()
    prompt = prompts_for(engine)[:1]
    labels = [f"{first}{second}" for first in "ABCDEF" for second in "ABCDEF"]
    labels = [one for one in labels if engine.count_tokens(f"({one}") == 2][: most + 1]
    assert len(labels) == most + 1
    server.max_logprobs = most
    with pytest.raises(EngineError, match=f"0 of {most + 1} labels") as caught:
        engine.score_labels(prompt, [labels])
    assert "--max-logprobs 128 --logprobs-mode processed_logprobs" in caught.value.hint
    server.max_logprobs, server.cuts_logprobs_at = 128, most
    with pytest.raises(EngineError, match=f"{most} of {most + 1} labels") as caught:
        engine.score_labels(prompt, [labels])
    assert "--max-logprobs 128" in caught.value.hint
    (scores,) = engine.score_labels(prompt, [labels[:most]])
    assert len(scores) == most


def test_a_server_that_ignores_constraints_is_found_out(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect()
    prompt = prompts_for(engine)[:1]
    server.always = answer(b'{"choices": [{"text": "Well, tea", "finish_reason": "stop"}]}')
    for constraint in (Choices(["tea"]), JsonSchema({"type": "boolean"})):
        with pytest.raises(EngineError, match="does not keep to"):
            engine.generate(prompt, max_tokens=8, constraint=constraint)


def test_nobody_there() -> None:
    """Asked once at the start: whoever mistypes an address learns it at once."""
    with pytest.raises(WeightsMissing):
        RemoteEngine.connect("owner/nowhere", EngineSettings(url="http://127.0.0.1:9/v1"))


def test_an_address_where_nothing_listens(tiny_model: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r":9/v1 cannot be reached") as caught:
        RemoteEngine.connect(str(tiny_model), EngineSettings(url="http://127.0.0.1:9/v1"))
    assert "llmrec serve-llm" in caught.value.hint


@pytest.mark.parametrize("url", [None, "", "localhost:8000", "ftp://x/v1", "http://", "http://[::"])
def test_no_address(tiny_model: Path, url: str | None) -> None:
    with pytest.raises(ConfigError):
        RemoteEngine.connect(str(tiny_model), EngineSettings(url=url))


def test_an_address_that_is_no_such_server(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    with pytest.raises(EngineError) as caught:
        connect(url=server.url.removesuffix("/v1"))
    assert "/v1" in caught.value.hint
    server.always = answer(b"<html>Welcome</html>")
    with pytest.raises(EngineError, match="no completion"):
        connect()


def test_keys(server: OpenAIServer, connect: Callable[..., RemoteEngine]) -> None:
    server.key = "open-sesame"
    assert connect(api_key="open-sesame").generate(["tea"], max_tokens=2)
    for settings in ({}, {"api_key": "wrong-secret"}):
        with pytest.raises(EngineError, match="refuses the key") as caught:
            connect(**settings)
        assert "LLMREC_ENGINE__API_KEY" in caught.value.hint
        assert "secret" not in str(caught.value)


def test_the_key_is_never_told(server: OpenAIServer, connect: Callable[..., RemoteEngine]) -> None:
    url = server.url.replace("http://", "http://user:pass-secret@")
    engine = connect(api_key="key-secret", url=url)
    server.always = refuse(400, "Bearer key-secret is odd")
    with pytest.raises(EngineError, match=r"Bearer \*\*\* is odd") as caught:
        engine.generate(prompts_for(engine)[:1], max_tokens=2)
    assert "secret" not in repr(caught.value) + str(caught.value) + repr(engine)
    assert "secret" not in repr(engine._client)


def test_a_model_that_is_not_served(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    with pytest.raises(ModelError, match=f"'another'; it serves '{MODEL}'") as caught:
        connect(served_model="another")
    assert "engine.served_model" in caught.value.hint
    engine = connect(served_model=MODEL)
    server.model = "renamed"
    with pytest.raises(ModelError, match=f"does not serve '{MODEL}' any more"):
        engine.generate(prompts_for(engine)[:1], max_tokens=2)


def test_a_model_with_another_tokenizer(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    """A server of one model may call it anything; what its tokens are decides."""
    server.tells_tokens_up_to = 3
    with pytest.raises(ModelError, match=f"'{MODEL}' at .* has another tokenizer"):
        connect()


def test_a_fork_does_not_wait_for_a_thread_that_it_does_not_have(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = connect()
    monkeypatch.setattr(engine._loop, "_process", -1)
    with pytest.raises(EngineError, match="opened by another process"):
        engine.generate(prompts_for(engine)[:1], max_tokens=2)
    monkeypatch.undo()


def test_a_server_that_tells_little(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    server.context = server.version = None
    engine = connect()
    assert engine.context_window == 1024
    assert engine.version is None


def test_a_server_without_adapters(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], tiny_adapters: tuple[Path, Path]
) -> None:
    engine = connect()
    server.takes_adapters = False
    with pytest.raises(EngineError, match="loads no adapters while it runs") as caught:
        engine.load_adapter("one", tiny_adapters[0])
    assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" in caught.value.hint
    assert engine.adapters == ()


def test_adapters_outlive_the_server(
    server: OpenAIServer, connect: Callable[..., RemoteEngine], tiny_adapters: tuple[Path, Path]
) -> None:
    """A server that was started anew knows none of them; it is told again."""
    engine = connect()
    prompts = prompts_for(engine)
    engine.load_adapter("one", tiny_adapters[0])
    base = engine.generate(prompts, max_tokens=8)
    adapted = engine.generate(prompts, max_tokens=8, adapters=["one"] * 3)
    assert adapted != base
    server.stop()
    server.start()
    assert not server.adapters
    assert engine.generate(prompts, max_tokens=8, adapters=["one"] * 3) == adapted
    server.stop()
    server.start()
    streamed = "".join(engine.stream(prompts[0], max_tokens=8, adapter="one"))
    assert streamed == adapted[0]
    server.stop()
    server.start()
    engine.unload_adapter("one")
    assert engine.adapters == ()


def test_an_open_breaker_fails_new_calls_at_once_and_closes_again(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect(retry_s=0, breaker_failures=3, breaker_reset_s=3600)
    prompt = prompts_for(engine)[:1]
    server.always = refuse(503, "starting")
    for _ in range(3):
        with pytest.raises(EngineUnavailable, match="HTTP 503"):
            engine.generate(prompt, max_tokens=2)
    asked = len(server.bodies())
    with pytest.raises(EngineUnavailable, match=r"tried again in 3\d\d\d\.\d seconds.*starting"):
        engine.generate(prompt, max_tokens=2)
    with pytest.raises(EngineUnavailable, match="is not asked now"):
        list(engine.stream(prompt[0], max_tokens=2))
    assert len(server.bodies()) == asked
    server.always = None
    engine._client.breaker._next_probe = 0.0
    assert engine.generate(prompt, max_tokens=2)
    assert not engine._client.breaker.is_open


def test_timeouts_open_the_breaker(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    engine = connect(breaker_failures=2, breaker_reset_s=3600)
    server.always = hang
    engine.timeout_s = 0.05
    for _ in range(2):
        with pytest.raises(EngineTimeout):
            engine.generate(prompts_for(engine), max_tokens=2)
    with pytest.raises(EngineUnavailable, match="is not asked now"):
        engine.generate(prompts_for(engine), max_tokens=2)


def test_no_request_is_lost_or_answered_twice_by_a_restart(
    server: OpenAIServer, connect: Callable[..., RemoteEngine]
) -> None:
    """Several callers, and the server gone until the breaker has opened."""
    engine = connect(connections=6, breaker_failures=2)
    prompts = [f"{one} {number}" for number in range(8) for one in prompts_for(engine)]
    expected = server.engine.generate(prompts, max_tokens=4)
    halfway = threading.Event()

    def count(handler: Handler) -> None:
        if handler.path == "/v1/completions" and len(server.answered) >= len(prompts) // 3:
            halfway.set()

    server.always = count
    thirds = [range(start, len(prompts), 3) for start in range(3)]
    with ThreadPoolExecutor(3) as pool:
        calls = [
            pool.submit(engine.generate, [prompts[place] for place in third], max_tokens=4)
            for third in thirds
        ]
        assert halfway.wait(60)
        server.stop()
        while not engine._client.breaker.is_open:
            time.sleep(0.01)
        server.start()
        answers = [call.result(60) for call in calls]
    for third, texts in zip(thirds, answers, strict=True):
        assert texts == [expected[place] for place in third]
    assert set(server.answered.values()) == {1}


def test_a_closed_engine_says_so(
    connect: Callable[..., RemoteEngine], server: OpenAIServer
) -> None:
    engine = connect()
    prompt = prompts_for(engine)[:1]
    server.always = hang
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(engine.generate, prompt, max_tokens=2)
        while not server.bodies():
            time.sleep(0.01)
        engine.close()
        with pytest.raises(EngineError, match="has been closed"):
            waiting.result(60)
    for call in (
        lambda: engine.generate(prompt, max_tokens=2),
        lambda: engine.score_labels(prompt, [LABELS]),
        lambda: list(engine.stream(prompt[0], max_tokens=2)),
    ):
        with pytest.raises(EngineError, match="has been closed"):
            call()
    engine.close()
