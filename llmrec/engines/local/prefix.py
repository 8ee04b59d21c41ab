"""What several prompts begin with, read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["read_once", "shared_length"]


def shared_length(prompts: Sequence[list[int]], *, at_least: float = 16) -> int:
    """How many tokens all prompts begin with; 0 if that is fewer than ``at_least``.

    Each prompt keeps a token of its own, so that its own pass has something to read.

    >>> shared_length([[1, 2, 3, 4], [1, 2, 3, 5]], at_least=2)
    3
    >>> shared_length([[1, 2, 3], [1, 2, 3]], at_least=2)
    2
    """
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)
    shortest = min(len(one) for one in prompts) - 1
    same = next((i for i in range(shortest) if first[i] != last[i]), shortest)
    return same if same >= at_least else 0


def read_once(model: Any, ids: list[int], copies: int) -> Any:
    """The key-value cache of one prefix, for a batch of ``copies`` rows."""
    import torch

    out = model(
        input_ids=torch.tensor([ids], device=model.device), use_cache=True, logits_to_keep=1
    )
    out.past_key_values.batch_repeat_interleave(copies)
    return out.past_key_values
