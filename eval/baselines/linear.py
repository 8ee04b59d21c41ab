"""EASE: a linear autoencoder in closed form, the model that deep ones must beat first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llmrec.eval.baselines.fold import Fold, histories_matrix
from llmrec.eval.baselines.scored import ScoredBaseline
from llmrec.types import FloatArray

__all__ = ["EASE"]


class EASE(ScoredBaseline):
    """Embarrassingly shallow autoencoder (Steck 2019, https://arxiv.org/abs/1905.03375, eq. 8).

    ``B = I - P / diag(P)`` with ``P = (XᵀX + λI)⁻¹``; a history's scores are its row times ``B``.
    Needs two float32 matrices ``[n_items, n_items]``: 1.2 GB for 12,000 items.

    Args:
        fold: what is known.
        ridge: λ; larger for sparser data.
        half_life: entries after which a history's item weighs half; ``None`` weighs all alike.
        seed: of the order of ties.
    """

    def __init__(
        self, fold: Fold, *, ridge: float = 100.0, half_life: float | None = None, seed: int = 0
    ) -> None:
        super().__init__(fold.items, seed=seed)
        self._half_life = half_life
        # One at a time: they are large.
        if fold.cache.get("ease", (None,))[0] != ridge:
            fold.cache["ease"] = (ridge, _weights(fold, ridge))
        self._weights: FloatArray = fold.cache["ease"][1]
        self._known = fold.counts > 0

    def scores(self, histories: Sequence[NDArray[np.int64]]) -> FloatArray:
        """The history times the weights; items that nobody touched are left out."""
        scores = histories_matrix(histories, len(self._weights), self._half_life) @ self._weights
        scores[:, ~self._known] = -np.inf
        scores[[len(history) == 0 for history in histories]] = -np.inf
        return np.asarray(scores, dtype=np.float32)


def _weights(fold: Fold, ridge: float) -> FloatArray:
    from scipy.linalg import lapack

    gram = np.asfortranarray((fold.matrix.T @ fold.matrix).toarray(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += ridge
    # Cholesky in place: half the work and half the memory of a general inverse.
    factor, failed = lapack.spotrf(gram, lower=True, overwrite_a=True)
    inverse, wrong = lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed or wrong:
        raise np.linalg.LinAlgError(f"The Gram matrix plus {ridge} is not positive definite.")
    lower = np.tril(inverse)
    full = lower + np.tril(lower, -1).T
    weights = np.asarray(-full / np.diagonal(full), dtype=np.float32)
    np.fill_diagonal(weights, 0.0)
    return weights
