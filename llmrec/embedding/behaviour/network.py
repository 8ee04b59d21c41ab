"""The network: item vectors, and a causal transformer from a history to the vector of its user.

The SASRec family (Kang & McAuley 2018, https://arxiv.org/abs/1808.09781) with today's parts: see
:class:`~llmrec.embedding.behaviour.layers.Layer`. An item's vector is ``id + text @ projection``;
it is both what a history is read from and what a user's vector is multiplied with (tied output).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from llmrec.embedding.behaviour.config import BehaviourConfig
from llmrec.embedding.behaviour.dropout import ByteDropout
from llmrec.embedding.behaviour.histories import GAP_BUCKETS
from llmrec.embedding.behaviour.layers import AttentionBias, Layer, Layout

__all__ = ["BehaviourNetwork"]

_STD = 0.02


class BehaviourNetwork(nn.Module):
    """See the top of this module.

    Args:
        config: sizes and parts.
        known: items with an embedding of their own: the rows from 0 to ``known - 1``.
        features: float32 ``[n_items, text_rank]``, reduced text vectors of these and of items that
            have nothing else; ``None`` without text.
        dropout: of everything between item vectors and user vectors, while training.
    """

    features: Tensor

    def __init__(
        self,
        config: BehaviourConfig,
        known: int,
        features: Tensor | None = None,
        *,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.config = config
        self.ids = nn.Embedding(known, config.dim)
        self.register_buffer("features", torch.empty(known, 0) if features is None else features)
        rank, dim = config.text_rank, config.dim
        self.projection = nn.Linear(rank, dim, bias=False) if rank else None
        self.ages = nn.Embedding(config.history, dim) if config.positions == "recent" else None
        self.kinds = nn.Embedding(len(config.kinds) + 1, dim) if config.kinds else None
        self.gaps = nn.Embedding(GAP_BUCKETS, dim) if config.gaps else None
        self.bias = AttentionBias(config)
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = ByteDropout(dropout)
        self._start()

    @property
    def n_items(self) -> int:
        """Items with a vector, known or new."""
        return len(self.features)

    def item_vectors(self, rows: Tensor | None = None, *, id_dropout: float = 0.0) -> Tensor:
        """Vectors of all items, or of ``rows``: ``[rows, dim]``.

        Args:
            rows: int64; every row if ``None``.
            id_dropout: share of items whose own part is left out, so that the text alone learns to
                stand for an item (Volkovs et al. 2017, DropoutNet).
        """
        vectors = self._own(rows)
        if id_dropout:
            vectors = vectors * (torch.rand(len(vectors), 1) >= id_dropout)
        if self.projection is None:
            return vectors
        text: Tensor = self.projection(self.features if rows is None else self.features[rows])
        return vectors + text

    def forward(self, vectors: Tensor, kinds: Tensor, gaps: Tensor, layout: Layout) -> Tensor:
        """What is expected after each event, ``[events, dim]``.

        Args:
            vectors: item vectors ``[events, dim]``, histories end to end.
            kinds: int64 ``[events]``; read only where ``config.kinds`` has any.
            gaps: int64 ``[events]``; read only with ``config.gaps``.
            layout: of the histories.
        """
        flat = vectors
        if self.ages is not None:
            flat = flat + self.ages(layout.age)
        if self.kinds is not None:
            flat = flat + self.kinds(kinds)
        if self.gaps is not None:
            flat = flat + self.gaps(gaps)
        flat = self.dropout(flat)
        bias = self.bias(layout.longest)
        for layer in self.layers:
            flat = layer(flat, layout, bias)
        expected: Tensor = self.norm(flat)
        return expected

    def _own(self, rows: Tensor | None) -> Tensor:
        known = len(self.ids.weight)
        if known == self.n_items:
            return self.ids.weight if rows is None else self.ids(rows)
        # New items have no part of their own.
        new = self.ids.weight.new_zeros(self.n_items - known, self.config.dim)
        table = torch.cat([self.ids.weight, new])
        return table if rows is None else table[rows]

    def _start(self) -> None:
        """First values. With text, an item starts as its text: its own part is 0."""
        for module in self.modules():
            if isinstance(module, (nn.Embedding, nn.Linear)):
                nn.init.normal_(module.weight, std=_STD)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        for extra in (self.kinds, self.gaps):
            if extra is not None:
                nn.init.zeros_(extra.weight)
        if self.projection is not None:
            nn.init.zeros_(self.ids.weight)
            nn.init.eye_(self.projection.weight)
