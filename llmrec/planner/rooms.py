"""Context, batch and cache for what memory is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmrec.config import EngineSettings
from llmrec.planner.memory import GENERATE_TOKENS, Memory, cache_bytes_per_token, estimate
from llmrec.planner.options import Option
from llmrec.planner.shapes import Shape

__all__ = [
    "WANTED_CONTEXT",
    "WORKABLE",
    "Room",
    "contexts",
    "find_room",
    "is_workable",
    "smallest_room",
]

WANTED_CONTEXT = 8192
"""Four times a ranking prompt of the default budget, and room for a long chat."""

_SMALLEST_CONTEXT = 2048
_USUAL_LENGTH = 2048
"""Tokens of a usual request, by which vLLM's cache is shared out."""

_BATCHES = {"vllm": (256, 128, 64, 32, 16, 8, 4), "cpu": (32, 16, 8, 4)}
WORKABLE = 4
"""Sequences below which a shorter context is the better bargain."""


@dataclass(frozen=True, slots=True)
class Room:
    """What fits: tokens of context, sequences at a time, tokens of cache, and the estimate."""

    context: int
    batch: int
    kv_tokens: int
    memory: Memory


def find_room(shape: Shape, option: Option, settings: EngineSettings, capacity: int) -> Room | None:
    """The most useful room within ``capacity`` bytes; ``None`` if even the smallest is too large.

    A full context comes first, as long as a few sequences fit beside each other; then a shorter
    one; then fewer sequences.
    """
    for least in (WORKABLE, 1):
        for context in contexts(shape, settings):
            for batch in _batches(option, settings, least):
                room = _fitting(shape, option, settings, capacity, context, batch)
                if room is not None:
                    return room
    return None


def is_workable(room: Room, settings: EngineSettings) -> bool:
    """Whether several sequences fit beside each other, or as many as the settings ask for."""
    return room.batch >= min(WORKABLE, settings.batch or WORKABLE)


def smallest_room(shape: Shape, option: Option, settings: EngineSettings) -> Room:
    """The least that the settings allow, whether it fits or not."""
    context = list(contexts(shape, settings))[-1]
    batch = settings.batch or 1
    tokens = _least_tokens(option, settings, context, batch)
    return Room(context, batch, tokens, _estimate(shape, option, settings, context, batch, tokens))


def contexts(shape: Shape, settings: EngineSettings) -> Iterator[int]:
    """The contexts to try, the best first."""
    if settings.context is not None:
        yield settings.context
        return
    context = min(shape.context, WANTED_CONTEXT)
    while True:
        yield context
        if context <= _SMALLEST_CONTEXT:
            return
        context = max(context // 2, _SMALLEST_CONTEXT)


def _batches(option: Option, settings: EngineSettings, least: int) -> tuple[int, ...]:
    if settings.batch is not None:
        return (settings.batch,)
    if least == 1:
        return (2, 1)
    return _BATCHES["vllm" if option.engine == "vllm" and option.device != "cpu" else "cpu"]


def _fitting(
    shape: Shape,
    option: Option,
    settings: EngineSettings,
    capacity: int,
    context: int,
    batch: int,
) -> Room | None:
    least = _least_tokens(option, settings, context, batch)
    memory = _estimate(shape, option, settings, context, batch, least)
    if memory.total > capacity:
        return None
    if option.engine != "vllm":
        return Room(context, batch, least, memory)
    # vLLM shares its cache out as requests come, so more of it is never lost.
    each = cache_bytes_per_token(shape, option.wide_bytes, context) / option.cards
    most = batch * (context if option.device != "cpu" else min(context, _USUAL_LENGTH))
    tokens = max(least, min(most, least + int((capacity - memory.total) / each)))
    memory = _estimate(shape, option, settings, context, batch, tokens)
    while memory.total > capacity and tokens > least:
        tokens -= 1
        memory = _estimate(shape, option, settings, context, batch, tokens)
    return Room(context, batch, tokens, memory)


def _least_tokens(option: Option, settings: EngineSettings, context: int, batch: int) -> int:
    """Tokens of cache without which this context and batch make no sense."""
    if option.engine == "vllm":
        # Who asks for a batch may let requests wait for each other.
        usual = 0 if settings.batch else batch * min(context, _USUAL_LENGTH)
        return max(context, usual)
    return max(context, min(GENERATE_TOKENS, batch * context))


def _estimate(
    shape: Shape,
    option: Option,
    settings: EngineSettings,
    context: int,
    batch: int,
    kv_tokens: int,
) -> Memory:
    return estimate(
        shape,
        option.precision,
        context=context,
        batch=batch,
        engine=option.engine,
        device="cpu" if option.device == "cpu" else "cuda",
        kv_tokens=kv_tokens,
        adapters=settings.max_adapters,
        adapter_rank=settings.max_adapter_rank,
        cards=option.cards,
        wide_bytes=option.wide_bytes,
    )
