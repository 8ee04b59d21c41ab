"""vLLM in process: the whole contract on two models, against transformers and PEFT."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import pytest
from contract.engine_contract import RealEngineContract, prompts_for

from llmrec.config import EngineSettings
from llmrec.engines import JsonSchema, load_engine
from llmrec.engines.vllm.engine import VLLMEngine
from llmrec.errors import (
    ConfigError,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    ModelError,
    OutOfMemory,
)

LABELS = ("A", "B", "C")
ADAPTERS = ("one", "two", "three")


class TestTinyLlama(RealEngineContract):
    @pytest.fixture
    def engine(self, tiny_engine: VLLMEngine) -> VLLMEngine:
        return tiny_engine

    @pytest.fixture
    def adapter_folders(self, tiny_adapters: tuple[Path, Path]) -> tuple[Path, Path]:
        return tiny_adapters


class TestSmolLM2(RealEngineContract):
    @pytest.fixture
    def engine(self, smollm2_engine: VLLMEngine) -> VLLMEngine:
        return smollm2_engine

    @pytest.fixture
    def adapter_folders(self, smollm2_adapters: tuple[Path, Path]) -> tuple[Path, Path]:
        return smollm2_adapters


@pytest.fixture
def full(tiny_engine: VLLMEngine, tiny_adapters: tuple[Path, Path]) -> VLLMEngine:
    """As many adapters as may be loaded."""
    for name, folder in zip(ADAPTERS, (*tiny_adapters, tiny_adapters[0]), strict=True):
        tiny_engine.load_adapter(name, folder)
    return tiny_engine


def test_the_base_answers_as_itself_beside_adapters_in_every_slot(
    full: VLLMEngine, tiny_adapters: tuple[Path, Path]
) -> None:
    # The fourth slot, the last, is taken by a replacement: the one that the base once answered as.
    prompt = prompts_for(full)[0]
    (alone,) = full.score_labels([prompt], [LABELS])
    for round_ in range(3):
        full.load_adapter("three", tiny_adapters[(round_ + 1) % 2])
        names = ["one", None, "two", None, "three"]
        scores = full.score_labels([prompt] * 5, [LABELS] * 5, adapters=names)
        for at in (1, 3):
            np.testing.assert_allclose(scores[at], alone, atol=1e-4)
        wanted = scores[2 if round_ % 2 == 0 else 0]
        np.testing.assert_allclose(scores[4], wanted, atol=1e-4)
        assert np.abs(scores[0] - scores[2]).max() > 1e-3


def test_vllm_still_gives_the_base_the_adapter_of_the_last_slot() -> None:
    # The reason for engines/vllm/cpu_lora.py: when this fails, vLLM has mended it, and it can go.
    import torch
    from vllm.lora.ops.torch_ops import lora_ops

    out, nobody = torch.zeros(1, 3), torch.tensor([-1])
    adapters = torch.stack([torch.zeros(1, 3, 2), torch.ones(1, 3, 2)])
    lora_ops.bgmv_expand(torch.ones(1, 2), adapters, out, nobody)
    assert out.tolist() == [[2.0, 2.0, 2.0]]


def test_one_adapter_too_many_is_refused(
    full: VLLMEngine, tiny_adapters: tuple[Path, Path]
) -> None:
    with pytest.raises(EngineError, match="no room for the adapter 'four'"):
        full.load_adapter("four", tiny_adapters[0])
    assert full.adapters == ("one", "three", "two")


def test_an_adapter_of_too_high_a_rank_is_refused(
    tiny_engine: VLLMEngine, tiny_model: Path, tmp_path: Path
) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    config = LoraConfig(r=24, target_modules=["q_proj"], task_type="CAUSAL_LM")
    network = AutoModelForCausalLM.from_pretrained(tiny_model)
    get_peft_model(network, config).save_pretrained(tmp_path)
    with pytest.raises(EngineError, match="rank 24") as caught:
        tiny_engine.load_adapter("wide", tmp_path)
    assert "max_adapter_rank to 24" in caught.value.hint


def test_a_replaced_adapter_never_meets_prompts_cached_for_the_old_one(
    full: VLLMEngine, tiny_adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    prompt = "tea, " * 100 + "("
    expected = [
        full.score_labels([prompt], [LABELS], adapters=[name])[0] for name in ("one", "two")
    ]
    full.unload_adapter("three")
    for index in (0, 1, 0):
        folder = tmp_path / "trained"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tiny_adapters[index], folder)
        # The folder is the same, what is in it is not: the name has to be unloaded first.
        full.load_adapter("again", folder)
        (found,) = full.score_labels([prompt], [LABELS], adapters=["again"])
        np.testing.assert_allclose(found, expected[index], atol=1e-4)
        full.unload_adapter("again")


def test_adapters_change_under_running_requests(
    full: VLLMEngine, tiny_adapters: tuple[Path, Path]
) -> None:
    prompt = prompts_for(full)[0]
    full.load_adapter("three", tiny_adapters[0])
    allowed = [full.score_labels([prompt], [LABELS], adapters=[n])[0] for n in ("one", "two")]
    (base,) = full.score_labels([prompt], [LABELS])
    ended = threading.Event()

    def change() -> None:
        for round_ in range(20):
            full.load_adapter("three", tiny_adapters[(round_ + 1) % 2])
        ended.set()

    with ThreadPoolExecutor(3) as pool:
        changing = pool.submit(change)
        while not ended.is_set() and not changing.done():
            scores = full.score_labels([prompt] * 2, [LABELS] * 2, adapters=["three", None])
            assert min(np.abs(scores[0] - one).max() for one in allowed) < 1e-4
            np.testing.assert_allclose(scores[1], base, atol=1e-4)
        changing.result()


def test_calls_of_threads_share_a_batch(tiny_engine: VLLMEngine) -> None:
    prompts = prompts_for(tiny_engine) * 4
    alone = [tiny_engine.generate([prompt], max_tokens=40)[0] for prompt in prompts[:3]]
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda one: tiny_engine.generate([one], max_tokens=40)[0], prompts))
    assert found == alone * 4


def test_leaving_a_stream_ends_the_work(tiny_engine: VLLMEngine) -> None:
    pieces = tiny_engine.stream(prompts_for(tiny_engine)[0], max_tokens=800)
    assert list(islice(pieces, 2))
    pieces.close()
    before = tiny_engine.counts.prompt_tokens
    tiny_engine.generate(["tea"], max_tokens=1)
    # A request that was aborted is never counted as read.
    assert tiny_engine.counts.prompt_tokens - before == tiny_engine.count_tokens("tea")
    assert _unfinished(tiny_engine) == 0


def test_a_call_that_timed_out_leaves_nothing_behind(tiny_engine: VLLMEngine) -> None:
    kept, tiny_engine.timeout_s = tiny_engine.timeout_s, 0.1
    # The model may not end such a text early, and needs seconds for it.
    endless = JsonSchema({"type": "string", "minLength": 5000})
    prompts = prompts_for(tiny_engine)
    try:
        with pytest.raises(EngineTimeout):
            tiny_engine.generate(prompts, max_tokens=800, constraint=endless)
        with pytest.raises(EngineTimeout):
            list(tiny_engine.stream(prompts[0], max_tokens=800, constraint=endless))
    finally:
        tiny_engine.timeout_s = kept
    # A stream is closed beside the caller; a call that comes later has it done before.
    tiny_engine.generate(["tea"], max_tokens=1)
    assert _unfinished(tiny_engine) == 0


def test_the_prefix_cache_has_what_was_read(tiny_engine: VLLMEngine) -> None:
    prompt = "a kettle and a cup and a pot of green tea, " * 12 + "("
    tokens = tiny_engine.count_tokens(prompt)
    assert tokens > 128
    for expected in (False, True):
        before = tiny_engine.counts.cached_tokens
        tiny_engine.score_labels([prompt], [LABELS])
        cached = tiny_engine.counts.cached_tokens - before
        assert cached == ((tokens - 1) // 32 * 32 if expected else 0)


def test_more_labels_than_it_tells_are_refused(tiny_engine: VLLMEngine) -> None:
    with pytest.raises(EngineError, match="labels"):
        tiny_engine.score_labels(["("], [[chr(65 + i) for i in range(26)] * 6])


def test_a_schema_that_it_cannot_keep_is_refused(tiny_engine: VLLMEngine) -> None:
    schema = JsonSchema({"$ref": "#/nowhere"})
    with pytest.raises(EngineError):
        tiny_engine.generate(["tea"], max_tokens=4, constraint=schema)
    assert tiny_engine.generate(["tea"], max_tokens=4)


def test_quantized_weights_must_be_so(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="not quantized with awq"):
        load_engine("vllm", str(tiny_model), EngineSettings(precision="awq"))


def test_a_card_is_not_a_cpu(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="built for CPUs"):
        load_engine("vllm", str(tiny_model), EngineSettings(device="cuda"))


def test_an_unknown_architecture_is_a_model_error(tiny_model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    config = (broken / "config.json").read_text()
    (broken / "config.json").write_text(config.replace("LlamaForCausalLM", "NoSuchModel"))
    with pytest.raises(ModelError, match="NoSuchModel"):
        load_engine("vllm", str(broken), EngineSettings(max_adapters=0))


def test_a_context_beyond_the_models_is_refused(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="4096"):
        load_engine("vllm", str(tiny_model), EngineSettings(context=4096))


def test_a_start_without_memory_says_so(tiny_model: Path) -> None:
    # The machine has not got this much: 60 layers' worth of keys and values for each token.
    settings = EngineSettings(context=1024, batch=16, max_adapters=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "100000")
        with pytest.raises(OutOfMemory, match="memory"):
            load_engine("vllm", str(tiny_model), settings)


def test_a_start_has_a_limit_and_leaves_no_process(tiny_model: Path) -> None:
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    with pytest.raises(EngineTimeout, match="within 4 seconds"):
        VLLMEngine.load(str(tiny_model), EngineSettings(max_adapters=0), start_limit_s=4)
    left = [one for one in psutil.Process().children(recursive=True) if one.pid not in before]
    assert not [one for one in left if "EngineCore" in " ".join(one.cmdline())]


def test_a_dead_process_is_told_and_a_closed_engine_says_so(tiny_model: Path) -> None:
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    engine = load_engine("vllm", str(tiny_model), EngineSettings(max_adapters=0, context=512))
    assert engine.score_labels(["("], [LABELS])[0].shape == (3,)
    for one in psutil.Process().children(recursive=True):
        if one.pid not in before and "resource_tracker" not in " ".join(one.cmdline()):
            one.kill()
    with pytest.raises(EngineUnavailable, match="has ended"):
        engine.score_labels(["("], [LABELS])
    engine.close()
    engine.close()
    for call in (
        lambda: engine.score_labels(["("], [LABELS]),
        lambda: engine.generate(["("], max_tokens=2),
        lambda: engine.stream("(", max_tokens=2),
    ):
        with pytest.raises(EngineError, match="closed"):
            call()


_KILLED = """
import os, signal, sys
from llmrec.config import EngineSettings
from llmrec.engines import load_engine

if __name__ == "__main__":
    engine = load_engine("vllm", sys.argv[1], EngineSettings(max_adapters=0, context=512))
    print("ready", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_vllm_ends_with_a_process_that_was_killed(tiny_model: Path, tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(_KILLED)
    with subprocess.Popen(
        [sys.executable, script, tiny_model],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        started: list[psutil.Process] = []
        while child.poll() is None:
            started = _children(child.pid) or started
            time.sleep(0.05)
    # The core, its worker, and the guard at least.
    assert len(started) >= 3
    _, alive = psutil.wait_procs(started, timeout=60)
    assert not alive


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _unfinished(engine: VLLMEngine) -> int:
    return int(engine._vllm.engine.output_processor.get_num_unfinished_requests())
