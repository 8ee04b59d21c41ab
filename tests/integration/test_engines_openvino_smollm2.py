"""The OpenVINO engine over the default language model: the same contract, int8, and some sense."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from contract.engine_contract import RealEngineContract, prompts_for
from contract.labels import choose_labels
from scipy.stats import kendalltau

pytest.importorskip("openvino")

from llmrec.config import EngineSettings
from llmrec.engines.openvino.engine import OpenVINOEngine

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def real(smollm2: Path) -> OpenVINOEngine:
    return OpenVINOEngine.load("smollm2-135m-instruct")


class TestSmolLM2(RealEngineContract):
    @pytest.fixture
    def engine(self, real: OpenVINOEngine) -> Iterator[OpenVINOEngine]:
        yield real
        assert real._blocks.used == 0, "a call kept blocks of keys and values"

    @pytest.fixture
    def adapter_folders(self, smollm2_adapters: tuple[Path, Path]) -> tuple[Path, Path]:
        return smollm2_adapters


def test_it_knows_a_little(real: OpenVINOEngine) -> None:
    prompt = real.render([{"role": "user", "content": "What is the capital of France? One word."}])
    (text,) = real.generate([prompt], max_tokens=8)
    assert "Paris" in text


def test_int8_ranks_nearly_as_float32(real: OpenVINOEngine) -> None:
    whole = OpenVINOEngine.load("smollm2-135m-instruct", EngineSettings(precision="int8"))
    prompts = prompts_for(real)
    labels = choose_labels(20, real.token_ids, prompts[0])
    exact = real.score_labels(prompts, [labels] * 3)
    near = whole.score_labels(prompts, [labels] * 3)
    for one, other in zip(exact, near, strict=True):
        assert kendalltau(one, other)[0] > 0.8
        assert 1e-3 < np.abs(one - other).max() < 1.0
    whole.close()
