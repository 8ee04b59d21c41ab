"""Neighbour models: items touched by the same people, next in time, or alike in their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from llmrec.eval.baselines.fold import Fold, histories_matrix
from llmrec.eval.baselines.scored import ScoredBaseline
from llmrec.retrieval.transitions import followers
from llmrec.types import FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["ItemKNN", "TextKNN", "Transitions"]


class ItemKNN(ScoredBaseline):
    """Item-based neighbours with shrunk cosine (Sarwar et al. 2001; shrinkage as in Koren 2010).

    ``sim(i, j) = n_ij / (sqrt(n_i · n_j) + shrink)``, the ``neighbours`` largest of each item kept;
    a history's score is the sum over its items.

    Args:
        fold: what is known.
        neighbours: kept for each item.
        shrink: pulls similarities of rare items towards 0.
        half_life: entries after which a history's item weighs half; ``None`` weighs all alike.
        seed: of the order of ties.
    """

    def __init__(
        self,
        fold: Fold,
        *,
        neighbours: int = 100,
        shrink: float = 10.0,
        half_life: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(fold.items, seed=seed)
        self._half_life = half_life
        key = ("item-knn", neighbours, shrink)
        if key not in fold.cache:
            fold.cache[key] = _neighbours(fold.matrix, neighbours, shrink)
        self._similar: csr_matrix = fold.cache[key]

    def scores(self, histories: Sequence[NDArray[np.int64]]) -> FloatArray:
        """Summed similarity; items without any are left out."""
        return _product(histories, self._similar, self._half_life)


class Transitions(ScoredBaseline):
    """What came after: counts of item pairs in order, within a window (a Markov chain, smoothed).

    ``P(j | i) ∝ Σ 1/distance`` over the places where ``j`` follows ``i`` at most ``window`` entries
    later, divided by ``n_j ** discount`` against mere popularity. Entries of one moment follow each
    other alike.

    Args:
        fold: what is known.
        window: farthest distance that counts.
        discount: 0 takes the counts as they are, 1 divides by popularity.
        half_life: entries after which a history's item weighs half.
        seed: of the order of ties.
    """

    def __init__(
        self,
        fold: Fold,
        *,
        window: int = 4,
        discount: float = 0.5,
        half_life: float = 2.0,
        seed: int = 0,
    ) -> None:
        super().__init__(fold.items, seed=seed)
        self._half_life = half_life
        key = ("transitions", window)
        if key not in fold.cache:
            lengths = [len(sequence) for sequence in fold.sequences]
            users = np.repeat(np.arange(len(lengths)), lengths)
            items = np.concatenate([np.zeros(0, np.int64), *fold.sequences])
            fold.cache[key] = followers(users, items, len(fold.items), window, moments=fold.moments)
        from scipy.sparse import diags

        popular = np.maximum(fold.counts, 1.0) ** -discount
        self._next: csr_matrix = (fold.cache[key] @ diags(popular)).tocsr().astype(np.float32)

    def scores(self, histories: Sequence[NDArray[np.int64]]) -> FloatArray:
        """Summed weights of what followed; items that never did are left out."""
        return _product(histories, self._next, self._half_life)


class TextKNN(ScoredBaseline):
    """Items whose words are like the history's: cosine to the weighted mean of its vectors.

    The only one of these that can recommend an item nobody has touched.

    Args:
        fold: what is known.
        encoder: name of the text encoder.
        half_life: entries after which a history's item weighs half.
        seed: of the order of ties.
    """

    def __init__(
        self,
        fold: Fold,
        *,
        encoder: str = "minilm-l6-v2",
        half_life: float | None = 3.0,
        seed: int = 0,
    ) -> None:
        super().__init__(fold.items, seed=seed)
        self._half_life = half_life
        key = ("text", encoder)
        if key not in fold.cache:
            from llmrec.embedding import load_encoder

            fold.cache[key] = load_encoder(encoder).encode(fold.items.text)
        self._vectors: FloatArray = fold.cache[key]

    def scores(self, histories: Sequence[NDArray[np.int64]]) -> FloatArray:
        """Cosine similarity; nothing for an empty history."""
        weights = histories_matrix(histories, len(self._vectors), self._half_life)
        query = weights @ self._vectors
        scores = np.asarray(query @ self._vectors.T, dtype=np.float32)
        scores[[len(history) == 0 for history in histories]] = -np.inf
        return scores


def _product(
    histories: Sequence[NDArray[np.int64]], items: csr_matrix, half_life: float | None
) -> FloatArray:
    weights = histories_matrix(histories, items.shape[0], half_life)
    scores: FloatArray = (weights @ items).toarray().astype(np.float32)
    scores[scores == 0] = -np.inf
    return scores


def _neighbours(matrix: csr_matrix, keep: int, shrink: float) -> csr_matrix:
    """The ``keep`` most similar items of each item, itself excluded; ``[n_items, n_items]``."""
    from scipy.sparse import csr_matrix as sparse

    together = (matrix.T @ matrix).tocsr()
    root = np.sqrt(together.diagonal())
    together.setdiag(0)
    together.eliminate_zeros()
    columns, values, ends = [], [], [0]
    for item in range(together.shape[0]):
        part = slice(together.indptr[item], together.indptr[item + 1])
        near = together.indices[part]
        similar = together.data[part] / (root[item] * root[near] + shrink)
        best = np.argsort(-similar, kind="stable")[:keep]
        columns.append(near[best])
        values.append(similar[best])
        ends.append(ends[-1] + len(best))
    shape = together.shape
    return sparse((np.concatenate(values), np.concatenate(columns), ends), shape=shape)
