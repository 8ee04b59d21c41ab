"""Dropout that a processor draws quickly: one random byte an entry instead of a float.

torch draws CPU dropout number by number, which took a third of a training step; bytes of 64-bit
draws are some ten times faster (measured on a busy machine). The probability is rounded to a 256th,
and the scale fits the rounded one, so that the expectation is exact (Srivastava et al. 2014).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["ByteDropout"]


class ByteDropout(nn.Module):
    """As ``nn.Dropout``, from torch's global generator.

    Args:
        probability: that an entry becomes 0, in 256ths.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.dropped = min(255, round(probability * 256))

    def forward(self, values: Tensor) -> Tensor:
        """Any shape; unchanged in evaluation."""
        if not self.training or not self.dropped:
            return values
        words = torch.empty((values.numel() + 7) // 8, dtype=torch.int64)
        # Without bounds random_ draws 63 bits: the highest byte of a word would be below 128.
        words.random_(-(2**63), None)
        drawn = words.view(torch.uint8)[: values.numel()].view(values.shape)
        apply: Any = _Masked.apply
        masked: Tensor = apply(values, drawn >= self.dropped, 256 / (256 - self.dropped))
        return masked


class _Masked(torch.autograd.Function):
    """Keeps the mask as booleans: an eighth of what a mask of floats would move."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, kept: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(kept)
        ctx.scale = scale
        return (values * kept).mul_(scale)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (kept,) = ctx.saved_tensors
        return (upstream * kept).mul_(ctx.scale), None, None
