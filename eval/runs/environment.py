"""Where and with what a run was made: versions, machine, command, time."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

__all__ = ["command_line", "machine", "now", "versions"]

_PACKAGES = (
    "llmrec",
    "chromadb",
    "implicit",
    "numpy",
    "openvino",
    "pandas",
    "scipy",
    "sentence-transformers",
    "torch",
    "transformers",
    "vllm",
)


def versions() -> dict[str, str]:
    """Python and the installed packages that can move a figure."""
    numbers = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            numbers[name] = version(name)
        except PackageNotFoundError:
            continue
    return numbers


def machine() -> dict[str, Any]:
    """``cpu``, ``cores``, ``memory_gb`` and ``gpu`` (a name, or ``None``)."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "gpu": _gpu(),
    }


def command_line() -> str:
    """The command as it was typed, or the script that runs."""
    path = Path(sys.argv[0])
    # "python -m llmrec.cli" is the command llmrec under its longer name.
    program = "llmrec" if path.parts[-2:] == ("cli", "__main__.py") else path.name
    return shlex.join([program, *sys.argv[1:]])


def now() -> str:
    """The time, ISO 8601 with its zone."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpu() -> str | None:
    # A run that never needed torch (a baseline) has no card to speak of.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name(0))
