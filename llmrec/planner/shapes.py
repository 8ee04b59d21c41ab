"""The sizes of a decoder, read from its folder without loading it.

``config.json`` names them; the headers of the safetensors files say what really lies on the disk
(https://huggingface.co/docs/safetensors/index#format: eight bytes of length, then JSON).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrec.config import Precision
from llmrec.errors import ModelError

__all__ = ["Shape", "shape_from_config", "shape_of"]

_HEADER_LIMIT = 100_000_000
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
    values = {one: getattr(shape, one) for one in Shape.__slots__}
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
    found = config.get("quantization_config")
    if not isinstance(found, Mapping):
        return None
    method = str(found.get("quant_method", "")).lower()
    if method in _STORED:
        return _STORED[method]
    if method == "bitsandbytes":
        return "int8" if found.get("load_in_8bit") else "nf4"
    raise ModelError(
        f"The weights of '{name}' are quantized as '{method}', which llmrec does not run.",
        hint="Name the plain weights, or ones in AWQ, GPTQ, FP8 or bitsandbytes.",
    )


def _tensors(folder: Path) -> Iterator[tuple[int, int]]:
    """Number of values and bytes of every tensor in the folder's safetensors files."""
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _HEADER_LIMIT:
                raise ModelError(
                    f"{path} is not a safetensors file.", hint="Fetch the weights again."
                )
            try:
                header = json.loads(file.read(length))
            except ValueError as error:
                raise ModelError(
                    f"{path} is not a safetensors file: {error}.", hint="Fetch the weights again."
                ) from error
        for name, one in header.items():
            if name != "__metadata__":
                start, end = one["data_offsets"]
                yield math.prod(one["shape"]), end - start
