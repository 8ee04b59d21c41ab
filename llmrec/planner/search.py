"""The best way to run that fits: context, batch and cache for the memory that is left."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from llmrec.config import EngineSettings, Precision
from llmrec.planner.machine import Machine
from llmrec.planner.memory import GENERATE_TOKENS, Memory, cache_bytes_per_token, estimate
from llmrec.planner.options import Option, cannot_run, capacity_of, card_of, check_settings, ways
from llmrec.planner.shapes import Shape

__all__ = [
    "WANTED_CONTEXT",
    "WORKABLE",
    "Plan",
    "Room",
    "SearchOutcome",
    "contexts",
    "find_room",
    "is_workable",
    "search",
    "smallest_room",
]


@dataclass(frozen=True)
class Plan:
    """How a model runs on a machine.

    ``context``, ``batch`` and ``kv_tokens`` are tokens, sequences and tokens; ``memory`` is the
    estimate in bytes (of each card, if ``tensor_parallel`` or ``pipeline_parallel`` spread the
    model) and ``capacity`` what the plan may take of ``device_bytes``. ``reasons`` are sentences.
    """

    engine: str
    model: str
    device: str
    precision: Precision
    context: int
    batch: int
    kv_tokens: int
    memory: Memory
    capacity: int
    device_bytes: int
    reasons: tuple[str, ...]
    tensor_parallel: int = 1
    pipeline_parallel: int = 1

    @property
    def memory_share(self) -> float:
        """The estimate as a share of the device, rounded up to whole hundredths."""
        return max(0.01, math.ceil(100 * self.memory.total / self.device_bytes) / 100)

    def settings(self, settings: EngineSettings) -> EngineSettings:
        """``settings`` with everything filled in, for the engine to follow.

        vLLM reserves its share of a card at the start, so it is told the plan's, never more than
        the settings allow.
        """
        share = settings.memory_share
        if self.engine == "vllm":
            share = min(share, self.memory_share)
        return settings.model_copy(
            update={
                "device": self.device,
                "precision": self.precision,
                "context": self.context,
                "batch": self.batch,
                "memory_share": share,
                "tensor_parallel": self.tensor_parallel,
                "pipeline_parallel": self.pipeline_parallel,
            }
        )


WANTED_CONTEXT = 8192
"""Four times a ranking prompt of the default budget, and room for a long chat."""

_SMALLEST_CONTEXT = 2048
_USUAL_LENGTH = 2048
"""Tokens of a usual request, by which vLLM's cache is shared out."""

_BATCHES = {"vllm": (256, 128, 64, 32, 16, 8, 4), "cpu": (32, 16, 8, 4)}
WORKABLE = 4
"""With fewer sequences than this at a time, a shorter context is tried first."""


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
    # vLLM divides its cache among the requests as they come, so a larger cache is always used.
    each = cache_bytes_per_token(shape, option.wide_bytes, context) / option.cards
    most = batch * (context if option.device != "cpu" else min(context, _USUAL_LENGTH))
    tokens = max(least, min(most, least + int((capacity - memory.total) / each)))
    memory = _estimate(shape, option, settings, context, batch, tokens)
    while memory.total > capacity and tokens > least:
        tokens -= 1
        memory = _estimate(shape, option, settings, context, batch, tokens)
    return Room(context, batch, tokens, memory)


def _least_tokens(option: Option, settings: EngineSettings, context: int, batch: int) -> int:
    """The fewest tokens of cache with which this context and batch are useful."""
    if option.engine == "vllm":
        # With a fixed batch, requests may wait for each other: one full context is enough.
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


@dataclass
class SearchOutcome:
    """What a search came to.

    ``option`` and ``room`` are ``None`` if nothing fits; ``tried`` holds what was passed over, with
    the least room it needs (or what it had, if it was not workable).
    """

    card: int | None
    option: Option | None = None
    room: Room | None = None
    size: int = 0
    capacity: int = 0
    tried: list[tuple[Option, Room]] = field(default_factory=list)

    def plan(self, shape: Shape, settings: EngineSettings, reasons: tuple[str, ...] = ()) -> Plan:
        """The plan; only if something fits."""
        assert self.option is not None and self.room is not None
        stages = settings.pipeline_parallel
        split = self.option.cards // stages if self.option.engine == "vllm" else 1
        return Plan(
            engine=self.option.engine,
            model=shape.name,
            device=self.option.device,
            precision=self.option.precision,
            context=self.room.context,
            batch=self.room.batch,
            kv_tokens=self.room.kv_tokens,
            memory=self.room.memory,
            capacity=self.capacity,
            device_bytes=self.size,
            reasons=reasons,
            tensor_parallel=max(1, split),
            pipeline_parallel=stages,
        )


def search(machine: Machine, shape: Shape, settings: EngineSettings, engine: str) -> SearchOutcome:
    """The best way that fits into what a plan may take of the device.

    Raises:
        ConfigError: a setting that this machine, engine or model cannot honour.
        EngineUnavailable: the device is not there.
        MissingExtra: the engine, or what the precision needs, is not installed.
    """
    card = card_of(machine, settings)
    check_settings(machine, shape, settings, engine, card)
    options = list(ways(machine, shape, settings, engine, card))
    if not options:
        raise cannot_run(machine, shape, settings, engine, card)
    outcome = SearchOutcome(card)
    for option in options:
        outcome.size, outcome.capacity = capacity_of(machine, settings, option, card)
        room = find_room(shape, option, settings, outcome.capacity)
        if room is not None and (not option.workable or is_workable(room, settings)):
            outcome.option, outcome.room = option, room
            return outcome
        outcome.tried.append((option, room or smallest_room(shape, option, settings)))
    return outcome
