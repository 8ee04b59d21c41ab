"""The order of a run: batches of similar length, drawn again alike by a run that is resumed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from llmrec.finetune.batches import epoch_order

__all__ = ["epoch_batches", "epoch_steps"]


def epoch_batches(
    lengths: Sequence[int], epoch: int, seed: int, *, batch: int, buckets: int
) -> list[list[int]]:
    """Indices of the examples of each forward pass in 0-based ``epoch``; each comes once.

    Of each ``buckets`` batches in a row the examples are sorted by length before they are dealt, so
    that a batch holds prompts of similar length and little padding; then the batches are shuffled.
    The last batch may be short and stays last.

    Args:
        lengths: tokens of each example.
        epoch: 0-based.
        seed: of the order.
        batch: examples in a forward pass.
        buckets: how many batches are sorted together; 1 leaves the order random.

    >>> batches = epoch_batches([9, 1, 8, 2, 5], 0, seed=0, batch=2, buckets=9)
    >>> sorted(map(sorted, batches))  # the two long ones, the two short ones, and what is left
    [[0, 2], [1, 3], [4]]
    """
    order = epoch_order(len(lengths), epoch, seed)
    whole = len(order) - len(order) % batch
    made: list[list[int]] = []
    for start in range(0, whole, batch * buckets):
        pool = order[start : min(start + batch * buckets, whole)]
        pool.sort(key=lambda index: lengths[index])
        made += [pool[at : at + batch] for at in range(0, len(pool), batch)]
    random.Random(f"{seed}:{epoch}:batches").shuffle(made)
    return [*made, order[whole:]] if whole < len(order) else made


def epoch_steps(batches: Sequence[list[int]], passes: int) -> list[list[list[int]]]:
    """The batches of each step, ``passes`` of them but for the last step."""
    return [list(batches[start : start + passes]) for start in range(0, len(batches), passes)]
