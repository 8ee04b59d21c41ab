"""Hard constraints in a conversation: read from words, held, dropped, made into filters."""

from __future__ import annotations

from llmrec.agent.constraints.changes import Change, Reference
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.grammar import Critique, read_message
from llmrec.agent.constraints.held import Constraint, Constraints
from llmrec.agent.constraints.shown import Shown
from llmrec.agent.constraints.vocabulary import Vocabulary

__all__ = [
    "Change",
    "Constraint",
    "Constraints",
    "Context",
    "Critique",
    "Reference",
    "Shown",
    "Vocabulary",
    "read_message",
]
