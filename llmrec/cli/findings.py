"""One line of ``llmrec doctor``'s report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Finding", "State"]

State: TypeAlias = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. A ``problem`` keeps something from working; ``hint`` mends it."""

    area: str
    name: str
    value: str
    state: State = "ok"
    hint: str = ""
