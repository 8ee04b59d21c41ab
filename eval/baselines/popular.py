"""What most people touched, ever or lately: no model that loses to this is worth its cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llmrec.eval.baselines.fold import Fold
from llmrec.eval.baselines.scored import ScoredBaseline
from llmrec.types import FloatArray

__all__ = ["Popular"]


class Popular(ScoredBaseline):
    """Popularity, by users or, with a half-life, by recent events.

    Args:
        fold: what is known.
        half_life_days: age at which an event counts half; ``None`` counts users, whenever.
        seed: of the order of ties.
    """

    def __init__(self, fold: Fold, *, half_life_days: float | None = None, seed: int = 0) -> None:
        super().__init__(fold.items, seed=seed)
        counts = fold.counts if half_life_days is None else fold.recent_counts(half_life_days)
        self._scores = np.where(counts > 0, counts, -np.inf)

    def scores(self, histories: Sequence[NDArray[np.int64]]) -> FloatArray:
        """The same for everybody."""
        return np.tile(self._scores, (len(histories), 1)).astype(np.float32)
