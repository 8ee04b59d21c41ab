"""The error for a model that does not fit: what it needs, what there is, what would fit."""

from __future__ import annotations

from llmrec.config import EngineSettings
from llmrec.errors import LLMRecError, OutOfMemory
from llmrec.planner.machine import Machine
from llmrec.planner.search import SearchOutcome, search
from llmrec.planner.shapes import Shape
from llmrec.planner.suggest import largest_that_fits

__all__ = ["gigabytes", "too_large"]


def too_large(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, found: SearchOutcome
) -> OutOfMemory:
    """Names the smallest that was tried, the memory, and the next smaller thing that fits."""
    option, room = min(found.tried, key=lambda one: one[1].memory.total)
    device = machine.cards[found.card].name if found.card is not None else "the main memory"
    each = f" on each of {option.cards} cards" if option.cards > 1 else ""
    return OutOfMemory(
        f"'{shape.name}' needs {gigabytes(room.memory.total)}{each} in {option.precision} with "
        f"{room.context} tokens of context, and may take {gigabytes(found.capacity)} of the "
        f"{gigabytes(found.size)} of {device}.",
        hint=_hint(machine, shape, settings, engine, found),
    )


def gigabytes(size: int) -> str:
    """``size`` bytes in words, e.g. ``5.8 GB``."""
    return f"{size / 1e9:.1f} GB"


def _hint(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, found: SearchOutcome
) -> str:
    if freed := _freed(machine, shape, settings, engine):
        return f"Set {freed}."
    hints = []
    if settings.precision == "auto" and not machine.installed("bitsandbytes"):
        hints.append("For int8 and nf4 run: pip install 'llmrec[quant]'.")
    other = largest_that_fits(machine, shape.parameters)
    if other is not None:
        hints.append(
            f"A model that fits is {other.model}, {gigabytes(other.memory.total)} in "
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
                found = search(machine, shape, relaxed, within)
            except LLMRecError:
                continue
            if found.option is None or found.room is None:
                continue
            plan = found.plan(shape, relaxed)
            values = ", ".join(f"engine.{name} to {getattr(plan, name)}" for name in names)
            switched = f", models.engine to {plan.engine}" if within != engine else ""
            return f"{values}{switched}: it takes {gigabytes(plan.memory.total)}"
    return ""
