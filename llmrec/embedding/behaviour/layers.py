"""Transformer layers over histories laid end to end; only attention lays them side by side."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from llmrec.embedding.behaviour.config import BehaviourConfig
from llmrec.embedding.behaviour.dropout import ByteDropout

__all__ = ["AttentionBias", "Layer", "Layout"]


@dataclass(frozen=True)
class Layout:
    """Where ``sum(lengths)`` events lie in a table of ``[n, longest]``, each history at its start.

    With the padding behind, a causal mask is all that attention needs.

    Attributes:
        n: histories.
        longest: columns.
        place: int64 ``[events]``, each event's place in the flattened table.
        age: int64 ``[events]``, 0 for the last event of a history, 1 for the one before, ….
        last: int64 ``[n]``, the event that ends each history.
    """

    n: int
    longest: int
    place: Tensor
    age: Tensor
    last: Tensor

    @classmethod
    def of(cls, lengths: Tensor) -> Layout:
        """The layout of histories of these lengths, int64 ``[n]``, each at least 1."""
        longest = int(lengths.max())
        ends = lengths.cumsum(0)
        row = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        column = torch.arange(int(ends[-1])) - (ends - lengths)[row]
        age = lengths[row] - 1 - column
        return cls(len(lengths), longest, row * longest + column, age, ends - 1)

    @property
    def full(self) -> bool:
        """Whether there is no padding at all."""
        return len(self.place) == self.n * self.longest

    def side_by_side(self, flat: Tensor) -> Tensor:
        """``[events, width]`` as ``[n, longest, width]``, zeros behind each history."""
        if self.full:
            return flat.view(self.n, self.longest, -1)
        table = flat.new_zeros(self.n * self.longest, flat.shape[1])
        return table.index_copy(0, self.place, flat).view(self.n, self.longest, -1)

    def end_to_end(self, table: Tensor) -> Tensor:
        """The inverse of :meth:`side_by_side`."""
        flat = table.reshape(self.n * self.longest, -1)
        return flat if self.full else flat.index_select(0, self.place)


class AttentionBias(nn.Module):
    """What is added to attention before its softmax: ``-inf`` for later keys, so that it is causal.

    With relative positions also a learned number for each head and distance (Raffel et al. 2020).
    """

    def __init__(self, config: BehaviourConfig) -> None:
        super().__init__()
        relative = config.positions == "relative"
        self.by_distance = (
            nn.Parameter(torch.zeros(config.heads, config.history)) if relative else None
        )

    def forward(self, longest: int) -> Tensor:
        """Float32 ``[heads or 1, longest, longest]``, queries by keys."""
        at = torch.arange(longest)
        distance = at[:, None] - at[None, :]
        if self.by_distance is None:
            bias = torch.zeros(1, longest, longest)
        else:
            bias = self.by_distance[:, distance.clamp(min=0)]
        return bias.masked_fill(distance < 0, float("-inf"))


class _Attention(nn.Module):
    def __init__(self, config: BehaviourConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.inputs = nn.Linear(config.dim, 3 * config.dim)
        self.output = nn.Linear(config.dim, config.dim)

    def forward(self, flat: Tensor, layout: Layout, bias: Tensor) -> Tensor:
        """Causal attention within each history, ``[events, dim]`` to ``[events, dim]``."""
        width = flat.shape[1]
        both = layout.side_by_side(self.inputs(flat))
        query, key, value = (
            both.view(layout.n, layout.longest, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        )
        # Plain products: torch's fused kernel takes 2 to 6 times as long in bfloat16, the usual
        # case; in float32 it would be faster for short histories.
        scores = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5 + bias
        mixed = scores.softmax(-1).to(value.dtype) @ value
        rows = mixed.transpose(1, 2).reshape(layout.n, layout.longest, width)
        output: Tensor = self.output(layout.end_to_end(rows))
        return output


class _FeedForward(nn.Module):
    """Two linear layers with a GELU between, or gated by a SiLU (SwiGLU, Shazeer 2020)."""

    def __init__(self, config: BehaviourConfig, dropout: float, *, gated: bool) -> None:
        super().__init__()
        inner = config.feedforward * config.dim
        self.gated = gated
        self.inner = nn.Linear(config.dim, 2 * inner if gated else inner, bias=not gated)
        self.outer = nn.Linear(inner, config.dim, bias=not gated)
        self.dropout = ByteDropout(dropout)

    def forward(self, flat: Tensor) -> Tensor:
        wide = self.inner(flat)
        if self.gated:
            gate, value = wide.chunk(2, dim=-1)
            wide = functional.silu(gate) * value
        else:
            wide = functional.gelu(wide)
        output: Tensor = self.outer(self.dropout(wide))
        return output


class Layer(nn.Module):
    """One pre-norm layer; ``ligr`` gates both residual branches by the stream itself.

    Pre-norm is Xiong et al. 2020 (https://arxiv.org/abs/2002.04745). LiGR is Borisyuk et al. 2025
    (https://arxiv.org/abs/2502.03417) as eSASRec uses it (https://arxiv.org/abs/2508.06450)::

        x = x + sigmoid(W x) * attention(norm(x));  x = x + sigmoid(W' x) * swiglu(norm(x))
    """

    def __init__(self, config: BehaviourConfig, dropout: float) -> None:
        super().__init__()
        gated = config.layer == "ligr"
        self.before_attention = nn.LayerNorm(config.dim)
        self.attention = _Attention(config)
        self.before_inner = nn.LayerNorm(config.dim)
        self.feed_forward = _FeedForward(config, dropout, gated=gated)
        self.dropout = ByteDropout(dropout)
        self.gates = nn.ModuleList(
            nn.Linear(config.dim, config.dim) for _ in range(2 if gated else 0)
        )

    def forward(self, flat: Tensor, layout: Layout, bias: Tensor) -> Tensor:
        """``[events, dim]`` to ``[events, dim]``."""
        attended = self.attention(self.before_attention(flat), layout, bias)
        flat = flat + self._gated(0, flat, self.dropout(attended))
        changed = self.feed_forward(self.before_inner(flat))
        return flat + self._gated(1, flat, self.dropout(changed))

    def _gated(self, branch: int, flat: Tensor, change: Tensor) -> Tensor:
        return torch.sigmoid(self.gates[branch](flat)) * change if self.gates else change
