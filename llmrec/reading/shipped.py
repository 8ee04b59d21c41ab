"""The adapter that comes with the package: int8 in the wheel, whole numbers again in the cache.

Each row of a matrix is kept as ``W ~ s q`` with ``q`` in -127 to 127 and one scale, a quarter of
float32. Engines take plain LoRA adapters, so it is unpacked once into the machine-wide cache.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from llmrec.artifacts import CARD_NAME, Card, publish_folder, read_card
from llmrec.config import cache_dir, disk_errors
from llmrec.errors import LockedError, ModelError
from llmrec.types import FloatArray

__all__ = ["FOLDER", "pack_adapter", "shipped_adapter", "shipped_card", "whole_adapter"]

FOLDER = Path(__file__).parent / "adapter"
_PACKED, _WEIGHTS = "adapter_model.int8.safetensors", "adapter_model.safetensors"
_CONFIG = "adapter_config.json"
_SCALE = ".scale"
_LOCK_TIMEOUT = 300.0


def pack_adapter(source: Path, target: Path) -> None:
    """Write a trained adapter as int8, with its configuration and card.

    Args:
        source: a folder as PEFT saves it.
        target: a folder; what it holds of an adapter is replaced.

    Raises:
        DiskFull: no space left.
    """
    from safetensors.torch import load_file

    packed: dict[str, np.ndarray] = {}
    for name, tensor in load_file(source / _WEIGHTS).items():
        values = tensor.float().numpy()
        scale = np.abs(values).max(axis=1, keepdims=True) / 127
        scale[scale == 0] = 1
        packed[name] = np.rint(values / scale).astype(np.int8)
        packed[name + _SCALE] = scale.astype(np.float32)
    with disk_errors(target):
        target.mkdir(parents=True, exist_ok=True)
        _save(packed, target / _PACKED)
        for name in (_CONFIG, CARD_NAME):
            if (source / name).is_file():
                shutil.copyfile(source / name, target / name)


def shipped_card(folder: Path = FOLDER) -> Card | None:
    """What is known of the shipped adapter; ``None`` where the package holds no adapter.

    Raises:
        ModelError: its card is missing or damaged.
    """
    return read_card(folder) if (folder / _PACKED).is_file() else None


def shipped_adapter(folder: Path = FOLDER) -> Path:
    """The folder of the shipped adapter as engines take it; unpacks it the first time.

    Raises:
        ModelError: the package holds none, or its file is damaged.
        DiskFull: no space left in the cache; nothing is left half-written.
        LockedError: another process has been unpacking it for very long.
    """
    from filelock import FileLock, Timeout

    packed = folder / _PACKED
    try:
        whole = packed.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The package holds no reader: {packed} cannot be read.",
            hint="Install llmrec again, or name a folder with an adapter in reader.adapter.",
        ) from error
    place = cache_dir() / "reader" / hashlib.sha256(whole).hexdigest()[:24]
    if (place / _WEIGHTS).is_file():
        return place
    with disk_errors(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(place.with_suffix(".lock"), timeout=_LOCK_TIMEOUT):
                if not (place / _WEIGHTS).is_file():
                    tensors = _unpacked(packed)
                    publish_folder(place, lambda partial: _fill(partial, folder, tensors))
        except Timeout as error:
            raise LockedError(
                "Another process is still unpacking the reader.", hint="Wait for it, or end it."
            ) from error
    return place


def whole_adapter(folder: Path) -> Path:
    """The folder as engines take it, unpacked into the cache if it holds int8.

    Raises:
        ModelError: its int8 file is damaged.
        DiskFull: no space left in the cache.
        LockedError: another process has been unpacking it for very long.
    """
    return shipped_adapter(folder) if (folder / _PACKED).is_file() else folder


def _unpacked(packed: Path) -> dict[str, FloatArray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(packed)
        names = [name for name in stored if not name.endswith(_SCALE)]
        return {name: stored[name].astype(np.float32) * stored[name + _SCALE] for name in names}
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(
            f"The package's reader is damaged: {packed}: {error}.", hint="Install llmrec again."
        ) from error


def _fill(partial: Path, folder: Path, tensors: Mapping[str, FloatArray]) -> None:
    _save(tensors, partial / _WEIGHTS)
    for name in (_CONFIG, CARD_NAME):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, partial / name)


def _save(tensors: Mapping[str, np.ndarray], path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path)
