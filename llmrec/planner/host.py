"""What the processor and the operating system allow: cores, memory, instructions.

It reads psutil and files of ``/proc`` and ``/sys``. On other systems than Linux the memory limit of
a container and the instructions are not known and are taken for absent.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["free_memory", "instructions", "memory_limit", "total_memory", "usable_cores"]

_INSTRUCTIONS = {
    "avx2": "avx2",
    "avx512f": "avx512",
    "avx512_bf16": "avx512_bf16",
    "avx512_vnni": "avx512_vnni",
    "amx_bf16": "amx_bf16",
    "amx_int8": "amx_int8",
}
"""Flags of ``/proc/cpuinfo`` that matter here, and what we call them."""

# cgroup v1 says "no limit" with a number near 2**63; no machine has an exabyte.
_NO_LIMIT = 2**60


def usable_cores() -> int:
    """Physical cores that this process may use."""
    import psutil

    physical = psutil.cpu_count(logical=False) or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))


def total_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's limit."""
    import psutil

    total = int(psutil.virtual_memory().total)
    limit = memory_limit()
    return total if limit is None else min(total, limit)


def free_memory() -> int:
    """Bytes of memory that are free now, or can be freed at once."""
    import psutil

    return min(int(psutil.virtual_memory().available), total_memory())


def instructions(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Which of the instructions that matter here the processor has, e.g. ``avx512_bf16``."""
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(_INSTRUCTIONS[flag] for flag in value.split() if flag in _INSTRUCTIONS)
    return frozenset()


def memory_limit(
    groups: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """The smallest memory limit, in bytes, of this process's control groups; ``None`` if none.

    A group's limit holds for all groups in it, so every folder up to the root counts. Reads both
    versions of control groups: https://docs.kernel.org/admin-guide/cgroup-v2.html
    """
    try:
        lines = groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    limits: list[int] = []
    for line in lines:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            limits += _limits(root, path, "memory.max")
        elif "memory" in controllers.split(","):
            limits += _limits(root / "memory", path, "memory.limit_in_bytes")
    return min((limit for limit in limits if limit < _NO_LIMIT), default=None)


def _limits(root: Path, path: str, name: str) -> list[int]:
    # Inside a container the path may be the host's, which is not mounted: the root still is.
    folder = root / path.lstrip("/")
    values = []
    for group in (folder, *folder.parents):
        if group == root.parent:
            break
        try:
            values.append(int((group / name).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return values
