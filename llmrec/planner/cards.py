"""A card that is sold in each of the usual sizes, for tables and for ``llmrec doctor --card``."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.planner.machine import Machine

__all__ = ["EXAMPLE_CARDS", "ExampleCard", "imagined"]


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
    # Like the largest of the example cards that is not larger, or like the smallest of all.
    fitting = [one for one in EXAMPLE_CARDS if one.memory_gb <= memory_gb] or EXAMPLE_CARDS[:1]
    like = fitting[-1]
    same = compute_capability in (None, like.compute_capability) and like.memory_gb == memory_gb
    return Machine.with_card(
        memory_gb,
        compute_capability or like.compute_capability,
        name=f"{like.name} ({memory_gb:g} GB)" if same else "",
        base=base,
    )
