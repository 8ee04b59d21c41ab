"""The sizes of a decoder: from its folder without loading it, or of a well-known hub model.

``config.json`` names the sizes; the headers of the safetensors files list the tensors that lie on
the disk. The well-known models are listed so that advice costs no download.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from llmrec.config import Precision
from llmrec.errors import ModelError

__all__ = [
    "KNOWN_MODELS",
    "KnownModel",
    "Shape",
    "known_shape",
    "shape_from_config",
    "shape_of",
]

_DEFAULT_CONTEXT = 2048


@dataclass(frozen=True, slots=True)
class Shape:
    """What the memory of a decoder depends on. Sizes are in numbers of values unless said.

    ``parameters`` counts all weights; ``embedding_parameters`` those of the input embedding and of
    an output layer of its own, which quantization leaves alone. ``quantization`` is how the weights
    lie on the disk: ``awq``, ``gptq``, ``fp8``, ``int8``, ``nf4``, or ``None`` for plain weights;
    ``disk_bytes`` is their size there, 0 if not known. ``window_layers`` of the ``layers`` keep no
    more than the last ``window`` tokens.
    """

    name: str
    model_type: str
    parameters: int
    embedding_parameters: int
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int
    quantization: Precision | None = None
    disk_bytes: int = 0
    window: int = 0
    window_layers: int = 0


def shape_of(folder: Path, name: str = "") -> Shape:
    """The shape of the model in ``folder``.

    Args:
        folder: where config.json and the safetensors lie.
        name: what the weights are called; else the folder's name.

    Raises:
        ModelError: the config is missing, or is not a decoder's.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder} has no readable config.json: {error}.",
            hint="Name the folder that holds config.json and the weights.",
        ) from error
    shape = shape_from_config(config, name or folder.name)
    tensors = list(_tensors(folder))
    disk_bytes = sum(size for _, size in tensors)
    # The tensors of quantized weights are packed: their number says nothing about the parameters.
    counted = sum(count for count, _ in tensors) if not shape.quantization else 0
    values = {field: getattr(shape, field) for field in Shape.__slots__}
    values["disk_bytes"] = disk_bytes
    values["parameters"] = counted or shape.parameters
    return Shape(**values)


