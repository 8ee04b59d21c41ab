"""vLLM and transformers read real ranking prompts alike; the bench does the same with 200."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from llmrec.config import EngineSettings
from llmrec.engines import Engine, load_engine

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "bench"))

from vllm_agreement import compare, make_prompts, read_shop


@pytest.mark.parametrize("labels", [50, 100])
def test_rankings_agree(smollm2_engine: Engine, smollm2: Path, labels: int) -> None:
    plain = load_engine("transformers", "smollm2-135m-instruct", EngineSettings(device="cpu"))
    histories, items = read_shop(None)
    prompts, names = make_prompts(smollm2_engine, histories, items, 6, labels)
    found = compare(smollm2_engine, plain, prompts, names)
    plain.close()
    assert (found.labels, found.prompts) == (labels, 6)
    assert found.difference < 1e-3
    assert found.tau_min > 0.995
    assert found.tau_mean >= 0.999
    assert found.same_top10 == 1.0
