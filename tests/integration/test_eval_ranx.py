"""Our metrics against an independent implementation."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from llmrec.eval.metrics import METRICS, hit_matrix

pytestmark = pytest.mark.integration

RANX = {"hit": "hit_rate"}  # by ranx's name, where it is another
KS = (1, 5, 20)

# In a process of its own and without numba's compiler: compiling takes 45 seconds, the cases one.
PEER = """
import json, sys
from ranx import Qrels, Run, evaluate
case = json.load(sys.stdin)
values = evaluate(Qrels(case["qrels"]), Run(case["run"]), case["metrics"], return_mean=False)
json.dump({name: list(map(float, one)) for name, one in values.items()}, sys.stdout)
"""


def random_cases(n: int) -> tuple[list[list[str]], list[list[str]]]:
    """Relevant and recommended items: several relevant, lists shorter than k, lists without hit."""
    draw = random.Random(7)
    items = [f"i{one}" for one in range(40)]
    relevant = [draw.sample(items, draw.randint(1, 12)) for _ in range(n)]
    return relevant, [draw.sample(items, draw.randint(1, 30)) for _ in range(n)]


def ranx_values(relevant: list[list[str]], lists: list[list[str]]) -> dict[str, list[float]]:
    """What ranx says, by its metric's name, in the order of the cases."""
    names = [f"q{index:03}" for index in range(len(lists))]
    case = {
        "qrels": {q: dict.fromkeys(one, 1) for q, one in zip(names, relevant, strict=True)},
        "run": {
            q: {item: 100.0 - rank for rank, item in enumerate(one)}
            for q, one in zip(names, lists, strict=True)
        },
        "metrics": [f"{RANX.get(name, name)}@{k}" for name in METRICS for k in KS],
    }
    done = subprocess.run(
        [sys.executable, "-c", PEER],
        input=json.dumps(case),
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    values: dict[str, list[float]] = json.loads(done.stdout)
    return values


@pytest.mark.skipif(not importlib.util.find_spec("ranx"), reason="pip install 'llmrec[eval]'")
def test_every_metric_equals_ranx_on_200_random_cases() -> None:
    relevant, lists = random_cases(200)
    theirs = ranx_values(relevant, lists)
    hits = hit_matrix(lists, relevant, max(KS))
    counts = np.array([len(one) for one in relevant])
    assert 0 < hits.any(axis=1).sum() < 200, "both found and missed cases must be among them"
    for name, metric in METRICS.items():
        for k in KS:
            expected = theirs[f"{RANX.get(name, name)}@{k}"]
            np.testing.assert_allclose(
                metric(hits, counts, k), expected, atol=1e-9, err_msg=f"{name}@{k}"
            )
