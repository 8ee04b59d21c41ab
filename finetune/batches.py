"""What the batches of every training have in common: their lengths, and the order of a run."""

from __future__ import annotations

import random

__all__ = ["LENGTHS", "epoch_order", "rounded"]

LENGTHS = 16
"""Training and validation pad to a multiple of so many tokens: every new shape costs oneDNN memory
that it keeps, and a run with hundreds of lengths grew by gigabytes."""


def rounded(length: int) -> int:
    """The next multiple of :data:`LENGTHS`."""
    return -(-length // LENGTHS) * LENGTHS


def epoch_order(n: int, epoch: int, seed: int) -> list[int]:
    """The order of ``n`` examples in 0-based ``epoch``; a run that is resumed draws it again.

    >>> sorted(epoch_order(4, 0, seed=1))
    [0, 1, 2, 3]
    """
    order = list(range(n))
    random.Random(f"{seed}:{epoch}").shuffle(order)
    return order
