"""A run of the command line that is killed with SIGKILL goes on to the very same numbers."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.integration

WORDS = ("tea", "pot", "mug", "kettle", "lamp", "rug", "vase")


def record(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return loaded


def test_killed_with_nine_and_resumed_the_command_gives_the_same_numbers(tmp_path: Path) -> None:
    """The whole command in a process of its own, killed while the main path answers."""
    draw, rows = random.Random(5), []
    for user in range(150):
        taken = draw.sample(range(60), 7)
        for place, item in enumerate(taken):
            part = {5: "valid", 6: "test"}.get(place, "train")
            rows.append((f"u{user:03}", f"i{item:02}", place, part))
    columns = ["user_id", "item_id", "position", "split"]
    (tmp_path / "data").mkdir()
    pd.DataFrame(rows, columns=columns).to_parquet(tmp_path / "data" / "interactions.parquet")
    items = [{"item_id": f"i{item:02}", "title": f"{WORDS[item % 7]} {item}"} for item in range(60)]
    pd.DataFrame(items).to_parquet(tmp_path / "data" / "items.parquet")
    command = [sys.executable, "-m", "llmrec.cli", "eval", "run", "--data", "data", "--batch", "2"]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "LLMREC_CACHE": str(tmp_path / "cache"),
        "LLMREC_MODELS__ENCODER": "hashing",
        "LLMREC_MODELS__ENGINE": "scripted",
        "LLMREC_RANKING__LLM_WEIGHT": "0.2",  # so that the engine ranks, without an adapter
    }

    def started(*options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command, *options],
            cwd=tmp_path,
            env=environment,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    answers, limit = tmp_path / "killed" / "answers.jsonl", time.monotonic() + 120
    with started("--out", "killed") as child:
        try:
            while not answers.exists() or answers.read_bytes().count(b"\n") < 6:
                assert child.poll() is None and time.monotonic() < limit
                time.sleep(0.005)
        finally:
            child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "run.json").exists()
    with started("--out", "killed") as refused:
        assert "--resume" in refused.communicate()[1] and refused.returncode == 1
    for options in (("--out", "killed", "--resume"), ("--out", "straight", "--no-cache")):
        with started(*options) as child:
            assert child.wait() == 0, child.communicate()[1]
    resumed, straight = record(tmp_path / "killed"), record(tmp_path / "straight")
    assert resumed["data"]["users"] == 150
    for part in ("metrics", "beyond", "slices", "recall_curve", "popularity_scatter"):
        assert resumed[part] == straight[part]
    assert resumed["llm"]["lift"] == straight["llm"]["lift"]
    assert straight["command"].startswith("llmrec eval run --data data")
