"""Which engine, precision, context and batch this machine takes, and why."""

from __future__ import annotations

from llmrec.config import EngineSettings
from llmrec.errors import WeightsMissing
from llmrec.planner.choose import Suggestion, choose, suggest
from llmrec.planner.machine import GraphicsCard, Machine, this_machine
from llmrec.planner.memory import PREFILL_TOKENS, Memory, estimate
from llmrec.planner.search import Plan
from llmrec.planner.shapes import Shape, known_shape, shape_of

__all__ = [
    "PREFILL_TOKENS",
    "GraphicsCard",
    "Machine",
    "Memory",
    "Plan",
    "Shape",
    "Suggestion",
    "choose",
    "estimate",
    "plan_here",
    "shape_named",
    "shape_of",
    "suggest",
    "this_machine",
]


def plan_here(model: str, settings: EngineSettings, engine: str = "auto") -> Plan:
    """The plan for weights that are on this machine; takes milliseconds, and imports no torch.

    Args:
        model: a name of ``llmrec models list``, a pulled hub id, or a folder.
        settings: what they fix is kept, or refused.
        engine: ``auto``, or the engine to plan within.

    Raises:
        WeightsMissing: the weights are not here.
        ModelError: there are none of that name, or they are no decoder's.
        ConfigError: a setting that machine, engine or model cannot honour.
        EngineUnavailable: the device is not there.
        MissingExtra: the engine, or what the precision needs, is not installed.
        OutOfMemory: nothing that the settings allow fits.
    """
    from llmrec.weights import locate

    shape = shape_of(locate(model), model)
    return choose(this_machine(), shape, settings, engine)


def shape_named(model: str) -> Shape:
    """The shape of weights that are here, or else of a well-known model of that name.

    Raises:
        WeightsMissing: they are not here, and not among the well-known ones.
        ModelError: there are none of that name, or they are no decoder's.
    """
    from llmrec.weights import locate

    try:
        return shape_of(locate(model), model)
    except WeightsMissing as error:
        known = known_shape(model)
        if known is None:
            raise WeightsMissing(
                f"The weights '{model}' are not on this machine, and their sizes are not known.",
                hint=f"Run: llmrec models pull {model}",
            ) from error
        return known
