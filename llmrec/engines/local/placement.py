"""On which device, or devices, a decoder runs, and in which floating point type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.errors import ConfigError, EngineUnavailable, OutOfMemory

if TYPE_CHECKING:
    import torch

__all__ = ["SPREAD", "floating_type", "place", "spread_needed"]

SPREAD = "auto"
"""The device map of accelerate that lays layers over all cards."""

_NAME = re.compile(r"auto|cpu|cuda(:\d+)?")
# Of a card's free memory, for weights; the rest holds keys, values and activations.
_SHARE_FOR_WEIGHTS = 0.8
_BYTES = {"int8": 1.05, "nf4": 0.6, "fp32": 4.0}
_TYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


def place(device: str, folder: Path, precision: str) -> str:
    """``cpu``, ``cuda:N``, or :data:`SPREAD` for several cards.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; ``cuda`` is as many cards as are needed.
        folder: of the weights; their size tells whether one card is enough.
        precision: in which they will be loaded.

    Raises:
        ConfigError: there is no such device name.
        EngineUnavailable: this machine has no such device.
        OutOfMemory: the weights do not fit into the cards.
    """
    import torch

    if not _NAME.fullmatch(device):
        raise ConfigError(
            f"engine.device is '{device}'.", hint="Give auto, cpu, cuda, or cuda:N with a number."
        )
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "cpu" or (device == "auto" and not cards):
        return "cpu"
    if not cards:
        raise EngineUnavailable(
            f"engine.device is '{device}', and torch finds no CUDA card here.",
            hint="Install the card's driver and a CUDA build of torch, or set engine.device='cpu'.",
        )
    if ":" in device:
        if int(device.partition(":")[2]) >= cards:
            raise EngineUnavailable(
                f"engine.device is '{device}', and this machine has {cards} card(s).",
                hint="Cards count from cuda:0.",
            )
        return device
    free = [torch.cuda.mem_get_info(card)[0] for card in range(cards)]
    return spread_needed(_weight_bytes(folder, precision), free)


def spread_needed(weights: float, free: Sequence[int]) -> str:
    """The emptiest card if the weights fit into it, else :data:`SPREAD`.

    Args:
        weights: bytes of the weights as they will be loaded.
        free: free bytes of each card.

    Raises:
        OutOfMemory: all cards together are too small.
    """
    best = max(range(len(free)), key=lambda card: free[card])
    if weights <= _SHARE_FOR_WEIGHTS * free[best]:
        return f"cuda:{best}"
    if len(free) > 1 and weights <= _SHARE_FOR_WEIGHTS * sum(free):
        return SPREAD
    raise OutOfMemory(
        f"The weights take {weights / 2**30:.1f} GiB and the free memory of the cards is "
        f"{sum(free) / 2**30:.1f} GiB.",
        hint="Set engine.precision to int8 or nf4, use a smaller model, or engine.device='cpu'.",
    )


def floating_type(precision: str, device: str, *, training: bool = False) -> torch.dtype:
    """The type in which the network computes; the one of its weights, unless they are quantized.

    ``auto`` is bf16 on a card that has it in hardware, fp16 on an older card (float32 to train,
    where fp16 would want scaled losses), and float32 on a CPU: answers are the same on every CPU
    then, and ``scripts/bench/precision.py`` says what bf16 would be worth on this one.

    Raises:
        ConfigError: the card has no bf16.
    """
    import torch

    on_card = device != "cpu"
    halves = on_card and torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "bf16" and on_card and not halves:
        raise ConfigError(
            "engine.precision is 'bf16', and this card computes none.",
            hint="Set engine.precision='fp16', or leave it to auto.",
        )
    if precision in _TYPES:
        dtype: Any = getattr(torch, _TYPES[precision])
    elif not on_card or (training and not halves):
        dtype = torch.float32
    else:
        dtype = torch.bfloat16 if halves else torch.float16
    chosen: torch.dtype = dtype
    return chosen


def _weight_bytes(folder: Path, precision: str) -> float:
    from llmrec.weights.fingerprint import safetensors_header

    parameters = stored = 0
    for path in folder.glob("*.safetensors"):
        stored += path.stat().st_size
        for _, shape in safetensors_header(path).values():
            size = 1
            for length in shape:
                size *= length
            parameters += size
    return parameters * _BYTES.get(precision, 2.0) if precision != "stored" else float(stored)
