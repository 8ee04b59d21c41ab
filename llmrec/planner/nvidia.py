"""NVIDIA cards of this machine, asked from the driver's own library (NVML), without torch.

NVML comes with every driver: https://docs.nvidia.com/deploy/nvml-api/. Importing torch to learn the
same takes seconds and memory on the card.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["GraphicsCard", "driver_present", "read_cards"]

_LIBRARIES = ("libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1", "nvml.dll")
_UUID_LENGTH = 96
_MIG_DEVICES = 8


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


class _Memory(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]


class _Failed(Exception):
    """NVML answered with an error code."""


def driver_present() -> bool:
    """Whether there can be a card at all: a look at the device files, nothing is loaded."""
    if os.name == "nt":
        return True
    return any(Path(one).exists() for one in ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"))


def read_cards(
    library: Any = None, environment: Mapping[str, str] = os.environ
) -> tuple[tuple[GraphicsCard, ...], str]:
    """The cards that CUDA would use, in its order, and a sentence on what went wrong.

    ``CUDA_VISIBLE_DEVICES`` is honoured. NVML counts cards by their place on the bus; CUDA does so
    too if ``CUDA_DEVICE_ORDER=PCI_BUS_ID`` is set, else it puts the fastest first, which makes a
    difference only between unequal cards.

    Args:
        library: NVML, or something with its functions; else it is loaded.
        environment: where the variable is looked up.
    """
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and not _names(visible):
        return (), "CUDA_VISIBLE_DEVICES hides all cards."
    nvml = library or _load()
    if nvml is None:
        return (), "There is an NVIDIA device, but its driver's library was not found."
    try:
        with _running(nvml):
            return tuple(_card(nvml, one) for one in _handles(nvml, visible)), ""
    except (_Failed, AttributeError) as error:
        return (), f"The NVIDIA driver does not answer ({error})."


def _load() -> Any:
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


@contextmanager
def _running(nvml: Any) -> Iterator[None]:
    _call(nvml, "nvmlInit_v2")
    try:
        yield
    finally:
        nvml.nvmlShutdown()


def _call(nvml: Any, function: str, *arguments: Any) -> None:
    code = getattr(nvml, function)(*arguments)
    if code != 0:
        raise _Failed(f"{function}: error {code}")


def _names(visible: str) -> list[str]:
    """The devices that the variable names; as in CUDA, the first impossible one ends the list."""
    names = []
    for one in visible.split(","):
        name = one.strip()
        if not (name.isdigit() or name.startswith(("GPU-", "MIG-"))):
            break
        names.append(name)
    return names


def _handles(nvml: Any, visible: str | None) -> list[ctypes.c_void_p]:
    count = ctypes.c_uint()
    _call(nvml, "nvmlDeviceGetCount_v2", ctypes.byref(count))
    names = [str(n) for n in range(count.value)] if visible is None else _names(visible)
    handles: list[ctypes.c_void_p] = []
    for name in names:
        handle = ctypes.c_void_p()
        if name.isdigit():
            if int(name) >= count.value:
                break
            _call(nvml, "nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(int(name)), _ref(handle))
            parts = _mig_parts(nvml, handle)
            # CUDA sees one part of a card that is split, the first.
            handles.append(parts[0] if parts else handle)
        else:
            _call(nvml, "nvmlDeviceGetHandleByUUID", name.encode("ascii"), _ref(handle))
            handles.append(handle)
    return handles


def _mig_parts(nvml: Any, handle: ctypes.c_void_p) -> list[ctypes.c_void_p]:
    current, pending = ctypes.c_uint(), ctypes.c_uint()
    try:
        _call(nvml, "nvmlDeviceGetMigMode", handle, _ref(current), _ref(pending))
    except (_Failed, AttributeError):
        return []
    parts = []
    for index in range(_MIG_DEVICES if current.value else 0):
        part = ctypes.c_void_p()
        code = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, ctypes.c_uint(index), _ref(part))
        if code == 0:
            parts.append(part)
    return parts


def _card(nvml: Any, handle: ctypes.c_void_p) -> GraphicsCard:
    memory = _Memory()
    _call(nvml, "nvmlDeviceGetMemoryInfo", handle, _ref(memory))
    name = ctypes.create_string_buffer(_UUID_LENGTH)
    _call(nvml, "nvmlDeviceGetName", handle, name, ctypes.c_uint(_UUID_LENGTH))
    return GraphicsCard(
        name=name.value.decode("utf-8", "replace"),
        memory_bytes=int(memory.total),
        free_bytes=int(memory.free),
        compute_capability=_capability(nvml, handle),
    )


def _capability(nvml: Any, handle: ctypes.c_void_p) -> tuple[int, int]:
    major, minor = ctypes.c_int(), ctypes.c_int()
    ask = "nvmlDeviceGetCudaComputeCapability"
    try:
        _call(nvml, ask, handle, _ref(major), _ref(minor))
    except _Failed:
        # A part of a split card does not know it; the whole card does.
        whole = ctypes.c_void_p()
        _call(nvml, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", handle, _ref(whole))
        _call(nvml, ask, whole, _ref(major), _ref(minor))
    return major.value, minor.value


def _ref(value: Any) -> Any:
    return ctypes.byref(value)
