"""Which device a plan is for, and how much of its memory it may take."""

from __future__ import annotations

import re

from llmrec.config import EngineSettings
from llmrec.errors import ConfigError, EngineUnavailable
from llmrec.planner.machine import Machine
from llmrec.planner.options import Option, usable

__all__ = ["CPU_SHARE", "capacity_of", "card_of"]

CPU_SHARE = 0.8
"""Of the main memory, that a model may take: the rest is the catalogue's and the system's."""

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
    size = min(one.memory_bytes for one in spread)
    return size, int(settings.memory_share * size)
