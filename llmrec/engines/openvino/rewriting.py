"""Change the weights in a graph before it is compiled: LoRA adapters merged, fewer bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from llmrec.engines.adapters import Adapter
from llmrec.errors import EngineError

__all__ = ["compress", "merge", "shrink"]

_Weights: TypeAlias = npt.NDArray[np.float32]

_GROUP = 32
_TRIED = 64

_MODULE = re.compile(r"__module\.network\.(.+)/aten::[a-z]+/MatMul")


def merge(graph: Any, adapter: Adapter) -> None:
    """Add a LoRA adapter to the weights: ``W + (alpha / rank) B A`` (Hu et al. 2021).

    Raises:
        EngineError: it changes a layer that the graph does not have in this form.
    """
    import openvino.opset14 as op
    from safetensors.numpy import load_file

    halves = load_file(adapter.folder / "adapter_model.safetensors")
    config = json.loads((adapter.folder / "adapter_config.json").read_text(encoding="utf-8"))
    layers = dict(_linear_layers(graph))
    for name in adapter.modules:
        if name not in layers:
            raise EngineError(
                f"The adapter '{adapter.name}' changes {name}, which OpenVINO does not see as a "
                "linear layer.",
                hint="Set models.engine='transformers'.",
            )
        down, up = (_half(halves, name, half) for half in ("A", "B"))
        change = _scale(config, name, len(down)) * (up @ down)
        weights = _weights_of(layers[name])
        merged = weights + (change if change.shape == weights.shape else change.T)
        constant = op.constant(merged.astype(np.float32))
        layers[name].input(1).replace_source_output(constant.output(0))
    graph.validate_nodes_and_infer_types()


def compress(graph: Any) -> None:
    """Keep the weights of linear layers as int8 with one scale for each output.

    Symmetric rounding to nearest: ``W ~ s q`` with ``q`` in -127 to 127.
    """
    for _, layer in _linear_layers(graph):
        weights = _weights_of(layer)
        scale = _scale_of(weights)
        _replace(layer, np.rint(weights / scale).astype(np.int8), scale)
    graph.validate_nodes_and_infer_types()


def shrink(graph: Any) -> None:
    """Keep weights as int8 where that changes no bit of them: a quarter of the bytes to read.

    Weights that were once quantised to Q8_0 of GGUF are such: 32 of them share a scale.
    """
    for _, layer in _linear_layers(graph):
        weights = _weights_of(layer)
        if weights.shape[1] % _GROUP or _exact(weights[:_TRIED]) is None:
            continue
        exact = _exact(weights)
        if exact is not None:
            _replace(layer, *exact)
    graph.validate_nodes_and_infer_types()


def _exact(weights: _Weights) -> tuple[npt.NDArray[np.int8], _Weights] | None:
    """Whole numbers and scales of groups whose product is exactly ``weights``, if there are."""
    groups = weights.reshape(len(weights), -1, _GROUP)
    scale = _scale_of(groups)
    whole = np.rint(groups / scale).astype(np.int8)
    return (whole, scale) if np.array_equal(whole * scale, groups) else None


def _scale_of(weights: _Weights) -> _Weights:
    """Of the last axis: its largest weight becomes 127."""
    scale = np.abs(weights).max(axis=-1, keepdims=True) / np.float32(127)
    return np.where(scale > 0, scale, np.float32(1))


def _replace(layer: Any, whole: npt.NDArray[np.int8], scale: _Weights) -> None:
    import openvino.opset14 as op

    shape = layer.input_value(1).get_shape()
    restored = op.multiply(op.convert(op.constant(whole), "f32"), op.constant(scale))
    if whole.ndim > 2:
        restored = op.reshape(restored, op.constant(np.array(list(shape), np.int64)), False)
    layer.input(1).replace_source_output(restored.output(0))


def _linear_layers(graph: Any) -> Iterator[tuple[str, Any]]:
    """Names, as in the checkpoint, and nodes of all products with constant weights."""
    for node in graph.get_ops():
        match = _MODULE.fullmatch(node.get_friendly_name())
        if match and node.input_value(1).get_node().get_type_name() == "Constant":
            yield match[1], node


def _weights_of(layer: Any) -> _Weights:
    weights: _Weights = layer.input_value(1).get_node().data
    return weights


def _half(halves: dict[str, Any], module: str, half: str) -> _Weights:
    tensor: _Weights = halves[f"base_model.model.{module}.lora_{half}.weight"].astype(np.float32)
    return tensor


def _scale(config: dict[str, Any], module: str, rank: int) -> float:
    """PEFT lets single layers have an alpha of their own, named by a pattern."""
    alpha = float(config.get("lora_alpha") or 1)
    for pattern, value in (config.get("alpha_pattern") or {}).items():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            alpha = float(value)
    return alpha / (rank**0.5 if config.get("use_rslora") else rank)
