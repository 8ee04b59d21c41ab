"""Run a batch, in halves where it does not fit into memory."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence

from llmrec.errors import OutOfMemory

__all__ = ["free_memory", "run_in_halves"]

_LOG = logging.getLogger(__name__)


def run_in_halves(run: Callable[[Sequence[int]], None], batch: Sequence[int]) -> int:
    """Call ``run`` with ``batch``, and with its halves as often as it is out of memory.

    Args:
        run: takes some of the batch's rows; what it had done before it failed is done again.
        batch: rows.

    Returns:
        How many times memory was too small.

    Raises:
        OutOfMemory: one row alone does not fit.

    >>> def run(rows):
    ...     if len(rows) > 2:
    ...         raise OutOfMemory("Too many.")
    ...     print(rows)
    >>> run_in_halves(run, [4, 7, 9])
    [4]
    [7, 9]
    1
    """
    waiting, failures = [list(batch)], 0
    while waiting:
        rows = waiting.pop()
        try:
            run(rows)
            continue
        except OutOfMemory:
            if len(rows) == 1:
                raise
        # Outside of the handler: while the exception lives, so do the failed pass's tensors.
        free_memory()
        failures += 1
        half = len(rows) // 2
        _LOG.warning(
            "%d prompts do not fit into memory together; trying %d (engine.batch limits them)",
            len(rows),
            len(rows) - half,
        )
        waiting += [rows[half:], rows[:half]]
    return failures


def free_memory() -> None:
    """Give unused memory of cards back, so that other allocations find it."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
