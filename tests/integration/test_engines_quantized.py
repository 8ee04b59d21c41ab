"""The transformers engine with weights that bitsandbytes quantizes, on a CPU: the same contract."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from contract.engine_contract import TorchEngineContract
from scipy.stats import kendalltau

from llmrec.config import EngineSettings
from llmrec.demo import items_files
from llmrec.engines import Engine
from llmrec.engines.local.engine import TransformersEngine
from llmrec.prompting import fit_rank_prompt, yes_and_no
from llmrec.types import HistoryEntry, Item

pytest.importorskip("bitsandbytes")
pytestmark = pytest.mark.integration


def plain_network(folder: str, **how):
    """The network as transformers loads it with bitsandbytes, without this project."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    network = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32,
        quantization_config=BitsAndBytesConfig(**how),
        device_map={"": "cpu"},
    )
    for module in network.modules():
        # Else bitsandbytes rounds to bf16 on some processors and not on others.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return network.eval(), AutoTokenizer.from_pretrained(folder)


def quantized(folder: pathlib.Path, precision: str) -> TransformersEngine:
    settings = EngineSettings(device="cpu", precision=precision)
    return TransformersEngine.load(str(folder), settings)


@pytest.fixture(scope="module")
def int8(tiny_model: pathlib.Path) -> TransformersEngine:
    return quantized(tiny_model, "int8")


@pytest.fixture(scope="module")
def nf4(tiny_model: pathlib.Path) -> TransformersEngine:
    return quantized(tiny_model, "nf4")


class _Quantized(TorchEngineContract):
    @pytest.fixture
    def adapter_folders(
        self, tiny_adapters: tuple[pathlib.Path, pathlib.Path]
    ) -> tuple[pathlib.Path, pathlib.Path]:
        return tiny_adapters


class TestInt8(_Quantized):
    # LLM.int8 multiplies a column in 16 bits if any token of the pass needs it, and rounds the rest
    # by each token's largest value, so that scores depend a little on what is read together.
    tolerance = 0.06

    @pytest.fixture
    def engine(self, int8: TransformersEngine) -> TransformersEngine:
        return int8

    def reference(self, engine: Engine):
        return plain_network(self.folder_of(engine), load_in_8bit=True)


class TestNf4(_Quantized):
    @pytest.fixture
    def engine(self, nf4: TransformersEngine) -> TransformersEngine:
        return nf4

    def reference(self, engine: Engine):
        import torch

        return plain_network(
            self.folder_of(engine),
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.float32,
        )


PROGRAM = """
import sys
from llmrec.config import EngineSettings
from llmrec.engines.local.engine import TransformersEngine

engine = TransformersEngine.load(
    sys.argv[1], EngineSettings(device="cpu", precision=sys.argv[3])
)
engine.load_adapter("one", sys.argv[2])
engine.score_labels(["tea ("], [("A", "B")], adapters=["one"])
"""


@pytest.mark.parametrize("precision", ["fp32", "int8", "nf4"])
def test_nothing_is_said_where_nothing_happened(
    tiny_model: pathlib.Path, tiny_adapters: tuple[pathlib.Path, pathlib.Path], precision: str
) -> None:
    """Warnings of bitsandbytes about its own optional packages and casts reach no user."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tiny_model), str(tiny_adapters[0]), precision],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert done.stdout + done.stderr == ""


def demo_rankings(engine: Engine, prompts: int = 4) -> list[np.ndarray]:
    """Log-odds of 20 products of the demo store behind histories of five."""
    rows = [json.loads(line) for line in items_files()[-1].read_text(encoding="utf-8").splitlines()]
    items = [Item(id=row["id"], title=row["title"]) for row in rows]
    texts: list[str] = []
    for place in range(prompts):
        prompt = fit_rank_prompt(
            [(HistoryEntry(item=item.id), item) for item in items[place : place + 5]],
            None,
            items[place + 5 : place + 25],
            render=engine.render,
            count_tokens=engine.count_tokens,
            budget=1800,
        )
        texts += prompt.texts
    scored = engine.score_labels(texts, [yes_and_no(engine.token_ids, texts[0])] * len(texts))
    return list(np.array([yes - no for yes, no in scored]).reshape(prompts, 20))


@pytest.mark.slow
def test_the_default_model_ranks_much_alike_in_int8_and_nf4(smollm2: pathlib.Path) -> None:
    """``scripts/bench/precision.py`` gives the figures; four bits are few for so small a model."""
    plain = TransformersEngine.load(str(smollm2), EngineSettings(device="cpu", precision="fp32"))
    expected = demo_rankings(plain)
    for precision, least in (("int8", 0.75), ("nf4", 0.3)):
        found = demo_rankings(quantized(smollm2, precision))
        taus = [kendalltau(a, b).statistic for a, b in zip(expected, found, strict=True)]
        assert np.mean(taus) > least, (precision, taus)
        assert np.mean(taus) < 1.0  # it was quantized at all
