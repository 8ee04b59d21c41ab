"""What a message is read against: the catalogue's own names, and what is on the screen."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.agent.constraints.shown import Shown
from llmrec.agent.constraints.vocabulary import Vocabulary

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """The names that mean something here.

    ``left_out`` are the words that no title may hold, as they were said.
    """

    vocabulary: Vocabulary
    shown: tuple[Shown, ...] = ()
    left_out: tuple[str, ...] = ()
