"""Quantized weights: by bitsandbytes while loading, or as the model's own files hold them.

int8 is LLM.int8 (Dettmers et al. 2022, https://arxiv.org/abs/2208.07339), nf4 the 4-bit type of
QLoRA with doubly quantized scales (Dettmers et al. 2023, https://arxiv.org/abs/2305.14314).
"""

from __future__ import annotations

import json
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.errors import ConfigError, MissingExtra, ModelError

if TYPE_CHECKING:
    import torch

__all__ = [
    "quantization_config",
    "quiet_bitsandbytes",
    "same_on_every_cpu",
    "stored_precision",
]

_NAMES = {"compressed-tensors": "fp8", "fbgemm_fp8": "fp8", "finegrained_fp8": "fp8"}


def stored_precision(folder: Path) -> str | None:
    """How the model's own files are quantized (``awq``, ``gptq``, ``fp8``, ...), if they are.

    Raises:
        ModelError: its config.json cannot be read.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        stored = config.get("quantization_config")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{folder / 'config.json'} cannot be read: {error}.",
            hint="Pull the weights once more, or name another folder.",
        ) from error
    if not isinstance(stored, dict):
        return None
    method = str(stored.get("quant_method", "unknown"))
    if method == "bitsandbytes":
        return "int8" if stored.get("load_in_8bit") else "nf4"
    return _NAMES.get(method, method)


def quantization_config(model: str, precision: str, stored: str | None, dtype: torch.dtype) -> Any:
    """What ``from_pretrained`` takes as ``quantization_config``; ``None`` to leave weights alone.

    Args:
        model: name of the weights, for messages.
        precision: what is asked for.
        stored: what :func:`stored_precision` says.
        dtype: in which matrices are multiplied.

    Raises:
        ConfigError: these weights cannot be had in that precision here.
        MissingExtra: bitsandbytes is not installed.
    """
    if stored is not None and precision not in ("auto", stored):
        raise ConfigError(
            f"engine.precision is '{precision}', and the weights of '{model}' are stored as "
            f"{stored}.",
            hint="Leave engine.precision to auto, or name the unquantized weights.",
        )
    if stored is not None:
        if stored in ("int8", "nf4"):
            _require_bitsandbytes()
        return None
    if precision in ("fp8", "awq", "gptq"):
        raise ConfigError(
            f"engine.precision is '{precision}', and the transformers engine cannot make "
            f"'{model}' so.",
            hint="models.engine='vllm' runs fp8; awq and gptq want weights stored that way. "
            "int8 and nf4 run here.",
        )
    if precision not in ("int8", "nf4"):
        return None
    _require_bitsandbytes()
    from transformers import BitsAndBytesConfig

    if precision == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def same_on_every_cpu(network: Any) -> None:
    """Let 4-bit layers on a CPU multiply in the network's own type.

    On processors with bf16 instructions bitsandbytes would round inputs and scales to bf16, so
    that the same weights answered differently from one CPU to the next.
    """
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _require_bitsandbytes() -> None:
    if find_spec("bitsandbytes") is None:
        raise MissingExtra("bitsandbytes", extra="quant")
    quiet_bitsandbytes()


def quiet_bitsandbytes() -> None:
    """Silence what bitsandbytes reports although nothing has happened; call it before its import.

    It misses an optional kernel package when it is imported (PEFT does that too), and tells of a
    cast at every multiplication.
    """
    for name in ("bitsandbytes.backends.cpu.ops", "bitsandbytes.autograd._functions"):
        logging.getLogger(name).setLevel(logging.ERROR)
