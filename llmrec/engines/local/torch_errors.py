"""What torch raises, as our errors: one place, for every engine that runs torch in this process."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from llmrec.errors import EngineError, OutOfMemory

__all__ = ["torch_errors"]

_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "cannot allocate")


@contextmanager
def torch_errors(
    doing: str,
    *,
    hint: str = "Lower engine.batch, ranking.token_budget or retrieval.candidates, or use a "
    "smaller model.",
) -> Iterator[None]:
    """Map failures of torch while ``doing`` something to :class:`OutOfMemory` or its parent.

    Args:
        doing: what, for the message.
        hint: what to do if memory is too small for it.
    """
    # torch's own out-of-memory error is a RuntimeError too, and so needs no import here.
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _MEMORY):
            raise OutOfMemory(f"Out of memory while {doing}.", hint=hint) from error
        first_line = str(error).strip().partition("\n")[0]
        raise EngineError(f"The model failed while {doing}: {first_line}") from error
    except OSError as error:  # a file that cannot be mapped for want of memory
        if error.errno != errno.ENOMEM and "cannot allocate memory" not in str(error).lower():
            raise
        raise OutOfMemory(f"Out of memory while {doing}.", hint=hint) from error
