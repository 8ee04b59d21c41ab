"""Choose how a model runs on a machine, and say why; or suggest which model to run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmrec.config import EngineSettings
from llmrec.errors import LLMRecError, OutOfMemory
from llmrec.planner.machine import Machine
from llmrec.planner.options import VLLM_CAPABILITY, Option, card_of, usable
from llmrec.planner.search import (
    WORKABLE,
    Plan,
    Room,
    SearchOutcome,
    contexts,
    find_room,
    search,
    smallest_room,
)
from llmrec.planner.shapes import KNOWN_MODELS, KnownModel, Shape

__all__ = ["Suggestion", "choose", "suggest"]

CPU_PARAMETERS = 700_000_000
"""Models above this size are not suggested for a CPU: ranking takes longer than a page may load."""

_UNQUANTIZED = ("fp32", "bf16", "fp16", "fp8")


def choose(machine: Machine, shape: Shape, settings: EngineSettings, engine: str = "auto") -> Plan:
    """The plan for a model on a machine. Whatever the settings fix is kept, or refused.

    The precision follows from how large the device is, so that it is the same at every start; the
    room for context and batch also from what is free on a card now.

    Args:
        machine: where.
        shape: which model.
        settings: what is fixed already.
        engine: ``auto``, or the engine to plan within.

    Raises:
        ConfigError: a setting that this machine, engine or model cannot honour.
        EngineUnavailable: the device is not there.
        MissingExtra: the engine, or what the precision needs, is not installed.
        OutOfMemory: nothing that the settings allow fits.
    """
    outcome = search(machine, shape, settings, engine)
    if outcome.option is None:
        raise _too_large(machine, shape, settings, engine, outcome)
    notes = _fit_into_what_is_free(machine, shape, settings, outcome)
    return outcome.plan(
        shape, settings, (*_reasons(machine, shape, settings, engine, outcome), *notes)
    )


def _fit_into_what_is_free(
    machine: Machine, shape: Shape, settings: EngineSettings, outcome: SearchOutcome
) -> tuple[str, ...]:
    """Reduce the room where other programs use a part of the card; a sentence says so."""
    option, room = outcome.option, outcome.room
    if option is None or room is None or option.place == "cpu" or outcome.card is None:
        return ()
    cards = machine.cards[outcome.card : outcome.card + option.cards]
    free = min(card.free_bytes for card in cards)
    if free >= room.memory.total:
        return ()
    outcome.room = find_room(shape, option, settings, free)
    outcome.capacity = free
    if outcome.room is None:
        least = smallest_room(shape, option, settings).memory.total
        raise OutOfMemory(
            f"'{shape.name}' needs {_gigabytes(least)} in {option.precision}, and "
            f"{_gigabytes(free)} of {cards[0].name} are free.",
            hint="End the other programs on the card (nvidia-smi lists them), or set "
            "engine.precision to a smaller one.",
        )
    return (f"Other programs hold a part of the card: {_gigabytes(free)} are free.",)


def _too_large(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, outcome: SearchOutcome
) -> OutOfMemory:
    """The error for a model that does not fit: what it needs, what there is, what would fit."""
    option, room = min(outcome.tried, key=lambda attempt: attempt[1].memory.total)
    device = machine.cards[outcome.card].name if outcome.card is not None else "the main memory"
    each = f" on each of {option.cards} cards" if option.cards > 1 else ""
    return OutOfMemory(
        f"'{shape.name}' needs {_gigabytes(room.memory.total)}{each} in {option.precision} with "
        f"{room.context} tokens of context, and may take {_gigabytes(outcome.capacity)} of the "
        f"{_gigabytes(outcome.size)} of {device}.",
        hint=_hint(machine, shape, settings, engine, outcome),
    )


def _gigabytes(size: int) -> str:
    """``size`` bytes in words, e.g. ``5.8 GB``."""
    return f"{size / 1e9:.1f} GB"


def _hint(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, outcome: SearchOutcome
) -> str:
    if freed := _freed(machine, shape, settings, engine):
        return f"Set {freed}."
    hints = []
    if settings.precision == "auto" and not machine.installed("bitsandbytes"):
        hints.append("For int8 and nf4 run: pip install 'llmrec[quant]'.")
    other = _largest_that_fits(machine, shape.parameters)
    if other is not None:
        hints.append(
            f"A model that fits is {other.model}, {_gigabytes(other.memory.total)} in "
            f"{other.precision}."
        )
    return " ".join(hints) or "Use a smaller model."


def _freed(machine: Machine, shape: Shape, settings: EngineSettings, engine: str) -> str:
    """Which settings to change, and to what, for a plan that fits; empty if none would do."""
    for names in (("batch",), ("context",), ("precision",), ("context", "batch", "precision")):
        update = {name: "auto" if name == "precision" else None for name in names}
        relaxed = settings.model_copy(update=update)
        if relaxed == settings:
            continue
        for within in dict.fromkeys((engine, "auto")):
            try:
                outcome = search(machine, shape, relaxed, within)
            except LLMRecError:
                continue
            if outcome.option is None or outcome.room is None:
                continue
            plan = outcome.plan(shape, relaxed)
            values = ", ".join(f"engine.{name} to {getattr(plan, name)}" for name in names)
            switched = f", models.engine to {plan.engine}" if within != engine else ""
            return f"{values}{switched}: it takes {_gigabytes(plan.memory.total)}"
    return ""


def _reasons(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, outcome: SearchOutcome
) -> tuple[str, ...]:
    """One sentence each for engine, precision, cards, context and batch."""
    option, room = outcome.option, outcome.room
    assert option is not None and room is not None
    return (
        _engine(machine, engine, outcome, option),
        _precision(machine, shape, settings, outcome, option),
        *_spread(settings, outcome, option),
        _context(shape, settings, room),
        _batch(settings, option, room),
        *machine.notes,
    )


def _engine(machine: Machine, engine: str, outcome: SearchOutcome, option: Option) -> str:
    if engine != "auto":
        return f"{option.engine}: models.engine says so."
    if option.engine == "vllm":
        card = machine.cards[outcome.card or 0]
        what = f"{card.name}, compute capability {card.capability}"
        return f"vllm: it is installed and runs on {what}."
    if option.engine == "openvino":
        return "openvino: there is no card, and it is the fastest on a CPU of what is installed."
    if outcome.card is None:
        if machine.cards:
            card = machine.cards[0]
            return (
                f"transformers on the CPU: {card.name} is not used (engine.device, or its compute "
                f"capability of {card.capability})."
            )
        return "transformers: there is no card that can be used."
    card = machine.cards[outcome.card]
    if not machine.installed("vllm"):
        return "transformers: vLLM is not installed (pip install 'llmrec[gpu]')."
    if card.compute_capability < VLLM_CAPABILITY:
        least = ".".join(str(part) for part in VLLM_CAPABILITY)
        return (
            f"transformers: vLLM needs a compute capability of {least}, {card.name} has "
            f"{card.capability}."
        )
    if not usable("vllm", machine, outcome.card):
        return "transformers: the installed vLLM is a build for CPUs."
    return (
        f"transformers: it has room for {option.precision} on this card; vLLM takes more for "
        "itself, or does not make that precision."
    )


def _precision(
    machine: Machine, shape: Shape, settings: EngineSettings, outcome: SearchOutcome, option: Option
) -> str:
    name = option.precision
    if shape.quantization:
        return f"{name}: the weights are stored so."
    if settings.precision != "auto":
        return f"{name}: engine.precision says so."
    passed = [(option, room) for option, room in outcome.tried if option.precision != name]
    if passed:
        # The sentence names the better precision that came closest to fitting.
        other, room = min(passed, key=lambda pair: pair[1].memory.total)
        least = f"{room.memory.total / 1e9:.1f} GB"
        slow = "" if name != "bf16" or machine.has_bf16 else " This CPU is slow in bf16."
        if room.memory.total <= outcome.capacity:
            return f"{name}: {other.precision} would leave too little room for requests."
        return (
            f"{name}: {other.precision} would take {least} at least, of the "
            f"{outcome.capacity / 1e9:.1f} GB that may be taken.{slow}"
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


def _spread(settings: EngineSettings, outcome: SearchOutcome, option: Option) -> Iterator[str]:
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


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A model, its plan, and what to know before it is pulled."""

    known: KnownModel
    plan: Plan


