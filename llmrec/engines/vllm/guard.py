"""End vLLM's process when this one is killed: a signal leaves no time to say so.

vLLM's workers end with its core process, but the core does not end with the process that started
it, and would keep a card's memory for ever.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

__all__ = ["Guard"]

# Reads until the pipe closes, as it does however its writer ends. A number that has gone to some
# other program meanwhile is left alone.
_SCRIPT = """
trap '' INT TERM HUP
cat > /dev/null
for pid in "$@"; do
  if grep -aqE 'EngineCore|multiprocessing' "/proc/$pid/cmdline" 2> /dev/null; then
    kill -9 "$pid"
  fi
done
"""


class Guard:
    """A small process that outlives this one and then ends others.

    Args:
        pids: the processes to end.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "llmrec-vllm-guard", *map(str, pids)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def close(self) -> None:
        """Let the processes go; they have been ended, or end now."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
