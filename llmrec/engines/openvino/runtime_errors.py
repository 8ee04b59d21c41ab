"""What OpenVINO raises, as our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llmrec.errors import EngineError, OutOfMemory

__all__ = ["openvino_errors", "reason_of"]

_MEMORY = ("bad_alloc", "out of memory", "cannot allocate", "can't allocate", "not enough memory")
_NOISE = ("Exception from", "Check '", "FrontEnd API failed", "Model wasn't fully converted")


@contextmanager
def openvino_errors(doing: str) -> Iterator[None]:
    """Map failures of OpenVINO while ``doing`` something to :class:`OutOfMemory` or its parent."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _MEMORY):
            raise OutOfMemory(
                f"Out of memory while {doing}.",
                hint="Lower ranking.token_budget or engine.batch, or use a smaller model.",
            ) from error
        raise EngineError(f"OpenVINO failed while {doing}: {reason_of(error)}.") from error


def reason_of(error: Exception) -> str:
    """The line that says what happened; the others name places in OpenVINO's source."""
    lines = [line.strip(" -") for line in str(error).splitlines()]
    meant = [line for line in lines if line and not line.startswith(_NOISE)]
    return meant[0].rstrip(".:") if meant else type(error).__name__
