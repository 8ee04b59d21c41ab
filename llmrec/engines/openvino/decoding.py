"""Generate token by token over sequences in blocks: what is done leaves, nothing is padded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Many
from contextlib import AbstractContextManager
from typing import TypeAlias

import numpy as np

from llmrec.engines.calls import Deadline
from llmrec.engines.local.decoding import Continuation, Sampling
from llmrec.engines.local.grammar import Matcher
from llmrec.engines.openvino.network import PagedNetwork
from llmrec.engines.openvino.paging import Blocks, Sequence
from llmrec.types import FloatArray

__all__ = ["Turn", "decode", "open_sequences"]

Turn: TypeAlias = Callable[[], AbstractContextManager[PagedNetwork]]
"""Gives the network, for this thread alone, for one step."""


def open_sequences(
    prompts: Many[list[int]], network: PagedNetwork, blocks: Blocks
) -> list[Sequence]:
    """Sequences for prompts that are read in one pass; what all begin with is read once.

    Args:
        prompts: token ids, not empty.
        network: that will read them, in this order.
        blocks: where the first takes its blocks; the others share those of the beginning.
    """
    sequences = [Sequence(list(prompt)) for prompt in prompts]
    # Each keeps a token of its own: there must be something to read.
    most = min(len(prompt) for prompt in prompts) - 1
    first, last = min(prompts), max(prompts)
    same = next((place for place in range(most) if first[place] != last[place]), most)
    shared = same // network.block
    if shared and len(prompts) > 1:
        sequences[0].blocks = blocks.take(shared)
        for sequence in sequences[1:]:
            sequence.blocks = blocks.share(sequences[0].blocks)
            sequence.read = shared * network.block
    return sequences


def decode(
    turn: Turn,
    blocks: Blocks,
    prompts: Many[list[int]],
    sampling: Sampling,
    to_text: Callable[[Many[int], Many[int]], str],
    matchers: Many[Matcher] | None,
    deadline: Deadline,
) -> Iterator[list[Continuation]]:
    """Continue ``prompts``; yields all continuations, the same objects, after each step.

    The caller ends the generation by closing the iterator, which gives the blocks back.

    Args:
        turn: gives the network for a step.
        blocks: of keys and values.
        prompts: token ids, not empty.
        sampling: how.
        to_text: text of the new ids, given the prompt's ids and the new ones.
        matchers: for each prompt where its text stands in its constraint.
        deadline: of the whole call.
    """
    free: Many[Matcher | None] = [None] * len(prompts)
    texts = [
        Continuation(ids, matcher) for ids, matcher in zip(prompts, matchers or free, strict=True)
    ]
    draws = [np.random.default_rng(sampling.seed) for _ in texts]
    sequences: list[Sequence] = []
    try:
        for _ in range(sampling.max_tokens):
            with turn() as network:
                if not sequences:
                    sequences = open_sequences(prompts, network, blocks)
                alive = [row for row, text in enumerate(texts) if not text.done]
                logits = network.read([sequences[row] for row in alive], deadline)
            for row, row_logits in zip(alive, logits, strict=True):
                _mask(texts[row].matcher, row_logits)
                token = _choose(row_logits, sampling.temperature, draws[row])
                sequences[row].ids.append(token)
                texts[row].add(token, sampling, to_text)
                if texts[row].done:
                    blocks.give_back(sequences[row])
            yield texts
            if all(text.done for text in texts):
                return
    finally:
        for sequence in sequences:
            blocks.give_back(sequence)


def _mask(matcher: Matcher | None, logits: FloatArray) -> None:
    import torch

    if matcher is not None:
        matcher.mask(torch.from_numpy(logits))


def _choose(logits: FloatArray, temperature: float, draw: np.random.Generator) -> int:
    if temperature == 0.0:
        return int(logits.argmax())
    scaled = logits.astype(np.float64) / temperature
    shares = np.exp(scaled - scaled.max())
    return int(draw.choice(len(shares), p=shares / shares.sum()))
