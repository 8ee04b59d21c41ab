"""How much memory a model takes: weights + cache + activations + adapters + overhead.

Every term is a formula over the model's :class:`~llmrec.planner.shapes.Shape`; each function names
its source. ``scripts/bench/planner_memory.py`` holds the sums against measured memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.config import Precision
from llmrec.errors import ConfigError
from llmrec.planner.shapes import Shape

__all__ = [
    "GENERATE_TOKENS",
    "PREFILL_TOKENS",
    "Memory",
    "adapter_bytes",
    "cache_bytes_per_token",
    "estimate",
    "weight_bytes",
]

PREFILL_TOKENS = 8192
"""Most prompt tokens (padding included) that one pass reads, in every engine."""

GENERATE_TOKENS = 16384
"""Most tokens of prompts and answers that transformers holds in its cache at a time."""

_BYTES: dict[str, float] = {
    "fp32": 4.0,
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    # 4 bits, and per block of 64 values a constant that is itself quantized: 0.127 bits each
    # (Dettmers et al. 2023, QLoRA, section 3, "Double Quantization": arXiv:2305.14314).
    "nf4": (4 + 0.127) / 8,
}

_OVERHEAD = {
    ("transformers", "cuda"): 0.75e9,
    ("vllm", "cuda"): 1.6e9,
    ("transformers", "cpu"): 0.6e9,
    ("vllm", "cpu"): 1.2e9,
    ("openvino", "cpu"): 0.9e9,
}
"""What is there before the first weight: CUDA context and workspaces, CUDA graphs, the process.

