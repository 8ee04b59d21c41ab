"""The transformers engine over the default language model: the same contract, and some sense."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from contract.engine_contract import TorchEngineContract
from contract.labels import choose_labels

from llmrec.config import EngineSettings
from llmrec.engines.local.engine import TransformersEngine

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def real(smollm2: Path) -> TransformersEngine:
    return TransformersEngine.load("smollm2-135m-instruct", EngineSettings(device="cpu"))


class TestSmolLM2(TorchEngineContract):
    @pytest.fixture
    def engine(self, real: TransformersEngine) -> TransformersEngine:
        return real

    @pytest.fixture
    def adapter_folders(self, smollm2_adapters: tuple[Path, Path]) -> tuple[Path, Path]:
        return smollm2_adapters


def test_letters_are_its_labels(real: TransformersEngine) -> None:
    prompt = real.render([{"role": "user", "content": "Which?"}], answer_prefix="Answer: (")
    letters = tuple(string.ascii_uppercase + string.ascii_lowercase)
    assert choose_labels(52, real.token_ids, prompt) == letters
    assert len(choose_labels(100, real.token_ids, prompt)) == 100


def test_text_goes_there_and_back(real: TransformersEngine) -> None:
    for text in ("Kettle 1.7 l, 39.90 EUR", "Grüße", "绿茶 250 克", "a\n\n b  c"):
        assert real._chat.continuation([], real.token_ids(text)) == text


def test_it_knows_a_little(real: TransformersEngine) -> None:
    prompt = real.render([{"role": "user", "content": "What is the capital of France? One word."}])
    (text,) = real.generate([prompt], max_tokens=8)
    assert "Paris" in text
