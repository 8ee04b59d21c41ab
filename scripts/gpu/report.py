"""The small report that every script here writes: what ran where, how long, and what came out."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

__all__ = ["FORMAT", "Report", "limit", "machine", "parser", "versions"]

FORMAT = 1
ROOT = Path(__file__).parents[2]
DEFAULT_OUT = ROOT / "eval" / "results" / "gpu"
KEPT = "LLMREC_GPU_REPORTS"
"""Variable that names a folder where copies stay, should the first one be emptied between runs."""

_PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "vllm", "accelerate", "numpy")


class Report:
    """Collects results and writes them after each step, so that a stopped run keeps what it has.

    The file is ``<out>/<script>.json``, or ``<out>/<script>-<about>.json``::

        {"format": 1, "script": "10_matmul_limit", "date": "…Z", "seconds": 1.5, "finished": true,
         "smoke": false, "command": "…", "machine": {…}, "versions": {…}, "results": {…}}

    Args:
        script: the script's file.
        options: from :func:`parser`.
        about: tells apart the reports of a script that runs for several models or shops.
    """

    def __init__(self, script: str, options: argparse.Namespace, *, about: str = "") -> None:
        self._started = perf_counter()
        name = f"{Path(script).stem}-{about}" if about else Path(script).stem
        self._path = Path(options.out) / f"{name}.json"
        self._data: dict[str, Any] = {
            "format": FORMAT,
            "script": Path(script).stem,
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": 0.0,
            "finished": False,
            "smoke": bool(options.smoke),
            "command": shlex.join(["python", *_relative(sys.argv)]),
            "machine": machine(),
            "versions": versions(),
            "results": {},
        }

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return perf_counter() - self._started

    def beside(self, name: str) -> Path:
        """A path for something else that belongs to the report: ``<out>/<report>-<name>``."""
        path = self._path.with_name(f"{self._path.stem}-{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(self, name: str, value: Any) -> None:
        """Keep ``value``, print it, and write the file."""
        self._data["results"][name] = value
        print(f"{name}: {json.dumps(value, ensure_ascii=False)}", flush=True)
        self._write()

    def result(self, name: str) -> Any:
        """What was added as ``name``."""
        return self._data["results"].get(name)

    def finish(self) -> Path:
        """Mark the report as complete; returns its path."""
        self._data["finished"] = True
        self._write()
        print(f"{self._path} after {self.seconds:.0f} s", flush=True)
        return self._path

    def _write(self) -> None:
        self._data["seconds"] = round(self.seconds, 2)
        text = json.dumps(self._data, indent=1, ensure_ascii=False) + "\n"
        kept = os.environ.get(KEPT)
        for path in (self._path, *([Path(kept) / self._path.name] if kept else [])):
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)


def parser(description: str, *, model: bool = True) -> argparse.ArgumentParser:
    """The options that all scripts share."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument(
        "--out", default=os.environ.get("OUT") or str(DEFAULT_OUT), help="folder; default: $OUT"
    )
    made.add_argument("--smoke", action="store_true", help="tiny sizes, to try it on a CPU")
    if model:
        made.add_argument("--model", default="smollm2-135m-instruct", help="name or folder")
        made.add_argument("--prompts", type=Path, help="from make_prompts.py; else invented ones")
    return made


def limit(out: str, precision: str) -> float | None:
    """TFLOP/s that 10_matmul_limit.py measured on this card for a precision, if it has run.

    Weights of 8 or 4 bits that are multiplied in 16 bits are held against the limit of bf16.
    """
    folders = (out, os.environ.get(KEPT) or out)
    paths = [Path(folder) / "10_matmul_limit.json" for folder in folders]
    path = next((candidate for candidate in paths if candidate.is_file()), None)
    if path is None:
        return None
    limits = json.loads(path.read_text(encoding="utf-8"))
    if limits["machine"]["gpu"] != machine()["gpu"]:
        return None
    name = precision if precision in ("fp32", "fp8") else "bf16"
    best: float | None = limits["results"].get("limit_tflops", {}).get(name)
    return best


def machine() -> dict[str, Any]:
    """The machine, without its name: card, driver, cores, memory."""
    import psutil

    about: dict[str, Any] = {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "gpu": None,
    }
    import torch

    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        about |= {
            "gpu": card.name,
            "gpu_memory_gib": round(card.total_memory / 2**30, 1),
            "capability": f"{card.major}.{card.minor}",
            "cuda": torch.version.cuda,
            "driver": _driver(),
        }
    return about


def versions() -> dict[str, str]:
    """Versions of what is installed of the packages that matter."""
    numbers = {}
    for name in _PACKAGES:
        try:
            numbers[name] = version(name)
        except PackageNotFoundError:
            continue
    return numbers


def _driver() -> str | None:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().splitlines()[0]


def _relative(arguments: list[str]) -> list[str]:
    """Paths below the project as they are from its folder; what is elsewhere says nothing."""
    prefix = f"{ROOT}{os.sep}"
    return [argument.removeprefix(prefix) for argument in arguments]
