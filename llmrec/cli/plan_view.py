"""The planner's choice as lines of ``llmrec doctor``, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from llmrec.cli.checks import Finding
from llmrec.config import EngineSettings, Settings
from llmrec.errors import ConfigError, LLMRecError
from llmrec.planner import Machine, Plan, choose, shape_named, suggest
from llmrec.planner.machine import imagined

__all__ = ["imagined_machines", "plan_as_json", "plan_findings", "plan_or_error", "without_plan"]

_UNPLANNED = {
    "scripted": "scripted: fixed answers for tests, nothing to plan",
    "openai": "openai: a server runs the model, nothing to plan here",
}


def without_plan(engine: str) -> str:
    """What to say of an engine that needs no plan; empty for the others."""
    return _UNPLANNED.get(engine, "")


def imagined_machines(
    cards: list[str], capability: str | None, here: Machine
) -> Iterator[tuple[str, Machine]]:
    """A heading and a machine for each ``--card``: this one with that card, or with ``none``.

    Raises:
        ConfigError: a card's size is no number, or the capability no capability.
    """
    for card in cards:
        if card.strip().lower() == "none":
            bare = Machine(here.cores, here.ram_bytes, here.instructions, (), here.packages)
            yield "no card", bare
            continue
        try:
            size = float(card.strip().lower().removesuffix("gb"))
        except ValueError:
            size = 0.0
        # The comparison is also false for "nan".
        if not 0 < size < 10_000:
            raise ConfigError(
                f"--card '{card}' is no size of a card.", hint="Give gigabytes, e.g. 8, or none."
            )
        yield f"{size:g} GB", imagined(size, capability, base=here)


def plan_or_error(
    machine: Machine, model: str, settings: EngineSettings, engine: str
) -> Plan | LLMRecError:
    """The plan, or why there is none."""
    try:
        return choose(machine, shape_named(model), settings, engine)
    except LLMRecError as error:
        return error


def plan_findings(
    machine: Machine, plan: Plan | LLMRecError, settings: Settings, *, area: str = "plan"
) -> Iterator[Finding]:
    """The plan line by line: what, how much memory, why, and which models suit the machine."""
    if isinstance(plan, LLMRecError):
        yield Finding(area, "plan", plan.message, "problem", plan.hint)
    else:
        yield Finding(area, "model", plan.model)
        cards = f" over {_cards(plan)} cards" if _cards(plan) > 1 else ""
        yield Finding(area, "engine", f"{plan.engine} on {plan.device}{cards}")
        yield Finding(area, "precision", plan.precision)
        yield Finding(area, "context", f"{plan.context} tokens")
        yield Finding(area, "batch", f"{_sequences(plan.batch)}, {plan.kv_tokens} tokens of cache")
        yield Finding(area, "memory", _memory(plan))
        yield from (Finding(area, "why", reason) for reason in plan.reasons)
    yield from (Finding(area, "suits", line) for line in _suggestions(machine, settings.engine))


def plan_as_json(machine: Machine, plan: Plan | LLMRecError, heading: str = "") -> dict[str, Any]:
    """The plan with everything in it, for ``--json``."""
    card = machine.cards[0] if machine.cards else None
    head: dict[str, Any] = {
        "machine": heading or "this machine",
        "card": None
        if card is None
        else {
            "name": card.name,
            "memory_bytes": card.memory_bytes,
            "compute_capability": card.capability,
            "count": len(machine.cards),
        },
        "suits": [
            {
                "model": suggestion.known.name,
                "engine": suggestion.plan.engine,
                "precision": suggestion.plan.precision,
                "memory_bytes": suggestion.plan.memory.total,
            }
            for suggestion in suggest(machine)
        ],
    }
    if isinstance(plan, LLMRecError):
        return {**head, "plan": None, "error": plan.message, "hint": plan.hint}
    values = asdict(plan)
    values["memory"]["total"] = plan.memory.total
    return {**head, "plan": values}


def _cards(plan: Plan) -> int:
    return plan.tensor_parallel * plan.pipeline_parallel


def _sequences(count: int) -> str:
    return "1 sequence" if count == 1 else f"{count} sequences"


def _memory(plan: Plan) -> str:
    memory = plan.memory
    parts = ", ".join(
        f"{name} {size / 1e9:.2f}"
        for name, size in (
            ("weights", memory.weights),
            ("cache", memory.kv),
            ("activations", memory.activations),
            ("adapters", memory.adapters),
            ("overhead", memory.overhead),
        )
    )
    each = "each card " if _cards(plan) > 1 else ""
    return (
        f"{each}{memory.total / 1e9:.2f} GB of {plan.capacity / 1e9:.2f} that may be taken: {parts}"
    )


def _suggestions(machine: Machine, settings: EngineSettings) -> Iterator[str]:
    for suggestion in suggest(machine, EngineSettings(memory_share=settings.memory_share)):
        plan = suggestion.plan
        yield (
            f"{suggestion.known.name} in {plan.precision} on {plan.engine}, "
            f"{_needed(plan) / 1e9:.1f} GB and {plan.kv_tokens} tokens of cache "
            f"({suggestion.known.licence}{', gated' if suggestion.known.gated else ''})"
        )


def _needed(plan: Plan) -> int:
    """The estimate without the cache, which takes what is left."""
    return plan.memory.total - plan.memory.kv
