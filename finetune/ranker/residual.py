"""Training beside the retriever: the model learns what the retriever's scores leave open.

The chance of candidate ``c`` is a product of two experts (Hinton 2002),

    p(c) = softmax( β z_c + l_c )

with ``z`` the retriever's scores, standardised within the request, and ``l`` the model's label
logits. ``β`` is fitted to the training examples first and stays; the model begins where the
retriever ends, and what it learns is what it adds. Trained alone it would spend its examples on
saying again what the retriever knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llmrec.errors import DataError
from llmrec.finetune.batches import TokenExample
from llmrec.ranking import standardise

__all__ = ["beside_retriever", "retrieval_scale"]

_STEPS, _MOST, _L2 = 50, 20.0, 1e-3


def retrieval_scale(examples: Sequence[TokenExample]) -> float:
    """``β``: how much the retriever's opinion is worth, by maximum likelihood (Newton's steps).

    Args:
        examples: with the retriever's scores.

    Returns:
        0 or more; 0 if the retriever's order is no better than any other.

    Raises:
        DataError: an example does not know them.
    """
    if not all(one.retrieval for one in examples):
        raise DataError(
            "The examples do not hold the retriever's scores.",
            hint="Make them anew with build_examples, or train with residual=false.",
        )
    scores = [(standardise(one.retrieval), one.target) for one in examples]
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
    return beta


def beside_retriever(examples: Sequence[TokenExample], scale: float) -> list[TokenExample]:
    """The examples with ``scale * z`` as what is added to the model's logits."""
    return [
        replace(one, offsets=tuple((scale * standardise(one.retrieval)).tolist()))
        for one in examples
    ]
