"""In which ways a model can run on a machine at all, the best first, and why a setting is refused.

The sizes of the model play no part here: :mod:`llmrec.planner.search` asks what fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmrec.config import EngineSettings, Precision
from llmrec.errors import ConfigError, EngineUnavailable, MissingExtra
from llmrec.planner.machine import Machine
from llmrec.planner.shapes import Shape

__all__ = [
    "CPU_SHARE",
    "VLLM_CAPABILITY",
    "Option",
    "cannot_run",
    "capacity_of",
    "card_of",
    "check_settings",
    "precisions_of",
    "ways",
]

VLLM_CAPABILITY = (7, 5)
"""What vLLM's builds want of a card: https://docs.vllm.ai/en/latest/getting_started/installation/"""

_TORCH_CAPABILITY = (7, 0)
# The first cards that multiply a type in hardware: Ampere bf16, Ada fp8, Turing int8.
_BF16_CAPABILITY = (8, 0)
_FP8_CAPABILITY = (8, 9)
_INT8_CAPABILITY = (7, 5)
# Cards of one kind report sizes that differ a little: less than 256 MiB apart counts as equal.
_SAME_SIZE = 2**28
# Parameters beside the embeddings from which fp8 is preferred to 16 bits without room (_order).
_LARGE = 10**9

# vllm/config/model.py refuses these in float16, whose largest number they exceed.
_NOT_FP16 = frozenset({"gemma2", "gemma3", "gemma3_text", "glm4"})


@dataclass(frozen=True, slots=True)
class Option:
    """One way to run: engine, device, precision, and over how many cards.

    An option that must be ``workable`` is taken only if several sequences fit beside each other.
    """

    engine: str
    device: str
    precision: Precision
    cards: int = 1
    workable: bool = False

    @property
    def wide_bytes(self) -> int:
        """Bytes of a value that is not quantized: embeddings, cache, activations."""
        if self.precision == "fp32":
            return 4
        return 2 if self.device != "cpu" or self.precision in ("bf16", "fp16") else 4

    @property
    def place(self) -> str:
        """``cpu`` or ``cuda``."""
        return "cpu" if self.device == "cpu" else "cuda"


def ways(
    machine: Machine, shape: Shape, settings: EngineSettings, engine: str, card: int | None
) -> Iterator[Option]:
    """The options on card number ``card``, or on the CPU if it is ``None``, the best first.

    On a card: 16 bits with vLLM, over as few cards as will do; with transformers, which needs less
    memory for itself; in fp8, where the card multiplies it; then int8 and nf4. On a CPU: float32,
    bf16, int8 and nf4, each with OpenVINO before transformers.
    """
    options = _on_cpu(machine, shape) if card is None else _on_card(machine, shape, settings, card)
    for option in options:
        if engine not in ("auto", option.engine):
            continue
        # vLLM on a CPU starts slowly and reads no faster, so it runs only where it is asked for.
        if option.engine == "vllm" and option.device == "cpu" and engine == "auto":
            continue
        if settings.precision in ("auto", option.precision):
            yield option


def precisions_of(engine: str, machine: Machine, shape: Shape, card: int | None) -> set[Precision]:
    """Everything in which ``engine`` can run the model there, the slow and the odd included."""
    if shape.quantization:
        stored = _stored(shape, engine, machine, card)
        return {stored} if stored else set()
    quantized: set[Precision] = {"int8", "nf4"} if machine.installed("bitsandbytes") else set()
    if card is None:
        plain: dict[str, set[Precision]] = {
            "transformers": {"fp32", "bf16", *quantized},
            "vllm": {"fp32", "bf16"},
            "openvino": {"fp32", "int8", "bf16"} if machine.has_bf16 else {"fp32", "int8"},
        }
        return plain.get(engine, set())
    capability = machine.cards[card].compute_capability
    precisions: set[Precision] = {"fp32"}
    if capability >= _BF16_CAPABILITY:
        precisions.add("bf16")
    if shape.model_type not in _NOT_FP16:
        precisions.add("fp16")
    if engine == "vllm":
        return precisions | ({"fp8"} if capability >= _FP8_CAPABILITY else set())
    if engine == "transformers":
        if capability < _INT8_CAPABILITY:
            quantized.discard("int8")
        return precisions | quantized
    return set()


def usable(engine: str, machine: Machine, card: int | None) -> bool:
    """Whether ``engine`` is installed and runs there."""
    if engine == "vllm":
        on_cpu_build = "cpu" in machine.packages.get("vllm", "")
        if not machine.installed("vllm") or on_cpu_build != (card is None):
            return False
        return card is None or machine.cards[card].compute_capability >= VLLM_CAPABILITY
    if engine == "openvino":
        return card is None and machine.installed("openvino")
    if engine == "transformers":
        return card is None or machine.cards[card].compute_capability >= _TORCH_CAPABILITY
    return False


def _on_card(
    machine: Machine, shape: Shape, settings: EngineSettings, card: int
) -> Iterator[Option]:
    split = settings.tensor_parallel > 1 or settings.pipeline_parallel > 1
    able: dict[str, set[Precision]] = {
        engine: precisions_of(engine, machine, shape, card)
        for engine in ("vllm", "transformers")
        if usable(engine, machine, card) and not (split and engine == "transformers")
    }
    spread = _spreads(machine, shape, settings, card)
    device = settings.device if ":" in settings.device else f"cuda:{card}"
    for engine, precision, workable in _order(able, shape, settings):
        if precision not in able.get(engine, ()):
            continue
        if engine == "transformers":
            yield Option(engine, device, precision, workable=workable)
        else:
            yield from (Option(engine, "cuda", precision, n, workable) for n in spread)


