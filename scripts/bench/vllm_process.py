"""A vLLM server as a child process: start it, wait until it answers, kill it, start it again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from llmrec.config import EngineSettings
from llmrec.engines.remote.serving import serve_command
from llmrec.weights import locate

__all__ = ["VLLMProcess", "free_port"]

START_LIMIT_S = 900.0


def free_port() -> int:
    """A port that is free now; another process may take it before it is used."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class VLLMProcess:
    """The server that ``llmrec serve-llm`` would start, on a port of its own.

    Args:
        model: the weights' name.
        settings: concrete; its ``url`` is not used.
        log: what the server prints is appended to this file.
        python: of the environment that has vLLM.
        adapters: served from the start.
    """

    def __init__(
        self,
        model: str,
        settings: EngineSettings,
        log: Path,
        *,
        python: str = sys.executable,
        adapters: Mapping[str, Path] | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.log = log
        self.command = serve_command(
            locate(model),
            settings,
            served_as=model,
            adapters=adapters or {},
            host="127.0.0.1",
            port=self.port,
        )
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and do not wait."""
        words = list(self.command.arguments)
        beside = Path(self._python).parent
        words[0] = self._python if words[0] == "python" else _found(words[0], beside)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                words,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **self.command.variables, "VLLM_NO_USAGE_STATS": "1"},
            )

    def wait_until_ready(self, limit_s: float = START_LIMIT_S) -> float:
        """Wait until it answers; seconds waited.

        Raises:
            SystemExit: it ended, or the limit is over; the end of its log is printed.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < limit_s:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/models", timeout=5).is_success:
                    return time.monotonic() - begun
            except httpx.HTTPError:
                time.sleep(0.5)
        self.kill()
        log = self.log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise SystemExit(f"The server did not come up:\n{log}")

    def kill(self) -> None:
        """``kill -9`` the server and all of its processes."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None


def _found(program: str, beside: Path) -> str:
    path = shutil.which(program, path=str(beside)) or shutil.which(program)
    if path is None:
        raise SystemExit(f"There is no '{program}' in {beside} or on the PATH.")
    return path
