"""Sizes of models, and what the memory estimate makes of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from llmrec.config import EngineSettings
from llmrec.errors import ConfigError, ModelError, WeightsMissing
from llmrec.planner import Memory, estimate, plan_here, shape_named, shape_of
from llmrec.planner.memory import adapter_bytes, cache_bytes_per_token, weight_bytes
from llmrec.planner.shapes import KNOWN_MODELS, known_shape, shape_from_config

SHAPES = {name: known.shape for name, known in KNOWN_MODELS.items()}
SMOLLM2 = SHAPES["smollm2-135m-instruct"]
QWEN = SHAPES["Qwen/Qwen3-8B"]


def test_a_folder_is_measured_without_loading_it(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    shape = shape_of(tiny_model)
    assert shape.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert shape.disk_bytes == 4 * shape.parameters == weight_bytes(shape, "fp32")
    assert (shape.layers, shape.heads, shape.kv_heads, shape.head_dim) == (2, 4, 2, 32)
    assert (shape.context, shape.quantization) == (1024, None)
    # One token's keys and values are what the network's own cache holds.
    with torch.inference_mode():
        cache = network(torch.zeros(1, 3, dtype=torch.long), use_cache=True).past_key_values
    held = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    assert held == 3 * cache_bytes_per_token(shape, 4, length=3)


@pytest.mark.parametrize(
    ("name", "published", "beside_embeddings"),
    [
        # Billions of parameters as the model cards round them.
        ("smollm2-135m-instruct", 0.135, None),
        ("HuggingFaceTB/SmolLM2-360M-Instruct", 0.362, None),
        ("HuggingFaceTB/SmolLM2-1.7B-Instruct", 1.71, None),
        ("HuggingFaceTB/SmolLM3-3B", 3.08, None),
        ("Qwen/Qwen3-0.6B", 0.6, 0.44),
        ("Qwen/Qwen3-1.7B", 1.7, 1.4),
        ("Qwen/Qwen3-4B", 4.0, 3.6),
        ("Qwen/Qwen3-8B", 8.2, 6.95),
        ("Qwen/Qwen3-14B", 14.8, 13.2),
        ("Qwen/Qwen3-32B", 32.8, 31.2),
        ("meta-llama/Llama-3.2-1B-Instruct", 1.23, None),
        ("meta-llama/Llama-3.2-3B-Instruct", 3.21, None),
        ("meta-llama/Llama-3.1-8B-Instruct", 8.03, None),
        ("meta-llama/Llama-3.1-70B-Instruct", 70.6, None),
        ("google/gemma-3-1b-it", 1.0, None),
    ],
)
def test_known_sizes_give_the_published_parameter_counts(
    name: str, published: float, beside_embeddings: float | None
) -> None:
    shape = SHAPES[name]
    assert shape.parameters / 1e9 == pytest.approx(published, rel=0.02)
    if beside_embeddings:
        linear = shape.parameters - shape.embedding_parameters
        assert linear / 1e9 == pytest.approx(beside_embeddings, rel=0.015)


def test_every_known_model_is_checked_above() -> None:
    marks = test_known_sizes_give_the_published_parameter_counts.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marks[0].args[1]} == set(SHAPES)


def test_weights_by_precision() -> None:
    linear, wide = QWEN.parameters - QWEN.embedding_parameters, QWEN.embedding_parameters
    assert weight_bytes(QWEN, "bf16") == 2 * QWEN.parameters
    assert weight_bytes(QWEN, "fp32") == 4 * QWEN.parameters
    assert weight_bytes(QWEN, "int8") == weight_bytes(QWEN, "fp8") == linear + 2 * wide
    assert weight_bytes(QWEN, "int8", wide_bytes=4) == linear + 4 * wide
    # QLoRA: 4.127 bits each.
    assert weight_bytes(QWEN, "nf4") == pytest.approx(linear * 4.127 / 8 + 2 * wide)
    with pytest.raises(ConfigError, match="not quantized as awq"):
        weight_bytes(QWEN, "awq")
    stored = replace(QWEN, quantization="awq", disk_bytes=6_000_000_000)
    assert weight_bytes(stored, "awq") == 6_000_000_000


def test_cache_and_adapters() -> None:
    # Qwen3-8B: 2 x 36 layers x 8 heads x 128 x 2 bytes.
    assert cache_bytes_per_token(QWEN, 2, 8192) == 147_456
    gemma = SHAPES["google/gemma-3-1b-it"]
    short, long = (cache_bytes_per_token(gemma, 2, n) for n in (512, 8192))
    assert short == 2 * 26 * 256 * 2
    assert long == 2 * 256 * 2 * (4 + 22 * 512 / 8192)
    # Rank 16 on all seven layers, two bytes each: Llama 3.1 8B has 41.9 M such parameters.
    llama = SHAPES["meta-llama/Llama-3.1-8B-Instruct"]
    assert adapter_bytes(llama, 16, 2) == 2 * 41_943_040


def test_peft_makes_adapters_of_that_size(tiny_model: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    layers = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    adapted = get_peft_model(base, LoraConfig(r=4, target_modules=layers, task_type="CAUSAL_LM"))
    held = sum(one.nbytes for name, one in adapted.named_parameters() if "lora_" in name)
    assert held == adapter_bytes(shape_of(tiny_model), 4, 4)


def test_an_estimate_is_the_sum_of_its_parts_and_grows_with_each() -> None:
    def total(**changes: object) -> Memory:
        usual: dict[str, object] = {"context": 4096, "batch": 4, "precision": "bf16"}
        usual |= changes
        return estimate(QWEN, usual.pop("precision"), **usual)  # type: ignore[arg-type]

    one = total()
    assert one.total == one.weights + one.kv + one.activations + one.adapters + one.overhead
    assert one.kv == 4 * 4096 * 147_456 and one.adapters == 0
    assert total(batch=8).kv == 2 * one.kv
    assert total(kv_tokens=100).kv == 100 * 147_456
    assert total(adapters=2).adapters == 2 * adapter_bytes(QWEN, 16, 2)
    assert total(precision="fp32").activations > one.activations
    assert total(engine="vllm").overhead > one.overhead
    spread = total(cards=2)
    assert (spread.weights, spread.kv) == (one.weights // 2, one.kv // 2)
    assert spread.activations == one.activations


def test_configs_that_say_it_otherwise() -> None:
    config = {"hidden_size": 64, "num_hidden_layers": 6, "num_attention_heads": 4, "vocab_size": 9}
    plain = shape_from_config(config, "plain")
    assert (plain.kv_heads, plain.head_dim, plain.intermediate) == (4, 16, 256)
    assert plain.embedding_parameters == 9 * 64
    untied = shape_from_config({**config, "tie_word_embeddings": False}, "untied")
    assert untied.embedding_parameters == 2 * 9 * 64
    nested = shape_from_config({"text_config": config, "vision_config": {}}, "nested")
    assert nested.hidden == 64
    sliding = {"layer_types": ["sliding_attention"] * 4 + ["full_attention"] * 2}
    windowed = shape_from_config({**config, **sliding, "sliding_window": 32}, "windowed")
    assert (windowed.window, windowed.window_layers) == (32, 4)
    # Qwen names a window that it does not use.
    unused = {**config, "sliding_window": 32, "use_sliding_window": False}
    assert shape_from_config(unused, "unused").window == 0
    for method, name in (("awq", "awq"), ("gptq", "gptq"), ("fp8", "fp8")):
        stored = {**config, "quantization_config": {"quant_method": method}}
        assert shape_from_config(stored, "stored").quantization == name
    for loaded, name in ((True, "int8"), (False, "nf4")):
        stored = {"quant_method": "bitsandbytes", "load_in_8bit": loaded}
        shape = shape_from_config({**config, "quantization_config": stored}, "bnb")
        assert shape.quantization == name


def test_what_is_no_decoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no readable config"):
        shape_of(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 4}), encoding="utf-8")
    with pytest.raises(ModelError, match="num_hidden_layers"):
        shape_of(tmp_path)
    odd = {"quantization_config": {"quant_method": "mystery"}, "hidden_size": 8}
    odd |= {"num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 8}
    with pytest.raises(ModelError, match="'mystery'"):
        shape_from_config(odd, "odd")
    (tmp_path / "config.json").write_text(
        json.dumps({**odd, "quantization_config": None}), encoding="utf-8"
    )
    (tmp_path / "model.safetensors").write_bytes((8).to_bytes(8, "little") + b"no json!")
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        shape_of(tmp_path)


def test_names(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path))
    assert known_shape("qwen/qwen3-8b") is QWEN is shape_named("Qwen/Qwen3-8B")
    assert shape_named(str(tiny_model)).layers == 2
    with pytest.raises(WeightsMissing, match="sizes are not known"):
        shape_named("someone/unknown")
    with pytest.raises(WeightsMissing):
        plan_here("Qwen/Qwen3-8B", EngineSettings())


def test_the_plan_of_a_folder(tiny_model: Path) -> None:
    plan = plan_here(str(tiny_model), EngineSettings(device="cpu"), engine="transformers")
    assert (plan.engine, plan.device, plan.precision) == ("transformers", "cpu", "fp32")
    assert (plan.model, plan.context) == (str(tiny_model), 1024)
    assert plan.settings(EngineSettings(url="http://localhost")).url == "http://localhost"


def test_the_same_weights_in_another_file_count_once(tiny_model: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice"
    shutil.copytree(tiny_model, twice)
    shutil.copy(twice / "model.safetensors", twice / "consolidated.safetensors")
    assert shape_of(twice).disk_bytes == shape_of(tiny_model).disk_bytes > 0


def test_weights_as_pytorch_saves_them_have_their_bytes(tiny_model: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    shutil.copytree(tiny_model, plain)
    (plain / "model.safetensors").rename(plain / "pytorch_model.bin")
    assert shape_of(plain).disk_bytes == (plain / "pytorch_model.bin").stat().st_size


def test_more_cards_than_kv_heads_save_no_cache_under_vllm() -> None:
    shape = replace(known_shape("meta-llama/Llama-3.1-8B-Instruct"), kv_heads=2)
    taken = {
        cards: estimate(shape, "bf16", context=4096, batch=8, engine="vllm", cards=cards).kv
        for cards in (1, 2, 4)
    }
    assert taken[1] == 2 * taken[2] and taken[4] == taken[2]
