"""Start vLLM's process: within a time limit, its log in a file, its failures as our errors."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrec.engines.vllm.api import make_engine
from llmrec.engines.vllm.guard import Guard
from llmrec.errors import EngineError, EngineTimeout, LLMRecError, ModelError, OutOfMemory

__all__ = ["START_LIMIT_S", "Log", "RunningVLLM", "failure", "start_engine"]

START_LIMIT_S = 900.0
"""Seconds until a start is given up; a large model reads and compiles for minutes."""

_lock = threading.Lock()  # of the environment variables, which belong to the whole process
_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "available memory on node",
    "no available memory",
    "kv cache is needed",
    "free memory on device",
    "outofmemory",
    "': -9",
)
_REASON = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception): (?P<reason>\S.*)$", re.MULTILINE)
_EMPTY_WORDS = ("initialization failed", "See root cause", "method failed")


class Log:
    """What vLLM's processes tell while an engine lives, in a folder of its own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="llmrec-vllm-")
        self.path = Path(self._folder.name) / "vllm.log"
        self.config = self.path.with_suffix(".json")
        self.config.write_text(json.dumps(_logging(self.path)), encoding="utf-8")

    def text(self) -> str:
        """All of it so far."""
        if not self.path.exists():
            return ""
        return self.path.read_text(encoding="utf-8", errors="replace")

    def reason(self) -> str:
        """The last failure in it as one sentence, empty if there is none."""
        reasons = [match["reason"] for match in _REASON.finditer(self.text())]
        telling = [reason for reason in reasons if not any(word in reason for word in _EMPTY_WORDS)]
        return _sentence(telling[-1]) if telling else ""

    def close(self) -> None:
        """Remove it."""
        self._folder.cleanup()


@dataclass(frozen=True)
class RunningVLLM:
    """vLLM's ``AsyncLLM`` with what belongs to it."""

    engine: Any
    log: Log
    guard: Guard

    def end(self) -> None:
        """End vLLM's processes; a few seconds."""
        self.engine.shutdown()
        # It does so once more when it is collected, which fails while Python itself ends.
        self.engine.shutdown = lambda timeout=None: None
        self.guard.close()
        self.log.close()


def start_engine(
    model: str,
    arguments: Mapping[str, Any],
    *,
    device: str = "auto",
    on_cpu: bool = False,
    limit_s: float = START_LIMIT_S,
) -> RunningVLLM:
    """Start vLLM and wait until it is ready.

    Args:
        model: the weights' name, for messages.
        arguments: of ``AsyncEngineArgs``.
        device: of the settings; ``cuda:1`` is the second visible card.
        on_cpu: whether this vLLM is the build for CPUs.
        limit_s: seconds until the start is given up.

    Raises:
        OutOfMemory: weights, keys and values do not fit.
        ModelError: vLLM cannot run these weights.
        EngineTimeout: the limit is over; vLLM's process is ended.
        EngineError: it failed otherwise.
    """
    made: list[Any] = []
    failed: list[BaseException] = []

    def make() -> None:
        try:
            made.append(make_engine(dict(arguments)))
        except BaseException as error:
            failed.append(error)

    log = Log()
    thread = threading.Thread(target=make, name="llmrec-vllm-start", daemon=True)
    with _lock, _environment(_variables(log, device, on_cpu)):
        before = {process.pid for process in _cores()}
        thread.start()
        thread.join(limit_s)
        late = thread.is_alive()
        cores = [process for process in _cores() if process.pid not in before]
        if late:
            _kill(cores)
            thread.join(30)
    if made and not late:
        return RunningVLLM(made[0], log, Guard([process.pid for process in cores]))
    reason = log.reason()
    log.close()
    if not late:
        raise failure(model, failed[0], reason) from failed[0]
    if made:
        made[0].shutdown()
    raise EngineTimeout(
        f"vLLM did not start '{model}' within {limit_s:g} seconds.",
        hint="Try a smaller model, or models.engine = 'transformers'.",
    )


def failure(model: str, error: BaseException, logged: str) -> LLMRecError:
    """Our error for one of vLLM's at its start.

    Args:
        model: the weights' name.
        error: what was raised here; often it only says that the process failed.
        logged: the reason in vLLM's log, if any.
    """
    reason = _reason(error, logged)
    if isinstance(error, MemoryError) or any(
        sign in f"{reason} {error}".lower() for sign in _MEMORY
    ):
        return OutOfMemory(
            f"'{model}' does not fit into memory with vLLM: {reason}",
            hint="Lower engine.context or engine.batch, or use a smaller model or precision.",
        )
    # What is wrong with the weights shows while the configuration is read, in this process.
    if isinstance(error, (ValueError, OSError, KeyError, ImportError)):
        return ModelError(
            f"vLLM cannot run '{model}': {reason}",
            hint="Set models.engine to transformers, or name another model.",
        )
    return EngineError(
        f"vLLM failed to start '{model}': {reason}",
        hint="Set models.engine to transformers, or see 'vllm serve' with this model for more.",
    )


def _reason(error: BaseException, logged: str) -> str:
    if isinstance(error, RuntimeError) and logged:
        return logged
    # pydantic tells how many fields are wrong, then the field, then what is wrong with it.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    for line in lines:
        if line.startswith("Value error, "):
            return _sentence(line.removeprefix("Value error, "))
    return _sentence(lines[0] if lines else type(error).__name__)


def _sentence(text: str) -> str:
    plain = re.sub(r"\s*\[type=.*\]$", "", text.strip())
    first = re.split(r"(?<=[a-z)\"'])\. ", plain, maxsplit=1)[0]
    return first if first.endswith(".") else f"{first}."


def _variables(log: Log, device: str, on_cpu: bool) -> dict[str, str]:
    wanted = {
        "VLLM_LOGGING_CONFIG_PATH": str(log.config),
        "VLLM_NO_USAGE_STATS": "1",
        # Forking a process with threads can deadlock its child.
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    }
    if on_cpu:
        # One function of the sampler would be compiled at the first request, for 20 seconds.
        wanted["TORCHDYNAMO_DISABLE"] = "1"
    fixed = {name: value for name, value in wanted.items() if name not in os.environ}
    if device.startswith("cuda:"):
        visible = [card for card in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if card]
        number = int(device.removeprefix("cuda:"))
        fixed["CUDA_VISIBLE_DEVICES"] = visible[number] if number < len(visible) else str(number)
    return fixed


def _logging(log: Path) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(levelname)s %(asctime)s %(name)s %(message)s"}},
        "handlers": {
            "file": {
                "class": "logging.FileHandler",
                "filename": str(log),
                "formatter": "plain",
            }
        },
        "loggers": {"vllm": {"handlers": ["file"], "level": "INFO", "propagate": False}},
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _cores() -> list[Any]:
    return [
        process
        for process in multiprocessing.active_children()
        if process.name.startswith("EngineCore")
    ]


def _kill(processes: list[Any]) -> None:
    import psutil

    for process in processes:
        try:
            tree = [psutil.Process(process.pid)]
            tree += tree[0].children(recursive=True)
        except psutil.NoSuchProcess:
            continue
        for member in reversed(tree):
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
