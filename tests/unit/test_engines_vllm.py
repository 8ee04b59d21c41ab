"""The parts of the vLLM engine that need no vLLM; the rest is in tests/vllm."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from llmrec.config import EngineSettings
from llmrec.engines import load_engine
from llmrec.engines.vllm.arguments import engine_arguments, kv_bytes, precision_arguments
from llmrec.engines.vllm.cpu_lora import bgmv_expand, bgmv_expand_slice, bgmv_shrink
from llmrec.engines.vllm.startup import Log, failure
from llmrec.errors import ConfigError, EngineError, MissingExtra, ModelError, OutOfMemory

QUANTIZATIONS = ("fp8", "awq", "gptq", "int8_per_channel_weight_only")
INDICES = torch.tensor([1, -1, 0, 2, -1])


def arguments(folder: Path, *, on_cpu: bool, **values: object) -> dict[str, object]:
    settings = EngineSettings(**values)
    return engine_arguments(folder, settings, on_cpu=on_cpu, quantizations=QUANTIZATIONS)


def test_a_card_gets_its_share_and_a_cpu_its_bytes(tiny_model: Path) -> None:
    card = arguments(tiny_model, on_cpu=False, memory_share=0.7, context=512, tensor_parallel=2)
    assert card["gpu_memory_utilization"] == 0.7
    assert (card["max_model_len"], card["tensor_parallel_size"]) == (512, 2)
    assert "kv_cache_memory_bytes" not in card and "max_num_seqs" not in card
    assert "worker_extension_cls" not in card
    cpu = arguments(tiny_model, on_cpu=True, context=512, batch=4)
    # 2 layers x 2 heads x 32 numbers, keys and values of 4 bytes: 1,024 bytes a token.
    assert cpu["kv_cache_memory_bytes"] == 1024 * 4 * (512 + 32)
    assert cpu["max_num_seqs"] == 4
    assert cpu["dtype"] == "float32"
    for one in (card, cpu):
        assert one["enable_prefix_caching"] and one["max_logprobs"] >= 100
        assert one["logprobs_mode"] == "processed_logprobs"


def test_keys_and_values_are_counted_from_the_shape() -> None:
    shape = {"num_attention_heads": 8, "hidden_size": 64, "num_hidden_layers": 3}
    assert kv_bytes(shape, 10) == 2 * 3 * 8 * 8 * 4 * 10
    assert kv_bytes({**shape, "num_key_value_heads": 2, "head_dim": 16}, 1, 2) == 2 * 3 * 2 * 16 * 2


def test_adapters_have_a_slot_to_spare_and_the_mended_functions(tiny_model: Path) -> None:
    found = arguments(tiny_model, on_cpu=True, max_adapters=3, max_adapter_rank=17)
    assert (found["max_loras"], found["max_lora_rank"]) == (4, 32)
    module, _, name = str(found["worker_extension_cls"]).rpartition(".")
    assert hasattr(importlib.import_module(module), name)
    without = arguments(tiny_model, on_cpu=True, max_adapters=0)
    assert "enable_lora" not in without and "worker_extension_cls" not in without


@pytest.mark.parametrize(
    ("precision", "expected"),
    [
        ("auto", {"dtype": "auto"}),
        ("bf16", {"dtype": "bfloat16"}),
        ("fp16", {"dtype": "float16"}),
        ("fp32", {"dtype": "float32"}),
        ("fp8", {"dtype": "auto", "quantization": "fp8"}),
    ],
)
def test_precisions_have_names_there(precision: str, expected: dict[str, str]) -> None:
    assert precision_arguments(precision, {}, False, QUANTIZATIONS) == expected


def test_quantized_weights_are_read_as_they_are() -> None:
    saved = {"quantization_config": {"quant_method": "awq"}}
    assert precision_arguments("awq", saved, False, QUANTIZATIONS) == {"dtype": "auto"}
    with pytest.raises(ConfigError, match="gptq"):
        precision_arguments("gptq", saved, False, QUANTIZATIONS)
    for precision in ("int8", "nf4"):
        with pytest.raises(ConfigError, match=f"{precision} in this release"):
            precision_arguments(precision, {}, False, QUANTIZATIONS)
    with pytest.raises(ConfigError, match="fp8 on a CPU"):
        precision_arguments("fp8", {}, True, QUANTIZATIONS)


def test_tokens_without_an_adapter_are_left_as_they_are() -> None:
    draw = torch.Generator().manual_seed(0)
    down = torch.randn(3, 1, 4, 6, generator=draw)
    up = torch.randn(3, 1, 5, 4, generator=draw)
    inputs = torch.randn(5, 6, generator=draw)
    small = torch.full((5, 4), 7.0)
    bgmv_shrink(inputs, down, small, INDICES, 0.5)
    out = torch.randn(5, 9, generator=draw)
    before = out.clone()
    bgmv_expand_slice(small, up, out, INDICES, 2, 5)
    for row, slot in enumerate(INDICES.tolist()):
        change = torch.zeros(9)
        if slot >= 0:
            change[2:7] = up[slot, 0] @ (0.5 * down[slot, 0] @ inputs[row])
        torch.testing.assert_close(out[row], before[row] + change)
    assert not small[INDICES == -1].any()
    whole = torch.ones(5, 5)
    bgmv_expand(small, up, whole, INDICES, add_inputs=False)
    torch.testing.assert_close(whole, out[:, 2:7] - before[:, 2:7])


def test_no_adapter_at_all_changes_nothing() -> None:
    out = torch.ones(2, 3)
    nobody = torch.tensor([-1, -1])
    bgmv_expand(torch.ones(2, 4), torch.ones(1, 3, 4), out, nobody)
    torch.testing.assert_close(out, torch.ones(2, 3))


@pytest.mark.parametrize(
    ("error", "told", "kind", "words"),
    [
        (RuntimeError("Engine core initialization failed."), "", EngineError, "initialization"),
        (RuntimeError("Engine core"), "CUDA out of memory.", OutOfMemory, "CUDA out of memory"),
        (RuntimeError("Failed core proc(s): {'EngineCore': -9}"), "", OutOfMemory, "-9"),
        (MemoryError(), "", OutOfMemory, "MemoryError"),
        (
            ValueError(
                "1 validation error for ModelConfig\n  Value error, No such thing. More "
                "[type=value_error, input_value=1]"
            ),
            "an old line",
            ModelError,
            ": No such thing.",
        ),
        (OSError("config.json is missing"), "", ModelError, "config.json is missing."),
    ],
)
def test_failures_at_the_start_are_told_apart(
    error: BaseException, told: str, kind: type[Exception], words: str
) -> None:
    found = failure("tea-1b", error, told)
    assert type(found) is kind
    assert words in found.message and "'tea-1b'" in found.message
    assert found.hint


def test_the_log_tells_the_last_reason_that_says_something() -> None:
    log = Log()
    assert log.reason() == ""
    log.path.write_text(
        "ERROR vllm failed\nTraceback (most recent call last):\n  File x\n"
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9 GiB\n"
        "RuntimeError: Engine core initialization failed. See root cause above.\n"
    )
    assert log.reason() == "CUDA out of memory."
    config = json.loads(log.config.read_text())
    assert config["handlers"]["file"]["filename"] == str(log.path)
    log.close()
    assert not log.path.exists()


@pytest.mark.skipif(
    getattr(importlib.util.find_spec("vllm"), "origin", None) is not None, reason="vLLM is here"
)
def test_without_vllm_the_extra_is_named(tiny_model: Path) -> None:
    with pytest.raises(MissingExtra, match="'vllm'") as caught:
        load_engine("vllm", str(tiny_model))
    assert "llmrec[gpu]" in caught.value.hint
