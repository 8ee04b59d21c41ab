"""Two processes that train one adapter, on a CPU (gloo)."""

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
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_ranker_training import QUICK, planted
from llmrec.finetune import train_lora
settings = QUICK.model_copy(update={"dropout": 0.0, "accumulation": int(sys.argv[4])})
report = train_lora(
    planted(26), sys.argv[2], Path(sys.argv[3]), settings, validation=planted(8, 1)
)
# In one write, and a line each: both processes share the output.
sys.stdout.write(json.dumps([one.loss for one in report.steps] + [report.loss]) + "\\n")
"""


def test_two_processes_take_the_steps_of_one_with_twice_the_batches(
    tiny_model: Path, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    launch = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", port]
    two = curves([*launch, str(script)], tiny_model, tmp_path / "two", accumulation=1)
    one = curves([str(script)], tiny_model, tmp_path / "one", accumulation=2)
    assert two[0] == two[1]
    np.testing.assert_allclose(two[0], one[0], atol=1e-4)
    ours, theirs = tensors(tmp_path / "two"), tensors(tmp_path / "one")
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-3)
    assert not (tmp_path / "two.training").exists()


def tensors(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


def curves(words: list[str], base: Path, out: Path, *, accumulation: int) -> list[list[float]]:
    unit = Path(__file__).parents[1] / "unit"
    done = subprocess.run(
        [sys.executable, *words, str(unit), str(base), str(out), str(accumulation)],
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
