"""Generate token by token with a key-value cache: batches, stop words, seeds, cancellation.

Written out rather than left to ``model.generate``: finished texts leave the batch at once (on a CPU
every token counts), what all prompts begin with is read once, the global random state is never
touched, and between two tokens the caller may stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmrec.engines.local.torch_errors import torch_errors
from llmrec.engines.stopping import cut_at_stop

if TYPE_CHECKING:
    import torch

__all__ = ["Continuation", "decode"]

_WORTH_SHARING = 16


@dataclass
class Continuation:
    """One prompt's answer while it grows. ``text`` is already cut at a stop word."""

    prompt_ids: list[int]
    new_ids: list[int] = field(default_factory=list)
    text: str = ""
    done: bool = False

    def add(
        self,
        token: int,
        end_ids: frozenset[int],
        stop: Sequence[str],
        to_text: Callable[[Sequence[int], Sequence[int]], str],
    ) -> None:
        """Take the next token; sets ``done`` at an end token or a stop word."""
        if token in end_ids:
            self.done = True
            return
        self.new_ids.append(token)
        self.text, self.done = cut_at_stop(to_text(self.prompt_ids, self.new_ids), stop)


def decode(
    model: Any,
    lock: threading.RLock,
    prompts: Sequence[list[int]],
    *,
    max_tokens: int,
    stop: Sequence[str],
    temperature: float,
    seed: int,
    end_ids: frozenset[int],
    to_text: Callable[[Sequence[int], Sequence[int]], str],
) -> Iterator[list[Continuation]]:
    """Continue ``prompts``; yields all continuations, the same objects, after each step.

    The caller ends the generation by closing the iterator. ``lock`` is held during a step only.

    Args:
        model: a causal language model of transformers, in evaluation mode.
        lock: held while the model runs.
        prompts: token ids, not empty.
        max_tokens: most new tokens of each.
        stop: words that end a text.
        temperature: 0 takes the likeliest token.
        seed: each prompt draws from its own generator of this seed, so that its text does not
            depend on what else is in the batch.
        end_ids: tokens that end a text.
        to_text: text of the new ids, given the prompt's ids and the new ones.
    """
    import torch

    texts = [Continuation(ids) for ids in prompts]
    alive = list(range(len(texts)))
    draws = [torch.Generator().manual_seed(seed) for _ in texts]
    shared = _shared_length(prompts)
    ids, mask = _left_padded([one[shared:] for one in prompts], model.device)
    cache: Any = None
    if shared:
        with lock, torch.inference_mode(), torch_errors("reading the prompts"):
            cache = _read_once(model, prompts[0][:shared], len(prompts))
        mask = torch.cat([mask.new_ones(len(prompts), shared), mask], dim=1)
    for _ in range(max_tokens):
        with lock, torch.inference_mode(), torch_errors("generating text"):
            logits, cache = _step(model, ids, mask, cache)
        tokens = _choose(logits, temperature, [draws[row] for row in alive])
        for row, token in zip(alive, tokens, strict=True):
            texts[row].add(token, end_ids, stop, to_text)
        yield texts
        kept = [place for place, row in enumerate(alive) if not texts[row].done]
        if not kept:
            return
        last = torch.tensor(tokens, device=model.device)[:, None]
        if len(kept) < len(alive):
            chosen = torch.tensor(kept, device=model.device)
            cache.batch_select_indices(chosen)
            mask, last = mask[chosen], last[chosen]
            alive = [alive[place] for place in kept]
        ids = last
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)


def _shared_length(prompts: Sequence[list[int]]) -> int:
    """How many tokens all prompts begin with, if reading them once is worth a pass of its own."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)
    # Each prompt keeps a token: its own pass must have something to read.
    shortest = min(len(first), len(last), *(len(one) for one in prompts)) - 1
    same = next((i for i in range(shortest) if first[i] != last[i]), shortest)
    return same if same >= _WORTH_SHARING else 0


def _read_once(model: Any, ids: list[int], copies: int) -> Any:
    import torch

    out = model(
        input_ids=torch.tensor([ids], device=model.device), use_cache=True, logits_to_keep=1
    )
    out.past_key_values.batch_repeat_interleave(copies)
    return out.past_key_values


def _left_padded(
    prompts: Sequence[list[int]], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    longest = max(len(ids) for ids in prompts)
    padded = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros_like(padded)
    for row, ids in enumerate(prompts):
        padded[row, longest - len(ids) :] = torch.tensor(ids)
        mask[row, longest - len(ids) :] = 1
    return padded.to(device), mask.to(device)


def _step(
    model: Any, ids: torch.Tensor, mask: torch.Tensor, cache: Any
) -> tuple[torch.Tensor, Any]:
    # Padding stands before each prompt's own part; positions count the real tokens only.
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    # Without padding no mask is needed, and attention takes its fast causal path.
    padded = None if bool(mask.all()) else mask
    out = model(
        input_ids=ids,
        attention_mask=padded,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return out.logits[:, -1].float().cpu(), out.past_key_values


def _choose(
    logits: torch.Tensor, temperature: float, draws: Sequence[torch.Generator]
) -> list[int]:
    import torch

    if temperature == 0.0:
        return [int(token) for token in logits.argmax(dim=-1)]
    shares = torch.softmax(logits / temperature, dim=-1)
    return [
        int(torch.multinomial(row, 1, generator=draw))
        for row, draw in zip(shares, draws, strict=True)
    ]
