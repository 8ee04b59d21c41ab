"""In which ways a model can run on a machine at all, the best first; sizes play no part here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmrec.config import EngineSettings, Precision
from llmrec.planner.machine import Machine
from llmrec.planner.shapes import Shape

__all__ = ["VLLM_CAPABILITY", "Option", "precisions_of", "ways"]

VLLM_CAPABILITY = (7, 5)
"""What vLLM's builds want of a card: https://docs.vllm.ai/en/latest/getting_started/installation/"""

_TORCH_CAPABILITY = (7, 0)
_BF16_CAPABILITY = (8, 0)
_FP8_CAPABILITY = (8, 9)
_INT8_CAPABILITY = (7, 5)
_SAME_SIZE = 2**28
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
        # vLLM on a CPU is there for who asks for it: it starts slowly and reads no faster.
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
