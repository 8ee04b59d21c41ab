"""Which well-known model a machine takes best."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.config import EngineSettings
from llmrec.errors import LLMRecError
from llmrec.planner.devices import card_of
from llmrec.planner.known import KNOWN_MODELS, KnownModel
from llmrec.planner.machine import Machine
from llmrec.planner.plan import Plan
from llmrec.planner.rooms import WORKABLE
from llmrec.planner.search import search

__all__ = ["Suggestion", "largest_that_fits", "suggest"]

CPU_PARAMETERS = 700_000_000
"""Above this a ranking on a common processor takes longer than anybody waits for a page."""

_UNQUANTIZED = ("fp32", "bf16", "fp16", "fp8")


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
        # Families are listed from small to large: a later one that is as good is the better one.
        before = best.get(known.family)
        if before is None or _quality(plan) >= _quality(before.plan):
            best[known.family] = Suggestion(known, plan)
    return sorted(best.values(), key=lambda one: -one.known.shape.parameters)


def largest_that_fits(machine: Machine, below: int) -> Plan | None:
    """The largest known model of fewer than ``below`` parameters that fits; free ones first."""
    plans = [
        (known.gated, -known.shape.parameters, plan)
        for known in KNOWN_MODELS.values()
        if known.shape.parameters < below
        and (plan := _plan(machine, EngineSettings(), known)) is not None
        and _quality(plan) == 2
    ]
    return min(plans, key=lambda one: one[:2])[2] if plans else None


def _plan(machine: Machine, settings: EngineSettings, known: KnownModel) -> Plan | None:
    try:
        on_cpu = card_of(machine, settings) is None
        if on_cpu and known.shape.parameters > CPU_PARAMETERS:
            return None
        found = search(machine, known.shape, settings, "auto")
    except LLMRecError:
        return None
    return found.plan(known.shape, settings) if found.option is not None else None


def _quality(plan: Plan) -> int:
    """2 for a plan with nothing to regret, 1 for one with little room, 0 for a coarse precision."""
    if plan.precision not in _UNQUANTIZED:
        return 0
    return 2 if plan.batch >= WORKABLE else 1
