"""The remote engine over a real ``vllm serve`` of the default language model.

``LLMREC_TEST_VLLM_URL`` names a server that runs already; it is then not killed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import httpx
import numpy as np
import pytest
from contract.engine_contract import SCHEMA, RealEngineContract, prompts_for
from contract.labels import choose_labels

from llmrec.config import EngineSettings
from llmrec.engines import JsonSchema
from llmrec.engines.remote.engine import RemoteEngine
from llmrec.engines.remote.serving import serve_command
from llmrec.errors import EngineError, EngineUnavailable

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "bench"))

from vllm_process import VLLMProcess

MODEL = "smollm2-135m-instruct"
LABELS = ("A", "B", "C")
SETTINGS = EngineSettings(device="cpu", precision="fp32", context=2048, batch=16, max_adapters=3)


@pytest.fixture(scope="module")
def process(
    smollm2: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VLLMProcess | None]:
    if os.environ.get("LLMREC_TEST_VLLM_URL"):
        yield None
        return
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    server = VLLMProcess(MODEL, SETTINGS, log)
    server.start()
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def url(process: VLLMProcess | None) -> str:
    return process.url if process else os.environ["LLMREC_TEST_VLLM_URL"]


@pytest.fixture(scope="module")
def remote(url: str) -> Iterator[RemoteEngine]:
    engine = RemoteEngine.connect(MODEL, SETTINGS.model_copy(update={"url": url}))
    yield engine
    engine.close()


class TestVLLMServe(RealEngineContract):
    @pytest.fixture
    def engine(self, remote: RemoteEngine) -> RemoteEngine:
        return remote

    @pytest.fixture
    def adapter_folders(self, smollm2_adapters: tuple[Path, Path]) -> tuple[Path, Path]:
        return smollm2_adapters


def test_the_server_says_what_it_is(remote: RemoteEngine) -> None:
    assert remote.context_window == 2048
    assert remote.version is not None


def test_texts_equal_those_of_transformers(remote: RemoteEngine) -> None:
    """Token by token, ends and stop words included."""
    from llmrec.engines.local.engine import TransformersEngine

    here = TransformersEngine.load(MODEL, EngineSettings(device="cpu", precision="fp32"))
    prompts = [
        here.render([{"role": "user", "content": content}])
        for content in (
            "Name three fruits.",
            "Say hello in Chinese.",
            "What is the capital of Peru?",
        )
    ]
    for arguments in ({"max_tokens": 24}, {"max_tokens": 24, "stop": [".", ",", "\n"]}):
        expected = here.generate(prompts, **arguments)
        assert remote.generate(prompts, **arguments) == expected
        assert ["".join(remote.stream(prompt, **arguments)) for prompt in prompts] == expected
    here.close()


def test_a_hundred_labels_equal_transformers(remote: RemoteEngine) -> None:
    from llmrec.engines.local.engine import TransformersEngine

    here = TransformersEngine.load(MODEL, EngineSettings(device="cpu", precision="fp32"))
    prompts = prompts_for(here)
    labels = [choose_labels(100, here.token_ids, prompt) for prompt in prompts]
    for mine, theirs in zip(
        remote.score_labels(prompts, labels), here.score_labels(prompts, labels), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-3)
    here.close()


def test_json_without_freedom_for_blanks(remote: RemoteEngine) -> None:
    (text,) = remote.generate(prompts_for(remote)[:1], max_tokens=64, constraint=JsonSchema(SCHEMA))
    assert "\n" not in text
    assert set(json.loads(text)) == {"kind", "gift"}


def test_leaving_a_stream_ends_the_work_on_the_server(remote: RemoteEngine, url: str) -> None:
    def running() -> float:
        text = httpx.get(f"{url.removesuffix('/v1')}/metrics").text
        lines = [one for one in text.splitlines() if one.startswith("vllm:num_requests_running")]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    pieces = remote.stream(prompts_for(remote)[0], max_tokens=1500, temperature=1.0)
    assert len(list(islice(pieces, 2))) == 2
    pieces.close()
    deadline = time.monotonic() + 30
    while running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not running()


def test_a_wrong_adapter_is_refused_by_the_server_too(
    remote: RemoteEngine, smollm2_adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    """As when only the tokenizer is at hand here, and the shapes cannot be looked at."""
    folder = tmp_path / "large"
    folder.mkdir()
    for path in smollm2_adapters[0].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "r": 300}))
    with pytest.raises(EngineError, match="'large' cannot be loaded"):
        remote.load_adapter("large", folder)
    assert "large" not in remote.adapters


def test_requests_and_adapters_outlive_the_server(
    process: VLLMProcess | None, remote: RemoteEngine, smollm2_adapters: tuple[Path, Path]
) -> None:
    """Killed with ``kill -9`` while calls are under way, and started again."""
    if process is None:
        pytest.skip("the server belongs to somebody else")
    patient = RemoteEngine.connect(
        MODEL,
        SETTINGS.model_copy(update={"url": process.url, "retry_s": 900, "timeout_s": None}),
    )
    for name, folder in zip(("one", "two"), smollm2_adapters, strict=True):
        patient.load_adapter(name, folder)
    prompts = prompts_for(patient) * 8
    names = [("one", None, "two")[place % 3] for place in range(len(prompts))]
    expected = patient.generate(prompts, max_tokens=8, adapters=names)
    before = patient.forward_passes
    with ThreadPoolExecutor(2) as pool:
        texts = pool.submit(patient.generate, prompts, max_tokens=8, adapters=names)
        scores = pool.submit(patient.score_labels, prompts, [LABELS] * len(prompts), adapters=names)
        while patient.forward_passes < before + 3:
            time.sleep(0.01)
        process.kill()
        while not patient._client.breaker.is_open:
            time.sleep(0.01)
        with pytest.raises(EngineUnavailable, match="is not asked now"):
            patient.generate(prompts[:1], max_tokens=2)
        process.start()
        process.wait_until_ready()
        assert texts.result(300) == expected
        found = scores.result(300)
    again = patient.score_labels(prompts, [LABELS] * len(prompts), adapters=names)
    for one, other in zip(found, again, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
    patient.close()


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_vllm_knows_every_flag_that_is_printed(
    device: str, smollm2: Path, smollm2_adapters: tuple[Path, Path]
) -> None:
    precision = "fp32" if device == "cpu" else "fp8"
    settings = SETTINGS.model_copy(
        update={
            "device": device,
            "precision": precision,
            "tensor_parallel": 2,
            "pipeline_parallel": 2,
        }
    )
    command = serve_command(
        smollm2,
        settings,
        served_as=MODEL,
        adapters={"one": smollm2_adapters[0]},
        host="127.0.0.1",
        port=8000,
        on_ray=True,
    )
    told = subprocess.run(
        [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--help=all"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    known = set(re.findall(r"--[a-z][a-z0-9-]+", told))
    flags = {word for word in command.arguments if word.startswith("--")}
    assert len(flags) > 15
    assert flags <= known