def _on_cpu(machine: Machine, shape: Shape) -> Iterator[Option]:
    order: tuple[Precision, ...] = ("fp32", "bf16", "int8", "nf4")
    engines = [
        engine for engine in ("openvino", "transformers", "vllm") if usable(engine, machine, None)
    ]
    able = {engine: precisions_of(engine, machine, shape, None) for engine in engines}
    for precision in order:
        yield from (
            Option(engine, "cpu", precision) for engine in engines if precision in able[engine]
        )


def _order(
    able: Mapping[str, set[Precision]], shape: Shape, settings: EngineSettings
) -> Iterator[tuple[str, Precision, bool]]:
    """Engine, precision, and whether it must be workable, the best first."""
    given = settings.precision if settings.precision != "auto" else shape.quantization
    if given is not None:
        yield from (("vllm", given, True), ("transformers", given, False), ("vllm", given, False))
        return
    both = set().union(*able.values())
    wide: Precision = "bf16" if "bf16" in both else "fp16" if "fp16" in both else "fp32"
    yield "vllm", wide, True
    yield "transformers", wide, True
    # A large model is better off in fp8 with room than in 16 bits without. Below this size vLLM's
    # own memory outweighs what fp8 saves, and a larger card could end up with the worse precision.
    if shape.parameters - shape.embedding_parameters >= _LARGE:
        yield "vllm", "fp8", False
    yield "transformers", wide, False
    yield "vllm", wide, False
    yield "vllm", "fp8", False
    yield "transformers", "int8", False
    yield "transformers", "nf4", False


def _spreads(machine: Machine, shape: Shape, settings: EngineSettings, card: int) -> list[int]:
    """Over how many cards vLLM may spread the model: a few equal ones, a whole share of heads."""
    if settings.tensor_parallel > 1 or settings.pipeline_parallel > 1:
        return [settings.tensor_parallel * settings.pipeline_parallel]
    if settings.device not in ("auto", "cuda"):
        return [1]
    first = machine.cards[card]
    equal = sum(
        other.compute_capability == first.compute_capability
        and abs(other.memory_bytes - first.memory_bytes) < _SAME_SIZE
        for other in machine.cards
    )
    return [count for count in (1, 2, 4, 8) if count <= equal and shape.heads % count == 0]


def _stored(shape: Shape, engine: str, machine: Machine, card: int | None) -> Precision | None:
    """The precision of weights that lie quantized on the disk, if ``engine`` runs them there."""
    capability = machine.cards[card].compute_capability if card is not None else (0, 0)
    kept = shape.quantization
    if not kept:
        return None
    if kept in ("int8", "nf4"):
        fits = engine == "transformers" and machine.installed("bitsandbytes")
        return kept if fits else None
    if engine == "vllm" and card is not None:
        return kept if kept != "fp8" or capability >= _FP8_CAPABILITY else None
    if engine == "transformers" and kept in ("awq", "gptq"):
        return kept if machine.installed("gptqmodel") and card is not None else None
    if engine == "transformers" and kept == "fp8":
        return kept if capability >= _FP8_CAPABILITY else None
    return None


CPU_SHARE = 0.8
"""Share of the main memory that a model may take; the catalogue and the system need the rest."""

_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


def card_of(machine: Machine, settings: EngineSettings) -> int | None:
    """Which card the settings and the machine come to; ``None`` for the CPU.

    Raises:
        ConfigError: there is no such name of a device.
        EngineUnavailable: the device is not there.
    """
    device = settings.device
    if not _DEVICE.fullmatch(device):
        raise ConfigError(
            f"engine.device is '{device}'.", hint="Give auto, cpu, cuda, or cuda:N with a number."
        )
    if device == "cpu":
        return None
    number = int(device.partition(":")[2] or 0)
    if number >= len(machine.cards):
        if device == "auto":
            return None
        why = f" {machine.notes[0]}" if machine.notes else ""
        raise EngineUnavailable(
            f"engine.device is '{device}', and {len(machine.cards)} card(s) can be used here.{why}",
            hint="Set engine.device to auto or cpu; cards count from cuda:0.",
        )
    if device == "auto" and not any(
        usable(engine, machine, number) for engine in ("vllm", "transformers")
    ):
        return None
    return number


def capacity_of(
    machine: Machine, settings: EngineSettings, option: Option, card: int | None
) -> tuple[int, int]:
    """Bytes of the device (of each card), and how many of them may be taken."""
    if option.place == "cpu" or card is None:
        return machine.ram_bytes, int(CPU_SHARE * machine.ram_bytes)
    # Of unequal cards the smallest sets the limit: each takes the same share of the model.
    spread = machine.cards[card : card + option.cards] or machine.cards
    size = min(each.memory_bytes for each in spread)
    return size, int(settings.memory_share * size)


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
    engines = [
        name for name in _ENGINES if engine in ("auto", name) and usable(name, machine, card)
    ]
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
    able = {name: sorted(precisions_of(name, machine, shape, card)) for name in engines}
    runs = "; ".join(
        f"{name} runs {', '.join(names) or 'none of it'}" for name, names in able.items()
    )
    return ConfigError(
        f"'{shape.name}' cannot run in {wanted or 'any precision'} on {where}.",
        hint=f"There {runs}.",
    )
