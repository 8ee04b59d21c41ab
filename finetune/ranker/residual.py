"""Training beside the retriever: what its scores are worth in the loss.

``a`` of :mod:`llmrec.finetune.ranker.lists` is fitted to the training examples first and stays, so
that the model learns what the retriever's scores leave open. Trained alone it would spend its
examples on saying again what the retriever knows. The scores are not standardised within the
request: how far they lie apart says how sure the retriever is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import DataError
from llmrec.finetune.ranker.lists import ListExample

__all__ = ["beside_retriever", "retrieval_scale"]

_STEPS, _MOST, _L2 = 50, 20.0, 1e-3


def retrieval_scale(examples: Sequence[ListExample]) -> float:
    """``a``: how much the retriever's opinion is worth, by maximum likelihood (Newton's steps).

    Args:
        examples: with the retriever's scores.

    Returns:
        0 or more, for the scores as they are; 0 if the retriever's order is no better than any
        other.

    Raises:
        DataError: an example does not know them.
    """
    if not all(example.retrieval for example in examples):
        raise DataError(
            "The examples do not hold the retriever's scores.",
            hint="Make them anew with build_examples.",
        )
    centred = [(_centred(example.retrieval), example.target) for example in examples]
    # In units of their spread over all requests, so that a step means the same for scores of any
    # size: log-odds, or shares of ranks.
    spread = float(np.sqrt(np.mean([np.mean(values**2) for values, _ in centred])))
    if spread == 0:
        return 0.0
    scores = [(values / spread, target) for values, target in centred]
    beta = 0.0
    for _ in range(_STEPS):
        slope, curve = -_L2 * beta, _L2
        for values, target in scores:
            chances = np.exp(beta * (values - values.max()))
            chances /= chances.sum()
            mean = float(chances @ values)
            slope += (float(values[target]) - mean) / len(scores)
            curve += (float(chances @ values**2) - mean**2) / len(scores)
        step = slope / curve
        beta = min(max(beta + step, 0.0), _MOST)
        if abs(step) < 1e-6:
            break
    return beta / spread


def beside_retriever(examples: Sequence[ListExample], scale: float) -> list[ListExample]:
    """The examples with ``scale`` times their centred scores as what the logits begin from."""
    return [
        replace(example, offsets=tuple((scale * _centred(example.retrieval)).tolist()))
        for example in examples
    ]


def _centred(scores: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(scores, np.float64)
    return np.asarray(values - values.mean())
