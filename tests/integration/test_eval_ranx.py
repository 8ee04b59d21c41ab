"""Golden: our metrics against an independent implementation (docs/metrics.md names differences)."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from llmrec.eval.measures.metrics import METRICS, hit_matrix, hits_from_ranks, rank_of_target

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not importlib.util.find_spec("ranx"), reason="pip install 'llmrec[eval]'"),
]

RANX = {"hit": "hit_rate"}  # by ranx's name, where it is another
KS = (1, 5, 20)
N_CASES, N_TIED = 1000, 250

# In a process of its own and without numba's compiler: compiling takes 45 seconds, the cases few.
PEER = """
import json, sys
from ranx import Qrels, Run, evaluate
case = json.load(sys.stdin)
values = evaluate(Qrels(case["qrels"]), Run(case["run"]), case["metrics"], return_mean=False)
json.dump({name: list(map(float, one)) for name, one in values.items()}, sys.stdout)
"""


def ranx_values(relevant: list[list[str]], runs: list[dict[str, float]]) -> dict[str, list[float]]:
    """What ranx says of scored items, by its metric's name, in the order of the cases."""
    names = [f"q{index:04}" for index in range(len(runs))]
    case = {
        "qrels": {q: dict.fromkeys(one, 1) for q, one in zip(names, relevant, strict=True)},
        "run": dict(zip(names, runs, strict=True)),
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


def assert_equal_to_ranx(
    hits: np.ndarray, relevant: list[list[str]], runs: list[dict[str, float]]
) -> None:
    theirs = ranx_values(relevant, runs)
    counts = np.array([len(one) for one in relevant])
    found = hits.any(axis=1).sum()
    assert 0 < found < len(hits), "both found and missed cases must be among them"
    for name, metric in METRICS.items():
        for k in KS:
            expected = theirs[f"{RANX.get(name, name)}@{k}"]
            np.testing.assert_allclose(
                metric(hits, counts, k), expected, atol=1e-9, err_msg=f"{name}@{k}"
            )


def random_cases(n: int) -> tuple[list[list[str]], list[list[str]]]:
    """Relevant and recommended items: none, one or several relevant; lists of 0 to 30 items, of
    which every third repeats some."""
    draw = random.Random(7)
    items = [f"i{one}" for one in range(40)]
    relevant = [draw.sample(items, draw.randint(0, 12)) for _ in range(n)]
    lists = [draw.sample(items, draw.randint(0, 30)) for _ in range(n)]
    for one in lists[::3]:
        for _ in range(min(3, len(one))):
            one[draw.randrange(len(one))] = draw.choice(one)
    return relevant, lists


def as_run(items: list[str]) -> dict[str, float]:
    """Scores that keep the order. Where an item comes again, something irrelevant stands instead:
    ranx has no word for a repetition, and counts it twice when it is given arrays."""
    fresh = [f"again{i}" if one in items[:i] else one for i, one in enumerate(items)]
    return {item: 100.0 - rank for rank, item in enumerate(fresh)}


def test_every_metric_equals_ranx_on_random_lists() -> None:
    relevant, lists = random_cases(N_CASES - N_TIED)
    for wanted in (
        any(not one for one in relevant),
        any(not one for one in lists),
        any(0 < len(one) < 5 for one in lists),
        any(len(set(one)) < len(one) for one in lists),
        any(len(one) > 1 for one in relevant),
    ):
        assert wanted, "a kind of case is missing"
    assert_equal_to_ranx(
        hit_matrix(lists, relevant, max(KS)), relevant, [as_run(one) for one in lists]
    )


def test_every_metric_equals_ranx_on_tied_scores_when_ties_go_against_the_target() -> None:
    random_scores = np.random.default_rng(11)
    scores = random_scores.integers(0, 6, size=(N_TIED, 40)).astype(float)
    scores[:5] = 0.0  # no opinion at all
    targets = random_scores.integers(0, 40, size=N_TIED)
    ranks = rank_of_target(scores, targets)
    runs = []
    for row, target in zip(scores, targets, strict=True):
        # ranx leaves ties to its sorting; half a point less puts the target below its equals.
        run = {f"i{item}": float(score) for item, score in enumerate(row)}
        runs.append({**run, f"i{target}": float(row[target]) - 0.5})
    relevant = [[f"i{target}"] for target in targets]
    assert (np.sort(scores, axis=1)[:, -1] == np.sort(scores, axis=1)[:, -2]).sum() > 100
    assert_equal_to_ranx(hits_from_ranks(ranks, max(KS)), relevant, runs)
