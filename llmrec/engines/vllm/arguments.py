"""What llmrec's settings are in vLLM's words. Knows nothing of vLLM but names; imports nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from llmrec.config import EngineSettings
from llmrec.errors import ConfigError, ModelError
from llmrec.planner import PREFILL_TOKENS

__all__ = ["CPU_LORA_FIX", "LORA_RANKS", "engine_arguments", "kv_bytes", "precision_arguments"]

LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM has room for; any other is stored in the next larger."""

CPU_LORA_FIX = "llmrec.engines.vllm.cpu_lora.CpuLoraFix"

_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
# What vLLM makes of plain weights while it loads them. Its one int8 method, the newer
# "int8_per_channel_weight_only", leaves the layers of plain decoders in 16 bits: not taken.
_QUANTIZED = {"fp8": "fp8", "int8": None, "nf4": "bitsandbytes"}
_SAVED = ("awq", "gptq")
_CPU_BATCH = 16
_CPU_CONTEXTS = 8
_CPU_BLOCK = 32


def engine_arguments(
    folder: Path, settings: EngineSettings, *, on_cpu: bool, quantizations: Collection[str]
) -> dict[str, Any]:
    """Keyword arguments of vLLM's ``AsyncEngineArgs``.

    Args:
        folder: the weights.
        settings: concrete or ``auto``.
        on_cpu: whether this vLLM is the build for CPUs.
        quantizations: what this vLLM can quantize to.

    Raises:
        ConfigError: this vLLM, or these weights, cannot do what the settings ask for.
        ModelError: the folder's ``config.json`` cannot be read.
    """
    config = _config(folder)
    arguments: dict[str, Any] = {
        "model": str(folder),
        "tensor_parallel_size": settings.tensor_parallel,
        "pipeline_parallel_size": settings.pipeline_parallel,
        "enable_prefix_caching": True,
        # vLLM tells 20 log-probabilities at most unless it is told otherwise; "processed" are
        # those after the mask of allowed tokens, so that they sum to 1 over the labels.
        "max_logprobs": 128,
        "logprobs_mode": "processed_logprobs",
        # The library that masks tokens in the transformers engine too.
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
        "use_tqdm_on_load": False,
        "enable_log_requests": False,
    }
    if not on_cpu:
        # The plan's room for activations is for so many; vLLM would take more on large cards.
        arguments["max_num_batched_tokens"] = PREFILL_TOKENS
    arguments |= precision_arguments(settings.precision, config, on_cpu, quantizations)
    if settings.context:
        arguments["max_model_len"] = settings.context
    if settings.batch or on_cpu:
        arguments["max_num_seqs"] = settings.batch or _CPU_BATCH
    if settings.max_adapters:
        arguments |= _lora(settings)
    if on_cpu:
        arguments |= _cpu(settings, config)
    else:
        arguments["gpu_memory_utilization"] = settings.memory_share
    return arguments


def precision_arguments(
    precision: str, config: Mapping[str, Any], on_cpu: bool, quantizations: Collection[str]
) -> dict[str, Any]:
    """``dtype`` and ``quantization`` for a precision of the settings.

    Args:
        precision: of :data:`llmrec.config.Precision`.
        config: the model's ``config.json``.
        on_cpu: whether this vLLM is the build for CPUs.
        quantizations: what this vLLM can quantize to.

    Raises:
        ConfigError: this vLLM, or these weights, cannot do it.
    """
    saved = (config.get("quantization_config") or {}).get("quant_method")
    if precision in _SAVED:
        if saved != precision:
            raise ConfigError(
                f"The weights are not quantized with {precision}.",
                hint=f"Name weights that are (their config.json says {precision}), or set "
                "engine.precision to auto.",
            )
        return {"dtype": "auto"}
    if precision in _QUANTIZED:
        method = _QUANTIZED[precision]
        if method is None or method not in quantizations or on_cpu:
            where = "on a CPU" if on_cpu else "in this release"
            raise ConfigError(
                f"vLLM cannot run {precision} {where}.",
                hint="Set engine.precision to auto, or models.engine to transformers.",
            )
        return {"dtype": "auto", "quantization": method}
    # Few CPUs have instructions for 16 bits; without them float32 is the faster one.
    plain = "float32" if on_cpu and not saved else "auto"
    return {"dtype": _DTYPES.get(precision, plain)}


def kv_bytes(config: Mapping[str, Any], tokens: int, bytes_each: int = 4) -> int:
    """Memory of the keys and values of ``tokens`` tokens: 2 x layers x heads x size x bytes."""
    heads = int(config["num_attention_heads"])
    kv_heads = int(config.get("num_key_value_heads") or heads)
    size = int(config.get("head_dim") or config["hidden_size"] // heads)
    return 2 * int(config["num_hidden_layers"]) * kv_heads * size * bytes_each * tokens


def _config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The config.json in {folder} cannot be read: {error}.",
            hint="Name the folder that holds config.json and the weights.",
        ) from error
    # Models that read more than text keep the shape of their decoder one level down.
    return {**config, **config["text_config"]} if "text_config" in config else config


def _lora(settings: EngineSettings) -> dict[str, Any]:
    rank = next(known for known in LORA_RANKS if known >= settings.max_adapter_rank)
    # One slot more: a replacement is loaded before what it replaces is removed.
    return {
        "enable_lora": True,
        "max_loras": settings.max_adapters + 1,
        "max_cpu_loras": settings.max_adapters + 1,
        "max_lora_rank": rank,
    }


def _cpu(settings: EngineSettings, config: Mapping[str, Any]) -> dict[str, Any]:
    context = settings.context or int(config.get("max_position_embeddings") or 2048)
    sequences = min(settings.batch or _CPU_BATCH, _CPU_CONTEXTS)
    arguments: dict[str, Any] = {
        # Compiling takes a C++ compiler and a minute; with adapters vLLM compiles nothing anyway.
        "enforce_eager": True,
        # Whole blocks are found again by the prefix cache; its default of 128 tokens is coarse.
        "block_size": _CPU_BLOCK,
    }
    # Without a shape in the usual words vLLM measures what is free.
    if "num_attention_heads" in config and "num_hidden_layers" in config:
        room = kv_bytes(config, sequences * (context + _CPU_BLOCK))
        arguments["kv_cache_memory_bytes"] = room
    if settings.max_adapters:
        arguments["worker_extension_cls"] = CPU_LORA_FIX
    return arguments
