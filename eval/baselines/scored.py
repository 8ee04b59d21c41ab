"""From scores of all items to lists: what every baseline shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llmrec.eval.data.items import ItemTable
from llmrec.types import FloatArray

__all__ = ["ScoredBaseline"]

_BATCH = 256


class ScoredBaseline(ABC):
    """A model that scores the whole catalogue for a history.

    Items of the history are never recommended, and neither are items without a score (``-inf``):
    a model that knows nothing of an item must not be credited with it. Equal scores are ordered by
    a random permutation of the catalogue that ``seed`` fixes, so that no order of ids helps.

    Args:
        items: the catalogue.
        seed: of the permutation.
    """

    def __init__(self, items: ItemTable, *, seed: int = 0) -> None:
        self._items = items
        self._tie = np.random.default_rng(seed).permutation(len(items))

    @abstractmethod
    def scores(self, histories: Sequence[NDArray[np.int64]]) -> FloatArray:
        """Scores ``[len(histories), n_items]``, larger is better, ``-inf`` for no opinion.

        Args:
            histories: item rows of the catalogue, oldest first.
        """

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[list[str]]:
        """The ``k`` best items outside each history (item ids, oldest first)."""
        answers: list[list[str]] = []
        row = self._items.row
        for start in range(0, len(histories), _BATCH):
            known = [
                np.array([row[item] for item in history if item in row], dtype=np.int64)
                for history in histories[start : start + _BATCH]
            ]
            scores = np.array(self.scores(known), dtype=np.float32)
            # No number is no opinion; sorted, it would come first and cut all others off.
            scores[np.isnan(scores)] = -np.inf
            for user_scores, seen in zip(scores, known, strict=True):
                user_scores[seen] = -np.inf
                answers.append([self._items.ids[place] for place in self._best(user_scores, k)])
        return answers

    def _best(self, scores: FloatArray, k: int) -> NDArray[np.int64]:
        # Everything that scores as high as the k-th: a partition alone would cut ties by place.
        k = min(k, len(scores))
        floor = np.partition(scores, -k)[-k]
        rows = np.flatnonzero((scores >= floor) & (scores > -np.inf))
        order = np.lexsort((self._tie[rows], -scores[rows]))
        return rows[order][:k]
