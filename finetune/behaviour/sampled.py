r"""The loss over drawn items, for catalogues whose full softmax costs too much.

For a target ``t`` and ``m`` items drawn with probability ``q`` (with replacement)::

    loss = -z_t + log( exp z_t + sum_{s != t} exp(z_s - log(m q_s)) )

The sum in the logarithm has the softmax's own denominator as its expectation (Bengio & Senécal
2008; the correction is "logQ" of Yi et al. 2019). The target itself is always there and never drawn
for its own sake, so it takes no correction (Khrylchenko et al. 2025, "Correcting the LogQ
Correction").
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Proposal", "sampled_softmax_loss"]


class Proposal:
    """Draws items by a power of their counts: neither only popular ones nor all alike.

    Args:
        counts: events of each item ``[items]``.
        power: 0.75 is that of word2vec (Mikolov et al. 2013).
    """

    def __init__(self, counts: NDArray[np.int64], power: float = 0.75) -> None:
        weights = np.maximum(counts, 1).astype(np.float64) ** power
        self._bounds = torch.from_numpy(np.cumsum(weights / weights.sum()))
        self.log_q = torch.from_numpy(np.log(weights / weights.sum()).astype(np.float32))

    def draw(self, n: int) -> Tensor:
        """Rows int64 ``[n]``, from torch's generator."""
        places = torch.rand(n, dtype=torch.float64)
        return torch.searchsorted(self._bounds, places).clamp(max=len(self._bounds) - 1)


def sampled_softmax_loss(
    hidden: Tensor, chosen: Tensor, drawn: Tensor, targets: Tensor, rows: Tensor, log_q: Tensor
) -> Tensor:
    """Mean loss, a float32 scalar; see the top of this module.

    Args:
        hidden: ``[n, dim]``.
        chosen: the targets' vectors ``[n, dim]``.
        drawn: vectors of the drawn items ``[m, dim]``, the same for every target.
        targets: int64 ``[n]``.
        rows: of the drawn items, int64 ``[m]``.
        log_q: log-probabilities with which these were drawn ``[m]``.
    """
    target_scores = (hidden * chosen).sum(1).float()
    others = (hidden @ drawn.T).float() - (log_q + float(np.log(len(rows))))
    others = others.masked_fill(rows[None, :] == targets[:, None], float("-inf"))
    every = torch.cat([target_scores[:, None], others], dim=1)
    return (every.logsumexp(1) - target_scores).mean()
