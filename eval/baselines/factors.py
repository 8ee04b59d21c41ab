"""Matrix factorisation with the library ``implicit``: ALS and BPR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import MissingExtra
from llmrec.eval.baselines.fold import Fold, histories_matrix
from llmrec.eval.baselines.scored import ScoredBaseline
from llmrec.types import FloatArray

__all__ = ["ALS", "BPR"]


class ALS(ScoredBaseline):
    """Weighted matrix factorisation by alternating least squares (Hu, Koren & Volinsky 2008).

    A history gets its user vector by one least-squares step against the item vectors, so that
    events after the training count.

    Args:
        fold: what is known.
        factors: length of a vector.
        regularization: weight of the vectors' norms.
        alpha: confidence in a touched item against an untouched one.
        iterations: of the alternation.
        seed: of the start, and of the order of ties.

    Raises:
        MissingExtra: ``implicit`` is not installed.
    """

    def __init__(
        self,
        fold: Fold,
        *,
        factors: int = 128,
        regularization: float = 0.05,
        alpha: float = 5.0,
        iterations: int = 15,
        seed: int = 0,
    ) -> None:
        super().__init__(fold.items, seed=seed)
        model = _implicit("als").AlternatingLeastSquares(
            factors=factors,
            regularization=regularization,
            alpha=alpha,
            iterations=iterations,
            random_state=seed,
        )
        _fit(model, fold)
        self._items_by_factors: FloatArray = np.asarray(model.item_factors)
        self._known = fold.counts > 0
        self._ridge, self._alpha = regularization, alpha
        self._gram = self._items_by_factors.T @ self._items_by_factors

    def scores(self, histories: Sequence[NDArray[np.int64]]) -> FloatArray:
        """User vectors times item vectors; items that nobody touched are left out."""
        users = np.stack([self._fold_in(history) for history in histories])
        scores: FloatArray = (users @ self._items_by_factors.T).astype(np.float32)
        scores[:, ~self._known] = -np.inf
        scores[[len(history) == 0 for history in histories]] = -np.inf
        return scores

    def _fold_in(self, history: NDArray[np.int64]) -> NDArray[np.float64]:
        """Eq. 4 of the paper for one user; a touched item's confidence is alpha, others' 1."""
        vectors = self._items_by_factors[np.unique(history)]
        left = self._gram + (self._alpha - 1.0) * vectors.T @ vectors
        left = left + self._ridge * np.eye(len(left))
        right = self._alpha * vectors.sum(axis=0)
        solved: NDArray[np.float64] = np.linalg.solve(left, right)
        return solved


class BPR(ScoredBaseline):
    """Bayesian personalised ranking (Rendle et al. 2009, https://arxiv.org/abs/1205.2618).

    Training is ``implicit``'s. A history gets its user vector by gradient ascent on the same
    objective with the item vectors fixed, so that events after the training count.

    Args:
        fold: what is known.
        factors: length of a vector.
        learning_rate: of the training.
        regularization: weight of the vectors' norms.
        iterations: epochs of the training.
        seed: of the start, the draws, and the order of ties.

    Raises:
        MissingExtra: ``implicit`` is not installed.
    """

    _STEPS, _NEGATIVES = 60, 200

    def __init__(
        self,
        fold: Fold,
        *,
        factors: int = 128,
        learning_rate: float = 0.05,
        regularization: float = 0.01,
        iterations: int = 100,
        seed: int = 0,
    ) -> None:
        super().__init__(fold.items, seed=seed)
        model = _implicit("bpr").BayesianPersonalizedRanking(
            factors=factors,
            learning_rate=learning_rate,
            regularization=regularization,
            iterations=iterations,
            random_state=seed,
            num_threads=1,  # with more the updates race, and a seed fixes nothing
        )
        _fit(model, fold)
        # The last column is the item's bias: it meets a constant 1 in the user's vector.
        vectors = np.asarray(model.item_factors, dtype=np.float64)
        self._vectors, self._bias = vectors[:, :-1], vectors[:, -1]
        self._known = fold.counts > 0
        self._ridge, self._seed = regularization, seed

    def scores(self, histories: Sequence[NDArray[np.int64]]) -> FloatArray:
        """User vectors times item vectors plus biases; items nobody touched are left out."""
        weights = histories_matrix(histories, len(self._vectors), None)
        sizes = np.maximum(np.diff(weights.indptr), 1)[:, None]
        draws = np.random.default_rng(self._seed).choice(
            np.flatnonzero(self._known), self._NEGATIVES
        )
        liked, likes = (weights @ self._vectors) / sizes, (weights @ self._bias)[:, None] / sizes
        users = liked.copy()
        for _ in range(self._STEPS):
            margin = (users * liked).sum(axis=1, keepdims=True) + likes
            margin = margin - (users @ self._vectors[draws].T + self._bias[draws])
            pull = 1.0 / (1.0 + np.exp(np.clip(margin, -30, 30)))  # [users, negatives]
            step = pull.mean(axis=1, keepdims=True) * liked
            step -= pull @ self._vectors[draws] / len(draws)
            users += 0.5 * (step - self._ridge * users)
        scores = (users @ self._vectors.T + self._bias).astype(np.float32)
        scores[:, ~self._known] = -np.inf
        scores[[len(history) == 0 for history in histories]] = -np.inf
        return scores


def _implicit(part: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"implicit.{part}")
    except ImportError as error:
        raise MissingExtra("implicit", extra="eval") from error


def _fit(model: Any, fold: Fold) -> None:
    from threadpoolctl import threadpool_limits

    # BLAS threads under implicit's own would fight for the cores.
    with threadpool_limits(1, "blas"):
        model.fit(fold.matrix, show_progress=False)
