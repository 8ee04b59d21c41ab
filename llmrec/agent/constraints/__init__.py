"""Hard constraints in a conversation: held, dropped, made into filters."""

from __future__ import annotations

from llmrec.agent.constraints.changes import Change, Reference
from llmrec.agent.constraints.held import Constraint, Constraints
from llmrec.agent.constraints.shown import Shown
from llmrec.agent.constraints.vocabulary import Vocabulary

__all__ = ["Change", "Constraint", "Constraints", "Reference", "Shown", "Vocabulary"]
