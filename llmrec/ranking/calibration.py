"""A model's liking for label letters, measured without content and taken away.

Small models prefer some letters and positions whatever stands behind them. The prior is read from
the same prompt with every candidate called "a product" and no history ("contextual calibration",
Zhao et al. 2021, https://arxiv.org/abs/2102.09690); dividing by it leaves what the texts said.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from llmrec.prompting import NEUTRAL_ITEM, rank_prompt
from llmrec.types import FloatArray

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["LabelPrior"]


class LabelPrior:
    """Log-probabilities of labels for candidates without content; one pass for each number of them.

    Args:
        engine: whose prior; it is measured on first use and kept.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[tuple[str | None, ...], FloatArray] = {}
        self._lock = Lock()

    def corrected(
        self, labels: Sequence[str], log_probs: FloatArray, adapter: str | None = None
    ) -> FloatArray:
        """``log_probs`` without the prior, normalised again; float32 ``[len(labels)]``.

        ``adapter`` is the one that they come from, ``None`` the base model.
        """
        left = (log_probs - self._prior(tuple(labels), adapter)).astype(np.float64)
        shifted = left - left.max()
        return np.asarray(shifted - np.log(np.exp(shifted).sum()), dtype=np.float32)

    def _prior(self, labels: tuple[str, ...], adapter: str | None) -> FloatArray:
        key = (adapter, *labels)
        with self._lock:
            if key not in self._known:
                prompt = rank_prompt((), None, [NEUTRAL_ITEM] * len(labels), labels)
                text = self._engine.render(prompt.messages, answer_prefix=prompt.answer_prefix)
                (self._known[key],) = self._engine.score_labels(
                    [text], [labels], adapters=[adapter]
                )
            return self._known[key]
