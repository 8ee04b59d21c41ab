"""What prompts say behind the same beginning, read in rows in which they do not see each other.

::

    prefix (read once) ──┬── row 1:  tail a | tail b | tail c
                         └── row 2:  tail d | tail e

Tails of one list of candidates are short and of many lengths. A row for each would be half padding,
and each would have its own copy of the prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmrec.engines.local.head import float32_head
from llmrec.engines.local.prefix import read_once

if TYPE_CHECKING:
    import torch

__all__ = ["can_pack", "logits_behind_prefix", "rows_of"]

_ROW = 128
"""Tokens of a row. Attention looks at all pairs in a row and the mask hides most: on two cores rows
of 128 took .61 to .75 of the time of a row for each tail, rows of 512 .93 to 1.17
(docs/design/003-main-path.md)."""


def can_pack(model: Any) -> bool:
    """Whether all layers of a model look at all that a mask shows them; sliding windows do not."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return {*kinds} == {"full_attention"}
    return not getattr(config, "sliding_window", None)


def logits_behind_prefix(model: Any, prompts: Sequence[Sequence[int]], start: int) -> torch.Tensor:
    """Logits float32 ``[prompts, vocabulary]``, on the CPU, behind the last token of each prompt.

    Args:
        model: a causal language model in evaluation mode.
        prompts: token ids; their first ``start`` are the same, and each has more.
        start: length of the prefix, at least 1.
    """
    import torch

    tails = [prompt[start:] for prompt in prompts]
    rows = rows_of([len(tail) for tail in tails])
    width = max(sum(len(tails[place]) for place in row) for row in rows)
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    positions = torch.zeros(len(rows), width, dtype=torch.long)
    owners = torch.full((len(rows), width), -1)
    last: dict[int, tuple[int, int]] = {}
    for n, row in enumerate(rows):
        column = 0
        for place in row:
            end = column + len(tails[place])
            tokens[n, column:end] = torch.tensor(tails[place])
            positions[n, column:end] = torch.arange(start, start + end - column)
            owners[n, column:end] = place
            last[place] = (n, end - 1)
            column = end
    ends = torch.tensor([last[place] for place in range(len(tails))])
    prefix = read_once(model, list(prompts[0][:start]), len(rows))
    head = model.get_output_embeddings()
    # Over a whole vocabulary all other places would cost as much as a layer.
    hook = head.register_forward_pre_hook(lambda _, given: (given[0][ends[:, 0], ends[:, 1]],))
    try:
        with float32_head(model):
            logits: torch.Tensor = model(
                input_ids=tokens.to(model.device),
                attention_mask=_mask(owners, start, model.dtype).to(model.device),
                position_ids=positions.to(model.device),
                past_key_values=prefix,
                use_cache=True,
            ).logits
    finally:
        hook.remove()
    return logits.float().cpu()


def rows_of(lengths: Sequence[int], room: int = _ROW) -> list[list[int]]:
    """Places of tails by row, the longest first, each in the first row that has room for it.

    >>> rows_of([3, 5, 4, 2], room=8)
    [[1, 0], [2, 3]]
    """
    rows: list[list[int]] = []
    taken: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        fits = (n for n, tokens in enumerate(taken) if tokens + lengths[place] <= room)
        n = next(fits, None)
        if n is None:
            rows.append([place])
            taken.append(lengths[place])
        else:
            rows[n].append(place)
            taken[n] += lengths[place]
    return rows


def _mask(owners: torch.Tensor, start: int, dtype: torch.dtype) -> torch.Tensor:
    """``[rows, 1, width, start + width]``: a token sees the prefix and its own tail up to itself.

    It is added to the scores: a mask of truth values means something else to each kind of
    attention.
    """
    import torch

    rows, width = owners.shape
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    alike = (owners[:, :, None] == owners[:, None, :]) & causal
    seen = torch.cat([torch.ones(rows, width, start, dtype=torch.bool), alike], dim=2)
    hidden = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    return hidden[:, None]