def suggest(machine: Machine, settings: EngineSettings | None = None) -> list[Suggestion]:
    """The largest model of each family that runs there with room, in 16 bits or in fp8.

    Where a family has none, its largest with little room, else in int8 or nf4. On a CPU models of
    more than :data:`CPU_PARAMETERS` parameters are left out: speed is what runs short there.

    Args:
        machine: where.
        settings: device and shares; what they say of precision, context and batch is kept too.
    """
    settings = settings or EngineSettings()
    best: dict[str, Suggestion] = {}
    for known in KNOWN_MODELS.values():
        plan = _plan(machine, settings, known)
        if plan is None:
            continue
        # A family's models are listed from small to large: of two equally good ones take the later.
        before = best.get(known.family)
        if before is None or _quality(plan) >= _quality(before.plan):
            best[known.family] = Suggestion(known, plan)
    return sorted(best.values(), key=lambda suggestion: -suggestion.known.shape.parameters)


def _largest_that_fits(machine: Machine, below: int) -> Plan | None:
    """The largest known model of fewer than ``below`` parameters that fits; free ones first."""
    plans = [
        (known.gated, -known.shape.parameters, plan)
        for known in KNOWN_MODELS.values()
        if known.shape.parameters < below
        and (plan := _plan(machine, EngineSettings(), known)) is not None
        and _quality(plan) == 2
    ]
    return min(plans, key=lambda plan: plan[:2])[2] if plans else None


def _plan(machine: Machine, settings: EngineSettings, known: KnownModel) -> Plan | None:
    try:
        on_cpu = card_of(machine, settings) is None
        if on_cpu and known.shape.parameters > CPU_PARAMETERS:
            return None
        outcome = search(machine, known.shape, settings, "auto")
    except LLMRecError:
        return None
    return outcome.plan(known.shape, settings) if outcome.option is not None else None


def _quality(plan: Plan) -> int:
    """0 for int8 and nf4, 1 for little room, 2 for 16 bits (or fp8) with room."""
    if plan.precision not in _UNQUANTIZED:
        return 0
    return 2 if plan.batch >= WORKABLE else 1
