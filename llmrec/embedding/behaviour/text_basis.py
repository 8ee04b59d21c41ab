"""Text vectors as side input: their main directions, by a singular value decomposition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmrec.types import FloatArray

__all__ = ["TextBasis"]

_STD = 0.02
"""Of the reduced vectors: the usual scale of embeddings at the start (Radford et al. 2018)."""


@dataclass(frozen=True)
class TextBasis:
    """Maps text vectors ``[n, text_dim]`` to features ``[n, rank]``.

    Attributes:
        mean: float32 ``[text_dim]``.
        directions: float32 ``[text_dim, rank]``, scaled so that the features' standard deviation
            over all entries was 0.02 where the basis was made.
    """

    mean: FloatArray
    directions: FloatArray

    @classmethod
    def of(cls, texts: FloatArray, rank: int) -> TextBasis:
        """The ``rank`` directions in which ``texts`` differ most; fewer where they have fewer."""
        mean = texts.mean(axis=0, dtype=np.float64)
        centred = texts.astype(np.float64) - mean
        # The eigenvectors of the small square matrix are the right singular vectors.
        _, vectors = np.linalg.eigh(centred.T @ centred)
        directions = vectors[:, ::-1][:, : min(rank, texts.shape[1])]
        # A vector's sign is arbitrary and differs between LAPACKs: fix it.
        directions = directions * np.sign(directions[np.abs(directions).argmax(0), range(rank)])
        spread = float((centred @ directions).std()) or 1.0
        return cls(mean.astype(np.float32), (directions * (_STD / spread)).astype(np.float32))

    def features(self, texts: FloatArray) -> FloatArray:
        """``(texts - mean) @ directions``, float32 ``[n, rank]``."""
        reduced: FloatArray = ((texts - self.mean) @ self.directions).astype(np.float32)
        return reduced
