"""What no amount of memory would mend: settings that machine, engine or model cannot honour."""

from __future__ import annotations

from llmrec.config import EngineSettings
from llmrec.errors import ConfigError, MissingExtra
from llmrec.planner.machine import Machine
from llmrec.planner.options import precisions_of, usable
from llmrec.planner.shapes import Shape

__all__ = ["cannot_run", "check_settings"]

_ENGINES = ("vllm", "transformers", "openvino")
_EXTRAS = {"vllm": ("vllm", "gpu"), "openvino": ("openvino", "cpu")}


def check_settings(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, card: int | None
) -> None:
    """Look at what the settings fix.

    Raises:
        ConfigError: it cannot be had.
        MissingExtra: the engine is not installed.
    """
    if engine != "auto" and engine not in _ENGINES:
        raise ConfigError(
            f"There is nothing to plan for the engine '{engine}'.",
            hint=f"Plans are made for: {', '.join(_ENGINES)}.",
        )
    if engine in _EXTRAS and not machine.installed(_EXTRAS[engine][0]):
        package, extra = _EXTRAS[engine]
        raise MissingExtra(package, extra=extra)
    if settings.context is not None and settings.context > shape.context:
        raise ConfigError(
            f"engine.context is {settings.context}, and '{shape.name}' takes {shape.context} "
            "tokens at most.",
            hint="Lower it, or leave it out.",
        )
    if shape.quantization and settings.precision not in ("auto", shape.quantization):
        raise ConfigError(
            f"engine.precision is '{settings.precision}', and the weights of '{shape.name}' are "
            f"stored as {shape.quantization}.",
            hint="Leave engine.precision to auto, or name the unquantized weights.",
        )
    if settings.precision in ("awq", "gptq") and not shape.quantization:
        raise ConfigError(
            f"engine.precision is '{settings.precision}', and the weights of '{shape.name}' are "
            "not stored so.",
            hint="Name weights that are, or set engine.precision to auto.",
        )
    _check_spread(machine, shape, settings, engine, card)


def _check_spread(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, card: int | None
) -> None:
    cards = settings.tensor_parallel
    if cards == 1 and settings.pipeline_parallel == 1:
        return
    if engine in ("transformers", "openvino"):
        raise ConfigError(
            f"The {engine} engine splits no layers: engine.tensor_parallel is {cards}, "
            f"engine.pipeline_parallel {settings.pipeline_parallel}.",
            hint="Set both to 1, or models.engine to vllm.",
        )
    if shape.heads % cards:
        raise ConfigError(
            f"engine.tensor_parallel is {cards}, which does not divide the {shape.heads} "
            f"attention heads of '{shape.name}'.",
            hint="Give a number that does.",
        )
    # Stages of a pipeline may lie on other machines (Ray), the cards of one stage may not.
    if card is not None and cards > len(machine.cards):
        raise ConfigError(
            f"engine.tensor_parallel is {cards}, and {len(machine.cards)} are here.",
            hint="Lower it; more machines are for engine.pipeline_parallel.",
        )


def cannot_run(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, card: int | None
) -> ConfigError | MissingExtra:
    """Why there is no way at all, whatever the size."""
    where = machine.cards[card].name if card is not None else "the CPU"
    wanted = settings.precision if settings.precision != "auto" else shape.quantization
    engines = [one for one in _ENGINES if engine in ("auto", one) and usable(one, machine, card)]
    if not engines:
        return ConfigError(
            f"The {engine} engine does not run on {where}"
            + (
                f" (compute capability {machine.cards[card].capability})."
                if card is not None
                else " as it is installed here."
            ),
            hint="Set models.engine to auto.",
        )
    if wanted in ("int8", "nf4") and not machine.installed("bitsandbytes"):
        return MissingExtra("bitsandbytes", extra="quant")
    able = {one: sorted(precisions_of(one, machine, shape, card)) for one in engines}
    runs = "; ".join(
        f"{one} runs {', '.join(names) or 'none of it'}" for one, names in able.items()
    )
    return ConfigError(
        f"'{shape.name}' cannot run in {wanted or 'any precision'} on {where}.",
        hint=f"There {runs}.",
    )
