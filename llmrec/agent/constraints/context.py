"""What a message is read against: the catalogue's own names, and what is on the screen."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.agent.constraints.shown import Shown
from llmrec.agent.constraints.vocabulary import Vocabulary

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """The names that mean something here."""

    vocabulary: Vocabulary
    shown: tuple[Shown, ...] = ()