The figures for a card are assumptions until ``scripts/bench/planner_memory.py`` has run on one; on
a CPU the process with torch and transformers measured 0.58 GB.
"""

_QUANTIZER = 0.15e9
"""What bitsandbytes adds to the process (measured on a CPU)."""

_CPU_ACTIVATIONS = {
    ("transformers", "bf16"): 7.0,
    ("transformers", "int8"): 7.0,
    ("transformers", "nf4"): 2.0,
    ("openvino", "fp32"): 3.0,
    ("openvino", "bf16"): 3.0,
    ("openvino", "int8"): 3.0,
}
"""How many times the formula's activations are held on a CPU. torch keeps to it in float32 only;
the others were measured with the script above, and the causes lie inside the kernels."""

_MERGED_ADAPTERS = 2
"""Adapters that OpenVINO is given room for, each a network of its own: one ranks, one writes."""

_PER_CARD_LINK = 0.3e9
"""Buffers of each card for talking to the others (an assumption)."""


@dataclass(frozen=True, slots=True)
class Memory:
    """An estimate in bytes, by part; of each card where a model is spread over several."""

    weights: int
    kv: int
    activations: int
    adapters: int
    overhead: int

    @property
    def total(self) -> int:
        """All parts together."""
        return self.weights + self.kv + self.activations + self.adapters + self.overhead


def weight_bytes(shape: Shape, precision: Precision, *, wide_bytes: int = 2) -> int:
    """Bytes of the weights.

    int8, nf4 and fp8 change the linear layers only: embeddings and output layer keep
    ``wide_bytes`` each (LLM.int8(), arXiv:2208.07339; bitsandbytes in transformers:
    https://huggingface.co/docs/transformers/quantization/bitsandbytes; vLLM's online
    quantization takes linear layers and experts only). Weights that lie quantized on the disk take
    what they take there.
    """
    if shape.quantization:
        return shape.disk_bytes
    if precision not in _BYTES:
        raise ConfigError(
            f"'{shape.name}' is not quantized as {precision} on the disk.",
            hint="AWQ and GPTQ are made beforehand: name such weights, or another precision.",
        )
    each = _BYTES[precision]
    wide = each if each >= 2 else wide_bytes
    linear = shape.parameters - shape.embedding_parameters
    return round(linear * each + shape.embedding_parameters * wide)


def cache_bytes_per_token(shape: Shape, value_bytes: int, length: int) -> float:
    """Bytes of keys and values for one token of a sequence of ``length`` tokens.

    2 (key and value) x layers x KV heads x head size x bytes of a value (Kwon et al. 2023,
    PagedAttention, section 3: arXiv:2309.06180, with the KV heads of grouped-query attention,
    arXiv:2305.13245). Layers with a sliding window keep no more than the window.
    """
    unit = 2 * shape.kv_heads * shape.head_dim * value_bytes
    full = shape.layers - shape.window_layers
    share = min(1.0, shape.window / length) if shape.window_layers else 1.0
    return unit * (full + shape.window_layers * share)


def adapter_bytes(shape: Shape, rank: int, value_bytes: int) -> int:
    """Bytes of one LoRA adapter on all seven linear layers of each block.

    rank x (inputs + outputs) values for each layer (Hu et al. 2021: arXiv:2106.09685).
    """
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    sides = 2 * (shape.hidden + queries) + 2 * (shape.hidden + keys)
    sides += 3 * (shape.hidden + shape.intermediate)
    return rank * sides * shape.layers * value_bytes


def activation_bytes(shape: Shape, precision: Precision, tokens: int, rows: int, size: int) -> int:
    """Bytes that one pass over ``tokens`` tokens holds at its widest place, and its logits.

    The widest place is the gated feed-forward part: gate, activated gate, up and their product
    (each ``intermediate`` wide) beside residual, norm, input and output (each ``hidden`` wide).
    Attention needs less, since no engine here writes its score matrix out (FlashAttention,
    arXiv:2205.14135). ``rows`` logits are held in ``size`` bytes and twice in float32 for their
    softmax. int8 and nf4 unpack one layer's matrix at a time.
    """
    widest = tokens * 4 * (shape.intermediate + shape.hidden) * size
    logits = rows * shape.vocabulary * (size + 8)
    unpacked = shape.hidden * shape.intermediate * size if precision in ("int8", "nf4") else 0
    return widest + logits + unpacked


def estimate(
    shape: Shape,
    precision: Precision,
    *,
    context: int,
    batch: int,
    engine: str = "transformers",
    device: str = "cuda",
    kv_tokens: int | None = None,
    adapters: int = 0,
    adapter_rank: int = 16,
    cards: int = 1,
    wide_bytes: int | None = None,
) -> Memory:
    """What a model takes on each of ``cards`` cards, or in main memory.

    Args:
        shape: the model.
        precision: of the weights.
        context: tokens of the longest sequence.
        batch: sequences at a time.
        engine: whose overhead counts.
        device: ``cuda`` or ``cpu``.
        kv_tokens: tokens that the cache holds; else ``batch`` times ``context``.
        adapters: LoRA adapters that lie in memory.
        adapter_rank: their rank.
        cards: over how many cards the layers are spread.
        wide_bytes: of a value that is not quantized; else 2 on a card and 4 on a CPU.
    """
    if wide_bytes is None:
        halved = device == "cuda" or precision in ("bf16", "fp16")
        wide_bytes = 2 if halved and precision != "fp32" else 4
    tokens = batch * context if kv_tokens is None else kv_tokens
    read = min(PREFILL_TOKENS, batch * context)
    weights = weight_bytes(shape, precision, wide_bytes=wide_bytes)
    overhead = _OVERHEAD[engine, device] + (_PER_CARD_LINK if cards > 1 else 0)
    overhead += _QUANTIZER if engine == "transformers" and precision in ("int8", "nf4") else 0
    activations = activation_bytes(shape, precision, read, batch, wide_bytes)
    if device == "cpu":
        activations = round(activations * _CPU_ACTIVATIONS.get((engine, precision), 1.0))
    each = adapter_bytes(shape, adapter_rank, wide_bytes)
    if engine == "openvino":
        adapters, each = min(adapters, _MERGED_ADAPTERS), weights
    cache = tokens * cache_bytes_per_token(shape, wide_bytes, context)
    # Tensor parallelism splits heads: where there are more cards than KV heads, each keeps one.
    cached_by = min(cards, shape.kv_heads) if engine == "vllm" else cards
    return Memory(
        weights=-(-weights // cards),
        kv=round(cache / cached_by),
        activations=activations,
        adapters=adapters * each // cards,
        overhead=round(overhead),
    )
