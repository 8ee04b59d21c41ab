"""Run a command as a child process and say how long it took and how much memory it had at most."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass

import psutil

__all__ = ["Run", "machine", "run"]


@dataclass(frozen=True)
class Run:
    """One finished command: wall ``seconds``, peak resident ``megabytes``, its standard output."""

    seconds: float
    megabytes: float
    output: str


def run(*command: str | os.PathLike[str], **environment: str) -> Run:
    """Run ``command`` and measure it (``wait4``: the child's own peak, not that of others).

    Raises:
        SystemExit: the command failed; its output is printed.
    """
    start = time.perf_counter()
    child = subprocess.Popen(
        [os.fspath(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    assert child.stdout is not None
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{output}")
    return Run(seconds, usage.ru_maxrss / 1024, output)


def machine() -> str:
    """The machine in one line, for the head of a table."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
