"""The soft tokens: behaviour vectors, projected into the space of a model's word embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from llmrec.types import FloatArray

__all__ = ["ItemEmbedding", "ItemVectors"]


@dataclass(frozen=True, eq=False)
class ItemVectors:
    """Behaviour vectors float32 ``[items, dim]`` of ``ids``; their lengths mean something."""

    ids: Sequence[str]
    vectors: FloatArray

    @cached_property
    def row(self) -> Mapping[str, int]:
        """The row of each item."""
        return {str(id): row for row, id in enumerate(self.ids)}


class ItemEmbedding(nn.Module):
    """A model's input embedding that also knows items, by ids beyond the vocabulary.

    The vectors are standardised over the whole table, not one by one: length is where popularity
    goes. Two layers project them (as CoLLM does, Zhang et al. 2023). At the beginning the projected
    vectors are as long as words are in the median: much longer ones would drown the prompt, much
    shorter ones would be noise to the first layer's norm.

    Args:
        words: the embedding of tokens; it stays as it is.
        items: whose vectors; they stay as they are, too.
        hidden: width of the layer between; that of the vectors by default.
    """

    table: Tensor
    scale: Tensor

    def __init__(self, words: nn.Embedding, items: ItemVectors, hidden: int | None = None) -> None:
        super().__init__()
        self.words = words
        weight = words.weight.detach()
        standard = (items.vectors - items.vectors.mean(0)) / max(1e-6, float(items.vectors.std()))
        table = torch.from_numpy(np.ascontiguousarray(standard, np.float32))
        wide = hidden or table.shape[1]
        self.project = nn.Sequential(
            nn.Linear(table.shape[1], wide), nn.GELU(), nn.Linear(wide, words.embedding_dim)
        )
        with torch.no_grad():
            length = self.project(table).norm(dim=1).mean()
            scale = weight.float().norm(dim=1).median().cpu() / length
        self.register_buffer("table", table, persistent=False)
        self.register_buffer("scale", scale)
        self.to(weight.device)

    @property
    def vocabulary(self) -> int:
        """The number of tokens that are words; items begin here."""
        return self.words.num_embeddings

    def forward(self, ids: Tensor) -> Tensor:
        """Embeddings ``[..., width]`` of token ids ``[...]``."""
        is_item = ids >= self.vocabulary
        embedded: Tensor = self.words(ids.masked_fill(is_item, 0))
        if not bool(is_item.any()):
            return embedded
        items = self.project(self.table[ids[is_item] - self.vocabulary]) * self.scale
        return embedded.masked_scatter(is_item.unsqueeze(-1), items.to(embedded.dtype))
