"""Mend vLLM's LoRA on CPUs: requests for the base model got the adapter of the last slot.

In a batch of requests with adapters and without, vLLM marks the tokens of the latter with slot -1.
Its kernels for GPUs skip them. Its PyTorch functions for CPUs index with it
(``lora_b_weights[indices]``), and -1 is Python's last slot: once all ``max_loras`` slots are
taken, the base model answers as the adapter in the last one, without an error
(github.com/vllm-project/vllm/pull/48421; there in 0.26 and 0.32). They also copy the adapter's
matrices for every single token. The functions here leave those tokens out and go slot by slot.

:class:`CpuLoraFix` brings them into vLLM's worker process: ``worker_extension_cls`` in Python,
``--worker-extension-cls llmrec.engines.vllm.cpu_lora.CpuLoraFix`` for ``vllm serve``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self

__all__ = ["CpuLoraFix", "bgmv_expand", "bgmv_expand_slice", "bgmv_shrink", "install"]


def bgmv_shrink(
    inputs: torch.Tensor,
    lora_a_weights: torch.Tensor,
    output_tensor: torch.Tensor,
    lora_indices_tensor: torch.Tensor,
    scaling: float = 1.0,
) -> None:
    """``output[t] = scaling * A[slot of t] @ inputs[t]``, 0 for tokens without an adapter.

    Args:
        inputs: ``[tokens, input]``.
        lora_a_weights: ``[slots, 1, rank, input]`` or without the 1.
        output_tensor: ``[tokens, rank]``, written in place.
        lora_indices_tensor: ``[tokens]``, the slot of each token or -1.
        scaling: of the product.
    """
    rank = lora_a_weights.shape[-2]
    output_tensor[:, :rank] = 0
    for slot, rows in _rows_of(lora_indices_tensor):
        matrix = _matrix(lora_a_weights, slot, output_tensor)
        output_tensor[rows, :rank] = scaling * (inputs[rows].to(output_tensor.dtype) @ matrix.T)


def bgmv_expand(
    inputs: torch.Tensor,
    lora_b_weights: torch.Tensor,
    output_tensor: torch.Tensor,
    lora_indices_tensor: torch.Tensor,
    add_inputs: bool = True,
) -> None:
    """``output[t] (+)= B[slot of t] @ inputs[t]``; as :func:`bgmv_expand_slice` of all columns."""
    width = min(lora_b_weights.shape[-2], output_tensor.shape[1])
    bgmv_expand_slice(
        inputs, lora_b_weights, output_tensor, lora_indices_tensor, 0, width, add_inputs
    )


def bgmv_expand_slice(
    inputs: torch.Tensor,
    lora_b_weights: torch.Tensor,
    output_tensor: torch.Tensor,
    lora_indices_tensor: torch.Tensor,
    slice_offset: int,
    slice_size: int,
    add_inputs: bool = True,
) -> None:
    """``output[t, slice] (+)= B[slot of t] @ inputs[t]``; tokens without an adapter add 0.

    Args:
        inputs: ``[tokens, rank]``.
        lora_b_weights: ``[slots, 1, output, rank]`` or without the 1.
        output_tensor: ``[tokens, columns]``, changed in place.
        lora_indices_tensor: ``[tokens]``, the slot of each token or -1.
        slice_offset: the first column.
        slice_size: how many columns.
        add_inputs: add to what is there, rather than replace it.
    """
    columns = slice(slice_offset, slice_offset + slice_size)
    if not add_inputs:
        output_tensor[:, columns] = 0
    for slot, rows in _rows_of(lora_indices_tensor):
        matrix = _matrix(lora_b_weights, slot, output_tensor)[:slice_size]
        output_tensor[rows, columns] += inputs[rows].to(output_tensor.dtype) @ matrix.T


def _rows_of(indices: torch.Tensor) -> list[tuple[int, torch.Tensor]]:
    slots = sorted({int(index) for index in indices.tolist()} - {-1})
    return [(slot, (indices == slot).nonzero().squeeze(1)) for slot in slots]


def _matrix(weights: torch.Tensor, slot: int, like: torch.Tensor) -> torch.Tensor:
    matrix = weights[slot].to(like.dtype)
    return matrix.squeeze(0) if matrix.dim() == 3 else matrix


class CpuLoraFix:
    """Named to vLLM as a worker extension: vLLM makes its worker a subclass, then an instance."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Mend the functions before the worker loads a model."""
        install()
        return super().__new__(cls)


def install() -> None:
    """Put the three functions into the place of vLLM's, wherever it has them.

    Raises:
        AttributeError: this release of vLLM calls them something else.
    """
    from vllm.lora.ops.torch_ops import lora_ops
    from vllm.lora.punica_wrapper import punica_cpu

    for function in (bgmv_shrink, bgmv_expand, bgmv_expand_slice):
        for module in (lora_ops, punica_cpu):
            getattr(module, function.__name__)
            setattr(module, function.__name__, function)
