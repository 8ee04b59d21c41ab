"""What messages say, for the tests of whole programs: their reader has lines instead of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from llmrec.parts import Parts
from llmrec.reading.scripted import ScriptedReader

__all__ = ["code_reading_by", "reading_by"]


@contextmanager
def reading_by(lines: Mapping[str, str]) -> Iterator[None]:
    """Every shop in this process reads these messages by these lines, as long as this is open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parts, "reader", ScriptedReader(lines))
        yield


def code_reading_by(lines: Mapping[str, str]) -> str:
    """The same for a process of its own, as Python that runs before it starts."""
    return (
        "from llmrec.parts import Parts\n"
        "from llmrec.reading.scripted import ScriptedReader\n"
        f"Parts.reader = ScriptedReader({dict(lines)!r})"
    )
