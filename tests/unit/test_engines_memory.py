"""What the transformers engine does when memory is really too small, in a process with a limit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")

# A layer of 65,536 units takes 256 kB a token, so that a few prompts are worth a limit.
PROGRAM = """
import json, logging, resource, sys
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from llmrec.config import EngineSettings
from llmrec.engines.local.engine import TransformersEngine
from llmrec.errors import OutOfMemory


def allow(megabytes):
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))


def attempt(call):
    try:
        call()
    except OutOfMemory as error:
        return str(error)


torch.set_num_threads(1)
tokenizer, out = AutoTokenizer.from_pretrained(sys.argv[1]), sys.argv[2]
config = LlamaConfig(
    vocab_size=len(tokenizer), hidden_size=64, intermediate_size=65536, num_hidden_layers=1,
    num_attention_heads=2, max_position_embeddings=1024, eos_token_id=2,
)
torch.manual_seed(0)
network = LlamaForCausalLM(config).eval()
network.save_pretrained(out)
tokenizer.save_pretrained(out)
engine = TransformersEngine("wide", network, tokenizer, score_tokens=10**6)
prompts = [f"{place} tea {'a b ' * 30}(" for place in range(16)]
labels = [("A", "B")] * len(prompts)
found = {}
before = engine.score_labels(prompts, labels)
texts = engine.generate(prompts, max_tokens=3)
passes = engine.forward_passes
allow(600)
after = engine.score_labels(prompts, labels)
found["passes"] = engine.forward_passes - passes
found["halved"] = engine.out_of_memory
found["difference"] = max(float(abs(one - two).max()) for one, two in zip(before, after))
found["same texts"] = engine.generate(prompts, max_tokens=3) == texts
found["halved writing"] = engine.out_of_memory - found["halved"]
found["one prompt"] = attempt(lambda: engine.score_labels(["tea " * 900 + "("], labels[:1]))
found["goes on"] = len(engine.score_labels(prompts[:1], labels[:1]))
engine.close()
del network
allow(20)
found["loading"] = attempt(
    lambda: TransformersEngine.load(out, EngineSettings(device="cpu", precision="fp32"))
)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def child(
    tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, str(tiny_model), str(tmp_path_factory.mktemp("wide"))]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)


@pytest.fixture(scope="module")
def found(child: subprocess.CompletedProcess[str]) -> dict:
    return json.loads(child.stdout.splitlines()[-1])


def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    found: dict, child: subprocess.CompletedProcess[str]
) -> None:
    assert found["halved"] >= 1
    assert found["passes"] == found["halved"] + 1
    assert found["difference"] < 1e-4
    assert "16 prompts do not fit into memory together; trying 8" in child.stderr


def test_texts_are_those_of_the_whole_batch(found: dict) -> None:
    assert found["same texts"] is True
    assert found["halved writing"] >= 1


def test_one_prompt_that_does_not_fit_is_an_error_and_the_engine_goes_on(found: dict) -> None:
    assert found["one prompt"].startswith("Out of memory while ranking. Lower ")
    assert found["goes on"] == 1


def test_weights_that_do_not_fit_are_an_error_with_a_hint(found: dict) -> None:
    assert found["loading"].startswith("Out of memory while loading")
    assert "engine.precision" in found["loading"]