def shape_from_config(config: Mapping[str, Any], name: str) -> Shape:
    """The shape that a ``config.json`` describes; parameters are computed from the sizes.

    Raises:
        ModelError: a size is missing.
    """
    text = _text_part(config)
    try:
        hidden, layers = int(text["hidden_size"]), int(text["num_hidden_layers"])
        heads, vocabulary = int(text["num_attention_heads"]), int(text["vocab_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"'{name}' is not a decoder language model: its config.json names no {error}.",
            hint="Name a model that transformers loads with AutoModelForCausalLM.",
        ) from error
    kv_heads = int(text.get("num_key_value_heads") or heads)
    head_dim = int(text.get("head_dim") or hidden // heads)
    intermediate = int(text.get("intermediate_size") or 4 * hidden)
    window, window_layers = _window(text, layers)
    tied = config.get("tie_word_embeddings", text.get("tie_word_embeddings", True))
    embeddings = vocabulary * hidden * (1 if tied else 2)
    attention = hidden * head_dim * (2 * heads + 2 * kv_heads)
    return Shape(
        name=name,
        model_type=str(text.get("model_type") or config.get("model_type") or ""),
        parameters=embeddings + layers * (attention + 3 * hidden * intermediate + 2 * hidden),
        embedding_parameters=embeddings,
        layers=layers,
        hidden=hidden,
        intermediate=intermediate,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocabulary=vocabulary,
        context=int(text.get("max_position_embeddings") or _DEFAULT_CONTEXT),
        quantization=_quantization(config, name),
        window=window,
        window_layers=window_layers,
    )


def _text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    # Models that also read images keep the decoder's sizes in a section of their own.
    inner = config.get("text_config")
    return inner if isinstance(inner, Mapping) else config


def _window(text: Mapping[str, Any], layers: int) -> tuple[int, int]:
    """The window of sliding attention, and how many layers have it."""
    window = int(text.get("sliding_window") or 0)
    # Qwen's configs name a window that they do not use.
    if not window or text.get("use_sliding_window") is False:
        return 0, 0
    kinds = text.get("layer_types")
    if isinstance(kinds, list):
        sliding = sum(kind == "sliding_attention" for kind in kinds)
    elif every := text.get("sliding_window_pattern"):
        sliding = layers - layers // int(every)
    else:
        sliding = layers
    return (window, sliding) if sliding else (0, 0)


_STORED: Mapping[str, Precision] = {"awq": "awq", "gptq": "gptq", "fp8": "fp8"}


def _quantization(config: Mapping[str, Any], name: str) -> Precision | None:
    scheme = config.get("quantization_config")
    if not isinstance(scheme, Mapping):
        return None
    method = str(scheme.get("quant_method", "")).lower()
    if method in _STORED:
        return _STORED[method]
    if method == "bitsandbytes":
        return "int8" if scheme.get("load_in_8bit") else "nf4"
    raise ModelError(
        f"The weights of '{name}' are quantized as '{method}', which llmrec does not run.",
        hint="Name the plain weights, or ones in AWQ, GPTQ, FP8 or bitsandbytes.",
    )


def _tensors(folder: Path) -> Iterator[tuple[int, int]]:
    """Number of values and bytes of every tensor in the folder's safetensors files.

    Files of PyTorch say their bytes alone. Mistral's ``consolidated*.safetensors`` are the same
    weights once more, beside those that are loaded.
    """
    from llmrec.weights.fingerprint import safetensors_header

    paths = sorted(folder.glob("*.safetensors"))
    plain = [path for path in paths if not path.name.startswith("consolidated")]
    for path in plain or paths:
        for dtype, shape in safetensors_header(path).values():
            values = math.prod(shape)
            yield values, values * _bits(dtype) // 8
    if not paths:
        yield from ((0, path.stat().st_size) for path in folder.glob("pytorch_model*.bin"))


def _bits(dtype: str) -> int:
    """Bits of one value: the first number in the name of its type (``BF16``, ``F8_E4M3``)."""
    digits = re.search(r"\d+", dtype)
    return int(digits.group()) if digits else 8  # only BOOL has no number; it takes a byte


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A hub model: its family, its licence in a word, and its shape."""

    family: str
    licence: str
    shape: Shape
    gated: bool = False

    @property
    def name(self) -> str:
        """Its hub id, or the name of ``llmrec models list``."""
        return self.shape.name


def _shape(
    name: str,
    model_type: str,
    *,
    hidden: int,
    layers: int,
    heads: int,
    kv_heads: int,
    intermediate: int,
    vocabulary: int,
    context: int,
    tied: bool,
    head_dim: int = 0,
    window: tuple[int, int] = (0, 0),
) -> Shape:
    config = {
        "model_type": model_type,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head_dim,
        "intermediate_size": intermediate,
        "vocab_size": vocabulary,
        "max_position_embeddings": context,
        "tie_word_embeddings": tied,
        "sliding_window": window[0],
        "sliding_window_pattern": window[1],
    }
    return shape_from_config(config, name)


def _smollm2(
    name: str, hidden: int, layers: int, heads: int, kv_heads: int, intermediate: int
) -> KnownModel:
    shape = _shape(
        name, "llama", hidden=hidden, layers=layers, heads=heads, kv_heads=kv_heads,
        intermediate=intermediate, vocabulary=49152, context=8192, tied=True,
    )  # fmt: skip
    return KnownModel("SmolLM", "Apache-2.0", shape)


def _qwen3(
    name: str, hidden: int, layers: int, heads: int, intermediate: int, *, tied: bool
) -> KnownModel:
    shape = _shape(
        f"Qwen/{name}", "qwen3", hidden=hidden, layers=layers, heads=heads, kv_heads=8,
        head_dim=128, intermediate=intermediate, vocabulary=151936, context=40960, tied=tied,
    )  # fmt: skip
    return KnownModel("Qwen3", "Apache-2.0", shape)


def _llama(
    name: str, hidden: int, layers: int, heads: int, intermediate: int, *, tied: bool
) -> KnownModel:
    shape = _shape(
        f"meta-llama/{name}", "llama", hidden=hidden, layers=layers, heads=heads, kv_heads=8,
        intermediate=intermediate, vocabulary=128256, context=131072, tied=tied,
    )  # fmt: skip
    return KnownModel("Llama 3", "Llama licence", shape, gated=True)


_GEMMA_3_1B = _shape(
    "google/gemma-3-1b-it", "gemma3_text", hidden=1152, layers=26, heads=4, kv_heads=1,
    head_dim=256, intermediate=6912, vocabulary=262144, context=32768, tied=True, window=(512, 6),
)  # fmt: skip
_SMOLLM3 = _shape(
    "HuggingFaceTB/SmolLM3-3B", "smollm3", hidden=2048, layers=36, heads=16, kv_heads=4,
    intermediate=11008, vocabulary=128256, context=65536, tied=True,
)  # fmt: skip

_MODELS = (
    _smollm2("smollm2-135m-instruct", 576, 30, 9, 3, 1536),
    _smollm2("HuggingFaceTB/SmolLM2-360M-Instruct", 960, 32, 15, 5, 2560),
    _smollm2("HuggingFaceTB/SmolLM2-1.7B-Instruct", 2048, 24, 32, 32, 8192),
    KnownModel("SmolLM", "Apache-2.0", _SMOLLM3),
    _qwen3("Qwen3-0.6B", 1024, 28, 16, 3072, tied=True),
    _qwen3("Qwen3-1.7B", 2048, 28, 16, 6144, tied=True),
    _qwen3("Qwen3-4B", 2560, 36, 32, 9728, tied=True),
    _qwen3("Qwen3-8B", 4096, 36, 32, 12288, tied=False),
    _qwen3("Qwen3-14B", 5120, 40, 40, 17408, tied=False),
    _qwen3("Qwen3-32B", 5120, 64, 64, 25600, tied=False),
    _llama("Llama-3.2-1B-Instruct", 2048, 16, 32, 8192, tied=True),
    _llama("Llama-3.2-3B-Instruct", 3072, 28, 24, 8192, tied=True),
    _llama("Llama-3.1-8B-Instruct", 4096, 32, 32, 14336, tied=False),
    _llama("Llama-3.1-70B-Instruct", 8192, 80, 64, 28672, tied=False),
    KnownModel("Gemma 3", "Gemma terms", _GEMMA_3_1B, gated=True),
)

KNOWN_MODELS: Mapping[str, KnownModel] = MappingProxyType({known.name: known for known in _MODELS})
"""By name, each family from its smallest to its largest."""


def known_shape(name: str) -> Shape | None:
    """The shape of a well-known model, whatever the case of its letters; else ``None``."""
    exact = KNOWN_MODELS.get(name)
    if exact:
        return exact.shape
    lowered = name.lower()
    return next((known.shape for known in _MODELS if known.name.lower() == lowered), None)
