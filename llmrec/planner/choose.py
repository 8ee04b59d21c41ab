"""Choose how a model runs on a machine: the best way that fits, and why."""

from __future__ import annotations

from llmrec.config import EngineSettings
from llmrec.errors import OutOfMemory
from llmrec.planner.machine import Machine
from llmrec.planner.plan import Plan
from llmrec.planner.reasons import reasons
from llmrec.planner.rooms import find_room, smallest_room
from llmrec.planner.search import SearchOutcome, search
from llmrec.planner.shapes import Shape
from llmrec.planner.shortage import gigabytes, too_large

__all__ = ["choose"]


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
    found = search(machine, shape, settings, engine)
    if found.option is None:
        raise too_large(machine, shape, settings, engine, found)
    notes = _heed_what_is_free(machine, shape, settings, found)
    return found.plan(shape, settings, (*reasons(machine, shape, settings, engine, found), *notes))


def _heed_what_is_free(
    machine: Machine, shape: Shape, settings: EngineSettings, found: SearchOutcome
) -> tuple[str, ...]:
    """Less room, and a sentence about it, where other programs hold a part of the card."""
    option, room = found.option, found.room
    if option is None or room is None or option.place == "cpu" or found.card is None:
        return ()
    cards = machine.cards[found.card : found.card + option.cards]
    free = min(one.free_bytes for one in cards)
    if free >= room.memory.total:
        return ()
    found.room = find_room(shape, option, settings, free)
    found.capacity = free
    if found.room is None:
        least = smallest_room(shape, option, settings).memory.total
        raise OutOfMemory(
            f"'{shape.name}' needs {gigabytes(least)} in {option.precision}, and "
            f"{gigabytes(free)} of {cards[0].name} are free.",
            hint="End the other programs on the card (nvidia-smi lists them), or set "
            "engine.precision to a smaller one.",
        )
    return (f"Other programs hold a part of the card: {gigabytes(free)} are free.",)
