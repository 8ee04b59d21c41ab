"""Why a plan is what it is, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator

from llmrec.config import EngineSettings
from llmrec.planner.machine import Machine
from llmrec.planner.options import VLLM_CAPABILITY, Option, usable
from llmrec.planner.rooms import Room, contexts
from llmrec.planner.search import SearchOutcome
from llmrec.planner.shapes import Shape

__all__ = ["reasons"]


def reasons(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, found: SearchOutcome
) -> tuple[str, ...]:
    """One sentence each for engine, precision, cards, context and batch."""
    option, room = found.option, found.room
    assert option is not None and room is not None
    return (
        _engine(machine, engine, found, option),
        _precision(machine, shape, settings, found, option),
        *_spread(settings, found, option),
        _context(shape, settings, room),
        _batch(settings, option, room),
        *machine.notes,
    )


def _engine(machine: Machine, engine: str, found: SearchOutcome, option: Option) -> str:
    if engine != "auto":
        return f"{option.engine}: models.engine says so."
    if option.engine == "vllm":
        card = machine.cards[found.card or 0]
        what = f"{card.name}, compute capability {card.capability}"
        return f"vllm: it is installed and runs on {what}."
    if option.engine == "openvino":
        return "openvino: there is no card, and it is the fastest on a CPU of what is installed."
    if found.card is None:
        if machine.cards:
            card = machine.cards[0]
            return (
                f"transformers on the CPU: {card.name} is not used (engine.device, or its compute "
                f"capability of {card.capability})."
            )
        return "transformers: there is no card that can be used."
    card = machine.cards[found.card]
    if not machine.installed("vllm"):
        return "transformers: vLLM is not installed (pip install 'llmrec[gpu]')."
    if card.compute_capability < VLLM_CAPABILITY:
        least = ".".join(str(part) for part in VLLM_CAPABILITY)
        return (
            f"transformers: vLLM needs a compute capability of {least}, {card.name} has "
            f"{card.capability}."
        )
    if not usable("vllm", machine, found.card):
        return "transformers: the installed vLLM is a build for CPUs."
    return (
        f"transformers: it has room for {option.precision} on this card; vLLM takes more for "
        "itself, or does not make that precision."
    )


def _precision(
    machine: Machine, shape: Shape, settings: EngineSettings, found: SearchOutcome, option: Option
) -> str:
    name = option.precision
    if shape.quantization:
        return f"{name}: the weights are stored so."
    if settings.precision != "auto":
        return f"{name}: engine.precision says so."
    passed = [(option, room) for option, room in found.tried if option.precision != name]
    if passed:
        # Of the better precisions, the closest to fitting is the one to tell about.
        other, room = min(passed, key=lambda pair: pair[1].memory.total)
        least = f"{room.memory.total / 1e9:.1f} GB"
        slow = "" if name != "bf16" or machine.has_bf16 else " This CPU is slow in bf16."
        if room.memory.total <= found.capacity:
            return f"{name}: {other.precision} would leave too little room for requests."
        return (
            f"{name}: {other.precision} would take {least} at least, of the "
            f"{found.capacity / 1e9:.1f} GB that may be taken.{slow}"
        )
    if option.place == "cpu":
        faster = (
            " It has bf16 instructions: engine.precision='bf16' is faster, and its answers "
            "differ a little."
            if machine.has_bf16 and option.engine == "transformers"
            else ""
        )
        return f"{name}: answers are the same on every CPU then.{faster}"
    if name == "bf16":
        return "bf16: the card computes in it, and the model fits."
    if name == "fp16":
        return "fp16: the card has no bf16, and the model fits."
    return f"{name}: the card has no bf16, and {shape.model_type} overflows in fp16."


def _spread(settings: EngineSettings, found: SearchOutcome, option: Option) -> Iterator[str]:
    if option.cards == 1:
        return
    if settings.tensor_parallel > 1 or settings.pipeline_parallel > 1:
        yield f"{option.cards} cards: engine.tensor_parallel and pipeline_parallel say so."
    else:
        yield f"{option.cards} cards: on fewer, {option.precision} leaves too little room."


def _context(shape: Shape, settings: EngineSettings, room: Room) -> str:
    if settings.context is not None:
        return f"{room.context} tokens of context: engine.context says so."
    if room.context < next(contexts(shape, settings)):
        return f"{room.context} tokens of context: memory has no room for more."
    if room.context == shape.context:
        return f"{room.context} tokens of context: all that the model takes."
    return (
        f"{room.context} tokens of context, of the model's {shape.context}: four times a ranking "
        "prompt; engine.context changes it."
    )


def _batch(settings: EngineSettings, option: Option, room: Room) -> str:
    if settings.batch is not None:
        return f"Batches of {room.batch}: engine.batch says so."
    room_left = f"{room.kv_tokens} tokens of keys and values"
    if room.batch == 1:
        return f"One sequence at a time, with {room_left}."
    return f"{room.batch} sequences at a time, which share room for {room_left}."
