"""Turn a decoder of transformers into an OpenVINO model whose keys and values are states.

Torch traces one pass over a small batch with a past. What was dynamic in it (batch, new tokens,
past) stays dynamic in the graph. The keys and values of each layer become an OpenVINO state, the
form that its optimisations for language models look for
(https://docs.openvino.ai/2026/openvino-workflow/running-inference/inference-request/stateful-models.html).

The output layer is computed for some rows only: ``rows`` counts tokens over the whole batch.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["PREFIX", "trace"]

PREFIX = "self.network."
"""Stands before the names of the network's parameters in the graph."""

_INPUTS = ("input_ids", "attention_mask", "position_ids", "rows")
_BATCH, _NEW, _PAST = 2, 3, 4


def trace(network: Any) -> Any:
    """An ``openvino.Model`` of a causal language model.

    Inputs are ``input_ids`` ``[batch, new]``, ``attention_mask`` ``[batch, past + new]``,
    ``position_ids`` ``[batch, new]``, ``rows`` ``[n]``, places in the flattened ``[batch * new]``
    tokens, and ``beam_idx`` ``[batch]``; the output ``logits`` is ``[n, 1, vocabulary]``. The
    weights stay those of ``network``: it must live until the model is saved.

    Args:
        network: of transformers, in evaluation mode, float32, on the CPU.

    Raises:
        RuntimeError: torch cannot trace it, or OpenVINO does not know one of its operations.
    """
    import openvino as ov
    import torch

    layers, heads, size = _cache_shape(network.config.get_text_config())
    past = [torch.randn(_BATCH, heads, _PAST, size) for _ in range(2 * layers)]
    example = (
        torch.ones(_BATCH, _NEW, dtype=torch.long),
        torch.ones(_BATCH, _PAST + _NEW, dtype=torch.long),
        torch.arange(_PAST, _PAST + _NEW)[None].repeat(_BATCH, 1),
        torch.tensor([_NEW - 1, 2 * _NEW - 1, 0]),
        *past,
    )
    with _quiet(), torch.no_grad():
        graph = ov.convert_model(_explicit_past(network, layers), example_input=example)
    _make_stateful(graph, heads, size)
    return graph


def _explicit_past(network: Any, layers: int) -> Any:
    """A module that takes and returns the keys and values of each layer as tensors."""
    import torch
    from transformers.cache_utils import DynamicCache, DynamicLayer

    class ExplicitPast(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(
            self, input_ids: Any, attention_mask: Any, position_ids: Any, rows: Any, *past: Any
        ) -> Any:
            cache = DynamicCache()
            cache.layers = []
            for layer_index in range(layers):
                layer = DynamicLayer()
                layer.keys, layer.values = past[2 * layer_index], past[2 * layer_index + 1]
                layer.dtype, layer.device = layer.keys.dtype, layer.keys.device
                layer.is_initialized = True
                cache.layers.append(layer)

            def choose(module: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
                hidden = given[0].reshape(-1, given[0].shape[-1])
                return (hidden.index_select(0, rows)[:, None], *given[1:])

            hook = self.network.get_output_embeddings().register_forward_pre_hook(choose)
            try:
                out = self.network(
                    input_ids=input_ids,
                    attention_mask=attention_mask,
                    position_ids=position_ids,
                    past_key_values=cache,
                    use_cache=True,
                )
            finally:
                hook.remove()
            kept = [half for layer in cache.layers for half in (layer.keys, layer.values)]
            return (out.logits, *kept)

    return ExplicitPast().eval()


def _make_stateful(graph: Any, heads: int, size: int) -> None:
    import numpy as np
    import openvino as ov
    import openvino.opset14 as op
    from openvino._offline_transformations import apply_make_stateful_transformation

    inputs, outputs = graph.inputs, graph.outputs
    for port, name in zip(inputs, _INPUTS, strict=False):
        port.get_tensor().set_names({name})
        port.get_node().set_partial_shape(ov.PartialShape([-1] if name == "rows" else [-1, -1]))
    outputs[0].get_tensor().set_names({"logits"})
    order = op.parameter([-1], np.int32, name="beam_idx")
    order.output(0).get_tensor().set_names({"beam_idx"})
    pairs = {}
    for place, (old, new) in enumerate(zip(inputs[len(_INPUTS) :], outputs[1:], strict=True)):
        old.get_tensor().set_names({f"past.{place}"})
        new.get_tensor().set_names({f"present.{place}"})
        old.get_node().set_partial_shape(ov.PartialShape([-1, heads, -1, size]))
        pairs[f"past.{place}"] = f"present.{place}"
        _reorder(old, order)
    graph.add_parameters([order])
    graph.validate_nodes_and_infer_types()
    apply_make_stateful_transformation(graph, pairs)
    # A state begins without tokens, for as many sequences as come in.
    shape = op.shape_of(graph.input("input_ids"), output_type="i64")
    batch = op.gather(shape, op.constant(np.array([0], np.int64)), op.constant(np.int64(0)))
    rest = op.constant(np.array([heads, 0, size], np.int64))
    empty = op.broadcast(op.constant(np.float32(0)), op.concat([batch, rest], axis=0))
    for node in graph.get_ops():
        if node.get_type_name() == "ReadValue":
            node.set_arguments([empty.output(0)])
    graph.validate_nodes_and_infer_types()


def _reorder(past: Any, order: Any) -> None:
    """Let the sequences of a past be chosen: OpenVINO knows keys and values by this form."""
    import numpy as np
    import openvino.opset14 as op

    users = past.get_target_inputs()
    chosen = op.gather(past, order, op.constant(np.int64(0)))
    for user in users:
        user.replace_source_output(chosen.output(0))


def _cache_shape(config: Any) -> tuple[int, int, int]:
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    return config.num_hidden_layers, getattr(config, "num_key_value_heads", None) or heads, size


@contextmanager
def _quiet() -> Iterator[None]:
    """Torch warns of every condition that it takes as it is; conversion compares the answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
