"""The loss over the whole catalogue, a few rows at a time and in one pass.

``-log softmax(hidden @ table.T)[target]``, as torch's ``cross_entropy`` of all logits, but the
logits of some rows at a time only, and their gradients in the same pass: nothing is kept for
``backward`` and nothing computed twice (Hsu et al. 2024, Liger Kernel, do the same on GPUs). Chunks
that stay in the processor's cache make it about twice as fast as the plain form, and bf16 three
times faster again (one core of an AMD EPYC with avx512_bf16).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["CHUNK_BYTES", "chunk_rows", "full_softmax_loss"]

CHUNK_BYTES = 8 * 2**20
"""Logits in float32 that exist at a time, unless fewer than 16 rows would be left."""

_MIN_ROWS = 16


def chunk_rows(items: int) -> int:
    """How many rows of logits over ``items`` are made at a time."""
    return max(_MIN_ROWS, CHUNK_BYTES // (4 * items))


def full_softmax_loss(
    hidden: Tensor, table: Tensor, targets: Tensor, *, smoothing: float = 0.0, bf16: bool = False
) -> Tensor:
    """Mean cross-entropy over all items, a float32 scalar.

    Args:
        hidden: float32 ``[n, dim]``.
        table: item vectors, float32 ``[items, dim]``.
        targets: int64 ``[n]``.
        smoothing: share of the target's weight that is spread over all items (Szegedy et al. 2016).
        bf16: multiply matrices in bfloat16; sums are made in float32.
    """
    apply: Any = _FullSoftmax.apply
    loss: Tensor = apply(hidden, table, targets, smoothing, bf16)
    return loss


class _FullSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, table: Tensor, targets: Tensor, smoothing: float, bf16: bool
    ) -> Tensor:
        n, items = len(hidden), len(table)
        rows = chunk_rows(items)
        for_hidden, for_table = torch.empty_like(hidden), torch.zeros_like(table)
        narrow = table.bfloat16() if bf16 else table
        total = hidden.new_zeros(())
        for start in range(0, n, rows):
            chunk = hidden[start : start + rows].to(narrow.dtype)
            logits = chunk @ narrow.T
            gradient, losses = _softmax(logits, targets[start : start + rows], smoothing)
            total += losses.sum()
            gradient = gradient.to(narrow.dtype)
            for_hidden[start : start + rows] = gradient @ narrow
            if bf16:
                for_table += gradient.T @ chunk
            else:
                for_table.addmm_(gradient.T, chunk)
        ctx.save_for_backward(for_hidden, for_table)
        ctx.n = n
        return total / n

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        for_hidden, for_table = ctx.saved_tensors
        share = upstream / ctx.n
        return for_hidden * share, for_table * share, None, None, None


def _softmax(logits: Tensor, targets: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """The loss's gradient by logit ``[rows, items]`` and the losses ``[rows]``, in float32."""
    at = torch.arange(len(targets))
    highest = logits.amax(1).float()
    chosen = logits[at, targets].float()
    mean = logits.mean(1, dtype=torch.float32) if smoothing else 0.0
    gradient = torch.softmax(logits, dim=1, dtype=torch.float32)
    # The largest share is at least 1 / items: its logarithm is safe where others' are not.
    log_sum = highest - gradient.amax(1).log()
    losses = log_sum - (1 - smoothing) * chosen - smoothing * mean
    if smoothing:
        gradient -= smoothing / gradient.shape[1]
    gradient[at, targets] -= 1 - smoothing
    return gradient, losses
