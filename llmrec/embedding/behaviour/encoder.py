"""From histories to vectors of users, and the items' vectors that these are multiplied with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from llmrec.embedding.behaviour.config import BehaviourConfig
from llmrec.embedding.behaviour.histories import History, Packed, pack
from llmrec.embedding.behaviour.text_basis import TextBasis
from llmrec.errors import ModelError
from llmrec.types import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

    from llmrec.embedding.behaviour.network import BehaviourNetwork

__all__ = ["BehaviourEncoder"]

_BATCH = 512
"""Histories in one forward pass: some megabytes of activations."""


@dataclass(frozen=True, eq=False)
class BehaviourEncoder:
    """A trained network and what its rows mean. Load one with :func:`load_behaviour`.

    The score of an item for a user is the dot product of their vectors.

    Attributes:
        network: in float32; not changed by anything here.
        item_ids: the item of each row; those with events first.
        basis: reduces text vectors, ``None`` where the network has no text.
    """

    network: BehaviourNetwork
    item_ids: tuple[str, ...]
    basis: TextBasis | None = None

    @property
    def config(self) -> BehaviourConfig:
        """Sizes and parts."""
        return self.network.config

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.config.dim

    @property
    def known(self) -> int:
        """Items that events taught; the rows behind them are known by their text alone."""
        return len(self.network.ids.weight)

    @cached_property
    def row(self) -> dict[str, int]:
        """The row of each item."""
        return {id: row for row, id in enumerate(self.item_ids)}

    @cached_property
    def kinds(self) -> dict[str, int]:
        """The 1-based number of each event kind."""
        return {kind: number for number, kind in enumerate(self.config.kinds, start=1)}

    def item_vectors(self) -> FloatArray:
        """The items' vectors, float32 ``[n_items, dim]``, in the order of ``item_ids``."""
        return self._table

    def encode(self, histories: Sequence[History]) -> FloatArray:
        """The users' vectors, float32 ``[n, dim]``; zeros where no item of a history is known.

        Args:
            histories: oldest first; items without a vector are skipped, the last
                ``config.history`` others are read.
        """
        users = np.zeros((len(histories), self.dimension), np.float32)
        # Histories of like length share a batch: attention costs as much as the longest.
        by_length = sorted(range(len(histories)), key=lambda place: len(histories[place].items))
        for start in range(0, len(by_length), _BATCH):
            chosen = np.array(by_length[start : start + _BATCH])
            packed = pack(
                [histories[place] for place in chosen], self.row, self.kinds, self.config.history
            )
            filled = packed.lengths > 0
            if filled.any():
                users[chosen[filled]] = self._ends(packed)
        return users

    def extended(self, ids: Sequence[str], texts: FloatArray) -> BehaviourEncoder:
        """An encoder that also knows these items, by their text alone.

        Args:
            ids: items that are not known yet; others are left as they are.
            texts: their vectors by the text encoder of the training, ``[len(ids), text_dim]``.

        Raises:
            ModelError: the network reads no text, or vectors of another length.
        """
        import torch

        if self.basis is None or texts.shape[1] != self.config.text_dim:
            wanted = self.config.text_dim or "no text at all"
            raise ModelError(
                f"The behaviour encoder reads {wanted}, not vectors of length {texts.shape[1]}.",
                hint="Train it again with the text encoder of today: llmrec train behaviour",
            )
        new = [place for place, id in enumerate(ids) if id not in self.row]
        if not new:
            return self
        features = torch.from_numpy(self.basis.features(texts[new]))
        return self._of(
            (*self.item_ids, *(ids[place] for place in new)),
            torch.cat([self.network.features, features]),
        )

    def taught(self) -> BehaviourEncoder:
        """An encoder of only those items that events taught: what is worth keeping on disk."""
        if self.known == len(self.item_ids):
            return self
        return self._of(self.item_ids[: self.known], self.network.features[: self.known].clone())

    def _of(self, ids: tuple[str, ...], features: Tensor) -> BehaviourEncoder:
        """The same weights for other items; the known ones come first in any case."""
        from llmrec.embedding.behaviour.network import BehaviourNetwork

        network = BehaviourNetwork(self.config, self.known, features)
        network.load_state_dict(self.network.state_dict() | {"features": features})
        return BehaviourEncoder(network.eval(), ids, self.basis)

    @cached_property
    def _table(self) -> FloatArray:
        import torch

        with torch.inference_mode():
            table: FloatArray = self.network.item_vectors().float().numpy().copy()
        table.flags.writeable = False
        return table

    def _ends(self, packed: Packed) -> FloatArray:
        """The vectors at the ends of those histories that have any event."""
        import torch

        from llmrec.embedding.behaviour.layers import Layout

        # A copy: the table is read-only, which torch does not know.
        vectors = torch.from_numpy(self._table[packed.items])
        layout = Layout.of(torch.from_numpy(packed.lengths[packed.lengths > 0]))
        with torch.inference_mode():
            ends: FloatArray = self.network(
                vectors, torch.from_numpy(packed.kinds), torch.from_numpy(packed.gaps), layout
            )[layout.last].numpy()
        return ends
