"""Shapes of well-known hub models, so that advice costs no download.

The sizes are those of each model's ``config.json`` on its hub page,
``https://huggingface.co/NAME/blob/main/config.json``. Three things were held against each other:
the published config, the defaults of the same family in transformers, and the parameter count that
the sizes give, which a test compares with the model card's. Models whose config could not be read
are left out, as are those that carry an image encoder (Gemma 3 from 4B on) or experts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from llmrec.planner.shapes import Shape, shape_from_config

__all__ = ["KNOWN_MODELS", "KnownModel", "known_shape"]


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

KNOWN_MODELS: Mapping[str, KnownModel] = MappingProxyType({one.name: one for one in _MODELS})
"""By name, each family from its smallest to its largest."""


def known_shape(name: str) -> Shape | None:
    """The shape of a well-known model, whatever the case of its letters; else ``None``."""
    exact = KNOWN_MODELS.get(name)
    if exact:
        return exact.shape
    lowered = name.lower()
    return next((one.shape for one in _MODELS if one.name.lower() == lowered), None)
