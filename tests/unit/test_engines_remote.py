"""The engine of OpenAI-compatible servers over a real server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.engine_contract import RealEngineContract, prompts_for
from openai_server import OpenAIServer

from llmrec.config import EngineSettings
from llmrec.engines import Choices, load_engine
from llmrec.engines.local.engine import TransformersEngine
from llmrec.engines.remote.engine import RemoteEngine


@pytest.fixture(scope="module")
def server(tiny_model: Path) -> Iterator[OpenAIServer]:
    backend = TransformersEngine.load(str(tiny_model), EngineSettings(device="cpu"))
    with OpenAIServer(backend) as server:
        yield server
    backend.close()


@pytest.fixture(scope="module")
def remote(server: OpenAIServer, tiny_model: Path) -> Iterator[RemoteEngine]:
    engine = RemoteEngine.connect(str(tiny_model), EngineSettings(url=server.url))
    yield engine
    engine.close()


class TestRemote(RealEngineContract):
    @pytest.fixture
    def engine(self, remote: RemoteEngine) -> RemoteEngine:
        return remote

    @pytest.fixture
    def adapter_folders(self, tiny_adapters: tuple[Path, Path]) -> tuple[Path, Path]:
        return tiny_adapters


class TestRemoteThatTellsTokens(TestRemote):
    """As vLLM does: the text is then made here, of its tokens."""

    @pytest.fixture(autouse=True)
    def tokens(self, server: OpenAIServer) -> Iterator[None]:
        server.tells_tokens = True
        yield
        server.tells_tokens = False


def test_reports_what_the_server_says(remote: RemoteEngine, server: OpenAIServer) -> None:
    assert remote.name == "openai"
    assert remote.context_window == server.context == 1024
    assert remote.version == "0.32.0"
    assert server.url in repr(remote)


def test_load_engine_connects(server: OpenAIServer, tiny_model: Path) -> None:
    settings = EngineSettings(url=server.url, context=512, timeout_s=50)
    engine = load_engine("openai", str(tiny_model), settings)
    assert (engine.context_window, engine.timeout_s) == (512, 50)
    engine.close()
    engine.close()


def test_equals_the_engine_behind_it(remote: RemoteEngine, server: OpenAIServer) -> None:
    prompts = prompts_for(remote)
    for arguments in (
        {"max_tokens": 20},
        {"max_tokens": 20, "temperature": 1.3, "seed": 5},
        {"max_tokens": 20, "stop": ["e", "a "]},
        {"max_tokens": 20, "constraint": Choices(["kettle", "tea"])},
    ):
        expected = server.engine.generate(prompts, **arguments)
        assert remote.generate(prompts, **arguments) == expected
        streamed = ["".join(remote.stream(prompt, **arguments)) for prompt in prompts]
        assert streamed == expected


def test_requests_name_what_decides_about_the_answer(
    remote: RemoteEngine, server: OpenAIServer
) -> None:
    """A server's own sampling defaults must not get in."""
    server.seen.clear()
    remote.score_labels(prompts_for(remote)[:1], [("A", "B")])
    remote.generate(prompts_for(remote)[:1], max_tokens=2)
    neutral = {"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
    for body in server.bodies():
        assert neutral.items() <= body.items()
        assert body["presence_penalty"] == body["frequency_penalty"] == body["temperature"] == 0.0


def test_a_call_uses_the_connections_and_no_more(server: OpenAIServer, tiny_model: Path) -> None:
    server.most_at_once = 0
    engine = RemoteEngine.connect(str(tiny_model), EngineSettings(url=server.url, connections=3))
    prompts = prompts_for(engine) * 5
    found = engine.score_labels(prompts, [("A", "B")] * 15)
    assert engine.forward_passes == len(found) == 15
    assert 1 < server.most_at_once <= 3
    engine.close()


def test_an_adapter_that_is_served_is_taken(
    server: OpenAIServer, tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    """As ``--lora-modules`` serves them, from our folder or one of another machine."""
    server.load("ours", str(tiny_adapters[0].resolve()))
    server.load("elsewhere", str(tiny_adapters[1].resolve()))
    server.adapters["elsewhere"] = "/another/machine/adapter"
    engine = RemoteEngine.connect(str(tiny_model), EngineSettings(url=server.url))
    server.seen.clear()
    engine.load_adapter("ours", tiny_adapters[0])
    engine.load_adapter("elsewhere", tiny_adapters[1])
    prompt = prompts_for(engine)[:1]
    engine.score_labels(prompt * 2, [("A",)] * 2, adapters=["ours", "elsewhere"])
    assert not server.bodies("/v1/load_lora_adapter")
    assert sorted(body["model"] for body in server.bodies()) == ["elsewhere", "ours"]
    engine.unload_adapter("ours")
    assert "ours" in server.adapters
    engine.close()
    for name in ("ours", "elsewhere"):
        server._forget(name)


def test_another_adapter_under_a_served_name_is_not_taken(
    server: OpenAIServer, tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    server.load("mine", str(tiny_adapters[0].resolve()))
    engine = RemoteEngine.connect(str(tiny_model), EngineSettings(url=server.url))
    engine.load_adapter("mine", tiny_adapters[1])
    prompt = prompts_for(engine)[:1]
    (found,) = engine.generate(prompt, max_tokens=9, adapters=["mine"])
    engine.load_adapter("two", tiny_adapters[1])
    assert engine.generate(prompt, max_tokens=9, adapters=["two"]) == [found]
    assert server.engine.generate(prompt, max_tokens=9, adapters=["mine"]) != [found]
    engine.close()
    server._forget("mine")
