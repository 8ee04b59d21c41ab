"""What several prompts begin with, read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["families", "read_once", "shared_length"]

# Of the longer of two neighbours. Prompts of different shoppers share their instructions, a quarter
# of a prompt; candidates of one shopper share nearly all.
_ALIKE = 0.5


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
    shortest = min(len(prompt) for prompt in prompts) - 1
    same = next((i for i in range(shortest) if first[i] != last[i]), shortest)
    return same if same >= at_least else 0


def families(prompts: Sequence[list[int]]) -> list[list[int]]:
    """Rows whose prompts begin alike, so that a batch of them has a beginning to share.

    Neighbours with half of their tokens in common are a family. All prompts without such a
    neighbour are one family too, the last: they may run together as well as with any.

    >>> families([[1, 2, 3], [1, 2, 4], [7, 8, 9], [5, 6, 7], [5, 6, 8]])
    [[0, 1], [3, 4], [2]]
    """
    groups: list[list[int]] = []
    for row, prompt in enumerate(prompts):
        if groups:
            pair = [prompts[row - 1], prompt]
            if shared_length(pair, at_least=_ALIKE * max(map(len, pair))):
                groups[-1].append(row)
                continue
        groups.append([row])
    alone = [row for group in groups if len(group) == 1 for row in group]
    return [group for group in groups if len(group) > 1] + ([alone] if alone else [])


def read_once(model: Any, ids: list[int], copies: int) -> Any:
    """The key-value cache of one prefix, for a batch of ``copies`` rows."""
    import torch

    out = model(
        input_ids=torch.tensor([ids], device=model.device), use_cache=True, logits_to_keep=1
    )
    out.past_key_values.batch_repeat_interleave(copies)
    return out.past_key_values
