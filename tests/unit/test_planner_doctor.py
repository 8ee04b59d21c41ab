"""``llmrec doctor`` on plans, and the tables of docs/hardware.md."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llmrec.cli.main import app
from llmrec.errors import ConfigError

ROOT = Path(__file__).parents[2]
run = CliRunner()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LLMREC_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = run.invoke(app, ["doctor", "--json", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout)


def test_cards_that_are_not_here(nowhere: Path) -> None:
    code, found = report(
        "--card", "8", "--card", "80", "--card", "none", "--model", "Qwen/Qwen3-8B"
    )
    # The model does not fit a card of 8 GB: that is a problem, and so the exit code.
    assert code == 1 and not found["ok"]
    small, large, none = found["plans"]
    assert small["plan"] is None and "may take" in small["error"]
    assert small["card"]["compute_capability"] == "8.9" and small["suits"]
    assert (large["plan"]["engine"], large["plan"]["precision"]) == ("vllm", "bf16")
    memory = large["plan"]["memory"]
    assert memory["total"] == sum(memory.values()) - memory["total"]
    assert none["card"] is None and none["machine"] == "no card"
    areas = {one["area"] for one in found["findings"]}
    assert areas == {"8 GB", "80 GB", "no card"}


def test_a_card_of_another_capability(nowhere: Path) -> None:
    arguments = ("--card", "24", "--model", "Qwen/Qwen3-14B")
    _, usual = report(*arguments)
    _, older = report(*arguments, "--compute-capability", "8.6")
    assert usual["plans"][0]["plan"]["precision"] == "fp8"
    assert older["plans"][0]["plan"]["precision"] == "int8"


def test_settings_reach_the_plan(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMREC_ENGINE__PRECISION", "nf4")
    monkeypatch.setenv("LLMREC_ENGINE__CONTEXT", "2048")
    _, found = report("--card", "8", "--model", "Qwen/Qwen3-4B")
    plan = found["plans"][0]["plan"]
    # Not in a workspace, so nothing reads the variables but the settings themselves.
    assert (plan["precision"], plan["context"]) == ("nf4", 2048)


@pytest.mark.parametrize("card", ["huge", "-8", "0", "nan"])
def test_a_size_that_is_none_is_refused(nowhere: Path, card: str) -> None:
    with pytest.raises(ConfigError, match="no size of a card"):
        report(f"--card={card}")


def test_the_plan_of_this_machine(nowhere: Path, tiny_model: Path) -> None:
    text = run.invoke(app, ["doctor", "--model", str(tiny_model)]).stdout
    for word in ("bf16", "why", "suits", "overhead", "1024 tokens"):
        assert word in text
    _, found = report("--model", str(tiny_model))
    (one,) = found["plans"]
    assert one["machine"] == "this machine" and one["plan"]["context"] == 1024


@pytest.mark.parametrize(
    ("engine", "said", "code"), [("scripted", "nothing to plan", 1), ("openai", "engine.url", 1)]
)
def test_engines_without_a_plan(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, engine: str, said: str, code: int
) -> None:
    from llmrec.config import Workspace

    monkeypatch.setenv("LLMREC_MODELS__ENGINE", engine)
    monkeypatch.setenv("LLMREC_MODELS__ENCODER", "hashing")
    Workspace.init(nowhere / "shop")
    exit_code, found = report("-w", "shop")
    assert exit_code == code and found["plans"] == []
    assert any(said in one["value"] + one["hint"] for one in found["findings"])


def test_a_server_that_is_named_is_shown(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llmrec.config import Workspace

    monkeypatch.setenv("LLMREC_MODELS__ENGINE", "openai")
    monkeypatch.setenv("LLMREC_ENGINE__URL", "http://gpu:8000/v1")
    Workspace.init(nowhere / "shop")
    _, found = report("-w", "shop")
    (llm,) = (one for one in found["findings"] if (one["area"], one["name"]) == ("weights", "llm"))
    assert llm["state"] == "ok" and "http://gpu:8000/v1" in llm["value"]


def test_the_tables_of_the_hardware_page_are_what_the_code_says(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "reference_hardware.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")
    for size in ("none", "6 GB", "8 GB", "12 GB", "16 GB", "24 GB", "48 GB", "80 GB", "141 GB"):
        # A row in the table of the default model and one in that of the others, at least.
        assert page.count(f"| {size}") >= 2
