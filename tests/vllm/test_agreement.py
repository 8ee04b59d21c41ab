"""vLLM and transformers read real ranking prompts alike; the bench does the same with more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from llmrec.config import EngineSettings
from llmrec.engines import Engine, load_engine

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "bench"))

from vllm_agreement import compare, make_prompts, read_shop


@pytest.mark.parametrize("candidates", [20, 50])
def test_rankings_agree(smollm2_engine: Engine, smollm2: Path, candidates: int) -> None:
    plain = load_engine("transformers", "smollm2-135m-instruct", EngineSettings(device="cpu"))
    histories, items = read_shop(None)
    lists = make_prompts(smollm2_engine, histories, items, 3, candidates)
    found = compare(smollm2_engine, plain, lists)
    plain.close()
    assert (found.candidates, found.lists) == (candidates, 3)
    assert found.difference < 1e-3
    assert found.tau_min > 0.995
    assert found.tau_mean >= 0.999
    assert found.same_top10 == 1.0
