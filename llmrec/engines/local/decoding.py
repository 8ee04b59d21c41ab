"""Generate token by token with a key-value cache: batches, stop words, seeds, cancellation.

Written out rather than left to ``model.generate``: finished texts leave the batch at once (on a CPU
every token counts), what all prompts begin with is read once, the global random state is never
touched, and between two tokens the caller may stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmrec.engines.local.grammar import Matcher
from llmrec.engines.local.prefix import read_once, shared_length
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.engines.stopping import cut_at_stop, shown_length

if TYPE_CHECKING:
    import torch

__all__ = ["Continuation", "Sampling", "decode", "shown_pieces"]


@dataclass(frozen=True)
class Sampling:
    """How texts are continued.

    ``max_tokens`` is the most new tokens of each, ``stop`` the words and ``end_ids`` the tokens
    that end a text. ``temperature`` 0 takes the likeliest token. Each prompt draws from its own
    generator of ``seed``, so that its text does not depend on what else is in the batch.
    """

    max_tokens: int
    stop: Sequence[str]
    end_ids: frozenset[int]
    temperature: float
    seed: int


@dataclass
class Continuation:
    """One prompt's answer while it grows. ``text`` is already cut at a stop word."""

    prompt_ids: list[int]
    matcher: Matcher | None = None
    new_ids: list[int] = field(default_factory=list)
    text: str = ""
    done: bool = False

    def add(
        self,
        token: int,
        sampling: Sampling,
        to_text: Callable[[Sequence[int], Sequence[int]], str],
    ) -> None:
        """Take the next token; sets ``done`` at an end token, a stop word or a grammar's end."""
        if token in sampling.end_ids:
            self.done = True
            return
        self.new_ids.append(token)
        self.text, self.done = cut_at_stop(to_text(self.prompt_ids, self.new_ids), sampling.stop)
        if self.matcher is not None and not self.done:
            self.matcher.take(token)
            self.done = self.matcher.ended


def decode(
    turn: Callable[[], AbstractContextManager[Any]],
    prompts: Sequence[list[int]],
    sampling: Sampling,
    to_text: Callable[[Sequence[int], Sequence[int]], str],
    matchers: Sequence[Matcher] | None = None,
) -> Iterator[list[Continuation]]:
    """Continue ``prompts``; yields all continuations, the same objects, after each step.

    The caller ends the generation by closing the iterator.

    Args:
        turn: gives the model, a causal language model in evaluation mode, for one step at a time.
        prompts: token ids, not empty.
        sampling: how.
        to_text: text of the new ids, given the prompt's ids and the new ones.
        matchers: for each prompt where its text stands in its constraint.
    """
    import torch

    free: Sequence[Matcher | None] = [None] * len(prompts)
    texts = [
        Continuation(ids, matcher) for ids, matcher in zip(prompts, matchers or free, strict=True)
    ]
    alive = list(range(len(texts)))
    draws = [torch.Generator().manual_seed(sampling.seed) for _ in texts]
    shared = shared_length(prompts)
    ids, mask = _left_padded([prompt[shared:] for prompt in prompts])
    cache: Any = None
    if shared:
        with turn() as model, torch.inference_mode(), torch_errors("reading the prompts"):
            cache = read_once(model, prompts[0][:shared], len(prompts))
        mask = torch.cat([mask.new_ones(len(prompts), shared), mask], dim=1)
    for _ in range(sampling.max_tokens):
        with turn() as model, torch.inference_mode(), torch_errors("generating text"):
            logits, cache = _step(model, ids, mask, cache)
            for row, row_logits in zip(alive, logits, strict=True):
                if (matcher := texts[row].matcher) is not None:
                    matcher.mask(row_logits)
        tokens = _choose(logits, sampling.temperature, [draws[row] for row in alive])
        for row, token in zip(alive, tokens, strict=True):
            texts[row].add(token, sampling, to_text)
        yield texts
        kept = [place for place, row in enumerate(alive) if not texts[row].done]
        if not kept:
            return
        ids = torch.tensor(tokens)[:, None]
        if len(kept) < len(alive):
            chosen = torch.tensor(kept)
            with torch_errors("generating text"):
                cache.batch_select_indices(chosen)
            mask, ids = mask[chosen], ids[chosen]
            alive = [alive[place] for place in kept]
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)


def _left_padded(prompts: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    longest = max(len(ids) for ids in prompts)
    padded = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros_like(padded)
    for row, ids in enumerate(prompts):
        padded[row, longest - len(ids) :] = torch.tensor(ids)
        mask[row, longest - len(ids) :] = 1
    return padded, mask


def _step(
    model: Any, ids: torch.Tensor, mask: torch.Tensor, cache: Any
) -> tuple[torch.Tensor, Any]:
    # Padding stands before each prompt's own part; positions count the real tokens only.
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    # Without padding no mask is needed, and attention takes its fast causal path.
    padded = None if bool(mask.all()) else mask.to(model.device)
    out = model(
        input_ids=ids.to(model.device),
        attention_mask=padded,
        position_ids=positions.to(model.device),
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


def shown_pieces(steps: Iterator[list[Continuation]], stop: Sequence[str]) -> Iterator[str]:
    """What may be shown of one growing text, piece by piece; the pieces join to the text."""
    shown, text = 0, ""
    for (step,) in steps:
        text = step.text
        end = len(text) if step.done else shown_length(text, stop)
        if end > shown:
            yield text[shown:end]
            shown = end
    if len(text) > shown:
        yield text[shown:]
