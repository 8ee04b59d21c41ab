"""Read prompts in one pass and give the logits behind each prompt's last token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from llmrec.engines.local.head import float32_head
from llmrec.engines.local.prefix import read_once, shared_length
from llmrec.engines.local.tails import can_pack, logits_behind_prefix
from llmrec.types import FloatArray

__all__ = ["last_logits", "log_softmax"]


# Of the longest prompt. A prefix in a cache costs attention its fast causal path: reading once the
# twentieth that prompts of different shoppers share is a loss. Candidates of one list share most.
_WORTH_SHARING = 0.25


def last_logits(model: Any, prompts: Sequence[list[int]]) -> FloatArray:
    """Logits ``[prompts, vocabulary]``, float32, behind the last token of each prompt.

    Padding stands on the right, where it changes nothing for the tokens before it (attention is
    causal), so that no mask is needed and attention takes its fast path. What all prompts begin
    with, one shopper's history say, is read once if it is a good part of them; then what follows
    is packed (:mod:`llmrec.engines.local.tails`) where the model's layers take a mask of ours.

    Args:
        model: a causal language model in evaluation mode.
        prompts: token ids, not empty.
    """
    import torch

    start = shared_length(prompts, at_least=_WORTH_SHARING * max(map(len, prompts)))
    if start and can_pack(model):
        behind: FloatArray = logits_behind_prefix(model, prompts, start).numpy()
        return behind
    rests = [prompt[start:] for prompt in prompts]
    longest = max(map(len, rests))
    padded = torch.zeros(len(rests), longest, dtype=torch.long)
    for row, rest in enumerate(rests):
        padded[row, : len(rest)] = torch.tensor(rest)
    last = torch.tensor([len(rest) - 1 for rest in rests])
    places, column = torch.unique(last, return_inverse=True)
    prefix: dict[str, Any] = {"use_cache": False}
    if start:
        positions = torch.arange(start, start + longest, device=model.device)
        prefix = {
            "use_cache": True,
            "past_key_values": read_once(model, prompts[0][:start], len(prompts)),
            "position_ids": positions.expand(len(rests), -1),
        }
    with float32_head(model):
        kept = _places(model, places)
        out = model(input_ids=padded.to(model.device), logits_to_keep=kept, **prefix)
    # [prompts, places, vocabulary] -> each prompt at its own last token
    values: FloatArray = out.logits[torch.arange(len(prompts)), column].float().cpu().numpy()
    return values


def log_softmax(logits: FloatArray) -> FloatArray:
    """Log-probabilities of ``logits``, computed in float64."""
    values = logits.astype(np.float64)
    values -= values.max()
    result: FloatArray = (values - np.log(np.exp(values).sum())).astype(np.float32)
    return result


def _places(model: Any, places: Any) -> Any:
    # With layers on several cards the last hidden states are on another card than the first
    # layer, and accelerate moves tensors, but not lists, to the first.
    spread = len(set((getattr(model, "hf_device_map", None) or {}).values())) > 1
    return places.tolist() if spread else places.to(model.device)
