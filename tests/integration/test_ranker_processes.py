"""Two processes that train one adapter, each with the whole base or a piece of it (gloo)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.integration

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

SCRIPT = """
import json, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_ranker_training import QUICK, planted
from llmrec.finetune import train_lora
settings = QUICK.model_copy(update={"dropout": 0.0, "accumulation": int(sys.argv[4])})

def tell(told):
    if told.step == int(sys.argv[5]):
        os.kill(os.getpid(), signal.SIGKILL)

report = train_lora(
    planted(26), sys.argv[2], Path(sys.argv[3]), settings, validation=planted(8, 1), progress=tell
)
# In one write, and a line each: both processes share the output.
sys.stdout.write(json.dumps([one.loss for one in report.steps] + [report.loss]) + "\\n")
"""


COPIES = ("torch.distributed.run", "--nproc_per_node", "2", "--master_port")
CONFIG = Path(__file__).parents[2] / "finetune" / "accelerate" / "fsdp.yaml"
PIECES = (
    "accelerate.commands.launch",
    *("--config_file", str(CONFIG), "--num_processes", "2", "--main_process_port"),
)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


@pytest.mark.parametrize("launcher", [COPIES, PIECES], ids=["copies", "pieces"])
def test_two_processes_take_the_steps_of_one_with_twice_the_batches(
    script: Path, tiny_model: Path, tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    two = curves(launch(launcher, script), tiny_model, tmp_path / "two")
    one = curves([str(script)], tiny_model, tmp_path / "one", accumulation=2)
    assert two[0] == two[1]
    np.testing.assert_allclose(two[0], one[0], atol=1e-4)
    ours, theirs = tensors(tmp_path / "two"), tensors(tmp_path / "one")
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-3)
    assert not (tmp_path / "two.training").exists()


def test_a_model_in_pieces_goes_on_where_it_was_killed(
    script: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = run(launch(PIECES, script), tiny_model, tmp_path / "out", die_at=5)
    assert done.returncode != 0
    kept = sorted(path.name for path in (tmp_path / "out.training").glob("at-*[0-9]"))
    assert kept == ["at-0000000004"]
    resumed = curves(launch(PIECES, script), tiny_model, tmp_path / "out")
    whole = curves(launch(PIECES, script), tiny_model, tmp_path / "whole")
    np.testing.assert_allclose(resumed[0], whole[0], atol=1e-6)
    ours, theirs = tensors(tmp_path / "out"), tensors(tmp_path / "whole")
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-6)


def launch(launcher: tuple[str, ...], script: Path) -> list[str]:
    """The words that start two processes, on a port of their own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    return ["-m", *launcher, port, str(script)]


def tensors(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


def curves(words: list[str], base: Path, out: Path, *, accumulation: int = 1) -> list[list[float]]:
    """The losses that each process printed."""
    done = run(words, base, out, accumulation=accumulation)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def run(
    words: list[str],
    base: Path,
    out: Path,
    *,
    accumulation: int = 1,
    die_at: int = -1,
) -> subprocess.CompletedProcess[str]:
    unit = Path(__file__).parents[1] / "unit"
    return subprocess.run(
        [sys.executable, *words, *map(str, (unit, base, out, accumulation, die_at))],
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )
